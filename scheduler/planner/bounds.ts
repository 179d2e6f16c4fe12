import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { type Counters, type Counts, type FreeRoom, freshCounters } from './counters.ts'
import type { PlanView } from './request.ts'
import { Least } from './least.ts'
import { Patterns } from './patterns.ts'
import type { Demand, ScopeTree } from './scopes.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

const PLAIN: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage', 'pods'])

/** What a gang asks for, class by class, and how its classes compare. Depends on its shape alone. */
export class Asked {
  readonly view: PlanView
  /** The column by which room is compared: the scarcest that the gang asks for, an extended one before cpu. */
  readonly scarce: number
  /** Classes with a pod to seat. */
  readonly seated: readonly number[]
  /** Classes with a pod to seat or to come. */
  readonly all: readonly number[]
  readonly #dominates: Map<number, boolean> = new Map()
  readonly #needed: WeakMap<Demand, Float64Array> = new WeakMap()
  #patterns: Patterns | null = null
  /** Memory that one plan leaves to the next: what is in it means nothing to that. */
  cells: Float64Array = new Float64Array()
  readonly leasts: readonly [Least, Least] = [new Least(), new Least()]

  constructor({ view, nodes }: ScopeTree) {
    const { demand, later } = nodes[0]!
    this.view = view
    this.all = view.classes.map((_, c) => c).filter((c) => demand.counts[c]! + later[c]! > 0)
    this.seated = this.all.filter((c) => demand.counts[c]! > 0)
    this.scarce = scarceColumn(view, demand, later, view.counters ?? freshCounters(view))
  }

  /** Whether class `big` asks for at least as much as `small` of everything, and passes nowhere that it does not. */
  dominates(big: number, small: number): boolean {
    if (big === small) return true
    const key = big * this.view.classes.length + small
    const known = this.#dominates.get(key)
    if (known !== undefined) return known
    const found = asksForMore(this.view, big, small) && this.#passesWithin(big, small)
    this.#dominates.set(key, found)
    return found
  }

  /** Arrays that are one and the same need no look at the nodes. */
  #passesWithin(inner: number, outer: number): boolean {
    const { classes } = this.view
    if (classes[inner]!.feasible === classes[outer]!.feasible) return true
    this.#patterns ??= new Patterns(classes.map(({ feasible }) => feasible))
    return this.#patterns.isWithin(inner, outer)
  }

  /** Per class the places that its pods and all that take such a place ask for. Kept for each demand. */
  needed(demand: Demand): Float64Array {
    const known = this.#needed.get(demand)
    if (known !== undefined) return known
    const { counts } = demand
    const asked = this.seated.filter((c) => counts[c]! > 0)
    const needed = new Float64Array(counts.length)
    for (const c of asked) for (const big of asked) if (this.dominates(big, c)) needed[c]! += counts[big]!
    this.#needed.set(demand, needed)
    return needed
  }
}

/**
 * Upper bounds on what nodes and domains hold, before anything of this plan is seated. All are true bounds: nothing
 * that fits is ever ruled out by them. The sums come from the view's counters. For one plan.
 */
export class Room {
  readonly view: PlanView
  readonly asked: Asked
  readonly scarce: number
  readonly columns: number
  readonly seated: readonly number[]
  readonly #counters: Counters
  readonly #counts: (Counts | undefined)[]
  #free: FreeRoom | null = null
  #fillOrder: ((a: number, b: number) => number) | null = null
  #fillRank: Int32Array | null = null
  #fillCalls = 0

  constructor(asked: Asked) {
    this.asked = asked
    this.view = asked.view
    this.scarce = asked.scarce
    this.seated = asked.seated
    this.columns = asked.view.resources.length
    this.#counts = this.view.classes.map(() => undefined)
    this.#counters = asked.view.counters ?? freshCounters(asked.view)
  }

  #countsOf(podClass: number): Counts {
    return (this.#counts[podClass] ??= this.#counters.counts(podClass))
  }

  /** Per node how many pods of the class fit on it. */
  fits(podClass: number): Int32Array {
    return this.#countsOf(podClass).perNode
  }

  /** On all nodes together. */
  totalFits(podClass: number): number {
    return this.#countsOf(podClass).total
  }

  /** Per domain the sum of `fits` over its nodes. */
  domainFits(level: CompiledLevel, podClass: number): Float64Array {
    return this.#countsOf(podClass).perDomain(level)
  }

  /** The largest of these sums. */
  mostFitsIn(level: CompiledLevel, podClass: number): number {
    return this.#countsOf(podClass).mostIn(level)
  }

  /** free[domain * columns + column] over the nodes that pass for some class of the gang. */
  domainFree(level: CompiledLevel): Float64Array {
    return (this.#free ??= this.#counters.free(this.asked.all)).perDomain(level)
  }

  /** The scarce column's free amount on a node, never negative. */
  scarceFree(node: number): number {
    return Math.max(0, this.view.free[node * this.columns + this.scarce]!)
  }

  /** Compares two nodes by the order in which they should fill: see leaf.ts. */
  fillOrder(): (a: number, b: number) => number {
    return (this.#fillOrder ??= fillOrderOf(this))
  }

  /** Each node's place in that order; null until it was asked for often enough to be worth sorting all nodes. */
  fillRank(): Int32Array | null {
    if (this.#fillRank !== null || this.#fillCalls++ < CALLS_BEFORE_RANKING) return this.#fillRank
    const nodes = Int32Array.from({ length: this.view.nodeNames.length }, (_, n) => n).sort(this.fillOrder())
    this.#fillRank = new Int32Array(nodes.length)
    for (let i = 0; i < nodes.length; i++) this.#fillRank[nodes[i]!] = i
    return this.#fillRank
  }
}

/** A search that packs more often than this backs up, and will pack many times more. */
const CALLS_BEFORE_RANKING = 8

function fillOrderOf(room: Room): (a: number, b: number) => number {
  const { view, columns, scarce } = room
  const levels = (view.topology?.levels ?? []).filter(({ paths }) => paths.length < view.nodeNames.length)
  const keys = levels.map((level) => ({ domainOf: level.domainOf, free: room.domainFree(level) }))
  const left = (free: Float64Array, d: number): number => (d < 0 ? Number.MAX_VALUE : free[d * columns + scarce]!)
  return (a, b) => {
    for (const { domainOf, free } of keys) {
      const [x, y] = [domainOf[a]!, domainOf[b]!]
      if (x !== y) return left(free, x) - left(free, y) || x - y
    }
    return room.scarceFree(a) - room.scarceFree(b) || a - b
  }
}

function asksForMore(view: PlanView, big: number, small: number): boolean {
  const a = view.classes[big]!.requests
  const b = view.classes[small]!.requests
  for (let r = 0; r < a.length; r++) if (a[r]! < b[r]!) return false
  return true
}

/** The column of which the gang takes the largest share of the cluster; extended resources go before plain ones. */
function scarceColumn(view: PlanView, { sums }: Demand, later: Int32Array, counters: Counters): number {
  const columns = view.resources.length
  const total = counters.allocatable()
  const asked = sums.slice()
  for (let c = 0; c < later.length; c++) {
    for (let r = 0; r < columns; r++) asked[r]! += view.classes[c]!.requests[r]! * later[c]!
  }
  const share = (r: number): number => (asked[r]! <= 0 ? 0 : asked[r]! / Math.max(total[r]!, 1))
  let best = 0
  const rank = (r: number): number => share(r) + (share(r) > 0 && !PLAIN.has(view.resources[r]!) ? 1e9 : 0)
  for (let r = 1; r < columns; r++) if (rank(r) > rank(best)) best = r
  return best
}

/** Whether a region with these sums may hold a demand, judged by resources and by counts of each class. */
export function mayHold(
  room: Room,
  demand: Demand,
  free: (column: number) => number,
  fits: (podClass: number) => number,
): boolean {
  for (let r = 0; r < demand.sums.length; r++) if (demand.sums[r]! > 0 && free(r) < demand.sums[r]!) return false
  const needed = room.asked.needed(demand)
  for (const c of room.seated) if (demand.counts[c]! > 0 && fits(c) < needed[c]!) return false
  return true
}

/** mayHold for one domain as it was before the plan. O(classes² + columns). */
export function domainMayHold(room: Room, level: CompiledLevel, domain: number, demand: Demand): boolean {
  const free = room.domainFree(level)
  return mayHold(
    room,
    demand,
    (r) => free[domain * room.columns + r]!,
    (c) => room.domainFits(level, c)[domain]!,
  )
}
