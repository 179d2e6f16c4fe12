import { type TopologyGraph, type TopologyVertex } from './model.ts'

/** GPUs of a node. */
export interface Gpus {
  readonly capacity: number
  readonly free: number
}

/** What is in the cluster, in a domain, or what a node has. */
export interface Room extends Gpus {
  readonly nodes: number
}

export const NO_ROOM: Room = { nodes: 0, capacity: 0, free: 0 }

export const together = (a: Room, b: Room): Room => ({
  nodes: a.nodes + b.nodes,
  capacity: a.capacity + b.capacity,
  free: a.free + b.free,
})

/** Per vertex of the graph what is in it; each node once, though two levels may lead to it. O(nodes × levels). */
export function roomsOf(graph: TopologyGraph, gpusOf: (node: string) => Gpus): ReadonlyMap<string, Room> {
  const rooms = new Map<string, Room>()
  graph.forEachNode((key, vertex) => {
    if (vertex.kind !== 'node') return
    const room = { nodes: 1, ...gpusOf(vertex.name) }
    for (const around of containersOf(graph, key)) rooms.set(around, together(rooms.get(around) ?? NO_ROOM, room))
  })
  return rooms
}

/** The vertex itself and all around it, each once. */
function containersOf(graph: TopologyGraph, key: string): ReadonlySet<string> {
  const found = new Set<string>()
  const visit = (at: string): void => {
    if (found.has(at)) return
    found.add(at)
    graph.forEachInNeighbor(at, visit)
  }
  visit(key)
  return found
}

/** Domains or nodes that stand right in a vertex, in the order of the graph. */
export const inside = (graph: TopologyGraph, key: string, kind: TopologyVertex['kind']): readonly string[] =>
  graph.filterOutNeighbors(key, (_, vertex) => vertex.kind === kind)

export const isCrossing = (vertex: TopologyVertex): boolean => vertex.kind === 'domain' && vertex.within === 'cluster'
