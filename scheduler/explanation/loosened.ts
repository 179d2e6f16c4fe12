import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import type { Scope, SpreadRule } from '../planner/request.ts'
import type { ScopeNode } from '../planner/scopes.ts'
import { type Candidate, missingPods, type Seats, scopeText, type Touches } from './candidate.ts'
import type { Failing } from './failing.ts'
import type { Subject } from './subject.ts'
import type { Survey } from './survey.ts'

/** Changes of what the gang asks for: a broader level, a spread that is only a wish, a lower minimum. */

/**
 * A required level let go to the next broader one, or altogether; it stays a wish. Of the scope that finds no place;
 * where each finds one alone, of any.
 */
export function relaxed(subject: Subject, survey: Survey, failing: Failing | null): readonly Candidate[] {
  const levels = subject.view.topology?.levels ?? []
  const touches: Touches = { pods: missingPods(failing), nodes: 0 }
  const all = failing === null ? survey.measured.map(({ node }) => node) : [failing.node]
  return all.flatMap((node) => {
    const from = node.scope.required
    if (from === null) return []
    const { untied } = node.scope
    if (untied !== undefined) return [untying(subject, node, from, untied.required, touches)]
    const broader = levels[levels.indexOf(from) - 1] ?? null
    return [...new Set([broader, null])].map((to) => relaxation(subject, node, from, to, touches))
  })
}

/** The tie let go: what the gang itself requires stays. */
function untying(
  subject: Subject,
  node: ScopeNode,
  from: CompiledLevel,
  own: CompiledLevel | null,
  touches: Touches,
): Candidate {
  return { ...relaxation(subject, node, from, own, touches), what: `drop the gang's sameDomainAs, ${from.name}` }
}

function relaxation(
  subject: Subject,
  node: ScopeNode,
  from: CompiledLevel,
  to: CompiledLevel | null,
  touches: Touches,
): Candidate {
  const whose = node.scope.name === 'gang' ? "the gang's required level" : `the required level of ${node.scope.name}`
  return {
    kind: 'relaxLevel',
    what: to === null ? `drop ${whose}, ${from.name}` : `relax ${whose} from ${from.name} to ${to.name}`,
    touches,
    apply: ({ request, view }) => {
      const scopes = changed(request.scopes, node.ix, { required: to, preferred: from })
      return { request: { ...request, scopes }, view }
    },
    touched: (seats) => ({ pods: outside(subject, node, from, seats), nodes: 0 }),
  }
}

const changed = (scopes: readonly Scope[], at: number, change: Partial<Scope>): readonly Scope[] =>
  scopes.map((scope, s) => (s === at ? { ...scope, ...change } : scope))

/** Pods of a scope that lie elsewhere than in the domain that holds the most of them. */
function outside({ request }: Subject, { allGroups, bound }: ScopeNode, level: CompiledLevel, seats: Seats): number {
  const own = new Set(allGroups.flatMap((g) => request.groups[g]?.seats.map(({ pod }) => pod) ?? []))
  const perDomain = new Map<number, number>()
  const nodes = [...bound, ...seats.filter(({ pod }) => own.has(pod)).map(({ node }) => node)]
  for (const n of nodes) perDomain.set(level.domainOf[n] ?? -1, (perDomain.get(level.domainOf[n] ?? -1) ?? 0) + 1)
  return nodes.length - Math.max(0, ...perDomain.values())
}

/** A spread that must hold made one that is only preferred. */
export function softened({ request }: Subject): readonly Candidate[] {
  return request.scopes.flatMap((scope, at) =>
    scope.spreads.flatMap((rule): Candidate[] => {
      if (!rule.isHard) return []
      const spreads = scope.spreads.map((each) => (each === rule ? { ...each, isHard: false } : each))
      return [
        {
          kind: 'relaxSpread',
          what: `only prefer the spread of ${scopeText(scope.name)} over ${rule.level.name}s (ScheduleAnyway)`,
          touches: { pods: 1, nodes: 0 },
          apply: ({ request: asked, view }) => ({
            request: { ...asked, scopes: changed(asked.scopes, at, { spreads }) },
            view,
          }),
          touched: (seats) => ({ pods: Math.max(1, uneven(rule, seats)), nodes: 0 }),
        },
      ]
    }),
  )
}

/** Seats in domains beyond what the rule allows. */
function uneven({ level, taken, eligible, maxSkew }: SpreadRule, seats: Seats): number {
  const total = taken.slice()
  for (const { node } of seats) {
    const d = level.domainOf[node] ?? -1
    if (d >= 0) total[d] = (total[d] ?? 0) + 1
  }
  const floor = Math.min(...Array.from(total).filter((_, d) => eligible[d] === 1))
  return Array.from(total).reduce((sum, units) => sum + Math.max(0, units - floor - maxSkew), 0)
}

/** The minimum of one group lowered by the pods that find no place. */
export function lowered({ request, wanted }: Subject, failing: Failing | null): readonly Candidate[] {
  if (wanted === 'surplus') return []
  const missing = missingPods(failing)
  const of = failing?.node.allGroups ?? request.groups.keys()
  return [...of].flatMap((g): Candidate[] => {
    const group = request.groups[g]
    if (group === undefined) return []
    const minimum = group.bound.length + group.seats.length
    if (group.seats.length < missing || minimum - missing < 1) return []
    const gone = group.seats.slice(group.seats.length - missing)
    const later = [...group.later, ...gone.map(({ podClass }) => ({ podClass, count: 1 }))]
    const less = { ...group, seats: group.seats.slice(0, group.seats.length - missing), later }
    return [
      {
        kind: 'lowerMinimum',
        what: `lower minReplicas of ${group.name} from ${minimum} to ${minimum - missing}`,
        touches: { pods: missing, nodes: 0 },
        apply: ({ request: asked, view }) => ({
          request: { ...asked, groups: asked.groups.map((each, at) => (at === g ? less : each)) },
          view,
        }),
      },
    ]
  })
}
