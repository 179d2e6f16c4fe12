import { describe, expect, test } from 'vitest'
import { buildTopologyIndex, checkPatterns, checkTopology, domainPathsOf, topologyModel } from '../../topology/index.ts'

const build = (
  rows: readonly string[],
  within: 'parent' | 'cluster' = 'cluster',
): ReturnType<typeof buildTopologyIndex> =>
  buildTopologyIndex({
    declarations: [
      {
        name: 'default',
        levels: [
          { name: 'zone', key: 'zone', within: 'parent' },
          { name: 'rack', key: 'rack', within: 'parent' },
          { name: 'nvlink', key: 'nvlink', within },
        ],
        nodes: [],
      },
    ],
    nodes: rows.map((row) => {
      const [name, ...labels] = row.split(' ')
      return { name: name!, labels: Object.fromEntries(labels.map((label) => label.split('=') as [string, string])) }
    }),
  })

const CROSSING = [
  'a zone=x rack=r1 nvlink=c1',
  'b zone=x rack=r2 nvlink=c1',
  'c zone=x rack=r2 nvlink=c2',
  'd zone=y rack=r3 nvlink=c2',
]

describe('check', () => {
  const findings = (rows: readonly string[], within?: 'parent' | 'cluster'): string[] => {
    const index = build(rows, within)
    return checkTopology(index.topologies[0]!, index.nodeNames).map(
      ({ severity, sentence }) => `${severity}: ${sentence}`,
    )
  }

  test('a cluster-wide level may cross the racks', () => {
    expect(findings(CROSSING)).toEqual([])
  })

  test('any other level that crosses is an error with the nodes that break it', () => {
    expect(findings(CROSSING, 'parent')).toEqual([
      'error: nvlink c1 does not nest: it lies in 2 domains of rack: x/r1 (a), x/r2 (b)',
      'error: nvlink c2 does not nest: it lies in 2 domains of rack: x/r2 (c), y/r3 (d)',
    ])
  })

  test('names that every zone uses again are only a note', () => {
    const rows = ['a zone=x rack=r1 nvlink=c', 'b zone=y rack=r1 nvlink=c']
    expect(findings(rows)).toEqual(['note: rack: each of the 2 domains of zone has its own r1'])
  })

  test('a rack of which one node lacks the zone is an error that names the node', () => {
    const rows = ['a zone=x rack=r1 nvlink=c', 'b rack=r1 nvlink=c']
    expect(findings(rows)).toEqual(['error: rack r1: some of its nodes lack the label zone (b)'])
  })

  test('a level that no node carries is a note', () => {
    expect(findings(['a zone=x rack=r1'])).toEqual(['note: level nvlink: no node carries the label nvlink'])
  })
})

test('a pattern that matches no node is a note', () => {
  const nodes = [
    { pattern: 'gb200-*', values: { rack: 'r' } },
    { pattern: 'a?', values: { rack: 'r' } },
  ]
  const found = checkPatterns({ name: 't', levels: [], nodes }, ['a1', 'b'])
  expect(found.map(({ severity, sentence }) => `${severity}: ${sentence}`)).toEqual([
    'note: the pattern "gb200-*" matches no node',
  ])
})

test('in the model each node hangs from its narrowest domain, and from each cluster-wide one', () => {
  const index = build([...CROSSING, 'e zone=y'])
  const graph = topologyModel(index.topologies[0]!, index.nodeNames)
  expect(graph.inNeighbors('node/b').toSorted()).toEqual(['domain/nvlink/c1', 'domain/rack/x/r2'])
  expect(graph.inNeighbors('node/e')).toEqual(['domain/zone/y'])
  expect(graph.outNeighbors('cluster').toSorted()).toEqual([
    'domain/nvlink/c1',
    'domain/nvlink/c2',
    'domain/zone/x',
    'domain/zone/y',
  ])
})

test('a node can be told its path at each level that it carries', () => {
  const index = build(['a zone=x rack=r1'])
  expect(domainPathsOf(index.topologies[0]!, 0)).toEqual({ zone: 'x', rack: 'x/r1' })
})
