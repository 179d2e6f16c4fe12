import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { domainsAround, domainsInside } from '../../topology/compiled/nesting.ts'
import type { Room } from './bounds.ts'
import type { Budget } from './budget.ts'
import { fill, type Filling } from './filling.ts'
import type { Rules } from './rules.ts'
import { levelsBelow, type ScopeNode, type ScopeTree } from './scopes.ts'
import type { Solution } from './search.ts'
import { type Placed, solutionOf } from './seats.ts'
import { Trail } from './trail.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/** Domains of one level in which something must stay; null: anywhere. */
export type Within = { readonly level: CompiledLevel; readonly domains: readonly number[] } | null

/**
 * One descent by counts alone, without a search: each scope takes the best domain that has room for it, and the pods
 * fill it. What it finds is returned only where every number of the first criterion stands at its lower bound over the
 * whole cluster, so that no search could find better; else null, and the search decides. Only for levels that nest and
 * for scopes without pins, bound pods, spreads and pods to come. Cost: pods of the gang and domains looked at.
 */
export function descend(tree: ScopeTree, room: Room, rules: Rules, budget: Budget): Solution | null {
  const levels = nestedLevels(tree, rules)
  if (levels === null || !budget.take(tree.nodes[0]!.demand.pods)) return null
  const shunned: number[] = []
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const descent = new Descent(tree, room, levels, shunned)
    const solution = descent.solve()
    if (solution !== null || descent.root === null) return solution
    shunned.push(descent.root)
  }
  return null
}

/** Where what is in the gang does not fit the domain chosen for the whole of it, the next best are tried. */
const TRIES_MAX = 4

/** All levels that have a say, broad to narrow; null where some rule or crossing needs the search. */
function nestedLevels(tree: ScopeTree, rules: Rules): readonly CompiledLevel[] | null {
  if (rules.limits.length > 0 || tree.nodes[0]!.later.some((count) => count > 0)) return null
  const levels = new Set(tree.view.topology?.levels ?? [])
  for (const { filter, bound, scope, ones, chain } of tree.nodes) {
    if (filter !== null || bound.length > 0 || scope.spreads.length > 0 || scope.pins.length > 0) return null
    for (const level of ones) levels.add(level)
    for (const level of chain) levels.add(level)
  }
  const sorted = [...levels].sort((a, b) => a.paths.length - b.paths.length)
  const isOrdered = tree.nodes.every(({ chain }) =>
    chain.every((level, i) => i === 0 || sorted.indexOf(chain[i - 1]!) > sorted.indexOf(level)),
  )
  const isWhole = sorted.every(({ nodes, domainOf }) => nodes.length === domainOf.length)
  const isNested = sorted.every((level, i) => i === 0 || domainsAround(level, sorted[i - 1]!) !== null)
  return isOrdered && isWhole && isNested ? sorted : null
}

class Descent {
  readonly #tree: ScopeTree
  readonly #room: Room
  readonly #levels: readonly CompiledLevel[]
  readonly #trail: Trail
  readonly #filling: Filling
  readonly #placed: Placed[] = []
  readonly #shunned: readonly number[]
  /** The domain chosen for the gang as a whole, where it has children that may not fit there. */
  root: number | null = null

  constructor(tree: ScopeTree, room: Room, levels: readonly CompiledLevel[], shunned: readonly number[]) {
    this.#shunned = shunned
    this.#tree = tree
    this.#room = room
    this.#levels = levels
    const isOne = tree.request.groups.filter(({ seats }) => seats.length > 0).length === 1 && room.seated.length === 1
    this.#trail = new Trail(room, levels, !isOne)
    // Levels of single nodes order nothing that the nodes themselves do not.
    const coarse = levels.filter(({ paths }) => paths.length < tree.view.nodeNames.length)
    this.#filling = { room, trail: this.#trail, levels: coarse, placed: this.#placed }
  }

  solve(): Solution | null {
    return this.#place(0, null) ? solutionOf(this.#tree, this.#placed) : null
  }

  #place(scope: number, within: Within): boolean {
    const node = this.#tree.nodes[scope]!
    if (node.demand.pods === 0) return true
    const wanted = wantedOf(node)
    const region = wanted.length === 0 ? within : this.#choose(node, wanted, within)
    if (region === undefined) return false
    const { nodes } = this.#tree
    const size = (s: number): number => nodes[s]!.demand.sums[this.#room.scarce]!
    const ruled = (s: number): number => (this.#isRuled(s) ? 0 : 1)
    const children = [...node.children].sort((a, b) => ruled(a) - ruled(b) || size(b) - size(a) || a - b)
    return children.every((child) => this.#place(child, region)) && node.groups.every((g) => this.#fillGroup(g, region))
  }

  #isRuled(scope: number): boolean {
    const node = this.#tree.nodes[scope]!
    return wantedOf(node).length > 0 || node.children.some((child) => this.#isRuled(child))
  }

  #fillGroup(group: number, region: Within): boolean {
    const counts = new Map<number, number>()
    for (const { podClass } of this.#tree.request.groups[group]!.seats) {
      counts.set(podClass, (counts.get(podClass) ?? 0) + 1)
    }
    const { scarce, view } = this.#room
    const size = (c: number): number => view.classes[c]!.requests[scarce]!
    return [...counts]
      .sort(([a], [b]) => size(b) - size(a) || a - b)
      .every(([podClass, count]) => fill(this.#filling, group, podClass, count, region))
  }

  /** Undefined: no domain, or none of which it is certain that no search finds a better one. */
  #choose(node: ScopeNode, wanted: readonly CompiledLevel[], within: Within): Within | undefined {
    for (const level of wanted) {
      const found = this.#candidates(node, level, within)
      if (found === null) return undefined
      const open = node.ix === 0 ? this.#withoutShunned(node, level, found) : found
      if (found.length > 0 && open.length === 0) return undefined
      if (found.length > 0) return this.#settle(node, level, open)
      if (this.#isTouched(within) && this.#candidates(node, level, null, true)!.length > 0) return undefined
    }
    if (node.scope.required !== null) return undefined
    return within === null ? this.#settle(node, null, []) : undefined
  }

  /** Of the gang's own choices those that hold each of its children by itself, and have not failed. */
  #withoutShunned(node: ScopeNode, level: CompiledLevel, found: readonly number[]): readonly number[] {
    if (!this.#isRuledInside(node)) return found
    const children = node.children.map((c) => this.#tree.nodes[c]!).filter(({ demand }) => demand.pods > 0)
    const open = found.filter(
      (d) =>
        !this.#shunned.includes(d) &&
        this.#trail.scarceIn(level, d) >= node.demand.sums[this.#room.scarce]! &&
        children.every(({ ones, ...child }) =>
          ones.every((one) => this.#candidates({ ones, ...child }, one, { level, domains: [d] })?.length !== 0),
        ),
    )
    this.root = open.length > 0 ? this.#best(level, open) : null
    return open
  }

  #isRuledInside = (node: ScopeNode): boolean => node.children.some((child) => this.#isRuled(child))

  #isTouched = (within: Within): boolean => within !== null || !this.#trail.isEmpty

  /** Domains with room for the scope by counts; null where the level is broader than what it must stay in. */
  #candidates(node: ScopeNode, level: CompiledLevel, within: Within, isBefore = false): readonly number[] | null {
    const { demand } = node
    const { seated } = this.#room
    if (within === null && demand.pods === 1) return this.#forOne(level, seated.find((c) => demand.counts[c]! > 0)!)
    if (within !== null && within.level.paths.length > level.paths.length) return null
    const classes = seated.filter((c) => demand.counts[c]! > 0)
    const holds = (d: number): boolean =>
      classes.every((c) => {
        const fits = isBefore ? this.#room.domainFits(level, c)[d]! : this.#trail.fitsIn(level, c, d)
        return fits >= demand.counts[c]!
      })
    if (within === null && classes.length === 1 && this.#trail.isEmpty) {
      return atLeast(this.#room.domainFits(level, classes[0]!), demand.counts[classes[0]!]!)
    }
    if (within === null) return level.paths.map((_, d) => d).filter(holds)
    if (within.level === level) return within.domains.filter(holds)
    const inside = domainsInside(level, within.level)
    return inside === null ? null : within.domains.flatMap((outer) => Array.from(inside[outer]!).filter(holds))
  }

  /** For one pod, room in a domain is room in one inside it: the best domain is found from the broadest level down. */
  #forOne(level: CompiledLevel, podClass: number): readonly number[] {
    let outer: CompiledLevel | null = null
    let domains: readonly number[] = []
    for (const next of this.#levels) {
      const inside = outer === null ? null : domainsInside(next, outer)
      const all = inside === null ? next.paths.map((_, d) => d) : domains.flatMap((d) => Array.from(inside[d]!))
      domains = this.#roomLeast(
        next,
        all.filter((d) => this.#trail.fitsIn(next, podClass, d) > 0),
      )
      if (next === level || domains.length === 0) return domains
      outer = next
    }
    return domains
  }

  #roomLeast(level: CompiledLevel, domains: readonly number[]): readonly number[] {
    let least = Number.POSITIVE_INFINITY
    let found: number[] = []
    for (const d of domains) {
      const free = this.#trail.scarceIn(level, d)
      if (free > least) continue
      if (free < least) found = []
      least = free
      found.push(d)
    }
    return found
  }

  /** `level`: the narrowest that holds the scope in one domain, one of `found`; null: none does. */
  #settle(node: ScopeNode, level: CompiledLevel | null, found: readonly number[]): Within | undefined {
    const below = levelsBelow(node, level)
    if (below.length === 0 || node.chain.length === 0) return { level: level!, domains: [this.#best(level!, found)] }
    const classes = this.#room.seated.filter((c) => node.demand.counts[c]! > 0)
    const isFirst = this.#trail.isEmpty && node.demand.pods === this.#tree.nodes[0]!.demand.pods
    if (classes.length > 1 || !isFirst || node.children.some((child) => this.#isRuled(child))) return undefined
    return this.#narrow(level, found, below, classes[0]!, node.demand.pods)
  }

  /** The fewest domains of each level below, broad to narrow; undefined where one choice makes a later one worse. */
  #narrow(
    level: CompiledLevel | null,
    found: readonly number[],
    below: readonly CompiledLevel[],
    podClass: number,
    pods: number,
  ): Within | undefined {
    let region: Within = null
    let open: readonly Within[] = level === null ? [null] : found.map((d) => ({ level, domains: [d] }))
    for (const [i, next] of below.entries()) {
      const fewest = open.map((each) => fewestOf(this.#amounts(each, next, podClass), pods))
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

  #amounts(within: Within, level: CompiledLevel, podClass: number): readonly Amount[] {
    const fits = this.#room.domainFits(level, podClass)
    const inside = within === null ? null : domainsInside(level, within.level)
    const amounts: Amount[] = []
    const add = (d: number): void => {
      if (fits[d]! > 0) amounts.push({ domain: d, pods: fits[d]! })
    }
    if (within === null || inside === null) for (let d = 0; d < fits.length; d++) add(d)
    else for (const outer of within.domains) for (const d of inside[outer]!) add(d)
    return amounts.sort((a, b) => b.pods - a.pods || a.domain - b.domain)
  }

  /** Least room left at each level from the broadest down to this one, then names. */
  #best(level: CompiledLevel, found: readonly number[]): number {
    let left = found
    for (const outer of this.#levels) {
      if (left.length === 1) break
      const around = outer === level ? null : domainsAround(level, outer)
      let least = Number.POSITIVE_INFINITY
      let kept: number[] = []
      for (const d of left) {
        const free = this.#trail.scarceIn(outer, around === null ? d : around[d]!)
        if (free > least) continue
        if (free < least) kept = []
        least = free
        kept.push(d)
      }
      left = kept
      if (outer === level) break
    }
    return left[0]!
  }
}

const wantedOf = ({ chain, ones }: ScopeNode): readonly CompiledLevel[] => (chain.length > 0 ? chain : ones)

function atLeast(fits: Float64Array, pods: number): readonly number[] {
  const found: number[] = []
  for (let d = 0; d < fits.length; d++) if (fits[d]! >= pods) found.push(d)
  return found
}

interface Amount {
  readonly domain: number
  readonly pods: number
}

/** How many of the largest it takes; infinity where all do not do. */
function fewestOf(amounts: readonly Amount[], pods: number): number {
  let left = pods
  for (let i = 0; i < amounts.length; i++) {
    left -= amounts[i]!.pods
    if (left <= 0) return i + 1
  }
  return Number.POSITIVE_INFINITY
}

/** The fewest domains that hold so many: the largest, and the last as tight as it can be. */
function tightest(amounts: readonly Amount[], pods: number): readonly number[] {
  const count = fewestOf(amounts, pods)
  const taken = amounts.slice(0, count - 1)
  const missing = pods - taken.reduce((sum, each) => sum + each.pods, 0)
  let last = amounts[count - 1]
  for (let i = count - 1; i < amounts.length && amounts[i]!.pods >= missing; i++) {
    if (amounts[i]!.pods < last!.pods) last = amounts[i]
  }
  return [...taken, ...(last === undefined ? [] : [last])].map(({ domain }) => domain).sort((a, b) => a - b)
}
