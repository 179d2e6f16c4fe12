import { DirectedGraph } from 'graphology'
import { describe, expect, test } from 'vitest'
import {
  buildTopologyIndex,
  drawTopology,
  EXPORT_FORMATS,
  exportTopology,
  type Gpus,
  type LabelledNode,
  topologyModel,
} from '../../topology/index.ts'

const LEVELS = [
  { name: 'zone', key: 'zone', within: 'parent' },
  { name: 'rack', key: 'rack', within: 'parent' },
  { name: 'nvlink', key: 'nvlink', within: 'cluster', gigabytesPerSecond: 900 },
] as const

/** Rows such as `a zone=x rack=r1`. */
const nodesOf = (rows: readonly string[]): LabelledNode[] =>
  rows.map((row) => {
    const [name = '', ...labels] = row.split(' ')
    return { name, labels: Object.fromEntries(labels.map((label) => label.split('=') as [string, string])) }
  })

const build = (nodes: readonly LabelledNode[]): ReturnType<typeof buildTopologyIndex> =>
  buildTopologyIndex({ declarations: [{ name: 'default', levels: LEVELS, nodes: [] }], nodes })

const CROSSING = nodesOf([
  'a zone=x rack=r1 nvlink=c1',
  'b zone=x rack=r2 nvlink=c1',
  'c zone=x rack=r2 nvlink=c2',
  'd zone=y rack=r3 nvlink=c3',
])
const four = (name: string): Gpus => ({ capacity: 4, free: name === 'a' ? 1 : 4 })

const drawn = (nodes: readonly LabelledNode[], gpusOf?: (node: string) => Gpus, isWhole = false): string[] => {
  const index = build(nodes)
  const options = gpusOf === undefined ? { isWhole } : { gpusOf, isWhole }
  return drawTopology(index.topologies[0]!, index.nodeNames, options).split('\n')
}

describe('the drawing', () => {
  test('shows each domain with its nodes, GPUs and free GPUs, and levels that cross below the tree', () => {
    expect(drawn(CROSSING, four)).toEqual([
      'topology default: zone > rack > nvlink (cluster-wide)',
      'cluster             4 nodes, 16 GPUs, 13 free',
      '├─ zone x           3 nodes, 12 GPUs, 9 free',
      '│  ├─ rack r1: a    1 node, 4 GPUs, 1 free',
      '│  └─ rack r2: b c  2 nodes, 8 GPUs, 8 free',
      '└─ zone y           1 node, 4 GPUs, 4 free',
      '   └─ rack r3: d    1 node, 4 GPUs, 4 free',
      'nvlink, cluster-wide: 3 domains, 1 of them over several domains of the tree',
      '├─ nvlink c1: a b   2 nodes, 8 GPUs, 5 free, over rack x/r1 x/r2',
      '├─ nvlink c2: c     1 node, 4 GPUs, 4 free',
      '└─ nvlink c3: d     1 node, 4 GPUs, 4 free',
    ])
  })

  test('shows nodes that lack labels where they stand', () => {
    expect(drawn(nodesOf(['a zone=x rack=r1', 'b zone=x rack=r1', 'e zone=x', 'f', 'g']))).toEqual([
      'topology default: zone > rack > nvlink (cluster-wide)',
      'cluster               5 nodes',
      '├─ zone x: e          3 nodes',
      '│  └─ rack r1: a b    2 nodes',
      '└─ in no domain: f g  2 nodes',
      'nvlink, cluster-wide: 0 domains, each inside one domain of the tree',
    ])
  })

  const big = Array.from({ length: 3_000 }, (_, i): LabelledNode => {
    const rack = Math.floor(i / 20)
    return {
      name: `n${String(i).padStart(4, '0')}`,
      labels: { zone: `z${rack % 3}`, rack: `r${String(rack).padStart(3, '0')}`, nvlink: `c${Math.floor(i / 18)}` },
    }
  })

  test('of many domains is folded: those that are alike share a line, and no domain is lost from the sums', () => {
    const lines = drawn(big, (name) => ({ capacity: 8, free: name < 'n0020' ? 0 : 8 }))
    expect(lines.length).toBeLessThan(30)
    expect(lines[1]).toMatch(/^cluster +3000 nodes, 24000 GPUs, 23840 free$/)
    expect(lines).toContainEqual(expect.stringMatching(/rack r000: n0000 .* 20 nodes, 160 GPUs, 0 free$/))
    expect(lines).toContainEqual(
      expect.stringMatching(/rack r003 r006 r009 … r147 \(49 alike\) +20 nodes, 160 GPUs, 160 free each$/),
    )
    expect(lines.at(-1)).toMatch(/^\d+ domains; .*--whole/)
  })

  test('is as long as it must be when the whole is asked for', () => {
    expect(drawn(big, undefined, true).filter((line) => line.includes('─ rack '))).toHaveLength(150)
  })

  test('of domains that all differ sums up those beyond a dozen', () => {
    const nodes = Array.from({ length: 80 }, (_, i) => ({
      name: `n${i}`,
      labels: { zone: 'z', rack: `r${i}`, nvlink: 'c' },
    }))
    nodes.push({ name: 'x', labels: { zone: 'z', rack: 'r0', nvlink: 'c' } })
    const lines = drawn(nodes, (name) => ({ capacity: 100, free: name === 'x' ? 0 : Number(name.slice(1)) }))
    const rest = lines.find((line) => line.includes('more of rack'))
    expect(rest).toMatch(/… 69 more of rack, together +69 nodes, 6900 GPUs, /)
    const free = lines
      .filter((line) => /─ (rack|….*rack)/.test(line))
      .map((line) => Number(/(\d+) free/.exec(line)?.[1] ?? 0))
    expect(free.reduce((sum, one) => sum + one, 0)).toBe((79 * 80) / 2)
  })

  test('lets no control character of a label reach the terminal', () => {
    const lines = drawn(nodesOf(['a\u001b[2J zone=x\u0007 rack=\u202er1', 'b zone=y rack=r']))
    expect(lines.join('\n')).not.toMatch(/\p{Cc}(?<!\n)|\u202e/u)
    expect(lines.join('\n')).toContain('rack \\u{202e}r1: a\\u{1b}[2J')
  })
})

describe('exports', () => {
  const exported = (format: (typeof EXPORT_FORMATS)[number], nodes = CROSSING): string => {
    const index = build(nodes)
    return exportTopology(topologyModel(index.topologies[0]!, index.nodeNames), 'default', format, four)
  }

  test('json is a graph that graphology takes back, with GPUs on every vertex', () => {
    const graph = DirectedGraph.from(JSON.parse(exported('json')) as Parameters<typeof DirectedGraph.from>[0])
    expect(graph.order).toBe(1 + 2 + 3 + 3 + 4)
    expect(graph.getNodeAttributes('domain/zone/x')).toMatchObject({ level: 'zone', nodes: 3, gpus: 12, freeGpus: 9 })
    expect(graph.getEdgeAttributes('domain/nvlink/c1', 'node/b')).toEqual({ kind: 'contains', gigabytesPerSecond: 900 })
  })

  test('dot has a vertex for each domain and node, and an edge for each containment', () => {
    const text = exported('dot')
    expect(text.match(/ \[label="[^"]*", shape=/g)).toHaveLength(13)
    expect(text.match(/ -> /g)).toHaveLength(2 + 3 + 4 + 3 + 4)
    expect(text).toContain('[label="zone x\\n9 of 12 GPUs free", shape=box]')
    expect(text).toContain('[label="900 GB/s"]')
  })

  test('gexf has the same, with what is in them as values', () => {
    const text = exported('gexf')
    expect(text.match(/<node /g)).toHaveLength(13)
    expect(text.match(/<edge /g)).toHaveLength(16)
    expect(text).toMatch(/label="zone x">.*for="path" value="x"\/>.*for="freeGpus" value="9"\/>/)
  })

  test.each(EXPORT_FORMATS)('%s stays well formed whatever labels say', (format) => {
    const text = exported(format, nodesOf(['a"\\<&\u0000 zone=x"]; rack=<r>&\u001b', 'b zone=y rack=r']))
    expect(text).not.toMatch(/\p{Cc}(?<!\n)/u)
    if (format === 'json') JSON.parse(text)
    if (format === 'dot') expect(text).toContain('label="zone x\\"];')
    if (format === 'gexf') expect(text).toContain('label="rack &lt;r&gt;&amp;\\u{1b}"')
  })
})
