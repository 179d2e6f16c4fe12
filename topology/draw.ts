import { printable } from '../api/printable.ts'
import type { CompiledLevel, CompiledTopology } from './compiled/index-types.ts'
import { type Branch, folded } from './fold.ts'
import { CLUSTER_KEY, topologyModel, type TopologyGraph, type TopologyVertex } from './model.ts'
import { type Gpus, inside, isCrossing, NO_ROOM, type Room, roomsOf, together } from './room.ts'

export interface DrawingOptions {
  readonly gpusOf?: (node: string) => Gpus
  /** Every domain has its line; else domains that are alike share one where the drawing would be long. */
  readonly isWhole?: boolean
}

interface Line {
  readonly text: string
  readonly room: Room
  /** How many things of this room the line stands for. */
  readonly alike: number
  readonly places: Branch['places']
}

const NO_GPUS: Gpus = { capacity: 0, free: 0 }
/** Nodes named on a line, the last of them beside. */
const NAMES_SHOWN = 4
/** A drawing of more lines is folded. */
const LINES_MAX = 60

/**
 * The tree of a topology as text, a line a domain: what is in it, how many nodes, GPUs and free GPUs. A level whose
 * domains are the nodes themselves is not drawn; the narrowest domains name their first nodes. Each cluster-wide
 * level follows below the tree, with how many of its domains lie over several of the narrowest ones of the tree.
 */
export function drawTopology(
  topology: CompiledTopology | null,
  nodeNames: readonly string[],
  { gpusOf = () => NO_GPUS, isWhole = false }: DrawingOptions = {},
): string {
  const levels = (topology?.levels ?? []).filter((level) => !isOfNodes(level, nodeNames))
  const graph = topologyModel(topology === null ? null : { ...topology, levels }, nodeNames)
  const rooms = roomsOf(graph, gpusOf)
  const all = branchesOf(graph, rooms, CLUSTER_KEY)
  const isLong = countOf(all) > LINES_MAX && !isWhole
  const shown = isLong ? folded(all) : all
  const cluster = { text: 'cluster', room: rooms.get(CLUSTER_KEY) ?? NO_ROOM, alike: 1, places: [] }
  const tree = [
    cluster,
    ...linesOf(
      shown.filter(({ isCluster }) => !isCluster),
      '',
    ),
  ]
  const beside = levels
    .filter(({ within }) => within === 'cluster')
    .map((level) => {
      const name = printable(level.name)
      const isOfLevel = (branch: Branch): boolean => branch.isCluster && branch.level === name
      return { heading: headingOf(name, all.filter(isOfLevel)), lines: linesOf(shown.filter(isOfLevel), '') }
    })
  const width = widest([...tree, ...beside.flatMap(({ lines }) => lines)])
  const written = (lines: readonly Line[]): string[] =>
    lines.map((line) => `${line.text.padEnd(width)}  ${countText(line)}`)
  return [
    titleText(topology, levels),
    ...written(tree),
    ...beside.flatMap(({ heading, lines }) => [heading, ...written(lines)]),
    ...(isLong ? [`${countOf(all)} domains; those that are alike share a line (--whole draws each)`] : []),
  ].join('\n')
}

/** `kubernetes.io/hostname`: each node is a domain under its own name. */
const isOfNodes = ({ paths, values, nodes, starts }: CompiledLevel, nodeNames: readonly string[]): boolean =>
  paths.length === nodeNames.length && values.every((value, d) => value === nodeNames[nodes[starts[d]!]!])

function titleText(topology: CompiledTopology | null, levels: CompiledTopology['levels']): string {
  if (topology === null) return 'no topology'
  const names = levels.map(({ name, within }) => (within === 'cluster' ? `${name} (cluster-wide)` : name))
  return `topology ${printable(topology.name) || '(from labels)'}: ${printable(names.join(' > '))}`
}

function headingOf(level: string, domains: readonly Branch[]): string {
  const over = domains.filter(({ places }) => places.length > 1).length
  const count = `${domains.length} ${domains.length === 1 ? 'domain' : 'domains'}`
  const crossing =
    over === 0 ? 'each inside one domain of the tree' : `${over} of them over several domains of the tree`
  return `${level}, cluster-wide: ${count}, ${crossing}`
}

const countOf = (branches: readonly Branch[]): number =>
  branches.reduce((sum, { inner }) => sum + 1 + countOf(inner), 0)

/** Nodes that stand in the cluster itself, outside all domains of the tree, are a branch of their own. */
function branchesOf(graph: TopologyGraph, rooms: ReadonlyMap<string, Room>, key: string): readonly Branch[] {
  const domains = inside(graph, key, 'domain').map((child) => branchOf(graph, rooms, child))
  const bare = key === CLUSTER_KEY ? inside(graph, key, 'node') : []
  if (bare.length === 0 || domains.every(({ isCluster }) => isCluster)) return domains
  const room = bare.map((node) => rooms.get(node) ?? NO_ROOM).reduce(together, NO_ROOM)
  const title = `in no domain: ${namesText(graph, bare)}`
  return [...domains, { level: '', title, name: title, room, inner: [], places: [], isCluster: false, alike: 1 }]
}

function branchOf(graph: TopologyGraph, rooms: ReadonlyMap<string, Room>, key: string): Branch {
  const vertex = graph.getNodeAttributes(key) as TopologyVertex & { kind: 'domain' }
  const nodes = inside(graph, key, 'node')
  const name = printable(vertex.value)
  const isCluster = isCrossing(vertex)
  const places = isCluster ? placesOf(graph, nodes) : []
  const names = nodes.length > 0 ? `: ${namesText(graph, nodes)}` : ''
  const title = `${printable(vertex.level)} ${name}${names}`
  const inner = branchesOf(graph, rooms, key)
  return {
    level: printable(vertex.level),
    title,
    name,
    room: rooms.get(key) ?? NO_ROOM,
    inner,
    places,
    isCluster,
    alike: 1,
  }
}

/** The domains of the tree that the nodes hang from, as level and path. */
function placesOf(graph: TopologyGraph, nodes: readonly string[]): Branch['places'] {
  const found = new Map<string, Branch['places'][number]>()
  for (const node of nodes) {
    graph.forEachInNeighbor(node, (key, around) => {
      if (around.kind !== 'domain' || isCrossing(around)) return
      found.set(key, { level: printable(around.level), path: printable(around.path) })
    })
  }
  return [...found.values()]
}

function namesText(graph: TopologyGraph, nodes: readonly string[]): string {
  const nameOf = (key: string): string => {
    const vertex = graph.getNodeAttributes(key)
    return vertex.kind === 'node' ? printable(vertex.name) : ''
  }
  const names = nodes.slice(0, NAMES_SHOWN).map(nameOf).join(' ')
  return nodes.length > NAMES_SHOWN ? `${names} … ${nameOf(nodes.at(-1)!)}` : names
}

function linesOf(branches: readonly Branch[], indent: string): readonly Line[] {
  return branches.flatMap(({ title, room, alike, places, inner }, i) => {
    const isLast = i === branches.length - 1
    const text = `${indent}${isLast ? '└─ ' : '├─ '}${title}`
    return [{ text, room, alike, places }, ...linesOf(inner, `${indent}${isLast ? '   ' : '│  '}`)]
  })
}

const widest = (lines: readonly Line[]): number => lines.reduce((width, { text }) => Math.max(width, text.length), 0)

function countText({ room: { nodes, capacity, free }, alike, places }: Line): string {
  const gpus = capacity === 0 ? '' : `, ${capacity} GPUs, ${free} free`
  const each = alike > 1 ? ' each' : ''
  return `${nodes} ${nodes === 1 ? 'node' : 'nodes'}${gpus}${each}${placesText(places, alike)}`
}

const PLACES_SHOWN = 3

/** Nothing where all lies in one place. */
function placesText(places: Branch['places'], alike: number): string {
  if (places.length < 2) return ''
  const levels = [...new Set(places.map(({ level }) => level))].join(' and ')
  if (alike > 1) return `, over ${places.length} of ${levels}`
  const more = places.length > PLACES_SHOWN ? ` and ${places.length - PLACES_SHOWN} more` : ''
  return `, over ${levels} ${places
    .slice(0, PLACES_SHOWN)
    .map(({ path }) => path)
    .join(' ')}${more}`
}
