import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { domainMayHold, type Room } from './bounds.ts'
import type { SpreadRule } from './request.ts'
import { domainOrSelf, nests, type Rules } from './rules.ts'
import type { ScopeNode, ScopeTree } from './scopes.ts'
import { isPeerOf, isShortOfDomains } from './spread.ts'

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
  const apart = fewestApart(tree, node, level)
  if (outer === null) return Math.max(apart, fewestWithin(room, node, level, held, null))
  let fewest = Number.POSITIVE_INFINITY
  for (let d = 0; d < outer.paths.length && fewest > held.size; d++) {
    if (!domainMayHold(room, outer, d, node.demand)) continue
    const nodes = outer.nodes.subarray(outer.starts[d]!, outer.starts[d + 1]!)
    fewest = Math.min(fewest, fewestWithin(room, node, level, held, nodes))
  }
  return Math.max(apart, fewest)
}

/** Whether some labelled domain may hold all of the scope, bound pods included, by the bounds. O(domains). */
export function mayBeInOne(tree: ScopeTree, room: Room, node: ScopeNode, level: CompiledLevel): boolean {
  const { bound, demand } = node
  if (fewestApart(tree, node, level) > 1) return false
  const held = new Set(bound.map((n) => level.domainOf[n]!))
  if (held.size > 1 || held.has(-1)) return false
  for (let d = 0; d < level.paths.length; d++) {
    if ((held.size === 0 || held.has(d)) && domainMayHold(room, level, d, demand)) return true
  }
  return false
}

/** The domains that hard rules on the pods of cliques in the scope make it use at least. */
function fewestApart({ nodes }: ScopeTree, { ix, allGroups }: ScopeNode, level: CompiledLevel): number {
  let fewest = 0
  for (const { scope, demand, ix: each, groups } of nodes) {
    if (each !== ix && !groups.some((g) => allGroups.includes(g))) continue
    for (const rule of scope.spreads) {
      if (!rule.isHard || rule.units !== 'pods' || demand.pods === 0) continue
      if (rule.level !== level && !nests(level, rule.level)) continue
      const coming = nodes.filter(
        (other) => other.ix === each || other.scope.spreads.some((its) => isPeerOf(its, rule)),
      )
      const pods = coming.reduce((sum, other) => sum + other.demand.pods, 0)
      const needed = fewestSummingTo(demand.pods, mostPerDomain(rule, pods))
      if (needed !== Number.POSITIVE_INFINITY) fewest = Math.max(fewest, needed)
    }
  }
  return fewest
}

/** Per domain how many of its pods a rule allows at most, were the emptiest domain to end as full as it can. */
function mostPerDomain(rule: SpreadRule, pods: number): Float64Array {
  let floor = Number.POSITIVE_INFINITY
  let total = pods
  let eligible = 0
  rule.taken.forEach((units, d) => {
    if (rule.eligible[d] !== 1) return
    eligible++
    total += units
    floor = Math.min(floor, units + pods)
  })
  floor = eligible === 0 || isShortOfDomains(rule) ? 0 : Math.min(floor, Math.floor(total / eligible))
  return Float64Array.from(rule.taken, (units) => Math.max(0, floor + rule.maxSkew - units))
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
  const classes = room.seated.filter((c) => demand.counts[c]! > 0)
  for (const c of classes) {
    const fits = room.fits(c)
    const sums = nodes === null && filter === null ? room.domainFits(level, c) : null
    const measure = { needed: demand.counts[c]!, sums, amount: (n: number): number => fits[n]! }
    fewest = Math.max(fewest, fewestFor(measure, level, held, filter, nodes ?? fits.length))
  }
  if (classes.length <= 1) return fewest // the count of one class says all that sums of its resources could
  for (let r = 0; r < room.columns; r++) {
    if (demand.sums[r] === 0) continue
    const amount = (n: number): number => Math.max(0, room.view.free[n * room.columns + r]!)
    const sums = nodes === null && filter === null ? columnOf(room, level, r) : null
    const measure = { needed: demand.sums[r]!, sums, amount }
    fewest = Math.max(fewest, fewestFor(measure, level, held, filter, nodes ?? room.view.nodeNames.length))
  }
  return fewest
}

/** Per domain what is free of a resource on nodes that pass for some class of the gang: it has no use for others. */
function columnOf(room: Room, level: CompiledLevel, column: number): Float64Array {
  const free = room.domainFree(level)
  const amounts = new Float64Array(level.paths.length)
  for (let d = 0; d < amounts.length; d++) amounts[d] = free[d * room.columns + column]!
  return amounts
}

interface Measure {
  readonly needed: number
  /** Per domain, where it is known already. */
  readonly sums: Float64Array | null
  readonly amount: (node: number) => number
}

/** `nodes`: positions, or how many nodes there are where all are meant. */
function fewestFor(
  measure: Measure,
  level: CompiledLevel,
  held: ReadonlySet<number>,
  filter: Uint8Array | null,
  nodes: Int32Array | number,
): number {
  const isWhole = typeof nodes === 'number' && measure.sums !== null && !level.domainOf.includes(-1)
  const { amounts, inHeld } = isWhole
    ? fromSums(measure.sums!.slice(), held)
    : fromNodes(measure, level, held, filter, nodes)
  const left = measure.needed - inHeld
  return held.size + (left > 0 ? fewestSummingTo(left, amounts) : 0)
}

interface Amounts {
  /** Per domain that holds no bound pod; a node without the label is a domain of its own. */
  readonly amounts: Float64Array
  readonly inHeld: number
}

/** Changes `amounts`. */
function fromSums(amounts: Float64Array, held: ReadonlySet<number>): Amounts {
  let inHeld = 0
  for (const d of held) {
    inHeld += amounts[d]!
    amounts[d] = 0
  }
  return { amounts, inHeld }
}

function fromNodes(
  { amount }: Measure,
  level: CompiledLevel,
  held: ReadonlySet<number>,
  filter: Uint8Array | null,
  nodes: Int32Array | number,
): Amounts {
  const count = typeof nodes === 'number' ? nodes : nodes.length
  if (count >= level.paths.length && level.nodes.length === level.domainOf.length) {
    return fromSums(sumsOver({ amount }, level, filter, nodes), held)
  }
  const sums = new Map<number, number>()
  let inHeld = 0
  for (let i = 0; i < count; i++) {
    const n = typeof nodes === 'number' ? i : nodes[i]!
    if (filter !== null && filter[n] === 0) continue
    const d = domainOrSelf(level, n)
    if (held.has(d)) inHeld += amount(n)
    else sums.set(d, (sums.get(d) ?? 0) + amount(n))
  }
  return { amounts: Float64Array.from(sums.values()), inHeld }
}

/** Per domain of a level that labels every node. */
function sumsOver(
  { amount }: Pick<Measure, 'amount'>,
  { domainOf, paths }: CompiledLevel,
  filter: Uint8Array | null,
  nodes: Int32Array | number,
): Float64Array {
  const sums = new Float64Array(paths.length)
  const count = typeof nodes === 'number' ? nodes : nodes.length
  for (let i = 0; i < count; i++) {
    const n = typeof nodes === 'number' ? i : nodes[i]!
    if (filter === null || filter[n] === 1) sums[domainOf[n]!]! += amount(n)
  }
  return sums
}

/** Counts up to this are sorted by counting, which is what most calls need. */
const COUNTED_UP_TO = 4_096

/** How many of the largest amounts it takes to reach a sum; infinity where all do not. Changes `amounts`. */
function fewestSummingTo(needed: number, amounts: Float64Array): number {
  let largest = 0
  for (let i = 0; i < amounts.length; i++) if (amounts[i]! > largest) largest = amounts[i]!
  if (largest >= needed) return 1
  if (largest <= COUNTED_UP_TO && Number.isInteger(largest)) return fewestCounted(needed, amounts, largest)
  amounts.sort()
  let left = needed
  let used = 0
  for (let i = amounts.length - 1; i >= 0 && left > 0; i--, used++) left -= amounts[i]!
  return left > 0 ? Number.POSITIVE_INFINITY : used
}

/** The same for small amounts; a fraction is rounded up, which keeps the bound true. */
function fewestCounted(needed: number, amounts: Float64Array, largest: number): number {
  const times = new Int32Array(largest + 1)
  for (let i = 0; i < amounts.length; i++) times[Math.ceil(amounts[i]!)]!++
  let left = needed
  let used = 0
  for (let amount = largest; amount > 0; amount--) {
    const all = times[amount]!
    if (all * amount >= left) return used + Math.ceil(left / amount)
    left -= all * amount
    used += all
  }
  return Number.POSITIVE_INFINITY
}
