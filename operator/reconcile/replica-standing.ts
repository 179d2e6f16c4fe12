import type { PodClique, PodCliqueScalingGroup, SetUpdateProgress } from '../../api/generated/kinds.ts'
import { POD_TEMPLATE_HASH } from '../../api/names.ts'
import { isBreached, type Recovery, recoveryOf } from '../decisions/recovery.ts'
import type { ReplicaStanding } from '../decisions/set-rollout.ts'
import { isOutdated } from '../expansion/adopt.ts'
import { type CliqueIdentity, groupIdentity, indices, standaloneIdentity } from '../expansion/identity.ts'
import { membersUpTo } from '../expansion/scaling-group.ts'
import type { SetShape } from '../expansion/shape.ts'
import { isUpdated } from '../status.ts'

/** What is seen of a set's replicas, for the decisions about them. */
export interface ReplicasView {
  readonly shape: SetShape
  readonly cliqueOf: (identity: CliqueIdentity) => PodClique | undefined
  readonly groupNamed: (name: string) => PodCliqueScalingGroup | undefined
  /** The template that all of it should arrive at. */
  readonly targetHash: string
  /** How long it may be below its minimum. */
  readonly delayMs: number
  /** Since 1970. */
  readonly nowMs: number
}

export interface Parts {
  readonly standalone: readonly (readonly [CliqueIdentity, PodClique | undefined])[]
  readonly groups: readonly (PodCliqueScalingGroup | undefined)[]
  readonly members: readonly (PodClique | undefined)[]
}

export function partsOf({ shape, cliqueOf, groupNamed }: ReplicasView, index: number): Parts {
  const identities = shape.standalone.map((clique) => standaloneIdentity(shape, index, clique))
  const groups = shape.groups.map((group) => groupIdentity(shape, index, group))
  const live = groups.map(({ name }) => groupNamed(name))
  const members = groups.flatMap((group, at) => membersUpTo(group, live[at]?.spec.replicas ?? group.group.replicas))
  return {
    standalone: identities.map((identity) => [identity, cliqueOf(identity)] as const),
    groups: live,
    members: members.map(cliqueOf),
  }
}

export function standingOfReplica(view: ReplicasView, index: number): ReplicaStanding {
  const { standalone, groups, members } = partsOf(view, index)
  const cliques = [...standalone.map(([, clique]) => clique), ...members]
  const hasArrived = (group: PodCliqueScalingGroup | undefined): boolean =>
    group?.status?.currentPodCliqueSetGenerationHash === view.targetHash
  return {
    isUpdated: standalone.every((each) => isApplied(view, each)) && groups.every(hasArrived),
    scheduledPods: cliques.reduce((pods, clique) => pods + (clique?.status?.scheduledReplicas ?? 0), 0),
    isBreached: [...standalone.map(([, clique]) => clique), ...groups].some(isBreached),
    isDue: recoveryOfReplica(view, index).kind === 'due',
  }
}

/** A replica that lacks a clique is being made, so there is nothing to be made anew. */
export function recoveryOfReplica(view: ReplicasView, index: number): Recovery {
  const { standalone, groups } = partsOf(view, index)
  const cliques = standalone.flatMap(([, clique]) => clique ?? [])
  if (cliques.length < standalone.length) return { kind: 'none' }
  return recoveryOf([...cliques, ...groups.flatMap((group) => group ?? [])], view.delayMs, view.nowMs)
}

function isApplied({ targetHash }: ReplicasView, [{ clique: shape }, live]: Parts['standalone'][number]): boolean {
  if (live === undefined || isOutdated(shape, live)) return false
  const { currentPodTemplateHash, currentPodCliqueSetGenerationHash } = live.status ?? {}
  return (
    currentPodTemplateHash === live.metadata.labels?.[POD_TEMPLATE_HASH] &&
    currentPodCliqueSetGenerationHash === targetHash
  )
}

/** The progress with what is counted anew each time: how many cliques and groups have arrived. */
export function withCounts(view: ReplicasView, progress: SetUpdateProgress | null): SetUpdateProgress | null {
  if (progress === null) return null
  const parts = indices(view.shape.set.spec.replicas ?? 0).map((index) => partsOf(view, index))
  const cliques = parts.flatMap(({ standalone, members }) => [...standalone.map(([, clique]) => clique), ...members])
  const groups = parts.flatMap((part) => part.groups)
  return {
    ...progress,
    updatedPodCliquesCount: cliques.filter((clique) => clique && isUpdated(clique, view.targetHash)).length,
    totalPodCliquesCount: cliques.length,
    updatedPodCliqueScalingGroupsCount: groups.filter(
      (group) => group?.status?.currentPodCliqueSetGenerationHash === view.targetHash,
    ).length,
    totalPodCliqueScalingGroupsCount: groups.length,
  }
}
