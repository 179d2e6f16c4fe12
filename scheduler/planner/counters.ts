import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import type { PlanView } from './request.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/**
 * Sums over nodes and domains that many plans ask for. Whoever keeps them from plan to plan hands them in with the
 * view; else they are worked out once a plan. They are true for the view and never changed by the planner.
 */
export interface Counters {
  /** How many pods of a class fit. */
  counts(podClass: number): Counts
  /** Free room on the nodes that pass for at least one of these classes. */
  free(classes: readonly number[]): FreeRoom
  /** Per resource column the sum of allocatable over all nodes. */
  allocatable(): Float64Array
}

/** A class that asks for nothing at all fits so often on a node. */
const FITS_MAX = 1_000_000

/** What counters read: the same arrays as the view's. */
export type Ground = Pick<PlanView, 'free' | 'resources' | 'nodeNames'>

/** Sums over the domains of a level: a counter has few levels, so a list is looked through faster than a map. */
interface Sums {
  readonly level: CompiledLevel
  readonly sums: Float64Array
}

function sumsOf<S extends Sums>(all: readonly S[], level: CompiledLevel): S | null {
  for (let i = 0; i < all.length; i++) if (all[i]!.level === level) return all[i]!
  return null
}

/** Places per domain, and how many the largest has: who asks for more need not look at any. */
class Places implements Sums {
  readonly level: CompiledLevel
  readonly sums: Float64Array
  #most = 0
  /** Domains that have as many; 0: not known. */
  #havingMost = 0

  constructor(level: CompiledLevel, sums: Float64Array) {
    this.level = level
    this.sums = sums
  }

  /** O(domains) where the last of the largest lost some since it was asked for. */
  get most(): number {
    if (this.#havingMost === 0) this.#lookForMost()
    return this.#most
  }

  add(domain: number, delta: number): void {
    const before = this.sums[domain]!
    const after = before + delta
    this.sums[domain] = after
    if (this.#havingMost === 0) return
    if (before === this.#most) this.#havingMost--
    if (after === this.#most) this.#havingMost++
    else if (after > this.#most) {
      this.#most = after
      this.#havingMost = 1
    }
  }

  #lookForMost(): void {
    this.#most = 0
    for (let d = 0; d < this.sums.length; d++) {
      const places = this.sums[d]!
      if (places < this.#most) continue
      this.#havingMost = places > this.#most ? 1 : this.#havingMost + 1
      this.#most = places
    }
  }
}

/**
 * More levels than gangs can name at a time. Levels of keys that no topology lists come and go as they are asked for,
 * and sums of one that is gone are never read again.
 */
const LEVELS_MAX = 128

function keep<S extends Sums>(all: S[], sums: S): S {
  if (all.length >= LEVELS_MAX) all.shift()
  all.push(sums)
  return sums
}

/** Per node and per domain how many pods of one class fit beside what is there. O(nodes) to make, O(1) a changed node. */
export class Counts {
  readonly perNode: Int32Array
  total = 0
  readonly #ground: Ground
  readonly #requests: Float64Array
  readonly #feasible: Uint8Array
  readonly #perDomain: Places[] = []

  /** `like`: counts of the same class to begin from, for `refresh` of the nodes where something is different. */
  constructor(ground: Ground, requests: Float64Array, feasible: Uint8Array, like: Counts | null = null) {
    this.#ground = ground
    this.#requests = requests
    this.#feasible = feasible
    this.perNode = like === null ? new Int32Array(ground.nodeNames.length) : like.perNode.slice()
    if (like !== null) {
      this.total = like.total
      this.#perDomain.push(...like.#perDomain.map(({ level, sums }) => new Places(level, sums.slice())))
      return
    }
    for (let n = 0; n < this.perNode.length; n++) {
      const fit = this.#isLikeLast(n) ? this.perNode[n - 1]! : this.#fit(n)
      this.perNode[n] = fit
      this.total += fit
    }
  }

  /** Neighbours are alike more often than not, and comparing two is cheaper than dividing. */
  #isLikeLast(node: number): boolean {
    if (node === 0 || this.#feasible[node] !== this.#feasible[node - 1]) return false
    const { free } = this.#ground
    const columns = this.#requests.length
    for (let i = node * columns; i < (node + 1) * columns; i++) if (free[i] !== free[i - columns]) return false
    return true
  }

  /** Sum of `perNode` per domain. O(nodes) the first time, then kept. */
  perDomain(level: CompiledLevel): Float64Array {
    return (sumsOf(this.#perDomain, level) ?? this.#sumUp(level)).sums
  }

  /** The largest of them. */
  mostIn(level: CompiledLevel): number {
    return (sumsOf(this.#perDomain, level) ?? this.#sumUp(level)).most
  }

  /** A function of its own: what runs once a level has no place in the code of all who ask. */
  #sumUp(level: CompiledLevel): Places {
    const sums = new Float64Array(level.paths.length)
    const { domainOf } = level
    for (let n = 0; n < domainOf.length; n++) if (domainOf[n]! >= 0) sums[domainOf[n]!]! += this.perNode[n]!
    return keep(this.#perDomain, new Places(level, sums))
  }

  /** The free room of a node changed. O(levels). */
  refresh(node: number): void {
    const delta = this.#fit(node) - this.perNode[node]!
    if (delta === 0) return
    this.perNode[node]! += delta
    this.total += delta
    for (let i = 0; i < this.#perDomain.length; i++) {
      const places = this.#perDomain[i]!
      const d = places.level.domainOf[node]!
      if (d >= 0) places.add(d, delta)
    }
  }

  /** Levels are of one topology index; those of an earlier one are never asked for again. */
  forgetLevels(): void {
    this.#perDomain.length = 0
  }

  #fit(node: number): number {
    if (this.#feasible[node] !== 1) return 0
    return podsIn(this.#ground.free, node * this.#requests.length, this.#requests, FITS_MAX)
  }
}

/** Per domain the free room on the nodes that pass; a negative amount counts as none. */
export class FreeRoom {
  readonly #ground: Ground
  readonly #passes: Uint8Array
  /** What each node counts with: what it was when it was last looked at. */
  readonly #seen: Float64Array
  readonly #perDomain: Sums[] = []

  /** `like`: room that differs on some nodes alone, for `refresh` of them; where it passed it must go on passing. */
  constructor(ground: Ground, passes: Uint8Array, like: FreeRoom | null = null) {
    this.#ground = ground
    this.#passes = passes
    const columns = ground.resources.length
    this.#seen = like === null ? new Float64Array(ground.free.length) : like.#seen.slice()
    if (like !== null) {
      this.#perDomain.push(...like.#perDomain.map(({ level, sums }) => ({ level, sums: sums.slice() })))
      return
    }
    for (let n = 0; n < passes.length; n++) {
      if (passes[n] === 0) continue
      for (let i = n * columns; i < (n + 1) * columns; i++) this.#seen[i] = Math.max(0, ground.free[i]!)
    }
  }

  /** sums[domain * columns + column]. O(nodes) the first time, then kept. */
  perDomain(level: CompiledLevel): Float64Array {
    return (sumsOf(this.#perDomain, level) ?? this.#sumUp(level)).sums
  }

  #sumUp(level: CompiledLevel): Sums {
    const columns = this.#ground.resources.length
    const sums = new Float64Array(level.paths.length * columns)
    const { domainOf } = level
    for (let n = 0; n < domainOf.length; n++) {
      const d = domainOf[n]!
      if (d < 0) continue
      for (let r = 0; r < columns; r++) sums[d * columns + r]! += this.#seen[n * columns + r]!
    }
    return keep(this.#perDomain, { level, sums })
  }

  refresh(node: number): void {
    if (this.#passes[node] === 0) return
    const columns = this.#ground.resources.length
    for (let r = 0; r < columns; r++) {
      const at = node * columns + r
      const delta = Math.max(0, this.#ground.free[at]!) - this.#seen[at]!
      if (delta === 0) continue
      this.#seen[at]! += delta
      for (let i = 0; i < this.#perDomain.length; i++) {
        const { level, sums } = this.#perDomain[i]!
        const d = level.domainOf[node]!
        if (d >= 0) sums[d * columns + r]! += delta
      }
    }
  }

  forgetLevels(): void {
    this.#perDomain.length = 0
  }
}

/** Counters for one plan. */
export function freshCounters(view: PlanView): Counters {
  const counts: (Counts | undefined)[] = []
  return {
    counts: (c) => (counts[c] ??= new Counts(view, view.classes[c]!.requests, view.classes[c]!.feasible)),
    free: (classes) => new FreeRoom(view, passesForSome(view, classes)),
    allocatable: () => columnSums(view.allocatable, view.resources.length),
  }
}

/**
 * Counters for a view that differs from another on these nodes alone, in free room or in what passes there and did not:
 * copies of the other's. O(nodes) in plain copies.
 */
export function changedCounters(of: Counters, view: PlanView, nodes: readonly number[]): Counters {
  const counts: (Counts | undefined)[] = []
  const countsFor = (c: number): Counts => {
    const { requests, feasible } = view.classes[c]!
    const made = new Counts(view, requests, feasible, of.counts(c))
    for (const n of nodes) made.refresh(n)
    return made
  }
  return {
    counts: (c) => (counts[c] ??= countsFor(c)),
    free: (classes) => {
      const made = new FreeRoom(view, passesForSome(view, classes), of.free(classes))
      for (const n of nodes) made.refresh(n)
      return made
    },
    allocatable: () => of.allocatable(),
  }
}

/** Per node 1 where at least one of the classes passes. */
export function passesForSome({ classes, nodeNames }: PlanView, some: readonly number[]): Uint8Array {
  const passes = new Uint8Array(nodeNames.length)
  for (const c of some) {
    const { feasible } = classes[c]!
    for (let n = 0; n < passes.length; n++) passes[n]! |= feasible[n]!
  }
  return passes
}

export function columnSums(cells: Float64Array, columns: number): Float64Array {
  const sums = new Float64Array(columns)
  for (let i = 0; i < cells.length; i += columns) for (let r = 0; r < columns; r++) sums[r]! += cells[i + r]!
  return sums
}

/** How many pods with these requests a free vector holds, at most `cap`. Negative room holds none. */
export function podsIn(free: Float64Array, at: number, requests: Float64Array, cap: number): number {
  let fits = cap
  for (let r = 0; r < requests.length; r++) {
    const request = requests[r]!
    if (request <= 0) continue
    const room = Math.floor(free[at + r]! / request)
    if (room < fits) fits = room
  }
  return fits < 0 ? 0 : fits
}
