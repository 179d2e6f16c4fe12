import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import type { Room } from './bounds.ts'
import { podsIn } from './counters.ts'
import type { DomainShortfall } from './request.ts'
import type { ScopeNode, ScopeTree } from './scopes.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

const known = new WeakMap<Room, Map<ScopeNode, Map<CompiledLevel, readonly (DomainShortfall | null)[]>>>()

/** The same for all domains of a level, worked out once for a room. */
export function shortfallsIn(
  tree: ScopeTree,
  room: Room,
  node: ScopeNode,
  level: CompiledLevel,
): readonly (DomainShortfall | null)[] {
  const ofRoom = known.get(room) ?? new Map<ScopeNode, Map<CompiledLevel, readonly (DomainShortfall | null)[]>>()
  known.set(room, ofRoom)
  const ofNode = ofRoom.get(node) ?? new Map<CompiledLevel, readonly (DomainShortfall | null)[]>()
  ofRoom.set(node, ofNode)
  const found = ofNode.get(level) ?? level.paths.map((_, d) => shortfallAt(tree, room, node, level, d))
  ofNode.set(level, found)
  return found
}

/** How many of a scope's pods one domain fits. Null: none of its nodes is open to the scope. */
export function shortfallAt(
  tree: ScopeTree,
  room: Room,
  node: ScopeNode,
  level: CompiledLevel,
  d: number,
): DomainShortfall | null {
  const { demand, scope } = node
  const fit = sumsFit(tree, room, node, level, d) ?? greedyIn(tree, room, node, level, d)
  if (fit === null) return null
  const isShort = fit.fitting < demand.pods
  return {
    scope: scope.name,
    level: level.name,
    domain: level.paths[d]!,
    podsNeeded: demand.pods,
    podsFitting: fit.fitting,
    resource: isShort ? fit.resource : null,
    shortBy: isShort ? fit.shortBy : 0,
  }
}

/** Pods of one class anywhere in a domain: the sums say it all. Null where they do not. */
function sumsFit(tree: ScopeTree, room: Room, node: ScopeNode, level: CompiledLevel, d: number): Amounts | null {
  const { demand, filter } = node
  const classes = room.seated.filter((c) => demand.counts[c]! > 0)
  if (filter !== null || classes.length !== 1) return null
  const fitting = Math.min(demand.pods, room.domainFits(level, classes[0]!)[d]!)
  const nodes = level.nodes.subarray(level.starts[d]!, level.starts[d + 1]!)
  if (fitting === 0 && !nodes.some((n) => room.view.classes[classes[0]!]!.feasible[n] === 1)) return NONE_OPEN
  const free = room.domainFree(level).subarray(d * room.columns, (d + 1) * room.columns)
  const short = shortInSum(tree, demand.sums, free)
  if (short !== null || fitting === demand.pods) return { fitting, resource: null, shortBy: 0, ...short }
  const left = new Int32Array(demand.counts.length)
  left[classes[0]!] = demand.pods - fitting
  return { fitting, ...askedByLeft(tree, room, left, nodes, restOf(tree, room, nodes, classes[0]!)) }
}

/** What is free on nodes that are full of pods of one class. */
function restOf({ view }: ScopeTree, room: Room, nodes: Int32Array, podClass: number): Float64Array {
  const { columns } = room
  const rest = new Float64Array(nodes.length * columns)
  const { requests } = view.classes[podClass]!
  const fits = room.fits(podClass)
  for (let k = 0; k < nodes.length; k++) {
    const [n, at] = [nodes[k]!, k * columns]
    for (let r = 0; r < columns; r++) rest[at + r] = Math.max(0, view.free[n * columns + r]! - fits[n]! * requests[r]!)
  }
  return rest
}

function greedyIn(tree: ScopeTree, room: Room, node: ScopeNode, level: CompiledLevel, d: number): Amounts | null {
  const nodes = domainNodes(level, d, node.filter)
  return nodes.length === 0 ? null : fitOn(tree, room, node, nodes)
}

/** Fewest pods missing first. */
export function byNearness(a: DomainShortfall, b: DomainShortfall): number {
  const missing = (each: DomainShortfall): number => each.podsNeeded - each.podsFitting
  return missing(a) - missing(b) || a.shortBy - b.shortBy || (a.domain < b.domain ? -1 : a.domain > b.domain ? 1 : 0)
}

export function domainNodes(level: CompiledLevel, d: number, filter: Uint8Array | null): Int32Array {
  const nodes = level.nodes.subarray(level.starts[d]!, level.starts[d + 1]!)
  return filter === null ? nodes : nodes.filter((n) => filter[n] === 1)
}

export function allowedNodes({ view }: ScopeTree, filter: Uint8Array | null): Int32Array {
  const nodes = new Int32Array(view.nodeNames.length)
  let count = 0
  for (let n = 0; n < nodes.length; n++) if (filter === null || filter[n] === 1) nodes[count++] = n
  return nodes.subarray(0, count)
}

interface Amounts extends Shortage {
  readonly fitting: number
}

export interface Fit extends Amounts {
  /** Per class the pods that found no place. */
  readonly left: Int32Array
  /** What is free on the nodes beside the pods that found one: rest[k * columns + column]; never negative. */
  readonly rest: Float64Array
}

/**
 * How many pods of a scope some nodes take, big pods first onto the tightest nodes, and which resource is short of the
 * whole by how much: in sum where it is short in sum, else by what the pods left over ask for.
 */
export function fitOn(tree: ScopeTree, room: Room, { demand }: ScopeNode, nodes: Int32Array): Fit {
  const { view } = tree
  const { columns } = room
  const free = new Float64Array(nodes.length * columns)
  for (let k = 0; k < nodes.length; k++) {
    for (let r = 0; r < columns; r++) free[k * columns + r] = Math.max(0, view.free[nodes[k]! * columns + r]!)
  }
  const left = demand.counts.slice()
  const size = (c: number): number => view.classes[c]!.requests[room.scarce]!
  const classes = room.seated.filter((c) => left[c]! > 0).sort((a, b) => size(b) - size(a) || a - b)
  const order = classes.length > 1 ? tightestFirst(free, columns, room.scarce) : null
  const isTaken = new Uint8Array(nodes.length)
  for (const c of classes) {
    const { requests } = view.classes[c]!
    const fits = room.fits(c)
    for (let i = 0; i < nodes.length && left[c]! > 0; i++) {
      const k = order === null ? i : order[i]!
      // What does not fit beside what is there fits no better beside what came since.
      const most = Math.min(fits[nodes[k]!]!, left[c]!)
      const taken = most === 0 || isTaken[k] === 0 ? most : podsIn(free, k * columns, requests, most)
      if (taken === 0) continue
      left[c]! -= taken
      isTaken[k] = 1
      for (let r = 0; r < columns; r++) free[k * columns + r]! -= requests[r]! * taken
    }
  }
  const missing = left.reduce((sum, count) => sum + count, 0)
  const fit = { fitting: demand.pods - missing, left, rest: free }
  const openFree = missing === 0 ? null : openRoom(tree, classes, nodes)
  if (openFree === null) return { ...fit, ...NOTHING_SHORT }
  return { ...fit, ...(shortInSum(tree, demand.sums, openFree) ?? askedByLeft(tree, room, left, nodes, free)) }
}

/** Free room in sum on the nodes that pass for some of the classes; null: none does. */
function openRoom({ view }: ScopeTree, classes: readonly number[], nodes: Int32Array): Float64Array | null {
  const columns = view.resources.length
  const sums = new Float64Array(columns)
  let isAnyOpen = false
  for (let k = 0; k < nodes.length; k++) {
    let isOpen = 0
    for (const c of classes) isOpen |= view.classes[c]!.feasible[nodes[k]!]!
    if (isOpen === 0) continue
    isAnyOpen = true
    for (let r = 0; r < columns; r++) sums[r]! += Math.max(0, view.free[nodes[k]! * columns + r]!)
  }
  return isAnyOpen ? sums : null
}

/** Positions by the free scarce resource, the least first, equal ones in order. */
function tightestFirst(free: Float64Array, columns: number, scarce: number): Int32Array {
  const count = free.length / columns
  const order = new Int32Array(count)
  let most = 0
  for (let k = 0; k < count; k++) {
    order[k] = k
    most = Math.max(most, free[k * columns + scarce]!)
  }
  if (most > COUNTED_MAX)
    return order.sort((a, b) => free[a * columns + scarce]! - free[b * columns + scarce]! || a - b)
  const starts = new Int32Array(Math.floor(most) + 2)
  for (let k = 0; k < count; k++) starts[Math.floor(free[k * columns + scarce]!) + 1]!++
  for (let value = 1; value < starts.length; value++) starts[value]! += starts[value - 1]!
  for (let k = 0; k < count; k++) order[starts[Math.floor(free[k * columns + scarce]!)]!++] = k
  return order
}

/** Up to so many units (of GPUs there are few on a node) counting is several times faster than sorting. */
const COUNTED_MAX = 1_024

const wholes = new WeakMap<Room, Map<ScopeNode, Fit>>()

/** The same for all nodes that a scope may use, worked out once for a room. */
export function fitAnywhere(tree: ScopeTree, room: Room, node: ScopeNode): Fit {
  const ofRoom = wholes.get(room) ?? new Map<ScopeNode, Fit>()
  wholes.set(room, ofRoom)
  const fit = ofRoom.get(node) ?? fitOn(tree, room, node, allowedNodes(tree, node.filter))
  ofRoom.set(node, fit)
  return fit
}

interface Shortage {
  readonly resource: string | null
  readonly shortBy: number
}

const NOTHING_SHORT: Shortage = { resource: null, shortBy: 0 }
/** No node passes: no resource is what is short. */
const NONE_OPEN: Amounts = { fitting: 0, ...NOTHING_SHORT }

/** The resource of which the largest part is missing in sum; null: none is. */
function shortInSum({ view }: ScopeTree, sums: Float64Array, free: Float64Array): Shortage | null {
  let worst = -1
  let shortBy = 0
  for (let r = 0; r < sums.length; r++) {
    const short = (sums[r]! - free[r]!) / Math.max(sums[r]!, 1)
    if (sums[r]! > free[r]! && (worst < 0 || short > shortBy / Math.max(sums[worst]!, 1))) {
      worst = r
      shortBy = sums[r]! - free[r]!
    }
  }
  return worst < 0 ? null : { resource: view.resources[worst]!, shortBy }
}

/**
 * What the pods left over ask for of the resource that keeps the first of them off the most nodes, the scarcest of
 * equals. `rest`: what is free beside the pods that found a place.
 */
function askedByLeft(
  { view }: ScopeTree,
  room: Room,
  left: Int32Array,
  nodes: Int32Array,
  rest: Float64Array,
): Shortage {
  const { columns, scarce } = room
  const first = room.seated.find((c) => left[c]! > 0)
  if (first === undefined) return NOTHING_SHORT
  const { requests, feasible } = view.classes[first]!
  const lacking = new Int32Array(columns)
  let isAnyOpen = false
  for (let k = 0; k < nodes.length; k++) {
    if (feasible[nodes[k]!] !== 1) continue
    isAnyOpen = true
    for (let r = 0; r < columns; r++) if (requests[r]! > rest[k * columns + r]!) lacking[r]!++
  }
  const most = lacking.reduce((best, count, r) => (count > lacking[best]! ? r : best), scarce)
  if (!isAnyOpen || requests[most]! === 0) return NOTHING_SHORT
  const asked = left.reduce((sum, count, c) => sum + count * view.classes[c]!.requests[most]!, 0)
  return { resource: view.resources[most]!, shortBy: asked }
}
