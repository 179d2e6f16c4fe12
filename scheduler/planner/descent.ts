import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { domainsInside } from '../../topology/compiled/nesting.ts'
import { type Amount, fewestOfTally, tightest } from './amounts.ts'
import type { Room } from './bounds.ts'
import type { Budget } from './budget.ts'
import { fill, type Filling } from './filling.ts'
import { inOrder } from './in-order.ts'
import { Least } from './least.ts'
import { seatOne } from './one-pod.ts'
import type { Route, Stop } from './route.ts'
import type { ScopeTree } from './scopes.ts'
import type { Solution } from './search.ts'
import { type Placed, solutionOf } from './seats.ts'
import { type LevelRoom, Trail } from './trail.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/** Domains of one level in which something must stay; null: anywhere. */
export type Within = { readonly level: CompiledLevel; readonly domains: readonly number[] } | null

/**
 * One descent by counts alone, without a search: each scope takes the best domain that has room for it, and the pods
 * fill it. What it finds is returned only where every number of the first criterion stands at its lower bound over the
 * whole cluster, so that no search could find better; else null, and the search decides. Only for levels that nest and
 * for scopes without pins, bound pods, spreads and pods to come. Cost: pods of the gang and domains looked at.
 */
export function descend(tree: ScopeTree, room: Room, route: Route | null, budget: Budget): Solution | null {
  if (route === null || !budget.take(tree.nodes[0]!.demand.pods)) return null
  const only = seatOne(room, route)
  if (only !== null) return tree.request.groups.map(({ seats }) => (seats.length === 0 ? NONE : [only]))
  const shunned: number[] = []
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const descent = new Descent(room, route, shunned)
    if (descent.place(route.root, null)) return solutionOf(tree, descent.placed)
    if (descent.root === null) return null
    shunned.push(descent.root)
  }
  return null
}

/** Where what is in the gang does not fit the domain chosen for the whole of it, the next best are tried. */
const TRIES_MAX = 4

/** So many domains are looked into best first; after them all that are left at once, or many that fail cost their square. */
const BEST_FIRST_MAX = 8

class Descent {
  readonly placed: Placed[] = []
  readonly #room: Room
  readonly #route: Route
  readonly #trail: Trail
  readonly #filling: Filling
  readonly #shunned: readonly number[]
  /** The domain chosen for the gang as a whole, where it has children that may not fit there. */
  root: number | null = null

  constructor(room: Room, route: Route, shunned: readonly number[]) {
    this.#room = room
    this.#route = route
    this.#shunned = shunned
    this.#trail = new Trail(room, route.levels, !route.isOneRun)
    this.#filling = { room, trail: this.#trail, levels: route.coarse, placed: this.placed }
  }

  place(stop: Stop, within: Within): boolean {
    if (stop.node.demand.pods === 0) return true
    const region = stop.wanted.length === 0 ? within : this.#choose(stop, within)
    if (region === undefined) return false
    for (const child of stop.children) if (!this.place(child, region)) return false
    for (const run of stop.runs) if (!fill(this.#filling, run, region)) return false
    return true
  }

  /** Undefined: no domain, or none of which it is certain that no search finds a better one. */
  #choose(stop: Stop, within: Within): Within | undefined {
    for (let at = 0; at < stop.wanted.length; at++) {
      const level = stop.wanted[at]!
      const isAnyDoing = this.#isAnyDoing(stop, at)
      const best = isAnyDoing ? this.#pick(stop, level, within) : -1
      if (best >= 0) return { level, domains: [best] }
      const found = isAnyDoing && within === null ? NONE : this.#candidates(stop, level, within)
      if (found === null) return undefined
      const open = stop.node.ix === 0 ? this.#openTo(stop, level, found) : found
      if (found.length > 0 && open.length === 0) return undefined
      if (found.length > 0) return this.#settle(stop, at, open)
      const isTouched = within !== null || !this.#trail.isEmpty
      if (isTouched && this.#candidates(stop, level, null, true)!.length > 0) return undefined
    }
    if (stop.node.scope.required !== null) return undefined
    return within === null ? this.#settle(stop, stop.wanted.length, []) : undefined
  }

  /** Every domain with room will do, so that the best of them can be found in one pass. */
  #isAnyDoing({ node, below, isRuledInside }: Stop, at: number): boolean {
    return below[at]!.length === 0 && node.demand.pods > 1 && !(node.ix === 0 && isRuledInside)
  }

  /** The best domain of the level with room for the scope, as `#best` has it; -1: none, or it is not for this to say. */
  #pick(stop: Stop, level: CompiledLevel, within: Within): number {
    if (!this.#mayHold(stop, level)) return -1
    const room = this.#trail.look(level)
    const ranks = this.#ranks(level)
    let best = -1
    if (within === null) {
      for (let d = 0; d < level.paths.length; d++) best = bestOf(stop, room, ranks, best, d)
    } else if (within.level === level) {
      for (let i = 0; i < within.domains.length; i++) best = bestOf(stop, room, ranks, best, within.domains[i]!)
    } else if (within.level.paths.length <= level.paths.length) {
      const inside = domainsInside(level, within.level)
      for (let i = 0; inside !== null && i < within.domains.length; i++) {
        const domains = inside[within.domains[i]!]!
        for (let k = 0; k < domains.length; k++) best = bestOf(stop, room, ranks, best, domains[k]!)
      }
    }
    return best
  }

  /** Whether the domains with the most places had as many before this plan as the scope needs, class by class. */
  #mayHold({ classes, node: { demand } }: Stop, level: CompiledLevel): boolean {
    for (let i = 0; i < classes.length; i++) {
      if (this.#room.mostFitsIn(level, classes[i]!) < demand.counts[classes[i]!]!) return false
    }
    return true
  }

  /** What domains of a level are compared by, broad to narrow. */
  #ranks(level: CompiledLevel): readonly Rank[] {
    return this.#route.outward.get(level)!.map(({ outer, around }) => ({ around, room: this.#trail.look(outer) }))
  }

  /** Of the gang's own choices the best that holds each of its children by itself, and has not failed; none: no such. */
  #openTo(stop: Stop, level: CompiledLevel, found: readonly number[]): readonly number[] {
    if (!stop.isRuledInside) return found
    const scarce = stop.node.demand.sums[this.#room.scarce]!
    const room = this.#trail.look(level)
    let left = found.filter((d) => !this.#shunned.includes(d) && room.scarce(d) >= scarce)
    for (let tries = 0; tries < BEST_FIRST_MAX && left.length > 0; tries++) {
      const best = this.#best(level, left)
      if (this.#holdsChildren(stop, level, best)) return this.#open(best)
      left = left.filter((d) => d !== best)
    }
    const holding = left.filter((d) => this.#holdsChildren(stop, level, d))
    return holding.length > 0 ? this.#open(this.#best(level, holding)) : NONE
  }

  #open(root: number): readonly number[] {
    this.root = root
    return [root]
  }

  /** Whether each scope inside that must lie in one domain finds one in this, were it there alone. */
  #holdsChildren({ children }: Stop, level: CompiledLevel, domain: number): boolean {
    for (const child of children) {
      for (const one of child.node.ones) {
        const inside = domainsInside(one, level) // null: the levels cross, so it cannot be told
        if (inside !== null && !isAnyHolding(child, this.#trail.look(one), inside[domain]!)) return false
      }
    }
    return true
  }

  #holds({ classes, node }: Stop, level: CompiledLevel, domain: number): boolean {
    for (let i = 0; i < classes.length; i++) {
      if (this.#trail.fitsIn(level, classes[i]!, domain) < node.demand.counts[classes[i]!]!) return false
    }
    return true
  }

  /** Domains with room for the scope by counts; null where the level is broader than what it must stay in. */
  #candidates(stop: Stop, level: CompiledLevel, within: Within, isBefore = false): readonly number[] | null {
    const { classes } = stop
    const { counts, pods } = stop.node.demand
    if (within === null && pods === 1) return this.#forOne(level, classes[0]!)
    if (within !== null && within.level.paths.length > level.paths.length) return null
    if (!this.#mayHold(stop, level)) return NONE
    const holds = (d: number): boolean => {
      if (!isBefore) return this.#holds(stop, level, d)
      return classes.every((c) => this.#room.domainFits(level, c)[d]! >= counts[c]!)
    }
    if (within?.level === level) return within.domains.filter(holds)
    if (within === null) return this.#anywhere(stop, level, holds)
    const inside = domainsInside(level, within.level)
    if (inside === null) return null
    const found: number[] = []
    for (const outer of within.domains) {
      const domains = inside[outer]!
      for (let i = 0; i < domains.length; i++) if (holds(domains[i]!)) found.push(domains[i]!)
    }
    return found
  }

  #anywhere({ classes, node }: Stop, level: CompiledLevel, holds: (d: number) => boolean): readonly number[] {
    const found: number[] = []
    const [only] = classes
    if (classes.length > 1 || only === undefined || !this.#trail.isEmpty) {
      for (let d = 0; d < level.paths.length; d++) if (holds(d)) found.push(d)
      return found
    }
    const fits = this.#room.domainFits(level, only)
    const pods = node.demand.counts[only]!
    for (let d = 0; d < fits.length; d++) if (fits[d]! >= pods) found.push(d)
    return found
  }

  /** For one pod, room in a domain is room in one inside it: the best domain is found from the broadest level down. */
  #forOne(level: CompiledLevel, podClass: number): readonly number[] {
    let outer: CompiledLevel | null = null
    let found: number[] = []
    for (const next of this.#route.levels) {
      found = this.#leastIn(next, podClass, outer, found)
      if (next === level || found.length === 0) return found
      outer = next
    }
    return found
  }

  /** Of the domains inside some of `outer` (null: of all) those with room for a pod, and the least of it. */
  #leastIn(level: CompiledLevel, podClass: number, outer: CompiledLevel | null, around: readonly number[]): number[] {
    const inside = outer === null ? null : domainsInside(level, outer)
    const least = new Least()
    const room = this.#trail.look(level)
    const offer = (d: number): void => {
      if (room.holds(podClass, d, 1)) least.offer(d, room.scarce(d))
    }
    if (inside === null) for (let d = 0; d < level.paths.length; d++) offer(d)
    else for (const o of around) inside[o]!.forEach(offer)
    return least.found
  }

  /** `at`: the wanted level that holds the scope in one domain, one of `found`; past the end: none does. */
  #settle(stop: Stop, at: number, found: readonly number[]): Within | undefined {
    const level = stop.wanted[at] ?? null
    const below = stop.below[at]!
    if (level !== null && below.length === 0) return { level, domains: [this.#best(level, found)] }
    const isFirst = this.#trail.isEmpty && stop.node.demand.pods === this.#route.root.node.demand.pods
    if (stop.classes.length > 1 || !isFirst || stop.isRuledInside) return undefined
    return this.#narrow(level, found, below, stop.classes[0]!, stop.node.demand.pods)
  }

  /** The fewest domains of each level below, broad to narrow; undefined where one choice makes a later one worse. */
  #narrow(
    level: CompiledLevel | null,
    found: readonly number[],
    below: readonly CompiledLevel[],
    podClass: number,
    pods: number,
  ): Within | undefined {
    const [next] = below
    if (level !== null && next !== undefined && below.length === 1) {
      const first = this.#firstBest(level, found, next, podClass, pods)
      if (first !== null) return first
    }
    let region: Within = null
    let open: readonly Within[] = level === null ? [null] : found.map((d) => ({ level, domains: [d] }))
    for (const [i, next] of below.entries()) {
      const tally = new Int32Array(pods)
      const fewest = open.map((each) => this.#fewestIn(each, next, podClass, tally))
      const least = fewest.reduce((a, b) => Math.min(a, b))
      if (!Number.isFinite(least)) return undefined
      open = open.filter((_, k) => fewest[k] === least)
      if (i === 0 && level !== null)
        region = {
          level,
          domains: [
            this.#best(
              level,
              open.map((each) => each!.domains[0]!),
            ),
          ],
        }
      const amounts = this.#amounts(region, next, podClass)
      const taken = tightest(amounts, pods)
      if (taken.length !== least) return undefined
      region = { level: next, domains: taken }
    }
    return region
  }

  /** The best domain, where it takes no more domains of the level below than any would; null: it takes more. */
  #firstBest(
    level: CompiledLevel,
    found: readonly number[],
    below: CompiledLevel,
    podClass: number,
    pods: number,
  ): Within {
    const best = { level, domains: [this.#best(level, found)] }
    const taken = tightest(this.#amounts(best, below, podClass), pods)
    const most = this.#room.mostFitsIn(below, podClass)
    return taken.length <= Math.ceil(pods / most) ? { level: below, domains: taken } : null
  }

  /** How many domains it takes, the largest first; infinity where all do not do. `tally`: scratch, a cell a pod. */
  #fewestIn(within: Within, level: CompiledLevel, podClass: number, tally: Int32Array): number {
    const fits = this.#room.domainFits(level, podClass)
    const inside = within === null ? null : domainsInside(level, within.level)
    let holdsAll = false
    const add = (d: number): void => {
      if (fits[d]! >= tally.length) holdsAll = true
      else tally[fits[d]!]!++
    }
    tally.fill(0)
    if (within === null || inside === null) for (let d = 0; d < fits.length; d++) add(d)
    else for (const outer of within.domains) for (const d of inside[outer]!) add(d)
    return holdsAll ? 1 : fewestOfTally(tally)
  }

  #amounts(within: Within, level: CompiledLevel, podClass: number): readonly Amount[] {
    const fits = this.#room.domainFits(level, podClass)
    const inside = within === null ? null : domainsInside(level, within.level)
    const amounts: Amount[] = []
    const add = (d: number): void => {
      if (fits[d]! > 0) amounts.push({ domain: d, pods: fits[d]! })
    }
    if (within === null || inside === null) for (let d = 0; d < fits.length; d++) add(d)
    else for (const outer of within.domains) for (const d of inside[outer]!) add(d)
    return inOrder(amounts, mostFirst)
  }

  /** Least room left at each level from the broadest down to this one, then names. */
  #best(level: CompiledLevel, found: readonly number[]): number {
    let left = found
    for (const { outer, around } of this.#route.outward.get(level)!) {
      if (left.length === 1) break
      const least = new Least()
      const room = this.#trail.look(outer)
      for (let i = 0; i < left.length; i++) {
        const d = left[i]!
        least.offer(d, room.scarce(around === null ? d : around[d]!))
      }
      left = least.found
    }
    return left[0]!
  }
}

const NONE: readonly number[] = []
const mostFirst = (a: Amount, b: Amount): number => b.pods - a.pods || a.domain - b.domain

function holdsAll({ classes, node: { demand } }: Stop, room: LevelRoom, domain: number): boolean {
  for (let i = 0; i < classes.length; i++) {
    const podClass = classes[i]!
    if (!room.holds(podClass, domain, demand.counts[podClass]!)) return false
  }
  return true
}

function isAnyHolding(stop: Stop, room: LevelRoom, domains: Int32Array): boolean {
  for (let i = 0; i < domains.length; i++) if (holdsAll(stop, room, domains[i]!)) return true
  return false
}

interface Rank {
  readonly around: Int32Array | null
  readonly room: LevelRoom
}

/** The better one of `best` (-1: none yet) and a domain, which only counts with room for the scope. */
function bestOf(stop: Stop, room: LevelRoom, ranks: readonly Rank[], best: number, domain: number): number {
  return holdsAll(stop, room, domain) && (best < 0 || isFuller(ranks, domain, best)) ? domain : best
}

/** Whether a domain has less room left than another: at each level from the broadest down to its own. */
function isFuller(ranks: readonly Rank[], a: number, b: number): boolean {
  for (let i = 0; i < ranks.length; i++) {
    const { around, room } = ranks[i]!
    const x = around === null ? a : around[a]!
    const y = around === null ? b : around[b]!
    const difference = x === y ? 0 : room.scarce(x) - room.scarce(y)
    if (difference !== 0) return difference < 0
  }
  return false
}
