import { printable } from '../api/printable.ts'
import { CLUSTER_KEY, type TopologyGraph, type TopologyVertex } from './model.ts'
import { type Gpus, NO_ROOM, type Room, roomsOf } from './room.ts'

export const EXPORT_FORMATS = ['json', 'dot', 'gexf'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

/** What is told of a vertex in every format; '' and absent where it has no such thing. */
interface Told {
  readonly key: string
  readonly label: string
  readonly kind: TopologyVertex['kind']
  readonly level: string
  readonly path: string
  readonly room: Room
}

/** The graph as text for other programs: vertices with what is in them, edges from what is around to what is inside. */
export function exportTopology(
  graph: TopologyGraph,
  name: string,
  format: ExportFormat,
  gpusOf: (node: string) => Gpus,
): string {
  const rooms = roomsOf(graph, gpusOf)
  const vertices = graph.mapNodes((key, vertex) => toldOf(key, vertex, rooms.get(key) ?? NO_ROOM))
  switch (format) {
    case 'json':
      return jsonText(graph, name, vertices)
    case 'dot':
      return dotText(graph, name, vertices)
    case 'gexf':
      return gexfText(graph, name, vertices)
  }
}

function toldOf(key: string, vertex: TopologyVertex, room: Room): Told {
  const bare = { key, kind: vertex.kind, level: '', path: '', room }
  if (vertex.kind === 'node') return { ...bare, label: printable(vertex.name) }
  if (vertex.kind === 'cluster') return { ...bare, label: CLUSTER_KEY }
  const { level, path, value } = vertex
  return { ...bare, label: printable(`${level} ${value}`), level: printable(level), path: printable(path) }
}

/** The form that graphology itself imports. */
function jsonText(graph: TopologyGraph, name: string, vertices: readonly Told[]): string {
  const nodes = vertices.map(({ key, room: { nodes: count, capacity, free }, kind }) => ({
    key,
    attributes: {
      ...graph.getNodeAttributes(key),
      ...(kind === 'node' ? {} : { nodes: count }),
      gpus: capacity,
      freeGpus: free,
    },
  }))
  const edges = graph.mapEdges((_, attributes, source, target) => ({ source, target, attributes }))
  const options = { type: 'directed', multi: false, allowSelfLoops: false }
  return JSON.stringify({ attributes: { name }, options, nodes, edges }, null, 2)
}

const SHAPES: Readonly<Record<Told['kind'], string>> = { cluster: 'doublecircle', domain: 'box', node: 'ellipse' }

function dotText(graph: TopologyGraph, name: string, vertices: readonly Told[]): string {
  const id = numbersOf(vertices)
  const nodes = vertices.map(({ key, label, kind, room }) => {
    const gpus = room.capacity > 0 ? `\\n${room.free} of ${room.capacity} GPUs free` : ''
    return `  ${id.get(key)} [label="${dotQuoted(label)}${gpus}", shape=${SHAPES[kind]}];`
  })
  const edges = graph.mapEdges((_, { gigabytesPerSecond: speed }, from, to) => {
    return `  ${id.get(from)} -> ${id.get(to)}${speed === undefined ? '' : ` [label="${speed} GB/s"]`};`
  })
  return [`digraph "${dotQuoted(printable(name || 'topology'))}" {`, '  rankdir=LR;', ...nodes, ...edges, '}'].join(
    '\n',
  )
}

/** Keys hold names that people chose; numbers need no quoting in any format. */
const numbersOf = (vertices: readonly Told[]): ReadonlyMap<string, string> =>
  new Map(vertices.map(({ key }, i) => [key, `v${i}`]))

const dotQuoted = (text: string): string => text.replace(/[\\"]/g, (letter) => `\\${letter}`)

/** GEXF 1.3; column ids of a vertex's values. */
const COLUMNS = [
  { id: 'kind', type: 'string', of: ({ kind }: Told) => kind },
  { id: 'level', type: 'string', of: ({ level }: Told) => level },
  { id: 'path', type: 'string', of: ({ path }: Told) => path },
  { id: 'nodes', type: 'long', of: ({ room }: Told) => String(room.nodes) },
  { id: 'gpus', type: 'long', of: ({ room }: Told) => String(room.capacity) },
  { id: 'freeGpus', type: 'long', of: ({ room }: Told) => String(room.free) },
] as const

function gexfText(graph: TopologyGraph, name: string, vertices: readonly Told[]): string {
  const id = numbersOf(vertices)
  const nodes = vertices.map((vertex) => {
    const values = COLUMNS.map((column) => `<attvalue for="${column.id}" value="${xml(column.of(vertex))}"/>`)
    const head = `<node id="${id.get(vertex.key)}" label="${xml(vertex.label)}">`
    return `      ${head}<attvalues>${values.join('')}</attvalues></node>`
  })
  const edges = graph.mapEdges((_, { gigabytesPerSecond: speed }, from, to) => {
    const value = `<attvalues><attvalue for="gigabytesPerSecond" value="${speed}"/></attvalues>`
    const head = `source="${id.get(from)}" target="${id.get(to)}"`
    return `      <edge ${head}${speed === undefined ? '/>' : `>${value}</edge>`}`
  })
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<gexf xmlns="http://gexf.net/1.3" version="1.3">',
    `  <meta><creator>espalier</creator><description>${xml(printable(name))}</description></meta>`,
    '  <graph defaultedgetype="directed">',
    `    <attributes class="node">${COLUMNS.map((column) => `<attribute id="${column.id}" title="${column.id}" type="${column.type}"/>`).join('')}</attributes>`,
    '    <attributes class="edge"><attribute id="gigabytesPerSecond" title="gigabytesPerSecond" type="double"/></attributes>',
    '    <nodes>',
    ...nodes,
    '    </nodes>',
    '    <edges>',
    ...edges,
    '    </edges>',
    '  </graph>',
    '</gexf>',
  ].join('\n')
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const xml = (text: string): string => text.replace(/[&<>"]/g, (letter) => ENTITIES[letter] ?? letter)
