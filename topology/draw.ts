import type { CompiledTopology } from './compiled/index-types.ts'
import { CLUSTER_KEY, topologyModel, type TopologyGraph, type TopologyVertex } from './model.ts'

/** GPUs of a node. */
export interface Gpus {
  readonly capacity: number
  readonly free: number
}

interface Line {
  readonly text: string
  readonly nodes: number
  readonly gpus: Gpus
}

const NAMES_SHOWN = 4

/**
 * The tree of a topology as text, a line a domain: what is in it, how many nodes, GPUs and free GPUs. Levels with a
 * domain of their own for every node are not drawn; the narrowest domains name their first nodes. Cluster-wide levels
 * follow below the tree.
 */
export function drawTopology(
  topology: CompiledTopology | null,
  nodeNames: readonly string[],
  gpusOf: (node: string) => Gpus = () => ({ capacity: 0, free: 0 }),
): string {
  const levels = (topology?.levels ?? []).filter(({ paths }) => paths.length < nodeNames.length || nodeNames.length < 2)
  const drawn = topology === null ? null : { ...topology, levels }
  const graph = topologyModel(drawn, nodeNames)
  const names = levels.map(({ name, within }) => (within === 'cluster' ? `${name} (cluster-wide)` : name))
  const title = topology === null ? 'no topology' : `topology ${topology.name || '(from labels)'}: ${names.join(' > ')}`
  const lines = [describeVertex(graph, CLUSTER_KEY, 'cluster', gpusOf), ...branches(graph, CLUSTER_KEY, '', gpusOf)]
  const width = Math.max(...lines.map(({ text }) => text.length))
  return [title, ...lines.map((line) => `${line.text.padEnd(width)}  ${countText(line)}`)].join('\n')
}

function branches(graph: TopologyGraph, key: string, indent: string, gpusOf: (node: string) => Gpus): readonly Line[] {
  const inner = graph.filterOutNeighbors(key, (_, { kind }) => kind === 'domain')
  return inner.flatMap((child, i) => {
    const isLast = i === inner.length - 1
    const text = `${indent}${isLast ? '└─ ' : '├─ '}${titleOf(graph, child)}`
    return [
      describeVertex(graph, child, text, gpusOf),
      ...branches(graph, child, `${indent}${isLast ? '   ' : '│  '}`, gpusOf),
    ]
  })
}

function titleOf(graph: TopologyGraph, key: string): string {
  const vertex: TopologyVertex = graph.getNodeAttributes(key)
  if (vertex.kind !== 'domain') return key
  const nodes = graph.filterOutNeighbors(key, (_, { kind }) => kind === 'node')
  const names = nodes.slice(0, NAMES_SHOWN).map((node) => nameOf(graph.getNodeAttributes(node)))
  const more = nodes.length > NAMES_SHOWN ? ` … ${nameOf(graph.getNodeAttributes(nodes.at(-1)!))}` : ''
  return `${vertex.level} ${vertex.value}${names.length > 0 ? `: ${names.join(' ')}${more}` : ''}`
}

const nameOf = (vertex: TopologyVertex): string => (vertex.kind === 'node' ? vertex.name : '')

function describeVertex(graph: TopologyGraph, key: string, text: string, gpusOf: (node: string) => Gpus): Line {
  const names = nodesUnder(graph, key)
  const all = [...names].map(gpusOf)
  const capacity = all.reduce((sum, gpus) => sum + gpus.capacity, 0)
  return { text, nodes: names.size, gpus: { capacity, free: all.reduce((sum, gpus) => sum + gpus.free, 0) } }
}

/** Names of the nodes in a domain; each once, though two levels may lead to it. */
function nodesUnder(graph: TopologyGraph, key: string): ReadonlySet<string> {
  const names = new Set<string>()
  const visit = (at: string): void => {
    const vertex = graph.getNodeAttributes(at)
    if (vertex.kind === 'node') names.add(vertex.name)
    else graph.forEachOutNeighbor(at, visit)
  }
  visit(key)
  return names
}

function countText({ nodes, gpus }: Line): string {
  const count = `${nodes} ${nodes === 1 ? 'node' : 'nodes'}`
  return gpus.capacity === 0 ? count : `${count}, ${gpus.capacity} GPUs, ${gpus.free} free`
}
