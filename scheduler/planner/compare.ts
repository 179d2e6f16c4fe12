import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { domainOrSelf } from './rules.ts'
import type { ScopeNode, ScopeTree } from './scopes.ts'
import type { Solution } from './search.ts'

/** Distinct domains of a level that hold a scope, its bound pods too; a node without the label is one of its own. */
export function domainsUsed(tree: ScopeTree, solution: Solution, scope: number, level: CompiledLevel): number {
  const used = new Set<number>()
  const { allGroups, bound } = tree.nodes[scope]!
  for (const n of bound) used.add(domainOrSelf(level, n))
  for (const g of allGroups) for (const n of solution[g]!) used.add(domainOrSelf(level, n))
  return used.size
}

/** Whether one labelled domain holds all of a scope. */
export function isInOne(tree: ScopeTree, solution: Solution, scope: number, level: CompiledLevel): boolean {
  const { allGroups, bound } = tree.nodes[scope]!
  const { domainOf } = level
  let domain = bound.length > 0 ? domainOf[bound[0]!]! : ANY
  for (let i = 0; i < bound.length; i++) if (domainOf[bound[i]!] !== domain) return false
  for (let g = 0; g < allGroups.length; g++) {
    const nodes = solution[allGroups[g]!]!
    if (domain === ANY && nodes.length > 0) domain = domainOf[nodes[0]!]!
    for (let i = 0; i < nodes.length; i++) if (domainOf[nodes[i]!] !== domain) return false
  }
  return domain !== NO_DOMAIN
}

/** No pod was looked at yet: a scope without any lies in one domain. */
const ANY = -2
/** Of a node without the label. */
const NO_DOMAIN = -1

/**
 * 0..1: how well preferences were met, and nothing else. For one scope with a preference let K be the number of levels
 * from preferred up to required (without required: up to the whole cluster, which counts as one more), i how many of
 * them had to be given up, and x ≥ 2 the number of domains used at the last level given up:
 *
 *     i = 0: 1        i > 0: 1 − (i − 1/x) / K
 *
 * so a narrower level always scores above a broader one, and among equals fewer domains score higher. The gang's score
 * is the mean over its scopes with a preference; 1 where there is none.
 */
export function placementScore(tree: ScopeTree, solution: Solution): number {
  let sum = 0
  let count = 0
  for (const node of tree.nodes) {
    if (!hasPreference(node)) continue
    sum += scopeScore(tree, solution, node)
    count++
  }
  return count === 0 ? 1 : Math.round((sum / count) * 1e6) / 1e6
}

export const hasPreference = ({ chain, demand, bound }: ScopeNode): boolean =>
  chain.length > 0 && demand.pods + bound.length > 0

function scopeScore(tree: ScopeTree, solution: Solution, { ix, chain, scope }: ScopeNode): number {
  const met = chain.findIndex((level) => isInOne(tree, solution, ix, level))
  const givenUp = met < 0 ? chain.length : met
  if (givenUp === 0) return 1
  const steps = scope.required === null ? chain.length + 1 : chain.length
  const domains = domainsUsed(tree, solution, ix, chain[givenUp - 1]!)
  return Math.max(0, 1 - (givenUp - 1 / Math.max(2, domains)) / steps)
}
