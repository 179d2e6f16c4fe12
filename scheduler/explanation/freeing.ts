import type { PlanView } from '../planner/request.ts'
import type { Subject } from './subject.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/** Room to be made on some nodes, and the fewest pods that hold it now. */
export interface Freeing {
  /** As the view's, with the room made. */
  readonly free: Float64Array
  /** Per column of the view. */
  readonly units: Float64Array
  readonly pods: number
  /** The nodes. */
  readonly rows: readonly number[]
}

/** More nodes than this are not weighed one by one: those with the least to free go first. */
const NODES_MAX = 512

interface Bench {
  readonly nodes: Int32Array
  /** Free room once the pods that fit have been seated: rest[k * columns + column]. */
  readonly rest: Float64Array
  readonly freed: Float64Array
  readonly usedBy: ReturnType<Subject['usedBy']>
}

/**
 * The room to make on these nodes so that the pods left over fit too, pod by pod where the least has to go. Null: what
 * others use there does not suffice. `rest` is what is free beside the pods that fit. O(pods left × nodes).
 */
export function freeing(
  subject: Subject,
  nodes: Int32Array,
  rest: Float64Array,
  left: Int32Array,
  scarce: number,
): Freeing | null {
  const { view } = subject
  const columns = view.resources.length
  const shown = leastFirst(nodes, rest, columns, scarce)
  const bench: Bench = { ...shown, freed: new Float64Array(shown.rest.length), usedBy: subject.usedBy(shown.nodes) }
  const size = (c: number): number => view.classes[c]!.requests[scarce]!
  const classes = Array.from(left, (_, c) => c).filter((c) => left[c]! > 0)
  for (const c of classes.sort((a, b) => size(b) - size(a) || a - b)) {
    for (let i = 0; i < left[c]!; i++) if (!makeRoom(view, bench, c, scarce)) return null
  }
  return freeingOf(view, bench)
}

function leastFirst(
  nodes: Int32Array,
  rest: Float64Array,
  columns: number,
  scarce: number,
): Pick<Bench, 'nodes' | 'rest'> {
  if (nodes.length <= NODES_MAX) return { nodes, rest: rest.slice() }
  const order = Array.from(nodes, (_, k) => k)
  order.sort((a, b) => rest[b * columns + scarce]! - rest[a * columns + scarce]! || a - b)
  const some = order.slice(0, NODES_MAX)
  return {
    nodes: Int32Array.from(some, (k) => nodes[k]!),
    rest: Float64Array.from(some.flatMap((k) => [...rest.subarray(k * columns, (k + 1) * columns)])),
  }
}

/** Makes room for one pod where the least is lacking. False: nowhere. */
function makeRoom({ classes, resources }: PlanView, bench: Bench, podClass: number, scarce: number): boolean {
  const { nodes, rest, freed, usedBy } = bench
  const { requests, feasible } = classes[podClass]!
  const columns = resources.length
  let best = -1
  let bestLack = Number.POSITIVE_INFINITY
  for (let k = 0; k < nodes.length; k++) {
    if (feasible[nodes[k]!] !== 1) continue
    const used = usedBy.get(nodes[k]!)?.sums
    let isFreeable = true
    for (let r = 0; r < columns && isFreeable; r++) {
      const lack = requests[r]! <= 0 ? 0 : Math.max(0, requests[r]! - rest[k * columns + r]!)
      isFreeable = lack <= (used?.[r] ?? 0) - freed[k * columns + r]!
    }
    const lack = requests[scarce]! - rest[k * columns + scarce]!
    if (isFreeable && lack < bestLack) [best, bestLack] = [k, lack]
  }
  if (best < 0) return false
  for (let r = 0; r < columns; r++) {
    if (requests[r]! <= 0) continue
    const lack = Math.max(0, requests[r]! - rest[best * columns + r]!)
    freed[best * columns + r]! += lack
    rest[best * columns + r]! += lack - requests[r]!
  }
  return true
}

function freeingOf(view: PlanView, { nodes, freed, usedBy }: Bench): Freeing {
  const columns = view.resources.length
  const free = view.free.slice()
  const units = new Float64Array(columns)
  const rows: number[] = []
  let pods = 0
  for (let k = 0; k < nodes.length; k++) {
    const wanted = freed.subarray(k * columns, (k + 1) * columns)
    if (!wanted.some((amount) => amount > 0)) continue
    rows.push(nodes[k]!)
    pods += fewestPods(usedBy.get(nodes[k]!)?.pods ?? [], wanted)
    for (let r = 0; r < columns; r++) {
      units[r]! += wanted[r]!
      free[nodes[k]! * columns + r]! += wanted[r]!
    }
  }
  return { free, units, pods, rows }
}

/** How many pods have to go to give these amounts back, each time the one that gives the most of what is lacking. */
function fewestPods(pods: readonly Float64Array[], wanted: Float64Array): number {
  const lacking = wanted.slice()
  const rest = [...pods]
  let count = 0
  const gives = (pod: Float64Array): number =>
    lacking.reduce((sum, lack, r) => sum + (lack > 0 ? Math.min(1, pod[r]! / lack) : 0), 0)
  while (rest.length > 0 && lacking.some((lack) => lack > 0)) {
    let best = 0
    for (let i = 1; i < rest.length; i++) if (gives(rest[i]!) > gives(rest[best]!)) best = i
    const [gone] = rest.splice(best, 1)
    for (let r = 0; r < lacking.length; r++) lacking[r]! -= gone![r]!
    count++
  }
  return count
}
