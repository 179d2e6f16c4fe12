import { describe, expect, test } from 'vitest'
import type { Explanation } from '../../api/explanation.ts'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { explanationText } from '../../cli/explanation-text.ts'
import { type SimulationResult, simulateManifests } from '../../cli/simulation.ts'
import { gang, inOne, node, pod, RACK, racks, simpleGang } from '../scheduler/objects.ts'

interface Told {
  readonly why: Explanation
  readonly result: SimulationResult
}

async function explain(objects: readonly NewObject[], name: string): Promise<Told> {
  const found: Explanation[] = []
  const result = await simulateManifests(
    objects.map((object) => ({ object, at: 'x' })),
    {
      onSettled: (scheduler) => {
        const answer = scheduler.explain('default', name)
        if (answer.kind === 'explained') found.push(answer.explanation)
      },
    },
  )
  const [why] = found
  if (why === undefined) throw new Error(`no explanation of ${name}`)
  return { why, result }
}

const phaseOf = async (objects: readonly NewObject[], name: string): Promise<string | undefined> => {
  const { gangs } = await simulateManifests(objects.map((object) => ({ object, at: 'x' })))
  return gangs.find((each) => each.name === name)?.phase
}

const foreign = (name: string, nodeName: string, gpus: number): NewObject => {
  const made = pod(name, { nodeName, gpus, schedulerName: 'default-scheduler' })
  return { ...made, metadata: { ...made.metadata, namespace: 'tenant-b' } }
}
const shut = (name: string, rack: string): NewObject => node(name, { labels: { [RACK]: rack }, unschedulable: true })
const FOUR = { gpus: 4 }
const two = gang(
  'g',
  ['x', 'y'].map((name) => ({ name, minimum: 1, pods: [`g-${name}`] })),
  inOne(RACK),
)
const twoPods = ['x', 'y'].map((name) => pod(`g-${name}`, { gang: 'g', group: name, gpus: 4 }))

/** What is there, what the explanation calls the smallest change, and what is there once somebody has done it. */
const CHANGES: readonly { what: string; before: readonly NewObject[]; after: readonly NewObject[] }[] = [
  {
    what: 'uncordon the node b',
    before: [...racks('r1: a | r2: c', 4), shut('b', 'r1'), ...simpleGang('g', 2, 2, FOUR, inOne(RACK))],
    after: [...racks('r1: a b | r2: c', 4), ...simpleGang('g', 2, 2, FOUR, inOne(RACK))],
  },
  {
    what: 'free 2 nvidia.com/gpu in r1, held by 1 pod on 1 node',
    before: [...racks('r1: a b', 4), foreign('secret', 'b', 2), two, ...twoPods],
    after: [...racks('r1: a b', 4), two, ...twoPods],
  },
  {
    what: 'lower minReplicas of a from 3 to 2',
    before: [...racks('r1: a b', 4), ...simpleGang('g', 3, 3, FOUR, inOne(RACK))],
    after: [...racks('r1: a b', 4), ...simpleGang('g', 3, 2, FOUR, inOne(RACK))],
  },
  {
    what: `drop the gang's required level, ${RACK}`,
    before: [...racks('r1: a b | r2: c', 4), ...simpleGang('g', 3, 3, FOUR, inOne(RACK))],
    after: [...racks('r1: a b | r2: c', 4), ...simpleGang('g', 3, 3, FOUR)],
  },
  {
    what: `drop the gang's sameDomainAs, ${RACK}`,
    before: [
      ...racks('r1: a b | r2: c', 4),
      ...simpleGang('g', 3, 3, FOUR, { sameDomainAs: { podGang: 'b', key: RACK } }),
    ],
    after: [...racks('r1: a b | r2: c', 4), ...simpleGang('g', 3, 3, FOUR)],
  },
]

test('a tie over a label that no node carries is called by its name', async () => {
  const tied = gang('g', [{ name: 'x', minimum: 1, pods: ['g-x'] }], { sameDomainAs: { podGang: 'b', key: 'x/none' } })
  const { why } = await explain([...racks('r1: a', 4), tied, pod('g-x', { gang: 'g', group: 'x' })], 'g')
  expect([why.reason, why.changes?.smallest?.what]).toEqual(['NoDomain', "drop the gang's sameDomainAs, x/none"])
})

test('a tie that is dropped leaves what the gang itself requires', async () => {
  const tie = { sameDomainAs: { podGang: 'b', key: 'x/none' } }
  const { why } = await explain(
    [...racks('r1: a | r2: c', 4), ...simpleGang('g', 2, 2, FOUR, { ...inOne(RACK), ...tie })],
    'g',
  )
  expect(why.reason).toBe('NoDomain')
  expect(why.changes?.smallest?.what ?? null).not.toBe("drop the gang's sameDomainAs, x/none")
})

describe('the smallest change, once somebody does it, lets the gang in', () => {
  test.each(CHANGES)('$what', async ({ what, before, after }) => {
    const { why } = await explain(before, 'g')
    expect([why.verdict, why.changes?.smallest?.what]).toEqual(['refused', what])
    expect(why.changes?.smallest?.outcome).toBe('fits')
    expect([await phaseOf(before, 'g'), await phaseOf(after, 'g')]).toEqual(['Pending', 'Running'])
  })
})

describe('an explanation', () => {
  test('carries the reason that status, events and simulate carry', async () => {
    const { why, result } = await explain(
      [...racks('r1: a b | r2: c', 4), ...simpleGang('g', 3, 3, FOUR, inOne(RACK))],
      'g',
    )
    const line = result.gangs.find(({ name }) => name === 'g')
    expect([why.reason, why.message]).toEqual([line?.reason, line?.message])
    expect(why.message).toBe(`gang: no ${RACK} fits 3 pods; the best, r1, fits 2; nvidia.com/gpu is short by 4 there`)
    expect(explanationText(why)[1]).toBe(`${why.reason}: ${why.message}`)
  })

  test('names no pod, neither of another tenant nor of the gang', async () => {
    const objects = [...racks('r1: a b', 4), foreign('secret', 'b', 2), two, ...twoPods]
    const { why } = await explain(objects, 'g')
    const said = `${JSON.stringify(why)}\n${explanationText(why).join('\n')}`
    expect(said).toContain('held by 1 pod')
    for (const name of ['secret', 'tenant-b', 'g-x"', 'g-y"']) expect(said).not.toContain(name)
  })

  test('of a gang that waits says for what, and tries nothing', async () => {
    const { why } = await explain([...racks('r1: a', 4), ...simpleGang('g', 1, 2)], 'g')
    expect(why).toMatchObject({ verdict: 'waiting', reason: 'WaitingForPods', changes: null, scopes: [] })
    expect(why.groups).toEqual([{ name: 'a', minimum: 2, bound: 0, pending: 1, gated: 0 }])
  })

  test('of a surplus pod that has no place stands beside where the gang is', async () => {
    const { why } = await explain([...racks('r1: a b', 4), ...simpleGang('g', 3, 2, FOUR)], 'g')
    expect(why).toMatchObject({ verdict: 'placed', reason: 'InsufficientResources', phase: 'Running' })
    expect(why.placement[0]?.pods).toBe(2)
    expect(why.changes?.tried.map(({ kind }) => kind)).not.toContain('lowerMinimum')
  })
})

describe('where a placed gang is', () => {
  const prefers = { topologyConstraint: { packConstraint: { preferred: RACK } } }

  test('is told with the level that was met', async () => {
    const { why } = await explain([...racks('r1: a b | r2: c', 4), ...simpleGang('g', 2, 2, FOUR, prefers)], 'g')
    expect(why).toMatchObject({ verdict: 'placed', placementScore: 1, betterScore: null })
    expect(why.placement).toMatchObject([
      { scope: 'gang', preferred: RACK, levels: [{ wish: 'met', domains: [{ domain: 'r1', pods: 2 }] }] },
    ])
  })

  test('is told with what was given up, and what the best domain would take now', async () => {
    const objects = [...racks('r1: a b | r2: c', 4), ...simpleGang('g', 3, 3, FOUR, prefers)]
    const { why } = await explain(objects, 'g')
    expect(why.placement[0]?.levels).toEqual([
      {
        level: RACK,
        wish: 'givenUp',
        domainsUsed: 2,
        domains: [
          { domain: 'r1', pods: 2 },
          { domain: 'r2', pods: 1 },
        ],
        bestNow: { domain: 'r1', podsFitting: 2 },
      },
    ])
    expect(why.betterScore).toBeNull()
    expect(explanationText(why).join('\n')).toContain('given up; the best takes 2 now: r1')
  })

  test('is told with the score that a plan made now would have, where that is better', async () => {
    // The gang was bound apart when r1 was full; since then it is not any more.
    const bound = ['a', 'c'].map((at, i) => pod(`g-${i}`, { gang: 'g', group: 'a', gpus: 4, nodeName: at }))
    const standing = { ...gang('g', [{ name: 'a', minimum: 2, pods: ['g-0', 'g-1'] }], prefers) }
    const status = { phase: 'Running', placementScore: 0.75 }
    const { why } = await explain([...racks('r1: a b | r2: c', 4), { ...standing, status }, ...bound], 'g')
    expect(why).toMatchObject({ verdict: 'placed', placementScore: 0.75, betterScore: 1 })
  })
})
