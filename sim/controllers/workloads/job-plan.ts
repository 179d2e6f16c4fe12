import type { Pod } from '../../../api/kinds/kubernetes.ts'
import { timestamp } from '../../../kube/clock.ts'
import { firstFree, parseIndexes, writeIndexes } from './indexes.ts'
import type { Job, JobCondition, JobStatus } from './kinds.ts'
import { byWorth, isActive, isFinished, isReady, isTerminating } from './pod-state.ts'

/** What a Job does next. Pure. */

/** Holds a pod until its end has been counted. */
export const TRACKING = 'batch.kubernetes.io/job-tracking'
export const INDEX = 'batch.kubernetes.io/job-completion-index'

/** Between two tries after failures: 10 s, doubling to 10 minutes. */
const BACK_OFF_FIRST_MS = 10_000
const BACK_OFF_MAX_MS = 600_000

export interface JobPlan {
  readonly status: JobStatus
  /** One entry a pod to be made: its index, or null for a Job whose pods are all alike. */
  readonly create: readonly (number | null)[]
  readonly delete: readonly Pod[]
  /** Pods whose end stands in the status: they are held no longer. */
  readonly release: readonly Pod[]
  /** When time alone changes something. */
  readonly againMs: number | null
}

export const isIndexed = ({ spec }: Job): boolean => spec.completionMode === 'Indexed'
const indexOf = ({ metadata }: Pod): number => Number(metadata.annotations?.[INDEX] ?? -1)
const isHeld = ({ metadata }: Pod): boolean => metadata.finalizers?.includes(TRACKING) === true

export const hasCondition = ({ status }: Job, type: string): boolean =>
  status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true
export const isOver = (job: Job): boolean => hasCondition(job, 'Complete') || hasCondition(job, 'Failed')

/** A pod that is deleted before it finished has failed, too, unless the Job wanted it gone. */
const hasFailed = (job: Job, pod: Pod): boolean =>
  pod.status?.phase === 'Failed' ||
  (isTerminating(pod) &&
    pod.status?.phase !== 'Succeeded' &&
    job.spec.suspend !== true &&
    !hasCondition(job, 'SuccessCriteriaMet'))

interface Tally {
  readonly succeeded: number
  readonly failed: number
  readonly done: ReadonlySet<number>
  /** Uids that stand in the status while their pods are still held. */
  readonly uncounted: { readonly succeeded: readonly string[]; readonly failed: readonly string[] }
  readonly release: readonly Pod[]
}

/** Counts every end once: first its uid stands in the status, then the pod is let go, then the count takes it in. */
function tally(job: Job, pods: readonly Pod[]): Tally {
  const { status = {} } = job
  const held = new Map(pods.filter(isHeld).map((pod) => [pod.metadata.uid, pod]))
  const known = status.uncountedTerminatedPods ?? {}
  const isStillHeld = (uid: string): boolean => held.has(uid)
  const knownSucceeded = known.succeeded ?? []
  const knownFailed = known.failed ?? []
  const noted = new Set([...knownSucceeded, ...knownFailed])
  const ended = [...held.values()].filter((pod) => isFinished(pod) || isTerminating(pod))
  const fresh = ended.filter(({ metadata }) => !noted.has(metadata.uid))
  const done = parseIndexes(status.completedIndexes ?? '')
  const won: Pod[] = []
  for (const pod of fresh.filter(({ status: { phase } = {} }) => phase === 'Succeeded')) {
    if (isIndexed(job) && done.has(indexOf(pod))) continue
    if (isIndexed(job)) done.add(indexOf(pod))
    won.push(pod)
  }
  const uids = (list: readonly Pod[]): string[] => list.map(({ metadata }) => metadata.uid)
  const count = (list: readonly string[]): number => list.filter((uid) => !isStillHeld(uid)).length
  return {
    succeeded: isIndexed(job) ? done.size : (status.succeeded ?? 0) + count(knownSucceeded),
    failed: (status.failed ?? 0) + count(knownFailed),
    done,
    uncounted: {
      succeeded: isIndexed(job) ? [] : [...knownSucceeded.filter(isStillHeld), ...uids(won)],
      failed: [...knownFailed.filter(isStillHeld), ...uids(fresh.filter((pod) => hasFailed(job, pod)))],
    },
    release: ended,
  }
}

type Verdict = Readonly<{ type: 'Complete' | 'Failed'; reason: string; message: string }>

export function planJob(job: Job, pods: readonly Pod[], nowMs: number): JobPlan {
  const counts = tally(job, pods)
  const active = pods.filter(isActive)
  const terminating = pods.filter((pod) => isTerminating(pod) && !isFinished(pod)).length
  const total = {
    succeeded: counts.succeeded + counts.uncounted.succeeded.length,
    failed: counts.failed + counts.uncounted.failed.length,
  }
  const common = { status: statusOf(job, counts, active, terminating, nowMs), release: counts.release }
  if (isOver(job)) return { ...common, create: [], delete: active, againMs: null }
  const verdict = verdictOf(job, pods, total, active.length, nowMs)
  if (verdict !== null) {
    const isStill = active.length === 0 && terminating === 0 && counts.uncounted.succeeded.length === 0
    const isEnded = isStill && counts.uncounted.failed.length === 0
    const status = { ...common.status, ...endOf(job, verdict, isEnded, nowMs) }
    return { ...common, status, create: [], delete: active, againMs: null }
  }
  if (job.spec.suspend === true) return { ...common, create: [], delete: active, againMs: null }
  const deadlineMs = deadlineIn(job, common.status.startTime, nowMs)
  const waitMs = total.failed === 0 ? 0 : backOffLeftMs(pods, total.failed, nowMs)
  const wanted = Math.min(
    job.spec.parallelism,
    job.spec.completions === undefined
      ? total.succeeded > 0
        ? active.length
        : job.spec.parallelism
      : job.spec.completions - total.succeeded,
  )
  const missing = Math.max(0, wanted - active.length)
  const surplus = [...active].sort(byWorth).slice(0, Math.max(0, active.length - wanted))
  const create = waitMs > 0 ? [] : newcomers(job, counts.done, active, missing)
  const waits = [deadlineMs, missing > 0 && waitMs > 0 ? waitMs : null].filter((ms) => ms !== null)
  return { ...common, create, delete: surplus, againMs: waits.length === 0 ? null : Math.min(...waits) }
}

function newcomers(job: Job, done: ReadonlySet<number>, active: readonly Pod[], missing: number): (number | null)[] {
  if (!isIndexed(job)) return Array.from({ length: missing }, () => null)
  const taken = new Set([...done, ...active.map(indexOf)])
  return firstFree(taken, missing, job.spec.completions ?? 0)
}

function statusOf(job: Job, counts: Tally, active: readonly Pod[], terminating: number, nowMs: number): JobStatus {
  const before = job.status ?? {}
  const { succeeded, failed } = counts.uncounted
  const isSuspended = job.spec.suspend === true
  const startTime = before.startTime ?? timestamp(nowMs)
  return {
    ...(before.completionTime !== undefined && { completionTime: before.completionTime }),
    ...(active.length > 0 && { active: active.length }),
    ready: active.filter(isReady).length,
    terminating,
    ...(counts.succeeded > 0 && { succeeded: counts.succeeded }),
    ...(counts.failed > 0 && { failed: counts.failed }),
    ...(!isSuspended && { startTime }),
    ...(isIndexed(job) && counts.done.size > 0 && { completedIndexes: writeIndexes(counts.done) }),
    uncountedTerminatedPods: {
      ...(succeeded.length > 0 && { succeeded: [...succeeded] }),
      ...(failed.length > 0 && { failed: [...failed] }),
    },
    ...conditionsField(suspension(job, nowMs)),
  }
}

const conditionsField = (conditions: readonly JobCondition[]): Pick<JobStatus, 'conditions'> =>
  conditions.length === 0 ? {} : { conditions: [...conditions] }

function suspension(job: Job, nowMs: number): readonly JobCondition[] {
  const known = job.status?.conditions ?? []
  const others = known.filter(({ type }) => type !== 'Suspended')
  const isSuspended = job.spec.suspend === true
  const before = known.find(({ type }) => type === 'Suspended')
  if (isOver(job) || (!isSuspended && before === undefined)) return known
  if (before?.status === (isSuspended ? 'True' : 'False')) return known
  const said = isSuspended
    ? { status: 'True' as const, reason: 'JobSuspended', message: 'Job suspended' }
    : { status: 'False' as const, reason: 'JobResumed', message: 'Job resumed' }
  return [...others, condition('Suspended', said, nowMs)]
}

const condition = (
  type: string,
  said: Pick<JobCondition, 'reason' | 'message'> & { status: JobCondition['status'] },
  nowMs: number,
): JobCondition => {
  const at = timestamp(nowMs)
  return { type, ...said, lastProbeTime: at, lastTransitionTime: at }
}

/** How the Job ends; null: it goes on. What was decided once stays. */
function verdictOf(
  job: Job,
  pods: readonly Pod[],
  { succeeded, failed }: { succeeded: number; failed: number },
  active: number,
  nowMs: number,
): Verdict | null {
  const decided = job.status?.conditions?.find(({ type }) => type === 'FailureTarget' || type === 'SuccessCriteriaMet')
  if (decided !== undefined) {
    const { reason = '', message = '' } = decided
    return { type: decided.type === 'FailureTarget' ? 'Failed' : 'Complete', reason, message }
  }
  const { backoffLimit, completions } = job.spec
  const restarts = pods.filter(isActive).reduce((total, pod) => total + restartsOf(pod), 0)
  if (failed > backoffLimit || (restarts > 0 && restarts >= backoffLimit)) {
    const message = 'Job has reached the specified backoff limit'
    return { type: 'Failed', reason: 'BackoffLimitExceeded', message }
  }
  if (deadlineIn(job, job.status?.startTime, nowMs) === 0) {
    const message = 'Job was active longer than specified deadline'
    return { type: 'Failed', reason: 'DeadlineExceeded', message }
  }
  const isDone = completions === undefined ? succeeded > 0 && active === 0 : succeeded >= completions
  if (!isDone || job.spec.suspend === true) return null
  return { type: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' }
}

/** Containers restart in place under `OnFailure` only; under `Never` the pod fails. */
const restartsOf = ({ spec, status }: Pod): number =>
  spec.restartPolicy === 'OnFailure'
    ? (status?.containerStatuses ?? []).reduce((total, { restartCount }) => total + restartCount, 0)
    : 0

/** First that it will end, and how; once no pod is left, that it has. */
function endOf(job: Job, { type, reason, message }: Verdict, isEnded: boolean, nowMs: number): Partial<JobStatus> {
  const known = suspension(job, nowMs)
  const target = type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget'
  const said = { status: 'True', reason, message } as const
  const decided = known.some((one) => one.type === target) ? known : [...known, condition(target, said, nowMs)]
  if (!isEnded) return { conditions: [...decided] }
  const time = type === 'Complete' ? { completionTime: timestamp(nowMs) } : {}
  return { ...time, conditions: [...decided, condition(type, said, nowMs)] }
}

/** Milliseconds until the deadline; null: there is none. */
function deadlineIn({ spec }: Job, startTime: string | undefined, nowMs: number): number | null {
  if (spec.activeDeadlineSeconds === undefined || startTime === undefined || spec.suspend === true) return null
  return Math.max(0, Date.parse(startTime) + spec.activeDeadlineSeconds * 1_000 - nowMs)
}

/** How long a new pod waits because others failed; a pod that succeeded since then ends the wait. */
function backOffLeftMs(pods: readonly Pod[], failures: number, nowMs: number): number {
  const endMs = (pod: Pod): number => {
    const ends = (pod.status?.containerStatuses ?? []).map(({ state }) =>
      Date.parse(state?.terminated?.finishedAt ?? ''),
    )
    const known = ends.filter((ms) => !Number.isNaN(ms))
    return known.length === 0 ? Date.parse(pod.metadata.creationTimestamp) : Math.max(...known)
  }
  const failed = pods.filter(({ status }) => status?.phase === 'Failed').map(endMs)
  if (failed.length === 0) return 0
  const last = Math.max(...failed)
  if (pods.some((pod) => pod.status?.phase === 'Succeeded' && endMs(pod) > last)) return 0
  const waitMs = Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** Math.min(failures - 1, 10))
  return Math.max(0, last + waitMs - nowMs)
}

/** Milliseconds until a finished Job is deleted; null: it stays. */
export function ttlLeftMs(job: Job, nowMs: number): number | null {
  const { ttlSecondsAfterFinished } = job.spec
  if (ttlSecondsAfterFinished === undefined || !isOver(job)) return null
  const end = job.status?.conditions?.find(({ type }) => type === 'Complete' || type === 'Failed')
  const endMs = Date.parse(end?.lastTransitionTime ?? '')
  return Number.isNaN(endMs) ? null : Math.max(0, endMs + ttlSecondsAfterFinished * 1_000 - nowMs)
}
