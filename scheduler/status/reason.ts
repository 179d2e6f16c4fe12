import { type Reason, reason } from '../../api/reasons.ts'
import { boundOf, minimumOf } from '../gang/situation.ts'
import { type Entry, wasWhole } from '../queue/entry.ts'

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
