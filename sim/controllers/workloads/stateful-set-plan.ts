import type { Pod } from '../../../api/kinds/kubernetes.ts'
import type { StatefulSet } from './kinds.ts'
import { isAvailable, isFinished, isReady, isTerminating } from './pod-state.ts'
import { present } from './status-write.ts'

/** What a StatefulSet does next. Pure. */

export const REVISION_LABEL = 'controller-revision-hash'

export interface Revisions {
  /** Of the pods that a partition keeps back. */
  readonly current: string
  /** Of the template as it is now. */
  readonly update: string
}

export type Creation = Readonly<{ kind: 'create'; ordinal: number; revision: string }>
export type Action = Creation | Readonly<{ kind: 'delete'; pod: Pod }>

/** The number at the end of a pod's name; null: the pod is none of the set's. */
export function ordinalOf({ metadata }: StatefulSet, pod: Pod): number | null {
  const rest = pod.metadata.name.startsWith(`${metadata.name}-`)
    ? pod.metadata.name.slice(metadata.name.length + 1)
    : ''
  return /^(0|[1-9]\d*)$/.test(rest) ? Number(rest) : null
}

interface Slots {
  /** By ordinal, from the first on; null: there is no such pod. */
  readonly wanted: readonly { readonly ordinal: number; readonly pod: Pod | null }[]
  /** Outside the range, highest first. */
  readonly condemned: readonly Pod[]
}

function slotsOf(set: StatefulSet, pods: readonly Pod[]): Slots {
  const first = set.spec.ordinals?.start ?? 0
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]))
  const wanted = Array.from({ length: set.spec.replicas }, (_, i) => first + i).map((ordinal) => ({
    ordinal,
    pod: byOrdinal.get(ordinal) ?? null,
  }))
  const kept = new Set(wanted.map(({ pod }) => pod))
  const outside = pods.filter((pod) => ordinalOf(set, pod) !== null && !kept.has(pod))
  return { wanted, condemned: outside.sort((a, b) => (ordinalOf(set, b) ?? 0) - (ordinalOf(set, a) ?? 0)) }
}

export const revisionLabel = (pod: Pod): string => pod.metadata.labels?.[REVISION_LABEL] ?? ''

const partitionOf = ({ spec }: StatefulSet): number => spec.updateStrategy?.rollingUpdate?.partition ?? 0
const firstOf = ({ spec }: StatefulSet): number => spec.ordinals?.start ?? 0

/** Pods below the partition come back as they were. Without a rolling update, those that were never updated. */
function revisionFor(set: StatefulSet, ordinal: number, { current, update }: Revisions): string {
  const isRolling = set.spec.updateStrategy?.type !== 'OnDelete'
  const kept = isRolling ? partitionOf(set) : (set.status?.currentReplicas ?? 0)
  return ordinal < firstOf(set) + kept ? current : update
}

/**
 * The next actions. Ordered sets take one step at a time and wait for each pod; parallel ones do everything at once.
 * Empty: nothing until a pod changes.
 */
export function planPods(set: StatefulSet, pods: readonly Pod[], revisions: Revisions, nowMs: number): Action[] {
  const isOrdered = set.spec.podManagementPolicy !== 'Parallel'
  const { wanted, condemned } = slotsOf(set, pods)
  const actions: Action[] = []
  const isUp = (pod: Pod): boolean => !isTerminating(pod) && isAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs)
  for (const { ordinal, pod } of wanted) {
    if (pod === null) actions.push({ kind: 'create', ordinal, revision: revisionFor(set, ordinal, revisions) })
    else if (isFinished(pod) && !isTerminating(pod)) actions.push({ kind: 'delete', pod })
    else if (isOrdered && !isUp(pod)) return actions
    if (isOrdered && actions.length > 0) return actions
  }
  for (const pod of condemned) {
    if (!isTerminating(pod)) actions.push({ kind: 'delete', pod })
    // One goes at a time; the next waits until it is gone.
    if (isOrdered) return actions
  }
  return actions.length > 0 || condemned.length > 0 ? actions : planUpdate(set, wanted, revisions, isUp)
}

/** A rolling update: from the highest ordinal down to the partition, one pod at a time. */
function planUpdate(
  set: StatefulSet,
  wanted: Slots['wanted'],
  { update }: Revisions,
  isUp: (pod: Pod) => boolean,
): Action[] {
  if (set.spec.updateStrategy?.type === 'OnDelete') return []
  const reach = [...wanted].reverse().filter(({ ordinal }) => ordinal >= firstOf(set) + partitionOf(set))
  for (const { pod } of reach) {
    if (pod === null || isTerminating(pod)) return []
    if (revisionLabel(pod) !== update) return [{ kind: 'delete', pod }]
    if (!isUp(pod)) return []
  }
  return []
}

type Status = NonNullable<StatefulSet['status']>

/** The status that is true now; once every pod is updated, the update revision is the current one. */
export function setStatus(set: StatefulSet, pods: readonly Pod[], revisions: Revisions, nowMs: number): Status {
  const { wanted, condemned } = slotsOf(set, pods)
  const own = [...wanted.flatMap(({ pod }) => pod ?? []), ...condemned]
  const living = own.filter((pod) => !isTerminating(pod))
  const of = (revision: string): number => living.filter((pod) => revisionLabel(pod) === revision).length
  const ready = own.filter(isReady)
  const updated = of(revisions.update)
  const isWhole = own.length === set.spec.replicas && ready.length === own.length
  const isDone = set.spec.updateStrategy?.type !== 'OnDelete' && updated === own.length && isWhole
  const current = isDone ? revisions.update : revisions.current
  return {
    observedGeneration: set.metadata.generation ?? 1,
    replicas: own.length,
    ...present('readyReplicas', ready.length),
    availableReplicas: own.filter((pod) => isAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs)).length,
    ...present('currentReplicas', of(current)),
    ...present('updatedReplicas', updated),
    currentRevision: current,
    updateRevision: revisions.update,
    collisionCount: set.status?.collisionCount ?? 0,
  }
}
