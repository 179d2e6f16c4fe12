import type { Opened } from './opened.ts'
import type { SpreadRule } from './request.ts'
import { domainOrSelf, type Limit } from './rules.ts'
import type { ScopeTree } from './scopes.ts'

/** Units of the same peers as one limit's scope that this plan may move; the scope itself is one of them. */
function peersOf(limits: readonly Limit[], limit: number): readonly number[] {
  const { spread } = limits[limit]!
  if (spread?.peers === undefined) return [limit]
  return limits.flatMap((each, l) =>
    each.spread !== null && (l === limit || isPeerOf(each.spread, spread)) ? [l] : [],
  )
}

/** With fewer eligible domains than minDomains the emptiest counts as empty. */
export function isShortOfDomains({ eligible, minDomains }: SpreadRule): boolean {
  if (minDomains === null) return false
  let count = 0
  for (const is of eligible) count += is
  return count < minDomains
}

/**
 * Whether a hard spread may still hold after its scope opened `domain`: the units there, against the most that the
 * emptiest eligible domain can come to hold once every peer of this plan has been there. Never forbids what can hold.
 */
export function mayEnter(opened: Opened, limit: number, domain: number): boolean {
  const { spread } = opened.limits[limit]!
  if (spread === null || opened.held(limit).has(domain)) return true
  if (domain >= spread.taken.length) return false
  const peers = peersOf(opened.limits, limit)
  const total = unitsIn(opened, peers, limit, domain)
  let floor = Number.POSITIVE_INFINITY
  for (let d = 0; d < spread.taken.length; d++) {
    if (spread.eligible[d] === 1) floor = Math.min(floor, spread.taken[d]! + peers.length)
  }
  if (floor === Number.POSITIVE_INFINITY || isShortOfDomains(spread)) floor = 0
  return total - floor <= spread.maxSkew
}

function unitsIn(opened: Opened, peers: readonly number[], limit: number, domain: number): number {
  let units = opened.limits[limit]!.spread!.taken[domain]!
  for (const l of peers) {
    const isNew = l === limit || !opened.held(l).has(domain)
    if (isNew && opened.of(l).has(domain)) units++
  }
  return units
}

/** The scopes of hard rules that a finished plan breaks; `nodesOf` gives the new nodes of a scope. Exact. */
export function brokenSpreads(
  tree: ScopeTree,
  limits: readonly Limit[],
  nodesOf: (scope: number) => readonly number[],
): readonly Limit[] {
  const hard = limits.filter(({ spread }) => spread !== null)
  if (hard.length === 0) return []
  const domains = (limit: Limit, nodes: readonly number[]): ReadonlySet<number> =>
    new Set(nodes.map((n) => domainOrSelf(limit.level, n)))
  const held = hard.map((limit) => domains(limit, tree.nodes[limit.scope]!.bound))
  const entered = hard.map((limit, l) => {
    const all = domains(limit, nodesOf(limit.scope))
    return new Set([...all].filter((d) => !held[l]!.has(d)))
  })
  return hard.filter((limit, l) => {
    const { spread } = limit
    if (spread === null) return false
    const total = (d: number): number => {
      let units = spread.taken[d] ?? 0
      for (const p of peersOf(hard, l)) if (entered[p]!.has(d) || (p === l && held[l]!.has(d))) units++
      return units
    }
    let floor = Number.POSITIVE_INFINITY
    for (let d = 0; d < spread.taken.length; d++) if (spread.eligible[d] === 1) floor = Math.min(floor, total(d))
    if (floor === Number.POSITIVE_INFINITY || isShortOfDomains(spread)) floor = 0
    return [...entered[l]!].some((d) => d >= spread.taken.length || total(d) - floor > spread.maxSkew)
  })
}

/** Whether two rules count each other's units. */
export const isPeerOf = (a: SpreadRule, b: SpreadRule): boolean =>
  a.peers !== undefined &&
  a.peers === b.peers &&
  a.level === b.level &&
  a.isHard === b.isHard &&
  (a.units ?? 'scope') === (b.units ?? 'scope')

/** Whether a finished plan breaks a hard rule under which each pod of a clique is a unit. Exact. */
export function brokenUnits(tree: ScopeTree, nodesOf: (scope: number) => readonly number[]): boolean {
  return tree.nodes.some(({ ix, scope }) =>
    scope.spreads.some((rule) => {
      if (!rule.isHard || rule.units !== 'pods') return false
      const peers = tree.nodes.filter(
        (other) => other.ix !== ix && other.scope.spreads.some((each) => isPeerOf(each, rule)),
      )
      return isUneven(
        rule,
        nodesOf(ix),
        peers.flatMap((other) => nodesOf(other.ix)),
      )
    }),
  )
}

function isUneven(rule: SpreadRule, nodes: readonly number[], peers: readonly number[]): boolean {
  const total = rule.taken.slice()
  for (const n of [...nodes, ...peers]) if (rule.level.domainOf[n]! >= 0) total[rule.level.domainOf[n]!]!++
  let floor = Number.POSITIVE_INFINITY
  for (let d = 0; d < total.length; d++) if (rule.eligible[d] === 1) floor = Math.min(floor, total[d]!)
  if (floor === Number.POSITIVE_INFINITY || isShortOfDomains(rule)) floor = 0
  return nodes.some((n) => {
    const d = rule.level.domainOf[n]!
    return d < 0 || total[d]! - floor > rule.maxSkew
  })
}
