import { type Reason, reason } from '../../api/reasons.ts'
import type { Condition } from '../../api/kinds/kubernetes.ts'
import { shortened } from '../../api/shortened.ts'
import { isMinimumConfirmed } from '../gang/situation.ts'
import { strayReason } from '../gang/members.ts'
import { type Entry, unclearedSurplus } from '../queue/entry.ts'
import type { ClusterState } from '../state/cluster.ts'
import { isMissing } from '../state/gangs.ts'
import type { PodFacts } from '../state/pod-facts.ts'

/** Reasons that mean that the pod waits for others of its gang: an autoscaler must not add nodes for them. */
const WAITING: readonly string[] = [
  'WaitingForPods',
  'WaitingForGates',
  'GatheringPods',
  'WaitingForSeat',
  'PodGangMissing',
  'PodGangDeleted',
  'NotAMember',
  'MinimumFirst',
  'Queued',
  'GivenBack',
  'Binding',
]

/** Why a pod of ours without a node has none. Never nothing: a pod that no rule speaks of waits for its turn. */
export function podReason(cluster: ClusterState, entry: Entry, pod: PodFacts, whySuspended: string | null): Reason {
  const { situation, waiting, refusal } = entry
  const node = cluster.nodeOf(pod)
  if (node !== null) return reason('Binding', { node })
  if (situation.strays.includes(pod)) return strayReason(isMissing(situation.gang) ? undefined : situation.gang, pod)
  if (pod.gates.length > 0) return reason('PodGated', { gate: pod.gates[0] ?? '' })
  if (pod.unsupported !== null) return reason('UnsupportedPredicate', { path: pod.unsupported })
  if (whySuspended !== null) return reason('BindRefused', { answer: whySuspended })
  if (waiting !== null) return waiting
  if (entry.gatheringMs > 0) return reason('GatheringPods', { ms: entry.gatheringMs })
  if (situation.missing === 0 && (!isMinimumConfirmed(situation) || unclearedSurplus(entry).includes(pod))) {
    return reason('MinimumFirst', {})
  }
  return refusal?.reason ?? reason('Queued', {})
}

/** The condition that says so on the pod itself: what autoscalers and `kubectl describe` read. */
export const podCondition = ({ code, message }: Reason): Pick<Condition, 'type' | 'status' | 'reason' | 'message'> => ({
  type: 'PodScheduled',
  status: 'False',
  reason: WAITING.includes(code) ? 'WaitingForGang' : 'Unschedulable',
  message: shortened(`${code}: ${message}`, MESSAGE_MAX),
})

const MESSAGE_MAX = 1_000

/** What the condition says, and all that decides whether it is written. */
export interface Said {
  readonly status: string
  readonly reason?: string | undefined
  readonly message?: string | undefined
}

/** It says so already. */
export const saysSo = (is: Said | null, want: Said): boolean =>
  is?.status === want.status && is.reason === want.reason && is.message === want.message
