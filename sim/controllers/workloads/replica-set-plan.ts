import type { Condition, Pod } from '../../../api/kinds/kubernetes.ts'
import { timestamp } from '../../../kube/clock.ts'
import type { ReplicaSet } from './kinds.ts'
import { byWorth, isActive, isAvailable, isReady, nextAvailableInMs } from './pod-state.ts'
import { present } from './status-write.ts'

export interface ReplicaPlan {
  /** How many pods are to be made. */
  readonly missing: number
  readonly surplus: readonly Pod[]
  /** When a pod becomes available by the passing of time alone; null: none will. */
  readonly againMs: number | null
}

/** Pods that one look makes or deletes at most. */
const BURST = 500

/** What a ReplicaSet lacks, and what it has too many of. `pods` are those it controls. */
export function planReplicas({ spec }: ReplicaSet, pods: readonly Pod[], nowMs: number): ReplicaPlan {
  const active = pods.filter(isActive)
  const missing = Math.min(BURST, Math.max(0, spec.replicas - active.length))
  const surplus = [...active].sort(byWorth).slice(0, Math.min(BURST, Math.max(0, active.length - spec.replicas)))
  return { missing, surplus, againMs: nextAvailableInMs(active, spec.minReadySeconds ?? 0, nowMs) }
}

type Status = NonNullable<ReplicaSet['status']>

/** The status that is true now. `refusal`: why a pod could not be made; null: none was refused. */
export function replicaStatus(
  { metadata, spec, status }: ReplicaSet,
  pods: readonly Pod[],
  refusal: string | null,
  nowMs: number,
): Status {
  const active = pods.filter(isActive)
  const labels = Object.entries(spec.template.metadata?.labels ?? {})
  const hasAll = (pod: Pod): boolean => labels.every(([key, value]) => pod.metadata.labels?.[key] === value)
  const conditions = conditionsOf(status?.conditions ?? [], refusal, nowMs)
  const available = active.filter((pod) => isAvailable(pod, spec.minReadySeconds ?? 0, nowMs))
  return {
    replicas: active.length,
    ...present('fullyLabeledReplicas', active.filter(hasAll).length),
    ...present('readyReplicas', active.filter(isReady).length),
    ...present('availableReplicas', available.length),
    observedGeneration: metadata.generation ?? 1,
    ...(conditions.length > 0 && { conditions }),
  }
}

function conditionsOf(known: readonly Condition[], refusal: string | null, nowMs: number): Condition[] {
  const others = known.filter(({ type }) => type !== 'ReplicaFailure')
  if (refusal === null) return others
  const before = known.find(({ type, message }) => type === 'ReplicaFailure' && message === refusal)
  const lastTransitionTime = before?.lastTransitionTime ?? timestamp(nowMs)
  const failure = { type: 'ReplicaFailure', reason: 'FailedCreate', message: refusal, lastTransitionTime } as const
  return [...others, { ...failure, status: 'True' }]
}
