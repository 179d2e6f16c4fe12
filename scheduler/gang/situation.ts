import type { ClusterState } from '../state/cluster.ts'
import type { Demand } from '../state/demand.ts'
import { type GangFacts, type GroupFacts, isSameSpec } from '../state/gang-facts.ts'
import { type GangKey, gangOf, podsInOrder } from '../state/gangs.ts'
import type { KnownPod } from '../state/known-pod.ts'
import type { PodFacts } from '../state/pod-facts.ts'
import { groupOf } from './members.ts'

/** Where a pod of the gang is. */
export interface Seated {
  readonly pod: PodFacts
  readonly node: string
  /** Seen on its node, or answered for; else only assumed there. */
  readonly isConfirmed: boolean
}

const NO_PODS: readonly PodFacts[] = []
const NOBODY: readonly Seated[] = []

export interface GroupSituation {
  readonly group: GroupFacts
  /** Have a node, are not terminating and not finished. In the order of `pending`. */
  readonly bound: readonly Seated[]
  /** Can be placed: ours, no gate, no node, nothing unsupported. By index, then name. */
  readonly pending: readonly PodFacts[]
  /** What all that are pending ask for; null: not all the same, or none is. */
  readonly demand: Demand | null
  readonly gated: readonly PodFacts[]
  readonly unsupported: readonly PodFacts[]
  /** Not to be bound just now: the last answer about them has to be cleared up first. */
  readonly suspended: readonly PodFacts[]
  readonly ready: number
  readonly failed: number
  /** Pods of the minimum that still need a node. */
  readonly missing: number
}

/** What is, of one gang: read from the cluster state alone, so that the order of events changes nothing. */
export interface GangSituation {
  readonly key: GangKey
  readonly gang: GangFacts
  readonly groups: readonly GroupSituation[]
  /** Some pod of it asks for us, or it has none at all: else its status is another scheduler's to write. */
  readonly isOurs: boolean
  /** Pods that name the gang and are in none of its groups. */
  readonly strays: readonly PodFacts[]
  /** Highest spec.priority of its unfinished members, as admission left it. */
  readonly priority: number
  /** Pods of the minimum that have no node; 0: the minimum is bound or assumed. */
  readonly missing: number
  /** Pods that have a node. */
  readonly boundCount: number
  /** Its pods by group, which stay the same while only nodes are given to them. */
  readonly members: Members
}

interface Members {
  /** All that say they are in the gang. */
  readonly of: readonly KnownPod[]
  readonly byGroup: readonly (readonly KnownPod[])[]
  readonly strays: readonly PodFacts[]
  readonly hasOurs: boolean
  /** The highest of the unfinished ones in its groups; 0 where there are none. */
  readonly priority: number
}

/**
 * Null: there is neither a PodGang nor a pod of ours. `before`: the last situation of the same gang, of which what did
 * not change is used again.
 */
export function situationOf(
  cluster: ClusterState,
  key: GangKey,
  isSuspended: (uid: string) => boolean,
  before: GangSituation | null = null,
): GangSituation | null {
  const record = cluster.gangs.find(key)
  const gang = record === undefined ? null : gangOf(record)
  if (record === undefined || gang === null) return null
  const pods = podsInOrder(record)
  const isKnown = before !== null && before.gang === gang && before.members.of === pods
  const members = isKnown ? before.members : membersOf(gang, pods)
  const { strays, hasOurs, priority } = members
  if (gang.uid === '' && !hasOurs) return null
  const groups = gang.groups.map((group, g) =>
    groupSituation(group, members.byGroup[g] as readonly KnownPod[], isSuspended),
  )
  let missing = 0
  let boundCount = 0
  for (const group of groups) {
    missing += group.missing
    boundCount += group.bound.length
  }
  return { key, gang, groups, isOurs: hasOurs || pods.length === 0, strays, priority, missing, boundCount, members }
}

function membersOf(gang: GangFacts, pods: readonly KnownPod[]): Members {
  return membersOfOne(gang, pods) ?? dealtOut(gang, pods)
}

/** Where the gang has one group and every pod is in it, its list is the gang's; null: it is not so. */
function membersOfOne(gang: GangFacts, pods: readonly KnownPod[]): Members | null {
  if (gang.groups.length !== 1) return null
  let hasOurs = false
  let priority = Number.NEGATIVE_INFINITY
  for (let i = 0; i < pods.length; i++) {
    const { facts, isOurs } = pods[i] as KnownPod
    if (groupOf(gang, facts) === null) return null
    if (isOurs) hasOurs = true
    if (facts.priority > priority && !facts.isFinished) priority = facts.priority
  }
  return { of: pods, byGroup: [pods], strays: NO_PODS, hasOurs, priority: orNone(priority) }
}

function dealtOut(gang: GangFacts, pods: readonly KnownPod[]): Members {
  const byGroup: KnownPod[][] = gang.groups.map(() => [])
  const strays: PodFacts[] = []
  const placeOf = placesIn(gang.groups)
  let hasOurs = false
  let priority = Number.NEGATIVE_INFINITY
  for (const known of pods) {
    const { facts, isOurs } = known
    const group = groupOf(gang, facts)
    if (isOurs) hasOurs = true
    if (group === null) strays.push(facts)
    else {
      byGroup[placeOf(group)]?.push(known)
      if (facts.priority > priority && !facts.isFinished) priority = facts.priority
    }
  }
  return { of: pods, byGroup, strays: strays.length === 0 ? NO_PODS : strays, hasOurs, priority: orNone(priority) }
}

/** The highest of no pods is 0. */
const orNone = (priority: number): number => (priority === Number.NEGATIVE_INFINITY ? 0 : priority)

/** So many groups are gone through one by one sooner than looked up. */
const FEW_GROUPS = 8

function placesIn(groups: readonly GroupFacts[]): (group: GroupFacts) => number {
  if (groups.length <= FEW_GROUPS) return (group) => groups.indexOf(group)
  const places = new Map(groups.map((group, at) => [group, at]))
  return (group) => places.get(group) ?? -1
}

function groupSituation(
  group: GroupFacts,
  members: readonly KnownPod[],
  isSuspended: (uid: string) => boolean,
): GroupSituation {
  if (areAllPending(members, isSuspended)) return untouched(group, members.map(factsOf))
  const bound: Seated[] = []
  const pending: PodFacts[] = []
  const gated: PodFacts[] = []
  const unsupported: PodFacts[] = []
  const suspended: PodFacts[] = []
  let ready = 0
  let failed = 0
  for (const known of members) {
    const { facts: pod, node } = known
    if (pod.isFailed && !pod.isTerminating) failed++
    if (pod.isTerminating || pod.isFinished) continue
    if (node !== null) {
      bound.push({ pod, node, isConfirmed: known.isConfirmed })
      if (pod.isReady) ready++
    } else if (known.isOurs) {
      const isGated = pod.gates.length > 0
      const rest = pod.unsupported !== null ? unsupported : isSuspended(pod.uid) ? suspended : pending
      ;(isGated ? gated : rest).push(pod)
    }
  }
  const missing = Math.max(0, group.minimum - bound.length)
  return { group, bound, pending, demand: demandOf(pending), gated, unsupported, suspended, ready, failed, missing }
}

const factsOf = ({ facts }: KnownPod): PodFacts => facts

/** Each of them waits for a place. */
function areAllPending(members: readonly KnownPod[], isSuspended: (uid: string) => boolean): boolean {
  for (let i = 0; i < members.length; i++) {
    const { facts, assumed, isOurs } = members[i] as KnownPod
    if (!facts.isPlaceable || assumed !== null || !isOurs || isSuspended(facts.uid)) return false
  }
  return true
}

function demandOf(pods: readonly PodFacts[]): Demand | null {
  const [first] = pods
  for (let i = 1; i < pods.length; i++) if (pods[i]?.demand !== first?.demand) return null
  return first?.demand ?? null
}

/** Most gangs that are looked at are new: nothing of them stands anywhere yet. */
const untouched = (group: GroupFacts, pending: readonly PodFacts[]): GroupSituation => ({
  group,
  bound: NOBODY,
  pending,
  demand: demandOf(pending),
  gated: NO_PODS,
  unsupported: NO_PODS,
  suspended: NO_PODS,
  ready: 0,
  failed: 0,
  missing: Math.max(0, group.minimum),
})

/** Whether nothing differs between them that could change a plan. */
export function isSameToPlan(a: GangSituation, b: GangSituation): boolean {
  if (a === b) return true
  return isSameSpec(a.gang, b.gang) && isEach(a.groups, b.groups, isSameGroup)
}

const isSameGroup = (a: GroupSituation, b: GroupSituation): boolean =>
  a.gated.length === b.gated.length &&
  isEach(a.bound, b.bound, (x, y) => x.pod.uid === y.pod.uid && x.node === y.node && x.isConfirmed === y.isConfirmed) &&
  isEach(a.pending, b.pending, isSamePod) &&
  isEach(a.suspended, b.suspended, (x, y) => x.uid === y.uid)

/** Labels decide whether the anti-affinity of a running pod keeps it out. */
const isSamePod = (a: PodFacts, b: PodFacts): boolean =>
  a === b || (a.uid === b.uid && a.demand.key === b.demand.key && JSON.stringify(a.labels) === JSON.stringify(b.labels))

const isEach = <T>(a: readonly T[], b: readonly T[], isSame: (x: T, y: T) => boolean): boolean =>
  a.length === b.length && a.every((x, i) => isSame(x, b[i] as T))

/** Every group has its minimum on nodes, seen or answered for, and none has a failed pod. */
export const isWhole = (situation: GangSituation): boolean =>
  isMinimumConfirmed(situation) && situation.groups.every(({ failed }) => failed === 0)

/**
 * Every group has its minimum on nodes, seen or answered for. A gang whose groups are not written yet has not, nor has
 * one that is written wrongly and of which nothing is bound, even if it asks for no pod at all.
 */
export const isMinimumConfirmed = ({ gang, groups }: GangSituation): boolean =>
  groups.length > 0 &&
  (gang.invalid === null || groups.some(({ bound }) => bound.length > 0)) &&
  groups.every(({ group, bound }) => bound.length >= group.minimum && confirmedCount(bound) >= group.minimum)

const confirmedCount = (bound: readonly Seated[]): number =>
  bound.reduce((count, { isConfirmed }) => (isConfirmed ? count + 1 : count), 0)

export const isReady = ({ groups }: GangSituation): boolean =>
  groups.every(({ group, ready }) => ready >= group.minimum)

export const boundOf = ({ groups }: GangSituation): readonly Seated[] => groups.flatMap(({ bound }) => bound)

export const minimumOf = ({ gang }: GangSituation): number => gang.groups.reduce((sum, { minimum }) => sum + minimum, 0)

/** Ungated pods without a node, above what the minimum still needs. */
export const surplusOf = ({ groups }: GangSituation): readonly PodFacts[] =>
  groups.flatMap(({ pending, missing }) => pending.slice(missing))
