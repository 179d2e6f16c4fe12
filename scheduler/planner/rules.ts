import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { domainsAround } from '../../topology/compiled/nesting.ts'
import { domainMayHold, type Room } from './bounds.ts'
import type { SpreadRule } from './request.ts'
import type { ScopeTree } from './scopes.ts'

/** At most `max` domains of `level` for all pods of a scope, the bound ones too; a hard spread has no such number. */
export interface Limit {
  readonly scope: number
  readonly level: CompiledLevel
  readonly max: number
  readonly spread: SpreadRule | null
}

/** What one search must keep: the request's own rules, tightened by what is being tried for the order of plans. */
export interface Rules {
  /** Per scope the levels of which it lies in one domain. */
  readonly ones: readonly (readonly CompiledLevel[])[]
  readonly limits: readonly Limit[]
}

/** What the request itself demands. */
export function requestRules(tree: ScopeTree): Rules {
  const limits: Limit[] = []
  for (const { ix, scope } of tree.nodes) {
    for (const spread of scope.spreads) {
      if (!spread.isHard || spread.units === 'pods') continue
      limits.push({ scope: ix, level: spread.level, max: Number.POSITIVE_INFINITY, spread })
    }
  }
  return { ones: tree.nodes.map(({ ones }) => ones), limits }
}

export function withOne(rules: Rules, scope: number, level: CompiledLevel): Rules {
  if (rules.ones[scope]!.includes(level)) return rules
  return { ...rules, ones: rules.ones.map((levels, s) => (s === scope ? [...levels, level] : levels)) }
}

export function withLimit(rules: Rules, scope: number, level: CompiledLevel, max: number): Rules {
  return { ...rules, limits: [...rules.limits, { scope, level, max, spread: null }] }
}

/** One choice of the search, in the order in which choices are made. */
export type Decision =
  | Readonly<{ kind: 'one'; scope: number; level: CompiledLevel }>
  | Readonly<{ kind: 'set'; scope: number; level: CompiledLevel; limit: number }>
  | Readonly<{ kind: 'units'; scope: number; rule: SpreadRule }>

/**
 * Scopes before what is in them, the sibling with the fewest domains to choose from first; a scope's sets of domains
 * after everything in it, because its children open most of them; broad levels before narrow ones.
 */
export function decisionsOf(tree: ScopeTree, room: Room, rules: Rules): readonly Decision[] {
  const choices = fewestChoices(tree, room, rules)
  const decisions: Decision[] = []
  const visit = (s: number): void => {
    const node = tree.nodes[s]!
    if (node.demand.pods === 0) return
    for (const level of notImplied(rules.ones[s]!)) decisions.push({ kind: 'one', scope: s, level })
    const size = (child: number): number => tree.nodes[child]!.demand.sums[room.scarce]!
    const children = [...node.children].sort((a, b) => choices[a]! - choices[b]! || size(b) - size(a) || a - b)
    for (const child of children) visit(child)
    const sets = rules.limits.map((limit, l) => ({ limit, l })).filter(({ limit }) => limit.scope === s)
    sets.sort((a, b) => a.limit.level.paths.length - b.limit.level.paths.length)
    for (const { limit, l } of sets) decisions.push({ kind: 'set', scope: s, level: limit.level, limit: l })
    for (const rule of node.scope.spreads) {
      if (rule.units === 'pods') decisions.push({ kind: 'units', scope: s, rule })
    }
  }
  visit(0)
  return decisions
}

/** How many domains each scope, or one inside it, has to choose from at least; infinity where nothing is to choose. */
function fewestChoices(tree: ScopeTree, room: Room, rules: Rules): readonly number[] {
  const fewest = tree.nodes.map(() => Number.POSITIVE_INFINITY)
  for (const { ix, demand, children } of [...tree.nodes].reverse()) {
    if (demand.pods === 0) continue
    for (const child of children) fewest[ix] = Math.min(fewest[ix]!, fewest[child]!)
    for (const level of rules.ones[ix]!) {
      let domains = 0
      for (let d = 0; d < level.paths.length; d++) if (domainMayHold(room, level, d, demand)) domains++
      fewest[ix] = Math.min(fewest[ix]!, domains)
    }
  }
  return fewest
}

/** A level is implied by a narrower one of which each domain lies in one of its own. Broad to narrow. */
function notImplied(levels: readonly CompiledLevel[]): readonly CompiledLevel[] {
  const implies = (narrow: CompiledLevel, broad: CompiledLevel): boolean =>
    narrow !== broad && narrow.paths.length >= broad.paths.length && nests(narrow, broad)
  return levels
    .filter((broad, i) => !levels.some((narrow, j) => implies(narrow, broad) && !(implies(broad, narrow) && j > i)))
    .toSorted((a, b) => a.paths.length - b.paths.length)
}

/** Every domain of `narrow` lies wholly in some domain of `broad`. */
export function nests(narrow: CompiledLevel, broad: CompiledLevel): boolean {
  return domainsAround(narrow, broad)?.every((d) => d >= 0) ?? false
}

/** A domain's number, where a node without the label counts as a domain of its own. */
export const domainOrSelf = (level: CompiledLevel, node: number): number => {
  const d = level.domainOf[node]!
  return d >= 0 ? d : level.paths.length + node
}
