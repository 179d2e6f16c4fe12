import { type Reason, type ReasonCode, reason } from '../../api/reasons.ts'
import { strayReason } from '../gang/members.ts'
import { boundOf, minimumOf } from '../gang/situation.ts'
import { type Entry, wasWhole } from '../queue/entry.ts'
import type { ClusterState } from '../state/cluster.ts'
import { isMissing } from '../state/gangs.ts'

/**
 * The gang's one line: why its minimum, or else its surplus, has no place. Null: nothing is to be explained. A gang of
 * which part is bound says so first, because that is what somebody has to look at.
 */
export function gangReason(entry: Entry): Reason | null {
  const { situation, waiting, refusal } = entry
  const why = waiting ?? refusal?.reason ?? null
  if (situation.missing === 0) return waiting ?? refusal?.reason ?? null
  const bound = boundOf(situation).length
  if (bound === 0 || situation.gang.isPlain || why === null) return why ?? reason('Queued', {})
  const minimum = minimumOf(situation)
  if (wasWhole(entry) && why.code === 'WaitingForPods') return reason('PodsLost', { bound, minimum })
  return reason('PartiallyPlaced', { bound, minimum, why: why.message })
}

/** How many wait for each reason: what is told of the gang, or else of a pod that names it and is not in it. O(entries). */
export function reasonCounts(entries: Iterable<Entry>, cluster: ClusterState): ReadonlyMap<ReasonCode, number> {
  const counts = new Map<ReasonCode, number>()
  for (const entry of entries) {
    if (!entry.situation.isOurs) continue // another scheduler's: nothing is told it
    const code = gangReason(entry)?.code ?? strayCode(entry, cluster)
    if (code !== null) counts.set(code, (counts.get(code) ?? 0) + 1)
  }
  return counts
}

function strayCode({ situation: { strays, gang } }: Entry, cluster: ClusterState): ReasonCode | null {
  const stray = strays.find((pod) => cluster.isOurs(pod) && pod.node === null && !pod.isTerminating && !pod.isFinished)
  return stray === undefined ? null : strayReason(isMissing(gang) ? undefined : gang, stray).code
}
