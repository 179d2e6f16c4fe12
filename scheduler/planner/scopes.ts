import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { domainsAround } from '../../topology/compiled/nesting.ts'
import type { PlanGroup, PlanRequest, PlanView, Scope } from './request.ts'

/** What a scope asks for, as a whole. */
export interface Demand {
  readonly pods: number
  /** Pods per class. */
  readonly counts: Int32Array
  /** Request per resource column, over all its pods. */
  readonly sums: Float64Array
}

/** A scope with everything below it summed up, and the rules that are decided before any search. */
export interface ScopeNode {
  readonly ix: number
  readonly scope: Scope
  readonly parent: number
  readonly children: readonly number[]
  /** Positions of the groups written directly on this scope. */
  readonly groups: readonly number[]
  /** Positions of all groups in it. */
  readonly allGroups: readonly number[]
  readonly demand: Demand
  /** Surplus and gated pods per class. */
  readonly later: Int32Array
  /** Nodes of bound pods of all groups in it. */
  readonly bound: readonly number[]
  /** Per node 1 where pins, bound pods and labels allow the scope and all around it; null: everywhere. */
  readonly filter: Uint8Array | null
  /** Levels of which the scope must lie in one domain (required, with no bound pod yet). */
  readonly ones: readonly CompiledLevel[]
  /** Levels to try as one domain, narrow to broad; empty without a preference. */
  readonly chain: readonly CompiledLevel[]
}

export interface ScopeTree {
  readonly request: PlanRequest
  readonly view: PlanView
  readonly nodes: readonly ScopeNode[]
}

/** The request's scopes as a tree, bottom-up sums and top-down filters done. O(scopes × nodes) only where filtered. */
export function scopeTree(request: PlanRequest, view: PlanView): ScopeTree {
  const { scopes, groups } = request
  const children: number[][] = scopes.map(() => [])
  const own: number[][] = scopes.map(() => [])
  scopes.forEach(({ parent }, s) => {
    if (parent >= 0) children[parent]!.push(s)
  })
  groups.forEach(({ scope }, g) => own[scope]!.push(g))
  const all: number[][] = own.map((of) => [...of])
  for (let s = scopes.length - 1; s > 0; s--) {
    const { parent } = scopes[s]!
    if (parent >= 0) all[parent]!.push(...all[s]!)
  }
  const defaultLevel = defaultPreference(request, view)
  const nodes: ScopeNode[] = []
  scopes.forEach((scope, ix) => {
    const members = all[ix]!.sort((a, b) => a - b).map((g) => groups[g]!)
    const bound = members.flatMap((group) => group.bound)
    const around = scope.parent < 0 ? null : nodes[scope.parent]!.filter
    nodes.push({
      ix,
      scope,
      parent: scope.parent,
      children: children[ix]!,
      groups: own[ix]!,
      allGroups: all[ix]!,
      demand: demandOf(members, view),
      later: laterOf(members, view),
      bound,
      filter: filterOf(scope, bound, around, view.nodeNames.length),
      ones: scope.required !== null && boundDomains(scope.required, bound).length === 0 ? [scope.required] : [],
      chain: chainOf(scope, ix === 0 ? defaultLevel : null, view),
    })
  })
  return { request, view, nodes }
}

/** Distinct domains of `level` that hold these nodes, unlabelled nodes left out, in order. */
export function boundDomains(level: CompiledLevel, nodes: readonly number[]): readonly number[] {
  const found = new Set<number>()
  for (const n of nodes) if (level.domainOf[n]! >= 0) found.add(level.domainOf[n]!)
  return [...found].sort((a, b) => a - b)
}

/**
 * A gang that states no pack anywhere prefers the narrowest level; where parts of it are to be kept apart if possible, the
 * narrowest above those that they are spread over, since what nobody wrote is no reason against what somebody did. A tie
 * states none: it prefers what it would once its gangs are there.
 */
function defaultPreference({ scopes, defaultPack }: PlanRequest, view: PlanView): CompiledLevel | null {
  if (defaultPack === 'none' || scopes.some(statesPack)) return null
  const levels = view.topology?.levels ?? []
  let end = levels.length
  for (const { parent, spreads } of scopes) {
    for (const { isHard, units, level } of spreads) {
      if (!isHard && (parent >= 0 || units === 'pods')) end = Math.min(end, levelsAbove(levels, level))
    }
  }
  return levels[end - 1] ?? null
}

const statesPack = ({ required, untied, preferred }: Scope): boolean =>
  (untied === undefined ? required : untied.required) !== null || preferred !== null

/** How many of a topology's levels stand above one, which may be over a key that the topology does not list. */
function levelsAbove(levels: readonly CompiledLevel[], level: CompiledLevel): number {
  const at = levels.indexOf(level)
  if (at >= 0) return at
  if (level.paths.length === 0) return levels.length // no node carries the label, so there is nothing to keep apart
  const isAbove = (each: CompiledLevel): boolean =>
    each.paths.length < level.paths.length && (domainsAround(level, each)?.every((d) => d >= 0) ?? false)
  const below = levels.findIndex((each) => !isAbove(each))
  return below < 0 ? levels.length : below
}

/** Levels from preferred up to required (else to the broadest of the topology), narrow to broad. */
function chainOf(scope: Scope, fallback: CompiledLevel | null, view: PlanView): readonly CompiledLevel[] {
  const preferred = scope.preferred ?? fallback
  if (preferred === null) return []
  const levels = view.topology?.levels ?? []
  const from = levels.indexOf(preferred)
  if (from < 0) return scope.required && scope.required !== preferred ? [preferred, scope.required] : [preferred]
  const upTo = scope.required === null ? 0 : levels.indexOf(scope.required)
  if (upTo > from) return [scope.required!]
  const chain = levels.slice(Math.max(0, upTo), from + 1).reverse()
  return upTo < 0 ? [...chain, scope.required!] : chain
}

/** Levels between the one that holds a scope (`met`; null: none does) and the preferred one, broad to narrow. */
export function levelsBelow({ chain }: ScopeNode, met: CompiledLevel | null): readonly CompiledLevel[] {
  return chain.slice(0, met === null ? chain.length : chain.indexOf(met)).reverse()
}

function demandOf(groups: readonly PlanGroup[], { classes, resources }: PlanView): Demand {
  const counts = new Int32Array(classes.length)
  const sums = new Float64Array(resources.length)
  let pods = 0
  for (const { seats } of groups) {
    for (const { podClass } of seats) counts[podClass]!++
    pods += seats.length
  }
  for (let c = 0; c < counts.length; c++) addRequests(sums, classes[c]!.requests, counts[c]!)
  return { pods, counts, sums }
}

/** sums += requests × times, column by column. */
export function addRequests(sums: Float64Array, requests: Float64Array, times: number): void {
  if (times === 0) return
  for (let r = 0; r < sums.length; r++) sums[r]! += requests[r]! * times
}

function laterOf(groups: readonly PlanGroup[], { classes }: PlanView): Int32Array {
  const counts = new Int32Array(classes.length)
  for (const { later } of groups) for (const { podClass, count } of later) counts[podClass]! += count
  return counts
}

/** Rules that name domains outright: pins, where bound pods lie, and labels that a hard rule cannot do without. */
function filterOf(scope: Scope, bound: readonly number[], around: Uint8Array | null, nodes: number): Uint8Array | null {
  const rules: { level: CompiledLevel; allowed: ReadonlySet<number> | null }[] = []
  for (const level of new Set(scope.pins.map((pin) => pin.level))) {
    rules.push({ level, allowed: new Set(scope.pins.filter((pin) => pin.level === level).map((pin) => pin.domain)) })
  }
  if (scope.required !== null) {
    const held = boundDomains(scope.required, bound)
    if (held.length > 0) rules.push({ level: scope.required, allowed: new Set(held) })
  }
  for (const { isHard, level } of scope.spreads) if (isHard) rules.push({ level, allowed: null })
  if (rules.length === 0) return around
  const filter = around === null ? new Uint8Array(nodes).fill(1) : around.slice()
  for (const { level, allowed } of rules) {
    for (let n = 0; n < nodes; n++) {
      const d = level.domainOf[n]!
      if (d < 0 || (allowed !== null && !allowed.has(d))) filter[n] = 0
    }
  }
  return filter
}
