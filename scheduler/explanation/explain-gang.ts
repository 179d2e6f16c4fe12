import { amountText } from '../../api/amount.ts'
import type { DemandCount, Explanation, GroupCount, Nearest } from '../../api/explanation.ts'
import { reasonOf } from '../../api/reasons.ts'
import { type AskOptions, questionOf, type Wanted } from '../gang/request.ts'
import { boundOf, type GangSituation, type GroupSituation } from '../gang/situation.ts'
import { topologyFault } from '../gang/topology-fault.ts'
import { placeable, planned } from '../planner/plan.ts'
import type { PlanView } from '../planner/request.ts'
import { type Entry, nextSurplus } from '../queue/entry.ts'
import type { ClusterState } from '../state/cluster.ts'
import { phaseOf } from '../status/gang.ts'
import { gangReason } from '../status/reason.ts'
import { bare, changesFor } from './changes.ts'
import { failingScopes } from './failing.ts'
import { placementOf, type Standing } from './placement.ts'
import type { Subject } from './subject.ts'
import { subjectOf } from './subject-of.ts'
import { Survey } from './survey.ts'

export interface ExplainOptions extends AskOptions {
  /** No further change is tried; what was found so far is told. */
  readonly isOver: () => boolean
}

/**
 * Why a gang is where it is, or why it has no place. Read from the state as it stands, never kept: it costs several
 * plans, and nobody reads most of them. The reason is put as its condition puts it, which may be up to a minute older.
 */
export function explainGang(cluster: ClusterState, entry: Entry, options: ExplainOptions): Explanation {
  const { situation, score } = entry
  const { now, ...tried } = triedNow(cluster, entry, options)
  const why = gangReason(now)
  return {
    namespace: situation.gang.namespace,
    name: situation.gang.name,
    phase: phaseOf(situation),
    reason: why?.code ?? null,
    message: why?.message ?? null,
    placementScore: score,
    groups: situation.groups.map(groupCount),
    ...tried,
    ...placed(cluster, entry, options),
  }
}

const groupCount = ({ group, bound, pending, gated, suspended, unsupported }: GroupSituation): GroupCount => ({
  name: group.name,
  minimum: group.minimum,
  bound: bound.length,
  pending: pending.length + suspended.length + unsupported.length,
  gated: gated.length,
})

interface Tried extends Pick<Explanation, 'verdict' | 'demands' | 'scopes' | 'nearest' | 'changes'> {
  /** The entry as it would be had the gang been tried just now: the cluster may be fuller than when it was. */
  readonly now: Entry
}
const NOTHING = { demands: [], scopes: [], nearest: null, changes: null }

function triedNow(cluster: ClusterState, entry: Entry, options: ExplainOptions): Tried {
  const { situation, waiting, refusal } = entry
  const isPlaced = situation.missing === 0 && situation.boundCount > 0
  if (waiting !== null) return { ...NOTHING, now: entry, verdict: isPlaced ? 'placed' : 'waiting' }
  const wanted = wantedOf(entry)
  if (refusal === null || wanted === null) return { ...NOTHING, now: entry, verdict: isPlaced ? 'placed' : 'queued' }
  const verdict = isPlaced ? 'placed' : 'refused'
  const fault = topologyFault(cluster, situation.gang)
  const subject = fault === null ? subjectOf(cluster, situation, wanted, options) : null
  if (subject === null) return { ...NOTHING, now: entry, verdict }
  const { request, view } = bare(subject)
  const ground = planned(request, view)
  const found = ground.verdict
  if (found.kind === 'plan') {
    // Something came free since: it is planned again with the next turn.
    return { ...NOTHING, now: { ...entry, refusal: null }, verdict: isPlaced ? 'placed' : 'queued' }
  }
  const reason = found.kind === 'unplaceable' ? reasonOf(found.reason, found.facts) : refusal.reason
  return { verdict, now: { ...entry, refusal: { ...refusal, reason } }, ...whyNot(subject, options.isOver, ground) }
}

function wantedOf(entry: Entry): Wanted | null {
  if (entry.situation.missing > 0) return { kind: 'minimum' }
  const [pod] = nextSurplus(entry)
  return pod === undefined ? null : { kind: 'surplus', pod }
}

/** The refused part of an explanation, from the subject alone; `ground`: see Survey. Pure but for `isOver`. */
export function whyNot(
  subject: Subject,
  isOver: () => boolean,
  ground: ConstructorParameters<typeof Survey>[1] = null,
): Pick<Explanation, 'demands' | 'scopes' | 'nearest' | 'changes'> {
  const survey = new Survey(subject, ground)
  const failing = failingScopes(survey)
  const nearest: Nearest | null = failing[0]?.nearest ?? null
  const changes = changesFor(subject, survey, failing, isOver)
  return { demands: demandsOf(subject), scopes: survey.scopes(), nearest, changes }
}

function demandsOf({ request, view, keptOff }: Subject): readonly DemandCount[] {
  return view.classes.flatMap((podClass, c) => {
    const groups = request.groups.filter(({ seats }) => seats.some((seat) => seat.podClass === c))
    if (groups.length === 0) return []
    const excluded: Record<string, number> = {}
    for (let n = 0; n < podClass.feasible.length; n++) {
      if (podClass.feasible[n] === 1) continue
      const code = keptOff(c, n)
      excluded[code] = (excluded[code] ?? 0) + 1
    }
    return [
      {
        groups: groups.map(({ name }) => name),
        pods: groups.reduce((sum, { seats }) => sum + seats.filter((seat) => seat.podClass === c).length, 0),
        requests: requestsText(view, podClass.requests),
        nodes: view.nodeNames.length,
        nodesPassing: view.nodeNames.length - Object.values(excluded).reduce((sum, count) => sum + count, 0),
        excluded,
      },
    ]
  })
}

/** Every pod takes one of `pods`. */
function requestsText({ resources }: PlanView, requests: Float64Array): Record<string, string> {
  const told = resources.flatMap((name, r) =>
    (requests[r] ?? 0) > 0 && name !== 'pods' ? [[name, amountText(name, requests[r] ?? 0)] as const] : [],
  )
  return Object.fromEntries(told)
}

type Placed = Pick<Explanation, 'placement' | 'betterScore'>

function placed(cluster: ClusterState, { situation, score }: Entry, options: AskOptions): Placed {
  const nowhere = { placement: [], betterScore: null }
  if (situation.boundCount === 0 || situation.gang.isTerminating) return nowhere
  const standing = standingOf(cluster, situation, options)
  if (standing === null) return nowhere
  const isWhole = situation.missing === 0
  return { placement: placementOf(standing), betterScore: isWhole ? betterScore(standing, score) : null }
}

function standingOf(cluster: ClusterState, situation: GangSituation, options: AskOptions): Standing | null {
  // The classes of the bound pods come in with the question anew, so it is asked first.
  const anew = questionOf(cluster, unbound(situation), { kind: 'minimum' }, options)
  const now = questionOf(cluster, situation, { kind: 'minimum' }, options)
  if (anew === null || now === null) return null
  const { counters: _, ...view } = anew.view
  const free = view.free.slice()
  const ixOf = cluster.nodes.read().ixOf
  for (const { pod, node } of boundOf(situation)) {
    const at = (ixOf.get(node) ?? -1) * view.resources.length
    if (at < 0) continue
    view.resources.forEach((name, r) => (free[at + r] = (free[at + r] ?? 0) + (pod.demand.requests[name] ?? 0)))
  }
  return { ...now, anew: { request: anew.request, view: { ...view, free } } }
}

/** The gang as if none of its pods had a node yet. */
const unbound = (situation: GangSituation): GangSituation => ({
  ...situation,
  boundCount: 0,
  groups: situation.groups.map((group) => ({
    ...group,
    bound: [],
    pending: group.bound.map(({ pod }) => pod),
    demand: null,
    gated: [],
    suspended: [],
    missing: group.bound.length,
  })),
})

function betterScore({ anew: { request, view } }: Standing, score: number | null): number | null {
  if (score === null || score >= 1) return null
  const verdict = placeable({ ...request, maxSteps: bare({ request, view }).request.maxSteps }, view)
  return verdict.kind === 'plan' && verdict.placementScore > score ? verdict.placementScore : null
}
