import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { domainsAround } from '../../topology/compiled/nesting.ts'
import type { Asked } from './bounds.ts'
import type { Rules } from './rules.ts'
import { levelsBelow, type ScopeNode, type ScopeTree } from './scopes.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/** Pods of one class and group, to be poured together. */
export interface Run {
  readonly group: number
  readonly podClass: number
  readonly count: number
}

/** A scope as a descent comes by it. */
export interface Stop {
  readonly node: ScopeNode
  /** Levels to try as one domain, best first; empty: it stays where the scope around it does. */
  readonly wanted: readonly CompiledLevel[]
  /** Per wanted level the levels between it and the preferred one, broad to narrow; last: where none holds the scope. */
  readonly below: readonly (readonly CompiledLevel[])[]
  /** Classes with a pod in it. */
  readonly classes: readonly number[]
  /** Scopes in it with pods to seat: ruled ones first, then the biggest. */
  readonly children: readonly Stop[]
  /** Some scope in it has a choice of its own. */
  readonly isRuledInside: boolean
  /** Of the groups written on it, in order; big pods first. */
  readonly runs: readonly Run[]
}

/** A level and, per domain of a narrower one, the domain of it around that; null: it is the same level. */
export interface Outer {
  readonly outer: CompiledLevel
  readonly around: Int32Array | null
}

/** What a descent goes by, which depends on the shape of the gang alone. */
export interface Route {
  readonly root: Stop
  /** All levels that have a say, broad to narrow; they nest. */
  readonly levels: readonly CompiledLevel[]
  /** The same without levels of single nodes, which order nothing that the nodes themselves do not. */
  readonly coarse: readonly CompiledLevel[]
  /** Per level what its domains are ordered by: all levels from the broadest down to itself. */
  readonly outward: ReadonlyMap<CompiledLevel, readonly Outer[]>
  /** There is one run of pods alike, so no node and no domain is looked at twice. */
  readonly isOneRun: boolean
}

/** Null where some rule or crossing needs the search. */
export function routeOf(tree: ScopeTree, asked: Asked, rules: Rules): Route | null {
  const levels = nestedLevels(tree, rules)
  if (levels === null) return null
  const seated = tree.request.groups.filter(({ seats }) => seats.length > 0)
  return {
    root: stopOf(tree, asked, tree.nodes[0]!),
    levels,
    coarse: levels.filter(({ paths }) => paths.length < tree.view.nodeNames.length),
    outward: new Map(levels.map((level, i) => [level, outwardFrom(level, levels.slice(0, i + 1))])),
    isOneRun: seated.length === 1 && asked.seated.length === 1,
  }
}

const outwardFrom = (level: CompiledLevel, upTo: readonly CompiledLevel[]): readonly Outer[] =>
  upTo.map((outer) => ({ outer, around: outer === level ? null : domainsAround(level, outer) }))

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

function stopOf(tree: ScopeTree, asked: Asked, node: ScopeNode): Stop {
  const size = ({ node: { demand } }: Stop): number => demand.sums[asked.scarce]!
  const inside = node.children.map((child) => stopOf(tree, asked, tree.nodes[child]!))
  const children = inside.filter((stop) => stop.node.demand.pods > 0)
  const wanted = node.chain.length > 0 ? node.chain : node.ones
  return {
    node,
    wanted,
    below: [...wanted, null].map((level) => (node.chain.length > 0 ? levelsBelow(node, level) : [])),
    classes: asked.seated.filter((c) => node.demand.counts[c]! > 0),
    children: children.sort(
      (a, b) => Number(isRuled(b)) - Number(isRuled(a)) || size(b) - size(a) || a.node.ix - b.node.ix,
    ),
    isRuledInside: inside.some(isRuled),
    runs: node.groups.flatMap((group) => runsOf(tree, asked, group)),
  }
}

const isRuled = ({ wanted, isRuledInside }: Stop): boolean => wanted.length > 0 || isRuledInside

function runsOf({ request, view }: ScopeTree, { scarce }: Asked, group: number): readonly Run[] {
  const counts = new Map<number, number>()
  for (const { podClass } of request.groups[group]!.seats) counts.set(podClass, (counts.get(podClass) ?? 0) + 1)
  const size = (c: number): number => view.classes[c]!.requests[scarce]!
  return [...counts]
    .sort(([a], [b]) => size(b) - size(a) || a - b)
    .map(([podClass, count]) => ({ group, podClass, count }))
}
