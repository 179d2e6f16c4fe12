import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import type { Room } from './bounds.ts'
import { podsIn } from './counters.ts'
import type { DomainShortfall } from './request.ts'
import type { ScopeNode, ScopeTree } from './scopes.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

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
function sumsFit(tree: ScopeTree, room: Room, node: ScopeNode, level: CompiledLevel, d: number): Fit | null {
  const { demand, filter } = node
  const classes = room.seated.filter((c) => demand.counts[c]! > 0)
  if (filter !== null || classes.length !== 1) return null
  const fitting = Math.min(demand.pods, room.domainFits(level, classes[0]!)[d]!)
  const left = new Int32Array(demand.counts.length)
  left[classes[0]!] = demand.pods - fitting
  const free = room.domainFree(level).subarray(d * room.columns, (d + 1) * room.columns)
  return { fitting, left, ...shortage(tree, room, demand.sums, free, left) }
}

function greedyIn(tree: ScopeTree, room: Room, node: ScopeNode, level: CompiledLevel, d: number): Fit | null {
  const nodes = domainNodes(level, d, node.filter)
  return nodes.length === 0 ? null : fitOn(tree, room, node, nodes)
}

/** Fewest pods missing first. */
export function byNearness(a: DomainShortfall, b: DomainShortfall): number {
  const missing = (each: DomainShortfall): number => each.podsNeeded - each.podsFitting
  return missing(a) - missing(b) || a.shortBy - b.shortBy || (a.domain < b.domain ? -1 : a.domain > b.domain ? 1 : 0)
}

export const domainNodes = (level: CompiledLevel, d: number, filter: Uint8Array | null): Int32Array =>
  level.nodes.subarray(level.starts[d]!, level.starts[d + 1]!).filter((n) => filter === null || filter[n] === 1)

export const allowedNodes = ({ view }: ScopeTree, filter: Uint8Array | null): Int32Array =>
  Int32Array.from({ length: view.nodeNames.length }, (_, n) => n).filter((n) => filter === null || filter[n] === 1)

export interface Fit {
  readonly fitting: number
  /** Per class the pods that found no place. */
  readonly left: Int32Array
  readonly resource: string | null
  readonly shortBy: number
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
  const sumFree = new Float64Array(columns)
  for (let i = 0; i < free.length; i++) sumFree[i % columns]! += free[i]!
  const left = demand.counts.slice()
  const size = (c: number): number => view.classes[c]!.requests[room.scarce]!
  for (const c of [...room.seated].sort((a, b) => size(b) - size(a) || a - b)) {
    const { requests, feasible } = view.classes[c]!
    const order = Array.from(nodes, (_, k) => k).sort(
      (a, b) => free[a * columns + room.scarce]! - free[b * columns + room.scarce]!,
    )
    for (const k of order) {
      const taken = feasible[nodes[k]!] === 1 ? podsIn(free, k * columns, requests, left[c]!) : 0
      left[c]! -= taken
      for (let r = 0; r < columns; r++) free[k * columns + r]! -= requests[r]! * taken
    }
  }
  const missing = left.reduce((sum, count) => sum + count, 0)
  return { fitting: demand.pods - missing, left, ...shortage(tree, room, demand.sums, sumFree, left) }
}

function shortage(
  { view }: ScopeTree,
  room: Room,
  sums: Float64Array,
  free: Float64Array,
  left: Int32Array,
): { resource: string | null; shortBy: number } {
  let worst = -1
  let shortBy = 0
  for (let r = 0; r < sums.length; r++) {
    const short = (sums[r]! - free[r]!) / Math.max(sums[r]!, 1)
    if (sums[r]! > free[r]! && (worst < 0 || short > shortBy / Math.max(sums[worst]!, 1))) {
      worst = r
      shortBy = sums[r]! - free[r]!
    }
  }
  if (worst >= 0) return { resource: view.resources[worst]!, shortBy }
  const over = left.reduce((sum, count, c) => sum + count * view.classes[c]!.requests[room.scarce]!, 0)
  return over > 0 ? { resource: view.resources[room.scarce]!, shortBy: over } : { resource: null, shortBy: 0 }
}
