import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { domainMayHold, type Room } from './bounds.ts'
import { domainOrSelf, type Rules } from './rules.ts'
import type { ScopeNode, ScopeTree } from './scopes.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/**
 * A lower bound on the domains of `level` that a scope will use, its bound pods' included: as if it had each domain to
 * itself. Infinity where it cannot be held at all. Looks inside each domain that the scope (or one around it) must lie
 * in, and takes the best of them. O(nodes).
 */
export function fewestDomains(
  tree: ScopeTree,
  room: Room,
  rules: Rules,
  node: ScopeNode,
  level: CompiledLevel,
): number {
  const held = new Set(node.bound.map((n) => domainOrSelf(level, n)))
  const outer = narrowestOne(tree, rules, node.ix)
  if (outer === null) return fewestWithin(room, node, level, held, null)
  let fewest = Number.POSITIVE_INFINITY
  for (let d = 0; d < outer.paths.length && fewest > held.size; d++) {
    if (!domainMayHold(room, outer, d, node.demand)) continue
    const nodes = outer.nodes.subarray(outer.starts[d]!, outer.starts[d + 1]!)
    fewest = Math.min(fewest, fewestWithin(room, node, level, held, nodes))
  }
  return fewest
}

/** Whether some labelled domain may hold all of the scope, bound pods included, by the bounds. O(domains). */
export function mayBeInOne(room: Room, { bound, demand }: ScopeNode, level: CompiledLevel): boolean {
  const held = new Set(bound.map((n) => level.domainOf[n]!))
  if (held.size > 1 || held.has(-1)) return false
  for (let d = 0; d < level.paths.length; d++) {
    if ((held.size === 0 || held.has(d)) && domainMayHold(room, level, d, demand)) return true
  }
  return false
}

/** The narrowest level of which the scope, or one around it, lies in one domain. */
function narrowestOne(tree: ScopeTree, rules: Rules, scope: number): CompiledLevel | null {
  let narrowest: CompiledLevel | null = null
  for (let s = scope; s >= 0; s = tree.nodes[s]!.parent) {
    for (const level of rules.ones[s]!) {
      if (narrowest === null || level.paths.length > narrowest.paths.length) narrowest = level
    }
  }
  return narrowest
}

/** The bound over some nodes (null: all): the largest domains first, measure by measure. */
function fewestWithin(
  room: Room,
  { demand, filter }: ScopeNode,
  level: CompiledLevel,
  held: ReadonlySet<number>,
  nodes: Int32Array | null,
): number {
  let fewest = held.size
  for (const c of room.seated) {
    if (demand.counts[c] === 0) continue
    const fits = room.fits(c)
    const amount = (n: number): number => fits[n]!
    fewest = Math.max(fewest, fewestFor(demand.counts[c]!, amount, level, held, filter, nodes ?? fits.length))
  }
  for (let r = 0; r < room.columns; r++) {
    if (demand.sums[r] === 0) continue
    const amount = (n: number): number => Math.max(0, room.view.free[n * room.columns + r]!)
    fewest = Math.max(
      fewest,
      fewestFor(demand.sums[r]!, amount, level, held, filter, nodes ?? room.view.nodeNames.length),
    )
  }
  return fewest
}

/** `nodes`: positions, or how many nodes there are where all are meant. */
function fewestFor(
  needed: number,
  amount: (node: number) => number,
  level: CompiledLevel,
  held: ReadonlySet<number>,
  filter: Uint8Array | null,
  nodes: Int32Array | number,
): number {
  const sums = new Map<number, number>()
  const count = typeof nodes === 'number' ? nodes : nodes.length
  for (let i = 0; i < count; i++) {
    const n = typeof nodes === 'number' ? i : nodes[i]!
    if (filter !== null && filter[n] === 0) continue
    const d = domainOrSelf(level, n)
    sums.set(d, (sums.get(d) ?? 0) + amount(n))
  }
  let left = needed
  for (const d of held) left -= sums.get(d) ?? 0
  const others = [...sums].filter(([d]) => !held.has(d)).map(([, sum]) => sum)
  const sizes = Float64Array.from(others).sort()
  let used = held.size
  for (let i = sizes.length - 1; i >= 0 && left > 0; i--, used++) left -= sizes[i]!
  return left > 0 ? Number.POSITIVE_INFINITY : used
}
