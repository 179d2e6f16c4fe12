import type { ClusterState } from '../state/cluster.ts'
import { byBytes } from '../state/bytes.ts'
import type { GangFacts, GroupFacts } from '../state/gang-facts.ts'
import { type GangKey, missingGang, plainGang } from '../state/gangs.ts'
import type { PodFacts } from '../state/pod-facts.ts'
import { groupOf } from './members.ts'

/** Where a pod of the gang is. */
export interface Seated {
  readonly pod: PodFacts
  readonly node: string
  /** Seen on its node, or answered for; else only assumed there. */
  readonly isConfirmed: boolean
}

export interface GroupSituation {
  readonly group: GroupFacts
  /** Have a node, are not terminating and not finished. In the order of `pending`. */
  readonly bound: readonly Seated[]
  /** Can be placed: ours, no gate, no node, nothing unsupported. By index, then name. */
  readonly pending: readonly PodFacts[]
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
  /** Changes when anything does that could change a plan. Made when it is asked for. */
  readonly signature: () => string
}

const byIndex = (a: PodFacts, b: PodFacts): number => a.index - b.index || byBytes(a.name, b.name)

/** Null: there is neither a PodGang nor a pod of ours. */
export function situationOf(
  cluster: ClusterState,
  key: GangKey,
  isSuspended: (uid: string) => boolean,
): GangSituation | null {
  const pods = [...cluster.gangs.podsOf(key)].sort(byIndex)
  const gang = cluster.gangs.get(key) ?? unnamed(pods)
  if (gang === null || (gang.uid === '' && !pods.some((pod) => cluster.isOurs(pod)))) return null
  const byGroup = new Map<GroupFacts, PodFacts[]>(gang.groups.map((group) => [group, []]))
  const strays: PodFacts[] = []
  for (const pod of pods) (byGroup.get(groupOf(gang, pod) as GroupFacts) ?? strays).push(pod)
  const groups = [...byGroup].map(([group, members]) => groupSituation(cluster, group, members, isSuspended))
  return {
    key,
    gang,
    groups,
    isOurs: pods.length === 0 || pods.some((pod) => cluster.isOurs(pod)),
    strays,
    priority: priorityOf([...byGroup.values()].flat()),
    missing: groups.reduce((sum, { missing }) => sum + missing, 0),
    signature: once(() => signatureOf(gang, groups)),
  }
}

function unnamed([pod]: readonly PodFacts[]): GangFacts | null {
  if (pod === undefined) return null
  return pod.gang === null ? plainGang(pod) : missingGang(pod.namespace, pod.gang)
}

const priorityOf = (pods: readonly PodFacts[]): number => {
  const alive = pods.filter((pod) => !pod.isFinished)
  return alive.length === 0 ? 0 : Math.max(...alive.map(({ priority }) => priority))
}

function groupSituation(
  cluster: ClusterState,
  group: GroupFacts,
  members: readonly PodFacts[],
  isSuspended: (uid: string) => boolean,
): GroupSituation {
  const alive = members.filter((pod) => !pod.isTerminating && !pod.isFinished)
  const bound = alive.flatMap((pod) => {
    const node = cluster.nodeOf(pod)
    return node === null ? [] : [{ pod, node, isConfirmed: cluster.isConfirmed(pod) }]
  })
  const free = alive.filter((pod) => cluster.nodeOf(pod) === null && cluster.isOurs(pod))
  const ungated = free.filter((pod) => pod.gates.length === 0)
  return {
    group,
    bound,
    pending: ungated.filter((pod) => pod.unsupported === null && !isSuspended(pod.uid)),
    gated: free.filter((pod) => pod.gates.length > 0),
    unsupported: ungated.filter((pod) => pod.unsupported !== null),
    suspended: ungated.filter((pod) => pod.unsupported === null && isSuspended(pod.uid)),
    ready: bound.filter(({ pod }) => pod.isReady).length,
    failed: members.filter((pod) => pod.isFailed && !pod.isTerminating).length,
    missing: Math.max(0, group.minimum - bound.length),
  }
}

function once(make: () => string): () => string {
  let made: string | null = null
  return () => (made ??= make())
}

function signatureOf(gang: GangFacts, groups: readonly GroupSituation[]): string {
  const { status: _, ...written } = gang
  const parts = groups.map(({ bound, pending, gated, suspended }) => [
    bound.map(({ pod, node, isConfirmed }) => [pod.uid, node, isConfirmed]),
    pending.map((pod) => [pod.uid, pod.demand.key]),
    gated.length,
    suspended.map((pod) => pod.uid),
  ])
  return JSON.stringify([written, parts])
}

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
  groups.every(({ group, bound }) => bound.filter(({ isConfirmed }) => isConfirmed).length >= group.minimum)

export const isReady = ({ groups }: GangSituation): boolean =>
  groups.every(({ group, ready }) => ready >= group.minimum)

export const boundOf = ({ groups }: GangSituation): readonly Seated[] => groups.flatMap(({ bound }) => bound)

export const minimumOf = ({ gang }: GangSituation): number => gang.groups.reduce((sum, { minimum }) => sum + minimum, 0)

/** Ungated pods without a node, above what the minimum still needs. */
export const surplusOf = ({ groups }: GangSituation): readonly PodFacts[] =>
  groups.flatMap(({ pending, missing }) => pending.slice(missing))
