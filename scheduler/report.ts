import type { Reason } from '../api/reasons.ts'
import type { DomainShortfall } from './planner/request.ts'
import type { Book } from './queue/book.ts'
import type { Entry } from './queue/entry.ts'
import { byBytes } from './state/bytes.ts'
import type { ClusterState } from './state/cluster.ts'
import type { PodFacts } from './state/pod-facts.ts'
import { gangReason } from './status/reason.ts'
import { phaseOf } from './status/gang.ts'
import { podReason } from './status/pod.ts'

export interface GangReport {
  readonly namespace: string
  readonly name: string
  readonly phase: 'Pending' | 'Starting' | 'Running'
  /** Of the plan that placed its minimum; null before one did. */
  readonly placementScore: number | null
  /** A code of api/reasons.ts; null when there is nothing to explain. */
  readonly reason: string | null
  readonly message: string | null
  /** Per domain tried, what was short. */
  readonly shortfalls: readonly DomainShortfall[]
}

export interface PodReport {
  readonly namespace: string
  readonly name: string
  readonly podGang: string | null
  readonly podGroup: string | null
  readonly node: string | null
  readonly phase: 'Pending' | 'Bound'
  readonly reason: string | null
  readonly message: string | null
}

/** What the scheduler can tell at this moment. Pods of ours that are not finished; gangs that exist. */
export interface SchedulerReport {
  readonly gangs: readonly GangReport[]
  readonly pods: readonly PodReport[]
  /** Verdicts so far: gangs and surplus pods, seated or refused. */
  readonly decisions: number
  /** What is wrong with the topology as written; the last good one is in force. */
  readonly topologyErrors: readonly string[]
}

export interface ReportSources {
  readonly cluster: ClusterState
  readonly book: Book
  readonly decisions: number
  readonly topologyErrors: readonly string[]
  readonly whySuspended: (uid: string) => string | null
}

interface Named {
  readonly namespace: string
  readonly name: string
}
const byName = (a: Named, b: Named): number => byBytes(a.namespace, b.namespace) || byBytes(a.name, b.name)

/** The same, asked for piece by piece: each report is worked out when it is reached, of what is then. */
export interface SchedulerView {
  /** By namespace and name. */
  gangs(): Iterable<GangReport>
  pods(): Iterable<PodReport>
  gang(namespace: string, name: string): GangReport | null
  topologyErrors(): readonly string[]
}

export function reportOf(sources: ReportSources): SchedulerReport {
  const { decisions, topologyErrors } = sources
  const view = viewOf(sources)
  return { gangs: [...view.gangs()], pods: [...view.pods()], decisions, topologyErrors }
}

export const viewOf = (sources: ReportSources): SchedulerView => ({
  gangs: () => gangReports(sources),
  pods: () => podReports(sources),
  gang(namespace, name) {
    const entry = sources.book.get(`${namespace}/${name}`)
    return entry !== undefined && isPodGang(entry) ? gangReport(entry) : null
  },
  topologyErrors: () => sources.topologyErrors,
})

const isPodGang = ({ situation: { gang } }: Entry): boolean => !gang.isPlain && gang.uid !== ''

function* gangReports({ book }: ReportSources): Generator<GangReport, void> {
  const named = [...book.entries()]
    .filter(isPodGang)
    .map((entry) => ({ entry, namespace: entry.situation.gang.namespace, name: entry.situation.gang.name }))
  for (const { entry } of named.sort(byName)) yield gangReport(entry)
}

function* podReports({ book, cluster, whySuspended }: ReportSources): Generator<PodReport, void> {
  const ours = [...book.entries()].flatMap((entry) =>
    [...cluster.gangs.podsOf(entry.situation.key)]
      .filter((pod) => cluster.isOurs(pod) && !pod.isFinished)
      .map((pod) => ({ entry, pod, namespace: pod.namespace, name: pod.name })),
  )
  for (const { entry, pod } of ours.sort(byName)) {
    const now = cluster.pod(pod.uid)
    if (now !== undefined) yield podReport(cluster, entry, now, whySuspended(pod.uid))
  }
}

function gangReport(entry: Entry): GangReport {
  const { situation, refusal, score } = entry
  const { namespace, name } = situation.gang
  const why = gangReason(entry)
  return {
    namespace,
    name,
    phase: phaseOf(situation),
    placementScore: score,
    ...told(why),
    shortfalls: why === null ? [] : (refusal?.shortfalls ?? []),
  }
}

function podReport(cluster: ClusterState, entry: Entry, pod: PodFacts, whySuspended: string | null): PodReport {
  const why = pod.node === null ? podReason(cluster, entry, pod, whySuspended) : null
  return {
    namespace: pod.namespace,
    name: pod.name,
    podGang: pod.gang,
    podGroup: pod.group,
    node: pod.node,
    phase: pod.node === null ? 'Pending' : 'Bound',
    ...told(why),
  }
}

const told = (why: Reason | null): { readonly reason: string | null; readonly message: string | null } => ({
  reason: why?.code ?? null,
  message: why?.message ?? null,
})
