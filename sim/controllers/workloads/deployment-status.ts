import type { Condition } from '../../../api/kinds/kubernetes.ts'
import { timestamp } from '../../../kube/clock.ts'
import { present } from './status-write.ts'
import { boundsOf, type Generations } from './deployment-plan.ts'
import type { Deployment, ReplicaSet } from './kinds.ts'

type Status = NonNullable<Deployment['status']>

const sum = (sets: readonly ReplicaSet[], field: 'replicas' | 'readyReplicas' | 'availableReplicas'): number =>
  sets.reduce((total, { status }) => total + (status?.[field] ?? 0), 0)

/** The rollout has come to its end: only the current set has pods, and all are available. */
export const isComplete = ({ metadata, spec }: Deployment, status: Status): boolean =>
  (status.updatedReplicas ?? 0) === spec.replicas &&
  (status.replicas ?? 0) === spec.replicas &&
  (status.availableReplicas ?? 0) === spec.replicas &&
  (status.observedGeneration ?? 0) >= (metadata.generation ?? 1)

export function deploymentStatus(deployment: Deployment, { current, old }: Generations, nowMs: number): Status {
  const sets = current === null ? old : [...old, current]
  const available = sum(sets, 'availableReplicas')
  const wanted = sets.reduce((total, set) => total + set.spec.replicas, 0)
  const { collisionCount } = deployment.status ?? {}
  const counts: Status = {
    observedGeneration: deployment.metadata.generation ?? 1,
    ...(collisionCount !== undefined && { collisionCount }),
    ...present('replicas', sum(sets, 'replicas')),
    ...present('updatedReplicas', current === null ? 0 : sum([current], 'replicas')),
    ...present('readyReplicas', sum(sets, 'readyReplicas')),
    ...present('availableReplicas', available),
    ...present('unavailableReplicas', Math.max(0, wanted - available)),
  }
  return { ...counts, conditions: conditionsOf(deployment, counts, sets, current, nowMs) }
}

interface Said {
  readonly status: Condition['status']
  readonly reason: string
  readonly message: string
}

function conditionsOf(
  deployment: Deployment,
  counts: Status,
  sets: readonly ReplicaSet[],
  current: ReplicaSet | null,
  nowMs: number,
): Condition[] {
  const least = deployment.spec.replicas - boundsOf(deployment).unavailable
  const isAvailable = (counts.availableReplicas ?? 0) >= least
  const available: Said = isAvailable
    ? { status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
    : {
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      }
  const failure = sets.flatMap(({ status }) => status?.conditions ?? []).find(({ type }) => type === 'ReplicaFailure')
  const progressing = progress(deployment, counts, current, nowMs)
  return [
    dated(deployment, 'Available', available, nowMs),
    ...(progressing === null ? [] : [progressing]),
    ...(failure === undefined
      ? []
      : [
          dated(
            deployment,
            'ReplicaFailure',
            { status: 'True', reason: failure.reason ?? '', message: failure.message ?? '' },
            nowMs,
          ),
        ]),
  ]
}

interface Dated extends Condition {
  lastUpdateTime?: string
}

const known = ({ status }: Deployment, type: string): Dated | undefined =>
  status?.conditions?.find((condition) => condition.type === type)

function dated(deployment: Deployment, type: string, said: Said, nowMs: number): Dated {
  const before = known(deployment, type)
  const at = timestamp(nowMs)
  const isSame = before?.status === said.status && before.reason === said.reason && before.message === said.message
  if (isSame) return before
  const since = before?.status === said.status ? before.lastTransitionTime : at
  return { type, ...said, lastUpdateTime: at, lastTransitionTime: since ?? at }
}

/** When a rollout that makes no progress counts as failed; null: it has ended, or waits for ever. */
export function progressDeadlineMs({ spec, status, metadata }: Deployment): number | null {
  const condition: Dated | undefined = status?.conditions?.find(({ type }) => type === 'Progressing')
  if (condition?.lastUpdateTime === undefined || condition.reason === 'NewReplicaSetAvailable') return null
  if (condition.reason === 'ProgressDeadlineExceeded' || spec.paused === true || metadata.deletionTimestamp) return null
  return Date.parse(condition.lastUpdateTime) + (spec.progressDeadlineSeconds ?? 600) * 1_000
}

function progress(deployment: Deployment, counts: Status, current: ReplicaSet | null, nowMs: number): Dated | null {
  const before = known(deployment, 'Progressing')
  const name = current?.metadata.name ?? ''
  const say = (status: Condition['status'], reason: string, message: string): Dated =>
    dated(deployment, 'Progressing', { status, reason, message }, nowMs)
  if (current === null) return before ?? null
  const done = `ReplicaSet "${name}" has successfully progressed.`
  if (before?.reason === 'NewReplicaSetAvailable' && before.message === done) return before
  if (isComplete(deployment, counts)) return say('True', 'NewReplicaSetAvailable', done)
  if (hasMoved(deployment.status ?? {}, counts)) {
    const moved = say('True', 'ReplicaSetUpdated', `ReplicaSet "${name}" is progressing.`)
    return { ...moved, lastUpdateTime: timestamp(nowMs) }
  }
  if (before?.message?.includes(`"${name}"`) !== true) {
    return say('True', 'NewReplicaSetCreated', `Created new replica set "${name}"`)
  }
  const deadlineMs = progressDeadlineMs(deployment)
  if (deadlineMs === null || deadlineMs > nowMs) return before
  return say('False', 'ProgressDeadlineExceeded', `ReplicaSet "${name}" has timed out progressing.`)
}

/** More pods of the new kind, more Ready or available ones, or fewer old ones. */
function hasMoved(before: Status, now: Status): boolean {
  const count = (status: Status, field: 'updatedReplicas' | 'readyReplicas' | 'availableReplicas'): number =>
    status[field] ?? 0
  const old = (status: Status): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0)
  return (
    count(now, 'updatedReplicas') > count(before, 'updatedReplicas') ||
    count(now, 'readyReplicas') > count(before, 'readyReplicas') ||
    count(now, 'availableReplicas') > count(before, 'availableReplicas') ||
    old(now) < old(before)
  )
}
