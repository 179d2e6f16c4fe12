import { DirectedGraph } from 'graphology'
import type { CompiledLevel, CompiledTopology } from './compiled/index-types.ts'
import { domainsAround } from './compiled/nesting.ts'

/** What stands in the graph: the cluster, its domains, its nodes. */
export type TopologyVertex =
  | Readonly<{ kind: 'cluster' }>
  | Readonly<{ kind: 'domain'; level: string; path: string; value: string; within: CompiledLevel['within'] }>
  | Readonly<{ kind: 'node'; name: string }>

/** From what is around to what is in it. */
export interface ContainmentEdge {
  readonly kind: 'contains'
  /** How fast nodes reach each other inside the domain that the edge comes from, where its level says so. */
  readonly gigabytesPerSecond?: number
}

export type TopologyGraph = DirectedGraph<TopologyVertex, ContainmentEdge>

export const CLUSTER_KEY = 'cluster'
export const domainKey = (level: string, path: string): string => `domain/${level}/${path}`
export const nodeKey = (name: string): string => `node/${name}`

/**
 * A topology as a graph to walk, draw and export: the cluster contains its broad domains, each domain those right below
 * it, the narrowest one its nodes. A cluster-wide level stands beside the others: its domains hang from the cluster and
 * contain their nodes directly, so a node has one container in the tree and one more for each such level.
 */
export function topologyModel(topology: CompiledTopology | null, nodeNames: readonly string[]): TopologyGraph {
  const graph: TopologyGraph = new DirectedGraph()
  graph.addNode(CLUSTER_KEY, { kind: 'cluster' })
  for (const name of nodeNames) graph.addNode(nodeKey(name), { kind: 'node', name })
  const levels = topology?.levels ?? []
  for (const level of levels) addDomains(graph, level)
  const tree = levels.filter(({ within }) => within === 'parent')
  tree.forEach((level, depth) => addContainment(graph, tree, level, depth))
  nodeNames.forEach((name, n) => {
    const { level, key } = holderOf(tree, tree.length, (of) => of.domainOf[n]!)
    contain(graph, level, key, nodeKey(name))
  })
  for (const level of levels.filter(({ within }) => within === 'cluster')) addCrossing(graph, level, nodeNames)
  return graph
}

function addDomains(graph: TopologyGraph, level: CompiledLevel): void {
  level.paths.forEach((path, d) => {
    const { name, within } = level
    graph.addNode(domainKey(name, path), { kind: 'domain', level: name, path, value: level.values[d]!, within })
  })
}

function addContainment(
  graph: TopologyGraph,
  tree: readonly CompiledLevel[],
  level: CompiledLevel,
  depth: number,
): void {
  level.paths.forEach((path, d) => {
    const around = holderOf(tree, depth, (outer) => domainsAround(level, outer)?.[d] ?? -1)
    contain(graph, around.level, around.key, domainKey(level.name, path))
  })
}

/** The narrowest level before `depth` that has a domain for it, else the cluster. */
function holderOf(
  tree: readonly CompiledLevel[],
  depth: number,
  domainIn: (level: CompiledLevel) => number,
): { readonly level: CompiledLevel | null; readonly key: string } {
  for (let i = depth - 1; i >= 0; i--) {
    const level = tree[i]!
    const domain = domainIn(level)
    if (domain >= 0) return { level, key: domainKey(level.name, level.paths[domain]!) }
  }
  return { level: null, key: CLUSTER_KEY }
}

function addCrossing(graph: TopologyGraph, level: CompiledLevel, nodeNames: readonly string[]): void {
  for (const path of level.paths) contain(graph, null, CLUSTER_KEY, domainKey(level.name, path))
  nodeNames.forEach((name, n) => {
    const d = level.domainOf[n]!
    if (d >= 0) contain(graph, level, domainKey(level.name, level.paths[d]!), nodeKey(name))
  })
}

function contain(graph: TopologyGraph, level: CompiledLevel | null, outer: string, inner: string): void {
  const speed = level?.gigabytesPerSecond
  graph.addDirectedEdge(outer, inner, {
    kind: 'contains',
    ...(speed === undefined ? {} : { gigabytesPerSecond: speed }),
  })
}

/** The path of a node at each level that it carries, broad to narrow: what a bound pod is told. */
export function domainPathsOf(topology: CompiledTopology | null, node: number): Readonly<Record<string, string>> {
  const paths: Record<string, string> = {}
  for (const { name, domainOf, paths: of } of topology?.levels ?? []) {
    const d = domainOf[node] ?? -1
    if (d >= 0) paths[name] = of[d]!
  }
  return paths
}
