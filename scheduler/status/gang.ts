import type { Condition } from '../../api/kinds/kubernetes.ts'
import type { Reason } from '../../api/reasons.ts'
import { shortened } from '../../api/shortened.ts'
import { type GangSituation, isMinimumConfirmed, isReady } from '../gang/situation.ts'
import { type GangStatusFacts, PLACEMENT_COMPLETE } from '../state/gang-facts.ts'

export type Phase = 'Pending' | 'Starting' | 'Running'

/** What we say of a gang; everything else in its status belongs to others and stays. */
export interface GangStatus {
  readonly phase: Phase
  readonly placementScore: number | null
  readonly conditions: readonly Condition[]
}

export interface GangNews {
  readonly situation: GangSituation
  readonly wasWhole: boolean
  readonly score: number | null
  /** Why the minimum is not placed; null: it is, or nothing was decided yet. */
  readonly reason: Reason | null
}

export const phaseOf = (situation: GangSituation): Phase =>
  !isMinimumConfirmed(situation) ? 'Pending' : isReady(situation) ? 'Running' : 'Starting'

/** The four conditions that we own, as they should be now. */
export function gangStatus({ situation, wasWhole, score, reason }: GangNews): GangStatus {
  const isPlaced = isMinimumConfirmed(situation)
  const ready = isReady(situation)
  const why = reason ?? { code: 'Queued', message: 'not placed yet' }
  const conditions: Condition[] = []
  const set = (type: string, is: boolean, code: string, message: string): void => {
    conditions.push({ type, status: is ? 'True' : 'False', reason: code, message: shortened(message, MESSAGE_MAX) })
  }
  if (wasWhole) set(PLACEMENT_COMPLETE, true, 'MinimumBound', 'the minimum of every group was bound')
  if (isPlaced) set('Scheduled', true, 'MinimumBound', 'the minimum of every group is bound')
  else set('Scheduled', false, why.code, why.message)
  set(
    'Ready',
    isPlaced && ready,
    ready && isPlaced ? 'MinimumReady' : 'MinimumNotReady',
    READY[String(isPlaced && ready)] ?? '',
  )
  const isHurt = wasWhole && !isPlaced
  const hurt = isHurt ? 'pods were lost after the gang was whole' : 'no group is below its minimum since it was placed'
  if (wasWhole) set('Unhealthy', isHurt, isHurt ? 'PodsLost' : 'MinimumBound', hurt)
  return { phase: phaseOf(situation), placementScore: isPlaced ? score : null, conditions }
}

const MESSAGE_MAX = 1_000
const READY: Readonly<Record<string, string>> = {
  true: 'the minimum of every group is ready',
  false: 'not every group has its minimum ready',
}

/** Status as merge patch over what is there, or null when it says the same already. */
export function gangStatusPatch(is: GangStatusFacts, want: GangStatus, nowText: string): object | null {
  const conditions = merged(is.conditions, want.conditions, nowText)
  const score = want.placementScore
  const isSame = conditions === null && is.phase === want.phase && (score === null || score === is.placementScore)
  if (isSame) return null
  return {
    phase: want.phase,
    ...(score === null ? {} : { placementScore: score }),
    ...(conditions === null ? {} : { conditions }),
  }
}

/** They claim the same; reasons, words and score may differ. */
export const isAlike = (a: GangStatus, b: GangStatus): boolean =>
  a.phase === b.phase &&
  a.conditions.length === b.conditions.length &&
  a.conditions.every(({ type, status }) => b.conditions.some((other) => other.type === type && other.status === status))

/** Only the words differ, of reasons that stay. */
export const isReworded = (is: GangStatusFacts, want: GangStatus): boolean =>
  is.phase === want.phase &&
  (want.placementScore === null || want.placementScore === is.placementScore) &&
  want.conditions.every(({ type, status, reason }) =>
    is.conditions.some((each) => each.type === type && each.status === status && each.reason === reason),
  )

/** Ours by type among the others', in place; null: nothing changes. */
function merged(is: readonly Condition[], want: readonly Condition[], nowText: string): readonly Condition[] | null {
  let hasChanged = false
  const all = [...is]
  for (const condition of want) {
    const at = all.findIndex(({ type }) => type === condition.type)
    const before = all[at]
    if (
      before?.status === condition.status &&
      before.reason === condition.reason &&
      before.message === condition.message
    )
      continue
    hasChanged = true
    const since = before?.status === condition.status ? before.lastTransitionTime : undefined
    const next = { ...condition, lastTransitionTime: since ?? nowText }
    if (at < 0) all.push(next)
    else all[at] = next
  }
  return hasChanged ? all : null
}
