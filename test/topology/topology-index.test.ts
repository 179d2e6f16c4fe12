import { assert, array, constantFrom, option, property, record, uniqueArray, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { globMatches, type TopologyDeclaration } from '../../topology/declaration.ts'
import { buildTopologyIndex, type CompiledLevel, domainsAround } from '../../topology/index.ts'
import { detectLevels } from '../../topology/well-known.ts'

const ZONE = 'topology.kubernetes.io/zone'
const node = (name: string, labels: Record<string, string>): { name: string; labels: Record<string, string> } => ({
  name,
  labels,
})
const declared = (nodes: TopologyDeclaration['nodes'] = []): TopologyDeclaration => ({
  name: 'default',
  levels: [
    { name: 'zone', key: 'zone', within: 'parent' },
    { name: 'rack', key: 'rack', within: 'parent' },
    { name: 'nvlink', key: 'nvlink', within: 'cluster' },
  ],
  nodes,
})
const membersOf = (level: CompiledLevel, names: readonly string[]): Record<string, string[]> =>
  Object.fromEntries(
    level.paths.map((path, d) => [
      path,
      Array.from(level.nodes.slice(level.starts[d], level.starts[d + 1]), (n) => names[n]!),
    ]),
  )

describe('domains', () => {
  test('racks of the same name in two zones are two domains', () => {
    const nodes = [node('b', { zone: 'y', rack: 'r1' }), node('a', { zone: 'x', rack: 'r1' })]
    const { topologies, nodeNames } = buildTopologyIndex({ declarations: [declared()], nodes })
    expect(membersOf(topologies[0]!.levels[1]!, nodeNames)).toEqual({ 'x/r1': ['a'], 'y/r1': ['b'] })
  })

  test('an NVLink domain over two racks is one domain', () => {
    const nodes = [node('a', { zone: 'x', rack: 'r1', nvlink: 'c' }), node('b', { zone: 'x', rack: 'r2', nvlink: 'c' })]
    const { topologies, nodeNames } = buildTopologyIndex({ declarations: [declared()], nodes })
    expect(membersOf(topologies[0]!.levels[2]!, nodeNames)).toEqual({ c: ['a', 'b'] })
    expect(domainsAround(topologies[0]!.levels[2]!, topologies[0]!.levels[1]!)).toBeNull()
  })

  test('a node that lacks a broad label still belongs to its rack', () => {
    const nodes = [node('a', { rack: 'r1' }), node('b', { rack: 'r1' })]
    const { topologies, nodeNames } = buildTopologyIndex({ declarations: [declared()], nodes })
    const [zone, rack] = topologies[0]!.levels
    expect(membersOf(rack!, nodeNames)).toEqual({ r1: ['a', 'b'] })
    expect([...zone!.domainOf]).toEqual([-1, -1])
  })

  test('a pattern wins over a label, and the later pattern over the earlier', () => {
    const patterns = [
      { pattern: 'gb200-*', values: { rack: 'r7' } },
      { pattern: 'gb200-b?', values: { rack: 'r8' } },
    ]
    const nodes = [
      node('gb200-a1', { zone: 'x', rack: 'wrong' }),
      node('gb200-b1', { zone: 'x' }),
      node('c', { zone: 'x', rack: 'r9' }),
    ]
    const { topologies, nodeNames } = buildTopologyIndex({ declarations: [declared(patterns)], nodes })
    expect(membersOf(topologies[0]!.levels[1]!, nodeNames)).toEqual({
      'x/r7': ['gb200-a1'],
      'x/r8': ['gb200-b1'],
      'x/r9': ['c'],
    })
  })

  test('every node stands in exactly the domain that it says, whatever the labels and their order', () => {
    const value = option(constantFrom('p', 'q', 'r'), { nil: undefined })
    const labels = record({ zone: value, rack: value, nvlink: value })
    assert(
      property(
        uniqueArray(string({ minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 9 }),
        array(labels, { minLength: 9, maxLength: 9 }),
        (names, of) => {
          const nodes = names.map((name, i) => node(name, JSON.parse(JSON.stringify(of[i])) as Record<string, string>))
          const index = buildTopologyIndex({ declarations: [declared()], nodes })
          const again = buildTopologyIndex({ declarations: [declared()], nodes: nodes.toReversed() })
          expect(index.topologies).toEqual(again.topologies)
          for (const level of index.topologies[0]!.levels) {
            const members = membersOf(level, index.nodeNames)
            for (const { name, labels: has } of nodes) {
              const homes = Object.keys(members).filter((path) => members[path]!.includes(name))
              expect(homes.map((path) => path.split('/').at(-1))).toEqual(
                has[level.key] === undefined ? [] : [has[level.key]],
              )
            }
          }
        },
      ),
      { numRuns: 300, seed: Number(process.env['SEED'] ?? 1) },
    )
  })
})

describe('which topology', () => {
  const of = (name: string, key: string): TopologyDeclaration => ({
    name,
    levels: [{ name: 'l', key, within: 'parent' }],
    nodes: [],
  })
  const index = buildTopologyIndex({
    declarations: [of('zeta', 'k2'), of('default', 'k0'), of('alpha', 'k1'), of('beta', 'k2')],
    nodes: [node('a', { k0: 'x', other: 'o' })],
  })

  test.each([
    ['the one that is named', 'zeta', ['k1'], 'zeta'],
    ['the first by name that lists a key', null, ['k2'], 'beta'],
    ['default where none lists a key', null, ['unheard-of'], 'default'],
    ['none where the named one does not exist', 'gone', ['k1'], undefined],
  ])('%s', (_, name, keys, want) => {
    expect(index.topologyFor(name, keys)?.name).toBe(want)
  })

  test('a key that no topology lists is a level of its own', () => {
    const level = index.levelFor(index.topologies[0]!, 'other')
    expect(level.paths).toEqual(['o'])
    expect(index.levelFor(null, 'other')).toBe(level)
  })
})

describe('levels from labels', () => {
  test.each([
    ['nothing', [{}], []],
    ['a zone', [{ [ZONE]: 'a' }], ['zone']],
    [
      'topograph 1.0 before the older labels',
      [{ 'fabric.topograph.run/tier-1': 's', 'network.topology.nvidia.com/block': 'b' }],
      ['tier-1'],
    ],
    [
      'the older labels, broad to narrow',
      [
        {
          'network.topology.nvidia.com/leaf': 'l',
          'network.topology.nvidia.com/spine': 's',
          'network.topology.nvidia.com/accelerator': 'n',
        },
      ],
      ['spine', 'leaf', 'nvlink'],
    ],
    [
      'a clique that one node shows late',
      [{ [ZONE]: 'a' }, { 'nvidia.com/gpu.clique': 'c', 'kubernetes.io/hostname': 'h' }],
      ['zone', 'nvlink', 'host'],
    ],
  ])('%s', (_, labels, want) => {
    expect(detectLevels(labels as Record<string, string>[]).map(({ name }) => name)).toEqual(want)
  })

  const FAMILIES: readonly (readonly [family: string, keys: readonly string[], want: readonly string[]])[] = [
    ['zone', ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'], ['region', 'zone']],
    ['topograph 1.0', [1, 2, 3].map((tier) => `fabric.topograph.run/tier-${tier}`), ['tier-3', 'tier-2', 'tier-1']],
    ['its accelerator domain', ['accelerator.topograph.run/domain'], ['nvlink']],
    [
      'topograph before 1.0',
      ['leaf', 'block', 'spine', 'datacenter', 'accelerator'].map((part) => `network.topology.nvidia.com/${part}`),
      ['datacenter', 'spine', 'block', 'leaf', 'nvlink'],
    ],
    [
      'blocks of Google',
      ['host', 'subblock', 'block'].map((part) => `cloud.google.com/gce-topology-${part}`),
      ['block', 'subblock', 'host-block'],
    ],
    [
      'network nodes of AWS',
      [3, 2, 1].map((layer) => `topology.k8s.aws/network-node-layer-${layer}`),
      ['network-node-1', 'network-node-2', 'network-node-3'],
    ],
    [
      'blocks of Oracle',
      ['local_block_id', 'network_block_id', 'hpc_island_id'].map((part) => `oci.oraclecloud.com/rdma.${part}`),
      ['hpc-island', 'network-block', 'local-block'],
    ],
    ['cliques of the GPU operator', ['nvidia.com/gpu.clique'], ['nvlink']],
    ['hostname', ['kubernetes.io/hostname'], ['host']],
  ]

  test.each(FAMILIES)('of the family %s, broad to narrow, with a domain for each value', (_, keys, want) => {
    const nodes = ['a', 'b'].map((name) => node(name, Object.fromEntries(keys.map((key) => [key, name]))))
    const { topologies } = buildTopologyIndex({ declarations: [], nodes })
    expect(topologies.map(({ name, levels }) => [name, levels.map((level) => level.name)])).toEqual([['', want]])
    expect(topologies[0]!.levels.map(({ values }) => values)).toEqual(want.map(() => ['a', 'b']))
  })

  test('the clique of the GPU operator goes before what topograph writes of the same domain', () => {
    const both = { 'accelerator.topograph.run/domain': 'd', 'nvidia.com/gpu.clique': 'c' }
    expect(detectLevels([both]).map(({ key }) => key)).toEqual(['nvidia.com/gpu.clique'])
  })

  test('a label without a value is none', () => {
    expect(detectLevels([{ [ZONE]: '' }])).toEqual([])
  })

  test('the NVLink level may cross the switches', () => {
    expect(detectLevels([{ 'nvidia.com/gpu.clique': 'c' }])).toMatchObject([{ within: 'cluster' }])
  })
})

test.each([
  ['gb200-*', 'gb200-r1', true],
  ['*-r?', 'gb200-r1', true],
  ['*-r?', 'gb200-r12', false],
  ['a*b*c', 'aXbYbc', true],
  ['a', 'ab', false],
])('the pattern %s against %s: %s', (pattern, name, want) => {
  expect(globMatches(pattern, name)).toBe(want)
})

test('a pattern made to be slow costs its length times the name, no more', () => {
  const pattern = '*a'.repeat(126)
  const startMs = performance.now()
  for (let i = 0; i < 1_000; i++) expect(globMatches(`${pattern}b`, 'a'.repeat(253))).toBe(false)
  expect(performance.now() - startMs).toBeLessThan(5_000) // 1,000 × 253 × 253 steps; a back-tracking matcher never ends
})
