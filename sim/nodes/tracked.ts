import type { Pod, PodStatus } from '../../api/kinds/kubernetes.ts'
import { timestamp } from '../../kube/clock.ts'
import { WAITER_CONTAINER, type PodRun } from './pod-run.ts'

/** A pod that a simulated node has taken on, and what was last written of it. */
export interface TrackedPod {
  readonly key: string
  readonly node: string
  pod: Pod
  run: PodRun
  /** By type: since when a condition has its status. */
  readonly since: Map<string, Readonly<{ status: string; at: string }>>
  /** JSON of the last status written; null: none yet. */
  written: string | null
  /** Set once the pod was told to the API server as gone. */
  isGone: boolean
  /** The last thing that was reported as missing, so that each is reported once. */
  reported: string | null
}

export function track(key: string, node: string, pod: Pod, run: PodRun): TrackedPod {
  const tracked = { key, node, pod, run, since: new Map(), written: null, isGone: false, reported: null }
  readConditions(tracked)
  return tracked
}

/** Others have written the pod's status meanwhile: all of it is written again, with what they said as the past. */
export function forgetWritten(tracked: TrackedPod): void {
  tracked.written = null
  readConditions(tracked)
}

function readConditions({ pod, since }: TrackedPod): void {
  for (const { type, status, lastTransitionTime } of pod.status?.conditions ?? []) {
    if (lastTransitionTime) since.set(type, { status, at: lastTransitionTime })
  }
}

/** A patch keeps what it does not name: the reason of a condition that no longer has one must be taken off. */
const NO_REASON = { reason: null, message: null }

/** Gives each condition the time at which it took its present status. */
export function dated(tracked: TrackedPod, status: PodStatus, nowMs: number): object {
  const conditions = (status.conditions ?? []).map((condition) => {
    const known = tracked.since.get(condition.type)
    const at = known?.status === condition.status ? known.at : timestamp(nowMs)
    tracked.since.set(condition.type, { status: condition.status, at })
    return { ...NO_REASON, ...condition, lastTransitionTime: at }
  })
  return { ...status, conditions }
}

/** Its start-up waiter has not ended, so readiness elsewhere matters to it. */
export const waitsForOthers = ({ run }: TrackedPod): boolean =>
  run.init.some((container) => container.name === WAITER_CONTAINER && container.state.kind !== 'terminated')

/** Something it refers to is missing, or it has not begun. */
export const mayBeBlocked = ({ run }: TrackedPod): boolean =>
  run.sandboxMs === null ||
  [...run.init, ...run.main].some(({ state }) => state.kind === 'waiting' && state.dueMs === null)
