import type { LevelPlacement, ScopePlacement } from '../../api/explanation.ts'
import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { Asked, Room } from '../planner/bounds.ts'
import type { PlanRequest, PlanView } from '../planner/request.ts'
import { domainOrSelf } from '../planner/rules.ts'
import { type ScopeNode, type ScopeTree, scopeTree } from '../planner/scopes.ts'
import { byNearness, shortfallAt } from '../planner/shortfalls.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

const SCOPES_MAX = 16
const DOMAINS_MAX = 8
/** In more domains the best one is looked for only where sums tell it. */
const WEIGHED_MAX = 2_048

/** A gang where it stands, and the same gang asked for anew with its own pods' room given back. */
export interface Standing {
  readonly request: PlanRequest
  readonly view: PlanView
  readonly anew: { readonly request: PlanRequest; readonly view: PlanView }
}

/** Where the bound pods lie, by scope and level; which wish was met there and which given up. Pure. */
export function placementOf({ request, view, anew }: Standing): readonly ScopePlacement[] {
  const tree = scopeTree(request, view)
  const again = scopeTree(anew.request, anew.view)
  const room = new Room(new Asked(again))
  const told = tree.nodes.filter(({ ix, bound, scope, chain }) => {
    return bound.length > 0 && (ix === 0 || scope.required !== null || chain.length > 0)
  })
  return told.slice(0, SCOPES_MAX).map((node) => ({
    scope: node.scope.name,
    pods: node.bound.length,
    required: node.scope.required?.name ?? null,
    preferred: node.chain[0] !== undefined && isWish(node) ? node.chain[0].name : null,
    isPreferredByDefault: node.scope.preferred === null && node.chain.length > 0,
    pinnedTo: node.scope.pins.map(({ level, domain }) => level.paths[domain]!),
    levels: levelsOf(node, view).map((level) => levelPlacement(node, level, again, room)),
  }))
}

const isWish = ({ chain, scope }: ScopeNode): boolean => chain[0] !== scope.required

/** Broad to narrow down to what was asked for; one node a domain is told only where it was. */
function levelsOf({ scope, chain }: ScopeNode, { topology, nodeNames }: PlanView): readonly CompiledLevel[] {
  const levels = topology?.levels ?? []
  const narrowest = chain[0] ?? scope.required
  if (narrowest === null) return levels.filter(({ paths }) => paths.length < nodeNames.length)
  const at = levels.indexOf(narrowest)
  return at < 0 ? [narrowest] : levels.slice(0, at + 1)
}

function levelPlacement(node: ScopeNode, level: CompiledLevel, again: ScopeTree, room: Room): LevelPlacement {
  const perDomain = new Map<number, number>()
  for (const n of node.bound) perDomain.set(domainOrSelf(level, n), (perDomain.get(domainOrSelf(level, n)) ?? 0) + 1)
  const most = [...perDomain].sort(([a, x], [b, y]) => y - x || a - b).slice(0, DOMAINS_MAX)
  const wish = wishAt(node, level)
  return {
    level: level.name,
    wish,
    domainsUsed: perDomain.size,
    domains: most.map(([d, pods]) => ({ domain: level.paths[d] ?? `no ${level.name}`, pods })),
    bestNow: wish === 'givenUp' ? bestNow(again, room, again.nodes[node.ix]!, level) : null,
  }
}

/** Of the levels that would do, the narrowest that holds the scope is the one that was met. */
function wishAt({ chain, bound, scope }: ScopeNode, level: CompiledLevel): LevelPlacement['wish'] {
  const holds = ({ domainOf }: CompiledLevel): boolean =>
    bound.every((n) => domainOf[n]! >= 0 && domainOf[n] === domainOf[bound[0]!])
  const met = chain.find(holds) ?? null
  if (level === met || (level === scope.required && holds(level))) return 'met'
  const at = chain.indexOf(level)
  return at >= 0 && (met === null || at < chain.indexOf(met)) ? 'givenUp' : 'none'
}

function bestNow(tree: ScopeTree, room: Room, node: ScopeNode, level: CompiledLevel): LevelPlacement['bestNow'] {
  const [podClass, ...others] = room.seated.filter((c) => node.demand.counts[c]! > 0)
  if (podClass !== undefined && others.length === 0 && node.filter === null) {
    const fits = room.domainFits(level, podClass)
    let best = 0
    for (let d = 1; d < fits.length; d++) if (fits[d]! > fits[best]!) best = d
    if (fits.length === 0) return null
    return { domain: level.paths[best]!, podsFitting: Math.min(node.demand.pods, fits[best]!) }
  }
  if (level.paths.length > WEIGHED_MAX) return null
  const [best] = level.paths.flatMap((_, d) => shortfallAt(tree, room, node, level, d) ?? []).sort(byNearness)
  return best === undefined ? null : { domain: best.domain, podsFitting: best.podsFitting }
}
