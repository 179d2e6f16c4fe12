import { byBytes } from '../state/bytes.ts'
import type { ClusterState } from '../state/cluster.ts'
import type { GangKey } from '../state/gangs.ts'
import type { Hold } from '../state/holds.ts'
import type { PodFacts } from '../state/pod-facts.ts'
import { groupOf } from './members.ts'
import type { GangSituation, GroupSituation } from './situation.ts'

/**
 * Which seats are kept: those of pods that a whole gang loses, for the pods that come in their place. They are looked
 * at whenever their gang is.
 */

/** A seat is kept so long, counted from when its pod was told to go. */
export const HOLD_MS = 60_000
/** After so long without a pod to come, the gang does not want it any more: it was scaled in. */
const UNWANTED_MS = 2_000

export interface HoldsLook {
  readonly cluster: ClusterState
  readonly key: GangKey
  /** Before this look; null: it is the first. */
  readonly before: GangSituation | null
  /** Null: the gang is gone. */
  readonly now: GangSituation | null
  /** Only what was whole has a seat to lose. */
  readonly wasWhole: boolean
  readonly nowMs: number
}

/** Brings the holds of one gang to what is. Milliseconds until it has to be looked at again; null: it has not. */
export function lookAtHolds(look: HoldsLook): number | null {
  const { cluster, key, now, nowMs } = look
  if (now === null || now.gang.uid === '' || now.gang.isPlain) {
    for (const hold of cluster.holds.of(key)) cluster.holds.release(key, hold)
    return null
  }
  if (look.wasWhole) for (const hold of lostSeats(look, now)) cluster.holds.set(key, hold)
  for (const hold of cluster.holds.of(key)) {
    if (!hold.isVacated && isVacated(cluster, hold)) cluster.holds.set(key, { ...hold, isVacated: true })
    if (nowMs >= hold.sinceMs + HOLD_MS) cluster.holds.release(key, hold)
  }
  for (const hold of unwanted(cluster.holds.of(key), now, nowMs)) cluster.holds.release(key, hold)
  const dues = cluster.holds.of(key).map(({ sinceMs }) => {
    return (nowMs < sinceMs + UNWANTED_MS ? sinceMs + UNWANTED_MS : sinceMs + HOLD_MS) - nowMs
  })
  return dues.length === 0 ? null : Math.min(...dues)
}

/** Pods that are on their way out, and those that were there at the last look and are gone without one. */
function lostSeats({ cluster, key, before, nowMs }: HoldsLook, now: GangSituation): Hold[] {
  const wasThere = (pod: PodFacts): boolean => before === null || before.groups.some(({ bound }) => hasPod(bound, pod))
  const leaving = [...cluster.gangs.podsOf(key)].filter(
    (pod) => pod.isTerminating && pod.node !== null && wasThere(pod),
  )
  const gone = (before?.groups ?? []).flatMap(({ bound }) =>
    bound.flatMap(({ pod, node }) => (isGone(cluster, pod) ? [{ ...pod, node }] : [])),
  )
  return [...leaving, ...gone].flatMap((pod): Hold[] => {
    const group = groupOf(now.gang, pod) ?? before?.groups.find(({ bound }) => hasPod(bound, pod))?.group
    if (group === undefined || pod.node === null || cluster.holds.has(key, pod.uid) || pod.isFinished) return []
    const { uid, index, node, demand } = pod
    return [{ uid, group: group.name, index, node, requests: demand.requests, sinceMs: nowMs, isVacated: false }]
  })
}

const hasPod = (bound: GroupSituation['bound'], { uid }: PodFacts): boolean => bound.some(({ pod }) => pod.uid === uid)

const isGone = (cluster: ClusterState, { uid }: PodFacts): boolean => cluster.pod(uid) === undefined

function isVacated(cluster: ClusterState, { uid }: Hold): boolean {
  const pod = cluster.pod(uid)
  return pod === undefined || pod.isFinished
}

const unplacedIn = ({ pending, gated, suspended, unsupported }: GroupSituation): readonly PodFacts[] => [
  ...pending,
  ...gated,
  ...suspended,
  ...unsupported,
]

function unwanted(holds: readonly Hold[], { groups }: GangSituation, nowMs: number): Hold[] {
  const names = new Set(holds.map(({ group }) => group))
  return [...names].flatMap((name) => {
    const group = groups.find((each) => each.group.name === name)
    const wanted = group === undefined ? 0 : Math.max(unplacedIn(group).length, group.missing)
    const ofGroup = holds.filter((hold) => hold.group === name && nowMs >= hold.sinceMs + UNWANTED_MS)
    const first = ofGroup.sort((a, b) => a.index - b.index || byBytes(a.uid, b.uid))
    return first.slice(wanted)
  })
}

/**
 * The seat that each pod is to have again: that of its index, or one of its group whose own replacement is not there.
 * By uid of the pod.
 */
export function heldSeats(cluster: ClusterState, situation: GangSituation): ReadonlyMap<string, Hold> {
  const seats = new Map<string, Hold>()
  const holds = cluster.holds.of(situation.key)
  if (holds.length === 0) return seats
  for (const group of situation.groups) {
    const own = holds.filter((hold) => hold.group === group.group.name).sort((a, b) => a.sinceMs - b.sinceMs)
    if (own.length > 0) seatAgain(own, unplacedIn(group), seats)
  }
  return seats
}

/** `own`: earliest first. */
function seatAgain(own: readonly Hold[], unplaced: readonly PodFacts[], seats: Map<string, Hold>): void {
  const free = new Set(own)
  const byIndex = Map.groupBy(own, ({ index }) => index)
  const give = (pod: PodFacts, hold: Hold | undefined): void => {
    if (hold === undefined) return
    free.delete(hold)
    seats.set(pod.uid, hold)
  }
  for (const pod of unplaced) if (!seats.has(pod.uid)) give(pod, byIndex.get(pod.index)?.shift())
  for (const pod of unplaced) if (!seats.has(pod.uid)) give(pod, free.values().next().value)
}
