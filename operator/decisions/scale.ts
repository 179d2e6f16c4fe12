import type { Pod } from '../../api/kinds/kubernetes.ts'
import { POD_INDEX, POD_TEMPLATE_HASH } from '../../api/names.ts'
import { freeIndices } from '../expansion/pod.ts'
import { indexLabel } from '../expansion/identity.ts'
import { isActive, isFinished, isReady, isTerminating } from '../observed-pod.ts'

/** What brings the pods of one clique to the number that is wanted. */
export interface ScaleDecision {
  /** Indices of pods to make, ascending. */
  readonly create: readonly number[]
  /** Too many: in the order in which they go. */
  readonly surplus: readonly Pod[]
  /** Failed, evicted or done: they hold nothing any more and are replaced. */
  readonly finished: readonly Pod[]
}

/** Pure. A terminating pod counts no more: its replacement is made at once, with the lowest index that is free. */
export function decideScale(pods: readonly Pod[], replicas: number, templateHash: string): ScaleDecision {
  const active = pods.filter(isActive)
  const finished = pods.filter((pod) => isFinished(pod) && !isTerminating(pod))
  const taken = new Set(active.map((pod) => indexLabel(pod, POD_INDEX) ?? -1))
  const create = freeIndices(taken, Math.max(0, replicas - active.length))
  const excess = Math.max(0, active.length - replicas)
  const surplus = [...active].sort(firstToGo(templateHash)).slice(0, excess)
  return { create, surplus, finished }
}

/**
 * First those without a node, then by phase (Pending, Unknown, Running), then not ready ones, then those of an older
 * template, then the newest. Pods that were made in one second differ in none of these: of them the highest index goes,
 * because leaders and ranks are counted from 0.
 */
function firstToGo(templateHash: string): (a: Pod, b: Pod) => number {
  const rank = (pod: Pod): number[] => [
    pod.spec.nodeName ? 1 : 0,
    PHASES.indexOf(pod.status?.phase ?? 'Pending'),
    isReady(pod) ? 1 : 0,
    pod.metadata.labels?.[POD_TEMPLATE_HASH] === templateHash ? 1 : 0,
  ]
  return (a, b) => {
    const [left, right] = [rank(a), rank(b)]
    const at = left.findIndex((value, i) => value !== right[i])
    if (at >= 0) return (left[at] ?? 0) - (right[at] ?? 0)
    const [older, newer] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp]
    if (older !== newer) return older < newer ? 1 : -1
    const [low, high] = [indexLabel(a, POD_INDEX) ?? -1, indexLabel(b, POD_INDEX) ?? -1]
    if (low !== high) return high - low
    return a.metadata.name < b.metadata.name ? -1 : 1
  }
}

const PHASES: readonly string[] = ['Pending', 'Unknown', 'Running']
