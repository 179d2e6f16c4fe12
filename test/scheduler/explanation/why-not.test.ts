import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { whyNot } from '../../../scheduler/explanation/explain-gang.ts'
import type { DrawnScope } from '../planner/drawn.ts'
import { explained, subjectOf, triedIn, type WhyNot } from './subjects.ts'

const pods = (count: number, gpus: number, name = 'a') => ({ name, pods: count, gpus })
const inRack = (...groups: ReturnType<typeof pods>[]): DrawnScope => ({ name: 'gang', required: 'rack', groups })
const smallest = ({ changes }: WhyNot): string | null => changes?.smallest?.what ?? null

/** `rack z1/r1 2/3 (2)`: fits of needed, and how many if the domain were empty. */
const rows = ({ scopes }: WhyNot, level: string): readonly string[] =>
  scopes.flatMap(({ podsNeeded, levels }) =>
    levels
      .filter((each) => each.level === level)
      .flatMap(({ nearest }) =>
        nearest.map(
          ({ domain, podsFitting, podsFittingEmpty }) => `${domain} ${podsFitting}/${podsNeeded} (${podsFittingEmpty})`,
        ),
      ),
  )

describe('what fits where', () => {
  const why = explained('z1(r1: a4 b4 e2/4 | r2: c4 d0/4)', inRack(pods(3, 4)), { tainted: ['a'] })

  test('is told for every level, the nearest domain first', () => {
    expect(rows(why, 'rack')).toEqual(['z1/r1 1/3 (2)', 'z1/r2 1/3 (2)'])
    expect(rows(why, 'zone')).toEqual(['z1 2/3 (3)'])
    expect(rows(why, 'cluster')).toEqual(['cluster 2/3 (3)'])
  })

  test('with what is short, and how many nodes each predicate keeps out', () => {
    const rack = why.scopes[0]?.levels.at(-1)
    expect(rack).toMatchObject({ level: 'rack', isRequired: true, domains: 2, domainsFitting: 0 })
    expect(rack?.nearest[0]).toMatchObject({
      nodes: 3,
      short: { resource: 'gpu', amount: 6, text: '6' },
      excluded: { TaintNotTolerated: 1 },
    })
    expect(why.demands).toEqual([
      {
        groups: ['a'],
        pods: 3,
        requests: { gpu: '4' },
        nodes: 5,
        nodesPassing: 4,
        excluded: { TaintNotTolerated: 1 },
      },
    ])
  })

  test('and the domain nearest to fitting', () => {
    expect(why.nearest).toMatchObject({ scope: 'gang', level: 'rack', domain: 'z1/r1', podsNeeded: 3, podsFitting: 1 })
  })

  test('scopes that ask for the same are told once', () => {
    const scopes = ['s1', 's2', 's3'].map((name) => ({ name, required: 'rack', groups: [pods(2, 4, name)] }))
    const { scopes: told, nearest } = explained('z1(r1: a4 b4 | r2: c4 d4 | r3: e4 f0/4)', { name: 'gang', scopes })
    expect(told.map(({ scope, alike }) => [scope, alike])).toEqual([
      ['gang', []],
      ['s1', ['s2', 's3']],
    ])
    expect(nearest).toMatchObject({ scope: 's1', domain: 'z1/r3', podsFitting: 1 })
  })
})

describe('the smallest change', () => {
  test.each([
    [
      'a node is cordoned',
      'z1(r1: a4 b4 | r2: c4 d0/4)',
      inRack(pods(2, 4)),
      { cordoned: ['b'] },
      'uncordon the node b',
    ],
    [
      'two nodes are, and both are needed',
      'z1(r1: a4 b4 e4)',
      inRack(pods(3, 4)),
      { cordoned: ['a', 'b'] },
      'uncordon 2 nodes: a, b',
    ],
    [
      'a broader level would do',
      'z1(r1: a4 b4 | r2: c4)',
      inRack(pods(3, 4)),
      {},
      "relax the gang's required level from rack to zone",
    ],
    [
      'there are not enough nodes at all',
      'z1(r1: a4 b4)',
      inRack(pods(3, 4)),
      {},
      'lower minReplicas of a from 3 to 2',
    ],
    [
      'one pod holds what is lacking, and neither minimum can be lower',
      'z1(r1: a4 b0/4)',
      inRack(pods(1, 4, 'x'), pods(1, 4, 'y')),
      { pods: { b: [4] } },
      'free 4 gpu in z1/r1, held by 1 pod on 1 node',
    ],
    [
      'one of two siblings alike finds no rack',
      'z1(r1: a4 b4 | r2: c4 d2/4)',
      {
        name: 'gang',
        scopes: ['s1', 's2'].map((name) => ({
          name,
          required: 'rack',
          groups: [pods(1, 4, `${name}x`), pods(1, 4, name)],
        })),
      },
      { pods: { d: [1, 1] } },
      'free 2 gpu in z1/r2, held by 2 pods on 1 node',
    ],
  ] as const)('%s', (_, world, gang, nodes, want) => {
    expect(smallest(explained(world, gang as DrawnScope, nodes))).toBe(want)
  })

  test('frees where the fewest pods have to go', () => {
    const why = explained('z1(r1: a0/4 b0/4)', inRack(pods(1, 4)), { pods: { a: [1, 1, 1, 1], b: [4] } })
    expect(triedIn(why)).toContain('free 4 gpu in z1/r1, held by 4 pods on 1 node [4+0] fits')
  })

  test('a spread that nothing satisfies may be only preferred', () => {
    const gang = { ...inRack(pods(1, 1)), spread: { level: 'rack', taken: { r1: 2, r2: 0 } } }
    expect(smallest(explained('z1(r1: a4 | r2: b0/4)', gang, { pods: { b: [1, 1, 1, 1] } }))).toBe(
      'only prefer the spread of the gang over racks (ScheduleAnyway)',
    )
  })

  test('at most eight are tried, and those that were not are named', () => {
    const groups = 'abcdefghijkl'.split('').map((name) => pods(2, 1, name))
    const { changes } = explained('z1(r1: m12 n11/12)', inRack(...groups))
    expect(changes?.tried).toHaveLength(8)
    // Twelve minimums could be lowered; the other kinds have their tries all the same.
    expect(new Set(changes?.tried.map(({ kind }) => kind))).toEqual(new Set(['relaxLevel', 'lowerMinimum', 'free']))
    expect([changes?.notTried.length, changes?.unlisted]).toEqual([7, 0])
    const late = whyNot(subjectOf('z1(r1: a4 b4 | r2: c4)', inRack(pods(3, 4))), () => true).changes
    expect(late).toMatchObject({ smallest: null, tried: [] })
    expect(late?.notTried.map(({ outcome, what }) => [outcome, what])).toEqual([
      ['notTried', "relax the gang's required level from rack to zone"],
      ['notTried', 'lower minReplicas of a from 3 to 2'],
      ['notTried', "drop the gang's required level, rack"],
    ])
  })

  test('nothing helps a gang whose pods pass nowhere', () => {
    const why = explained('z1(r1: a4)', inRack(pods(1, 4)), { tainted: ['a'] })
    expect(smallest(why)).toBeNull()
    expect(why.scopes[0]?.levels.at(-1)?.nearest[0]?.excluded).toEqual({ TaintNotTolerated: 1 })
  })
})

/** Racks of nodes with some of 4 GPUs free, and a gang in one rack or in none. */
const situations = fc.record({
  racks: fc.array(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 3,
  }),
  groups: fc.array(fc.record({ count: fc.integer({ min: 1, max: 4 }), gpus: fc.integer({ min: 1, max: 5 }) }), {
    minLength: 1,
    maxLength: 3,
  }),
  isInRack: fc.boolean(),
  cordoned: fc.subarray(['na', 'nb', 'nc']),
})

test('an explanation never contradicts itself, and changes nothing that it was given', () => {
  let refused = 0
  fc.assert(
    fc.property(situations, ({ racks, groups, isInRack, cordoned }) => {
      let at = 0
      const name = (): string => `n${'abcdefghijklmnop'[at++]!}`
      const world = racks.map((nodes, r) => `r${r}: ${nodes.map((free) => `${name()}${free}/4`).join(' ')}`).join(' | ')
      const drawn = groups.map(({ count, gpus }, g) => pods(count, gpus, `g${g}`))
      const gang: DrawnScope = isInRack ? inRack(...drawn) : { name: 'gang', groups: drawn }
      const there = cordoned.filter((each) => world.includes(each))
      let subject: ReturnType<typeof subjectOf>
      try {
        subject = subjectOf(`z1(${world})`, gang, { cordoned: there })
      } catch {
        return
      }
      refused++
      const before = JSON.stringify([subject.request, subject.view])
      const { scopes, nearest, changes } = whyNot(subject, () => false)
      expect(JSON.stringify([subject.request, subject.view])).toBe(before)
      for (const { podsNeeded, levels } of scopes) {
        for (const { podsFitting, podsFittingEmpty, short, nodes, excluded } of levels.flatMap(
          (level) => level.nearest,
        )) {
          expect(podsFitting).toBeLessThanOrEqual(podsNeeded)
          expect(podsFittingEmpty).toBeGreaterThanOrEqual(podsFitting)
          // Where every node is closed it is no resource that is short.
          const closed = Object.values(excluded).reduce((sum, count) => sum + count, 0)
          expect(short === null).toBe(podsFitting === podsNeeded || closed === nodes)
        }
      }
      const fitting = (changes?.tried ?? []).filter(({ outcome }) => outcome === 'fits')
      const weights = fitting.map(({ touches }) => touches.pods + touches.nodes)
      const least = changes?.smallest?.touches
      expect(least === undefined ? null : least.pods + least.nodes).toBe(weights.length ? Math.min(...weights) : null)
      if (nearest !== null) expect(nearest.podsFitting).toBeLessThan(nearest.podsNeeded)
    }),
    { numRuns: 300 },
  )
  expect(refused).toBeGreaterThan(60)
})
