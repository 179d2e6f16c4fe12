/**
 * The drawing of `espalier up`: a line a rack, a cell a node, a character a GPU. Pure: objects in, lines out.
 * Colours and letters stand for cliques; the legend below the racks says which is which.
 */
import type { Node, Pod } from '../api/kinds/kubernetes.ts'
import { GPU_CLIQUE_LABEL, GPU_RESOURCE, POD_CLIQUE } from '../api/names.ts'
import { podRequests } from '../api/pod-resources.ts'

const RACK_LABEL = 'fabric.topograph.run/tier-1'
const BLOCK_LABEL = 'fabric.topograph.run/tier-2'
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
/** ANSI foregrounds that read on dark and on light grounds. */
const COLOURS = [36, 33, 32, 35, 34, 31, 96, 93, 92, 95]
const FREE = '·'

export interface DrawingOptions {
  readonly isColoured: boolean
  readonly columns: number
}

const byteOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const labelOf = (object: Node | Pod, key: string): string => object.metadata.labels?.[key] ?? ''
const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true

/** What a pod is drawn as: its clique, or itself where it belongs to none. */
export const unitOf = (pod: Pod): string => labelOf(pod, POD_CLIQUE) || pod.metadata.name

interface Paint {
  letter(unit: string): string
  colour(unit: string, text: string): string
}

function paintFor(pods: readonly Pod[], isColoured: boolean): Paint {
  const units = [...new Set(pods.map(unitOf))].sort(byteOrder)
  const position = new Map(units.map((unit, i) => [unit, i]))
  const at = (unit: string): number => position.get(unit) ?? 0
  return {
    letter: (unit) => LETTERS[at(unit) % LETTERS.length] ?? '?',
    colour: (unit, text) => (isColoured ? `\u001b[${COLOURS[at(unit) % COLOURS.length]}m${text}\u001b[0m` : text),
  }
}

/** One node: a letter for each GPU taken (lower case until the pod is Ready), then `'` where a pod without GPUs sits. */
function cell(node: Node, pods: readonly Pod[], paint: Paint): string {
  const gpus = Number(node.status?.allocatable?.[GPU_RESOURCE] ?? 0)
  const taken = pods.flatMap((pod) => {
    const count = podRequests(pod.spec)[GPU_RESOURCE] ?? 0
    const letter = paint.letter(unitOf(pod))
    return Array.from({ length: count }, () => paint.colour(unitOf(pod), isReady(pod) ? letter : letter.toLowerCase()))
  })
  const withoutGpu = pods.find((pod) => (podRequests(pod.spec)[GPU_RESOURCE] ?? 0) === 0)
  const mark = withoutGpu === undefined ? ' ' : paint.colour(unitOf(withoutGpu), "'")
  const free = Array.from({ length: Math.max(0, gpus - taken.length) }, () => (node.spec?.unschedulable ? 'x' : FREE))
  return [...taken.slice(0, gpus), ...free, mark].join('')
}

interface Rack {
  readonly block: string
  readonly rack: string
  readonly nodes: readonly Node[]
}

function racksOf(nodes: readonly Node[]): Rack[] {
  const sorted = [...nodes].sort((a, b) => byteOrder(a.metadata.name, b.metadata.name))
  const racks = Map.groupBy(sorted, (node) => `${labelOf(node, BLOCK_LABEL)}\u0000${labelOf(node, RACK_LABEL)}`)
  return [...racks.entries()]
    .sort(([a], [b]) => byteOrder(a, b))
    .map(([key, members]) => ({
      block: key.split('\u0000')[0] ?? '',
      rack: key.split('\u0000')[1] ?? '',
      nodes: members,
    }))
}

function rackLines({ rack, nodes }: Rack, podsOn: (node: string) => Pod[], paint: Paint, columns: number): string[] {
  const gpus = nodes.reduce((sum, node) => sum + Number(node.status?.allocatable?.[GPU_RESOURCE] ?? 0), 0)
  const used = nodes
    .flatMap((node) => podsOn(node.metadata.name))
    .reduce((sum, pod) => sum + (podRequests(pod.spec)[GPU_RESOURCE] ?? 0), 0)
  const nvlink = [...new Set(nodes.map((node) => labelOf(node, GPU_CLIQUE_LABEL)))].sort(byteOrder).join(',')
  const head = `  ${rack || 'no rack'}  ${String(used).padStart(3)}/${gpus} GPUs${nvlink === '' ? '' : `  nvlink ${nvlink}`}`
  const perLine = Math.max(1, Math.min(nodes.length, Math.floor((columns - 6) / 6)))
  const rows = Array.from({ length: Math.ceil(nodes.length / perLine) }, (_, i) =>
    nodes.slice(i * perLine, (i + 1) * perLine),
  )
  return [
    head,
    ...rows.map((row) => `    ${row.map((node) => cell(node, podsOn(node.metadata.name), paint)).join(' ')}`),
  ]
}

function legend(pods: readonly Pod[], paint: Paint): string[] {
  const units = [...Map.groupBy(pods, unitOf).entries()].sort(([a], [b]) => byteOrder(a, b))
  return units.map(([unit, members]) => {
    const ready = members.filter(isReady).length
    const bound = members.filter((pod) => pod.spec.nodeName !== undefined).length
    const waiting = bound < members.length ? `, ${members.length - bound} waiting for a node` : ''
    return `  ${paint.colour(unit, paint.letter(unit))}  ${unit}  ${ready}/${members.length} ready${waiting}`
  })
}

/** The whole picture. Nodes without GPUs and racks are drawn too, so that no pod is ever out of sight. */
export function drawRacks(nodes: readonly Node[], pods: readonly Pod[], options: DrawingOptions): string[] {
  const paint = paintFor(pods, options.isColoured)
  const byNode = Map.groupBy(
    [...pods].sort((a, b) => byteOrder(a.metadata.name, b.metadata.name)),
    (pod) => pod.spec.nodeName ?? '',
  )
  const podsOn = (node: string): Pod[] => byNode.get(node) ?? []
  let block: string | null = null
  const lines = racksOf(nodes).flatMap((rack) => {
    const head = rack.block === block ? [] : [rack.block || 'no block']
    block = rack.block
    return [...head, ...rackLines(rack, podsOn, paint, options.columns)]
  })
  return [...lines, ...(pods.length === 0 ? [] : ['', ...legend(pods, paint)])]
}
