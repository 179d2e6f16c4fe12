import type { Nearest } from '../../api/explanation.ts'
import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import type { DomainShortfall } from '../planner/request.ts'
import type { ScopeNode } from '../planner/scopes.ts'
import { byNearness } from '../planner/shortfalls.ts'
import { type Measured, nearestOf, type Survey } from './survey.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/** One domain of the level in which the scope found no place. */
export interface NearDomain {
  readonly d: number
  /** Pods of the scope that find no place there. */
  readonly missing: number
  /** Other scopes of the gang were given room there first. */
  readonly isShared: boolean
}

/** What is short first: a scope, and the domains nearest to holding it. */
export interface Failing {
  readonly node: ScopeNode
  /** Null: the cluster as a whole is short. */
  readonly level: CompiledLevel | null
  readonly nearest: Nearest
  /** Nearest first; empty for the cluster. */
  readonly domains: readonly NearDomain[]
}

/**
 * The scopes that find no place when the biggest of a level are given theirs first, each in the domain that it fills
 * best; after them the cluster, where the gang as a whole finds too little room in all its nodes. Empty: each finds a
 * place and something else forbids the whole, or there is no domain at all, and nothing is near.
 */
export function failingScopes(survey: Survey): readonly Failing[] {
  const [root] = survey.measured
  const inDomains = survey.measured.filter(({ node }) => node.scope.required !== null)
  if (root === undefined || inDomains.some(({ levels }) => levels.at(-1)!.level.paths.length === 0)) return []
  return [...unplaced(survey, inDomains), inCluster(survey, root)].filter((failing) => failing !== null)
}

function inCluster(survey: Survey, { node }: Measured): Failing | null {
  if (node.scope.required !== null) return null // its domains tell more
  const { domain } = survey.clusterFit(node)
  if (domain.podsFitting >= domain.podsNeeded) return null
  return { node, level: null, nearest: nearestOf(domain), domains: [] }
}

function unplaced(survey: Survey, inDomains: readonly Measured[]): readonly Failing[] {
  const used = new Map<CompiledLevel, Float64Array>()
  return inDomains
    .toSorted((a, b) => b.node.demand.pods - a.node.demand.pods)
    .flatMap((measured) => {
      const { level, fits } = measured.levels.at(-1)!
      const taken = used.get(level) ?? new Float64Array(fits.length)
      used.set(level, taken)
      return placeAlike(survey, measured, taken) ?? []
    })
}

/** Gives a scope and those alike their room, as long as there is any. Null: all have it. */
function placeAlike(survey: Survey, measured: Measured, taken: Float64Array): Failing | null {
  const needed = measured.node.demand.pods
  for (let times = 0; times <= measured.alike.length; times++) {
    const rest = restOf(survey, measured, taken)
    const tightest = rest.filter(({ pods }) => pods >= needed).sort((a, b) => a.pods - b.pods || a.d - b.d)[0]
    if (tightest === undefined) return failingAt(measured, rest, taken)
    taken[tightest.d]! += needed
  }
  return null
}

interface Rest {
  readonly d: number
  readonly pods: number
}

/** Per domain how many pods of the scope it still takes beside what was given away. */
function restOf({ room }: Survey, { node, levels }: Measured, taken: Float64Array): readonly Rest[] {
  const { level, fits } = levels.at(-1)!
  const classes = room.seated.filter((c) => node.demand.counts[c]! > 0)
  const all = classes.length === 1 && node.filter === null ? room.domainFits(level, classes[0]!) : null
  return fits.flatMap((fit, d) =>
    fit === null ? [] : [{ d, pods: Math.max(0, (all?.[d] ?? fit.podsFitting) - taken[d]!) }],
  )
}

function failingAt({ node, levels }: Measured, rest: readonly Rest[], taken: Float64Array): Failing | null {
  const { level, fits } = levels.at(-1)!
  const needed = node.demand.pods
  const fit = (d: number): DomainShortfall => fits[d]!
  const domains = rest
    .map(({ d, pods }) => ({ d, missing: needed - pods, isShared: taken[d]! > 0 }))
    .sort((a, b) => a.missing - b.missing || byNearness(fit(a.d), fit(b.d)))
  const [first] = domains
  if (first === undefined) return null
  const nearest = nearestOf({ ...fit(first.d), podsFitting: needed - first.missing })
  return { node, level, nearest, domains }
}
