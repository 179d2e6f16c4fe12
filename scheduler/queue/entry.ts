import { type Reason, reason } from '../../api/reasons.ts'
import { attemptOf } from '../binder/attempt.ts'
import { type GangSituation, type GroupSituation, isMinimumConfirmed, surplusOf } from '../gang/situation.ts'
import { foreignTie } from '../gang/ties.ts'
import type { DomainShortfall } from '../planner/request.ts'
import { conditionOf, PLACEMENT_COMPLETE } from '../state/gang-facts.ts'
import type { PodFacts } from '../state/pod-facts.ts'
import type { Item } from './order.ts'
import type { Tried } from './wake.ts'

/** A refused plan: why, and what was so when it was tried. */
export interface Refusal {
  readonly reason: Reason
  readonly shortfalls: readonly DomainShortfall[]
  readonly tried: Tried
  /** On the monotonic clock: a search that came to no end is not begun again sooner, whatever grew. */
  readonly notBeforeMs: number
}

/** What the scheduler remembers of a gang from turn to turn; everything in it can be lost with the process. */
export interface Entry {
  readonly uid: string
  situation: GangSituation
  /** Why it cannot even be tried; null: it can, or there is nothing to try. */
  waiting: Reason | null
  refusal: Refusal | null
  /** What is queued of it; what else stands in the queue for it has become moot. */
  queued: Queued | null
  /** Its gang is gone, or another one has its name. */
  isOver: boolean
  /** The refusal that the status writer has been told of. */
  toldRefusal: Refusal | null
  /** Milliseconds for which it still waits for further gates to be lifted; 0: it does not. */
  gatheringMs: number
  /** Of the last plan; null: none since the start. */
  score: number | null
  /** Number of the next attempt; above all that its pods carry. */
  seq: number
  /** Whole at least once, as this process has seen; the condition says so too once it is written. */
  wasSeenWhole: boolean
  /** Pods for which a seat is kept, by uid: each is tried for itself. */
  held: ReadonlySet<string>
  /** Surplus pods that were there before the PodGang was read again. */
  clearedSurplus: ReadonlySet<string>
  /** Since when, on the monotonic clock, pods that could be placed are not; null: none are. */
  unplacedSinceMs: number | null
  /** Since when a gang that was never whole, and of which part is bound, could not be completed. */
  stuckSinceMs: number | null
  /** Its seats are being given back: a plan that completed it now would lose the pods that it counted on. */
  isBeingUndone: boolean
  /** How often its seats were given back since it was last whole. */
  undos: number
  /** Until when, on the monotonic clock, it rests after that. */
  restsUntilMs: number
}

const NONE_CLEARED: ReadonlySet<string> = new Set()

export const newEntry = (situation: GangSituation): Entry => ({
  uid: situation.gang.uid,
  situation,
  waiting: null,
  refusal: null,
  queued: null,
  isOver: false,
  toldRefusal: null,
  gatheringMs: 0,
  score: situation.gang.status.placementScore,
  seq: 1,
  wasSeenWhole: false,
  held: NONE_CLEARED,
  clearedSurplus: NONE_CLEARED,
  unplacedSinceMs: null,
  stuckSinceMs: null,
  isBeingUndone: false,
  undos: 0,
  restsUntilMs: 0,
})

/** Was it recorded whole? The condition is output, and this is its one reading: it stops an undo. */
export const wasWhole = ({ situation: { gang }, wasSeenWhole }: Entry): boolean =>
  wasSeenWhole || conditionOf(gang.status, PLACEMENT_COMPLETE)?.status === 'True'

/** Bound by us, under this PodGang's uid, and there. */
export const isOwnBind = ({ uid }: { readonly uid: string }, pod: PodFacts): boolean => attemptOf(pod)?.gangUid === uid

/** Gangs of which a pod that we bound is still bound come before others: those that were whole first. */
function kindOf(entry: Entry): Item['kind'] {
  const { groups, boundCount } = entry.situation
  const hasOwnBind = boundCount > 0 && groups.some(({ bound }) => bound.some(({ pod }) => isOwnBind(entry, pod)))
  if (!hasOwnBind) return 'minimum'
  return wasWhole(entry) ? 'repair' : 'completion'
}

/** Something to plan, in the queue. */
export interface Queued extends Item {
  readonly entry: Entry
}

/** What is next for the gang; null: nothing can be planned. */
export function itemOf(entry: Entry): Queued | null {
  const { situation, waiting, isBeingUndone } = entry
  const { gang, priority, missing, groups } = situation
  if (waiting !== null || isBeingUndone) return null
  const isSurplus = missing === 0
  if (isSurplus && nextSurplus(entry).length === 0) return null
  return {
    kind: isSurplus ? 'surplus' : kindOf(entry),
    priority,
    surplusBound: isSurplus ? groups.reduce((sum, group) => sum + Math.max(0, surplusBoundOf(group)), 0) : 0,
    isScaled: gang.isScaled,
    createdAt: gang.createdAt,
    namespace: gang.namespace,
    name: gang.name,
    entry,
  }
}

const surplusBoundOf = ({ bound, group }: GroupSituation): number => bound.length - group.minimum
const hasPending = ({ groups }: GangSituation): boolean => groups.some(({ pending }) => pending.length > 0)

/**
 * Surplus pods to try in turn: from the group with the fewest surplus pods first; of pods that ask for the same in one
 * group, one. Empty until the minimum is confirmed and the PodGang has been read again since the pods were there.
 */
export function nextSurplus({ situation, clearedSurplus, held }: Entry): readonly PodFacts[] {
  if (!hasPending(situation) || !isMinimumConfirmed(situation)) return []
  const groups = situation.groups
    .map((group, at) => ({ group, at }))
    .sort((a, b) => surplusBoundOf(a.group) - surplusBoundOf(b.group) || a.at - b.at)
  return groups.flatMap(({ group }) => {
    const seen = new Set<string>()
    return group.pending.filter(({ uid, demand }) => {
      if (!clearedSurplus.has(uid)) return false
      if (held.has(uid)) return true
      if (seen.has(demand.key)) return false
      seen.add(demand.key)
      return true
    })
  })
}

/** Surplus pods that wait for the PodGang to be read again. */
export const unclearedSurplus = ({ situation, clearedSurplus }: Entry): readonly PodFacts[] =>
  hasPending(situation) && isMinimumConfirmed(situation)
    ? surplusOf(situation).filter(({ uid }) => !clearedSurplus.has(uid))
    : []

const hasEnough = ({ missing, pending }: GroupSituation): boolean => missing <= pending.length

/** Why the gang cannot be tried at all, whatever room there is. */
export function waitingReason({ gang, groups }: GangSituation): Reason | null {
  const reference = gang.foreignReferences[0]
  const tie = foreignTie(gang)
  if (gang.isTerminating) return reason('PodGangDeleted', {})
  if (gang.invalid !== null) return gang.invalid
  if (reference !== undefined) return reason('ForeignPodReference', { reference })
  if (tie !== null) return reason('ForeignGangReference', { reference: tie })
  if (groups.every(hasEnough)) return null
  for (const [test, why] of WAITS) {
    const group = groups.find((each) => each.missing > each.pending.length && test(each))
    if (group !== undefined) return why(group)
  }
  return null
}

const present = ({ pending, unsupported, gated, suspended, bound }: GroupSituation): number =>
  pending.length + unsupported.length + gated.length + suspended.length + bound.length

/** First match wins, over all groups: pods that do not exist, pods that cannot be bound, gates, answers. */
const WAITS: readonly (readonly [(group: GroupSituation) => boolean, (group: GroupSituation) => Reason])[] = [
  [
    (group) => present(group) < group.group.minimum,
    (group) => {
      const { name, minimum } = group.group
      return reason('WaitingForPods', { group: name, present: present(group), minimum })
    },
  ],
  [
    ({ unsupported }) => unsupported.length > 0,
    ({ unsupported }) => reason('UnsupportedPredicate', { path: unsupported[0]?.unsupported ?? '' }),
  ],
  [
    ({ gated }) => gated.length > 0,
    ({ group, pending, bound }) =>
      reason('WaitingForGates', { group: group.name, ungated: pending.length + bound.length, minimum: group.minimum }),
  ],
  [() => true, () => reason('BindRefused', { answer: 'its pods are being read again' })],
]
