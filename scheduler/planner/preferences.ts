import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import type { Room } from './bounds.ts'
import type { Budget, Outcome } from './budget.ts'
import { domainsUsed, hasPreference, isInOne } from './compare.ts'
import { descend } from './descent.ts'
import { fewestDomains, mayBeInOne } from './fewest.ts'
import { isHopeless } from './leaf.ts'
import type { Prepared } from './prepared.ts'
import { type Rules, withLimit, withOne } from './rules.ts'
import { levelsBelow, type ScopeNode, type ScopeTree } from './scopes.ts'
import { type Solution, search } from './search.ts'

/**
 * Finds the best plan by the first criterion of the order of plans, which is a list of numbers to be made small one
 * after another: for each scope with a preference, root first, the step of the level where one domain holds it, then
 * the domains used at each level below, down to the preferred one (further down nobody asked for anything: there, a
 * gang that counted its racks could cut a child in two). Each number is fixed at its smallest value before the next
 * is looked at.
 *
 * A first search tries all numbers at their lower bounds at once, which is where most gangs end; it has a small share
 * of the steps. Then number by number, a search for each value below the one in hand. A value is proved best by the
 * bound, or by a search without result; where such a search runs out of its share, the plan in hand stands though a
 * better one may exist. Whether there is any plan at all is decided with all the steps there are.
 */
export function bestSolution(
  { tree, rules: base, route }: Prepared,
  room: Room,
  budget: Budget,
): { readonly outcome: Outcome; readonly solution: Solution | null } {
  const quick = descend(tree, room, route, budget)
  if (quick !== null) return { outcome: 'seated', solution: quick }
  if (isHopeless({ tree, room }, budget)) return { outcome: 'unplaceable', solution: null }
  const scopes = tree.nodes.filter(hasPreference)
  const hasWork = ({ demand }: ScopeNode): boolean => demand.pods > 0
  const wanted = scopes.filter(hasWork)
  if (wanted.length === 0) return search(tree, room, base, budget)
  const improver = new Improver(tree, room, base, budget)
  const guess = improver.guess(wanted)
  if (guess !== null) return { outcome: 'seated', solution: guess }
  for (const node of wanted) {
    const outcome = improver.settle(node)
    if (outcome !== 'seated') return { outcome, solution: null }
  }
  return { outcome: 'seated', solution: improver.solution }
}

/** Steps for the first try: enough to descend, not to search. Each scope may look at all nodes some times over. */
const firstShare = ({ nodes, view }: ScopeTree, wanted: number): number =>
  500 + 20 * nodes[0]!.demand.pods + Math.ceil((view.nodeNames.length * (wanted + 1)) / 4)
/** At most this part of what is left goes into one attempt to improve. */
const IMPROVE_PART = 8

class Improver {
  readonly #tree: ScopeTree
  readonly #room: Room
  readonly #budget: Budget
  /** The request's rules and every number fixed so far. */
  #rules: Rules
  solution: Solution | null = null

  constructor(tree: ScopeTree, room: Room, base: Rules, budget: Budget) {
    this.#tree = tree
    this.#room = room
    this.#rules = base
    this.#budget = budget
  }

  /** A solution with every number at its lower bound, hence the best; null where the first descent finds none. */
  guess(scopes: readonly ScopeNode[]): Solution | null {
    let rules = this.#rules
    for (const node of scopes) {
      const met = node.chain.find((level) => mayBeInOne(this.#tree, this.#room, node, level))
      if (met) rules = withOne(rules, node.ix, met)
      for (const level of levelsBelow(node, met ?? null)) {
        const fewest = fewestDomains(this.#tree, this.#room, rules, node, level)
        if (fewest === Number.POSITIVE_INFINITY) return null
        rules = withLimit(rules, node.ix, level, fewest)
      }
    }
    const share = this.#budget.share(Math.min(firstShare(this.#tree, scopes.length), this.#budget.left / 2))
    return search(this.#tree, this.#room, rules, share).solution
  }

  /** Fixes the numbers of one scope. Not 'seated' only where no plan was found at all. */
  settle(node: ScopeNode): Outcome {
    const met = this.#settleLevel(node)
    if (this.solution === null) {
      const { outcome, solution } = search(this.#tree, this.#room, this.#rules, this.#budget)
      if (solution === null) return outcome
      this.solution = solution
    }
    for (const level of levelsBelow(node, met)) this.#settleCount(node, level)
    return 'seated'
  }

  /** The narrowest level of which one domain holds the scope. */
  #settleLevel(node: ScopeNode): CompiledLevel | null {
    for (const level of node.chain) {
      const rules = withOne(this.#rules, node.ix, level)
      const isMet = this.solution !== null && isInOne(this.#tree, this.solution, node.ix, level)
      if (!isMet && !this.#improve(rules, mayBeInOne(this.#tree, this.#room, node, level))) continue
      this.#rules = rules
      return level
    }
    return null
  }

  #settleCount(node: ScopeNode, level: CompiledLevel): void {
    const current = domainsUsed(this.#tree, this.solution!, node.ix, level)
    const fewest = fewestDomains(this.#tree, this.#room, this.#rules, node, level)
    for (let count = fewest; count < current; count++) {
      if (this.#improve(withLimit(this.#rules, node.ix, level, count), true)) break
    }
    const reached = domainsUsed(this.#tree, this.solution!, node.ix, level)
    this.#rules = withLimit(this.#rules, node.ix, level, reached)
  }

  #improve(rules: Rules, isWorthIt: boolean): boolean {
    if (!isWorthIt || this.#budget.left === 0) return false
    const share = this.#budget.share(this.#budget.left / IMPROVE_PART)
    const { solution } = search(this.#tree, this.#room, rules, share)
    if (solution === null) return false
    this.solution = solution
    return true
  }
}
