import { describe, expect, test } from 'vitest'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { simulateManifests, type SimulationResult } from '../../cli/simulation.ts'
import { BLOCK, gang, inOne, node, pod, RACK, simpleGang } from './objects.ts'

/** `A( r1: a b | r2: c ) B( r3: d )`: nodes of `gpus` in racks in blocks. */
function blocks(drawing: string, gpus: number): NewObject[] {
  return [...drawing.matchAll(/(\w+)\(([^)]*)\)/g)].flatMap(([, block, racks]) =>
    racks!.split('|').flatMap((rack) => {
      const [name, nodes] = rack.split(':').map((part) => part.trim()) as [string, string]
      return nodes.split(/\s+/).map((each) => node(each, { gpus, labels: { [BLOCK]: block!, [RACK]: name } }))
    }),
  )
}

const topology: NewObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'espalier-topology', namespace: 'espalier-system' },
  data: {
    'topology.yaml': JSON.stringify({
      topologies: [
        {
          name: 'default',
          levels: [BLOCK, RACK, 'kubernetes.io/hostname'].map((key, at) => ({ name: `l${at}`, key })),
        },
      ],
    }),
  },
}

const run = (...objects: readonly NewObject[]): Promise<SimulationResult> =>
  simulateManifests([topology, ...objects].map((object, at) => ({ object, at: `${at}` })))

const placedIn = ({ pods }: SimulationResult, prefix: string): Record<string, string | null> =>
  Object.fromEntries(pods.filter(({ name }) => name.startsWith(prefix)).map(({ name, node: on }) => [name, on]))
const initials = (placed: Record<string, string | null>): string[] =>
  [...new Set(Object.values(placed).map((on) => on?.[0] ?? '-'))].sort()

const spread = (key: string, more: object = {}): object => ({
  spread: { key, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', peers: 'p', ...more },
})
const constraint = (required: string | null, more: object): { topologyConstraint: object } => ({
  topologyConstraint: { ...(required === null ? {} : { packConstraint: { required } }), ...more },
})

describe('spread beside pack, at three scopes', () => {
  const world = blocks('A( a: a1 a2 | b: b1 b2 ) B( c: c1 c2 | d: d1 d2 )', 1)

  test('gangs of one set keep to a rack each, and to different blocks', async () => {
    const rules = constraint(RACK, spread(BLOCK))
    const result = await run(...world, ...simpleGang('g0', 2, 2, {}, rules), ...simpleGang('g1', 2, 2, {}, rules))
    const blocksOf = (name: string): string[] => initials(placedIn(result, name)).map((r) => (r < 'c' ? 'A' : 'B'))
    expect([initials(placedIn(result, 'g0')).length, initials(placedIn(result, 'g1')).length]).toEqual([1, 1])
    expect([...blocksOf('g0'), ...blocksOf('g1')].sort()).toEqual(['A', 'B'])
  })

  test('a third gang waits where the spread is hard and only one block has room, and not where it is soft', async () => {
    const small = blocks('A( a: a1 a2 | b: b1 b2 | e: e1 e2 ) B( c: c1 c2 )', 1)
    const three = (rules: object): NewObject[] =>
      ['g0', 'g1', 'g2', 'g3'].flatMap((name) => simpleGang(name, 2, 2, {}, rules as Record<string, unknown>))
    const hard = await run(...small, ...three(constraint(RACK, spread(BLOCK))))
    const soft = await run(...small, ...three(constraint(RACK, spread(BLOCK, { whenUnsatisfiable: 'ScheduleAnyway' }))))
    const whole = ({ gangs }: SimulationResult): number => gangs.filter(({ phase }) => phase === 'Running').length
    expect([whole(hard), whole(soft)]).toEqual([3, 4])
    expect(hard.gangs.find(({ phase }) => phase !== 'Running')?.reason).toBe('SpreadUnsatisfiable')
  })

  test('constraint groups of a base gang, each in a rack, in two blocks', async () => {
    const groups = ['x', 'y'].map((name) => ({ name, minimum: 2, pods: [`${name}-0`, `${name}-1`] }))
    const each = ['x', 'y'].map((name) => ({
      name: `cg-${name}`,
      podGroupNames: [name],
      ...constraint(RACK, spread(BLOCK)),
    }))
    const pods = groups.flatMap(({ name, pods: own }) =>
      own.map((p, index) => pod(p, { gang: 'g', group: name, index })),
    )
    const result = await run(...world, gang('g', groups, { topologyConstraintGroupConfigs: each }), ...pods)
    const [x, y] = [initials(placedIn(result, 'x')), initials(placedIn(result, 'y'))]
    expect([x.length, y.length]).toEqual([1, 1])
    expect(x[0]! < 'c').not.toBe(y[0]! < 'c')
  })

  const clique = async (maxSkew: number): Promise<SimulationResult> => {
    const pods = [0, 1, 2, 3].map((i) => `g-${i}`)
    const group = {
      name: 'a',
      minimum: 4,
      pods,
      constraint: constraint(BLOCK, spread(RACK, { maxSkew })).topologyConstraint,
    }
    return run(...world, gang('g', [group]), ...pods.map((name, index) => pod(name, { gang: 'g', group: 'a', index })))
  }

  test('the pods of a clique, within one block and evenly over its racks', async () => {
    const on = Object.values(placedIn(await clique(2), 'g-')).map((each) => each?.[0])
    expect(on.toSorted((a, b) => ((a ?? '') < (b ?? '') ? -1 : 1))).toEqual(
      on[0]! < 'c' ? ['a', 'a', 'b', 'b'] : ['c', 'c', 'd', 'd'],
    )
  })

  test('racks outside the block are eligible too: two apart from an empty one is too much for a skew of 1', async () => {
    const result = await clique(1)
    expect(initials(placedIn(result, 'g-'))).toEqual(['-'])
    expect(result.gangs[0]?.reason).toBe('SpreadUnsatisfiable')
  })
})

describe('ties', () => {
  const world = blocks('A( a: a1 a2 | b: b1 b2 b3 b4 )', 1)
  const tied = (root: string): { topologyConstraint: object; sameDomainAs: object } => ({
    ...inOne(RACK),
    sameDomainAs: { podGang: root, key: RACK },
  })

  test('a scaled gang that is bound already pins its base gang', async () => {
    const scaled = simpleGang('s', 1, 1, { nodeName: 'b1' }, tied('base'))
    const result = await run(...world, ...scaled, ...simpleGang('base', 2, 2, {}, inOne(RACK)))
    expect(initials(placedIn(result, 'base'))).toEqual(['b'])
  })

  test('a tie into another namespace is refused, and delays nobody', async () => {
    const result = await run(...world, ...simpleGang('s', 1, 1, {}, tied('other/base')), ...simpleGang('t', 2, 2))
    expect(result.gangs.find(({ name }) => name === 's')?.reason).toBe('ForeignGangReference')
    expect(initials(placedIn(result, 't'))).not.toContain('-')
  })
})

describe('what counts and what does not', () => {
  test('surplus pods go round robin over gangs', async () => {
    const result = await run(
      ...blocks('A( a: a1 a2 a3 a4 a5 a6 )', 1),
      ...simpleGang('g', 5, 1),
      ...simpleGang('h', 5, 1),
    )
    const placed = (name: string): number => Object.values(placedIn(result, name)).filter((on) => on !== null).length
    expect([placed('g-'), placed('h-')]).toEqual([3, 3])
  })

  test('a group without a minimum never holds its gang up, and fills what is left', async () => {
    const groups = [
      { name: 'a', minimum: 2, pods: ['a-0', 'a-1'] },
      { name: 'z', minimum: 0, pods: ['z-0', 'z-1'] },
    ]
    const pods = groups.flatMap(({ name, pods: own }) =>
      own.map((p, index) => pod(p, { gang: 'g', group: name, index })),
    )
    const result = await run(...blocks('A( a: a1 a2 a3 )', 1), gang('g', groups), ...pods)
    const on = Object.values(placedIn(result, ''))
    expect(on.filter((each) => each !== null)).toHaveLength(3)
    expect(placedIn(result, 'a-')).toEqual({ 'a-0': expect.any(String), 'a-1': expect.any(String) })
  })

  test('a gate of somebody else neither blocks the minimum nor is placed', async () => {
    const form = { gang: 'g', group: 'a' }
    const result = await run(
      ...blocks('A( a: a1 a2 a3 )', 1),
      gang('g', [{ name: 'a', minimum: 2, pods: ['g-0', 'g-1', 'g-2'] }], inOne(RACK)),
      ...['g-0', 'g-1'].map((name, index) => pod(name, { ...form, index })),
      pod('g-2', { ...form, index: 2, gates: ['example.com/quota'] }),
    )
    expect(Object.values(placedIn(result, 'g-')).filter((on) => on === null)).toHaveLength(1)
    expect(result.pods.find(({ name }) => name === 'g-2')?.reason).toBe('PodGated')
  })

  test('gated pods weigh in the choice of rack', async () => {
    const form = { gang: 'g', group: 'a' }
    const result = await run(
      ...blocks('A( a: a1 a2 | b: b1 b2 b3 )', 1),
      gang('g', [{ name: 'a', minimum: 2, pods: ['g-0', 'g-1', 'g-2'] }], inOne(RACK)),
      ...['g-0', 'g-1'].map((name, index) => pod(name, { ...form, index })),
      pod('g-2', { ...form, index: 2, gates: ['example.com/quota'] }),
    )
    expect(initials({ ...placedIn(result, 'g-0'), ...placedIn(result, 'g-1') })).toEqual(['b'])
  })

  test('a terminating pod uses its node and pins nothing', async () => {
    const leaving = pod('g-9', { gang: 'g', group: 'a', nodeName: 'a1' })
    const dying = {
      ...leaving,
      metadata: {
        ...leaving.metadata,
        deletionTimestamp: '2026-01-01T00:00:00Z',
        deletionGracePeriodSeconds: 86_400,
        finalizers: ['example.com/hold'],
      },
    }
    const result = await run(
      ...blocks('A( a: a1 a2 | b: b1 b2 )', 1),
      gang('g', [{ name: 'a', minimum: 2, pods: ['g-0', 'g-1', 'g-9'] }], inOne(RACK)),
      dying as NewObject,
      ...['g-0', 'g-1'].map((name, index) => pod(name, { gang: 'g', group: 'a', index })),
    )
    expect(initials({ ...placedIn(result, 'g-0'), ...placedIn(result, 'g-1') })).toEqual(['b'])
  })

  test('a pod reference into another namespace is refused, and delays nobody', async () => {
    const group = { name: 'a', minReplicas: 1, podReferences: [{ namespace: 'other', name: 'x' }] }
    const foreign = { ...gang('g', []), spec: { podgroups: [group] } } as NewObject
    const result = await run(...blocks('A( a: a1 a2 )', 1), foreign, ...simpleGang('h', 2, 2))
    expect(initials(placedIn(result, 'h-'))).toEqual(['a'])
    expect(result.gangs.find(({ name }) => name === 'g')?.reason).toBe('ForeignPodReference')
  })
})
