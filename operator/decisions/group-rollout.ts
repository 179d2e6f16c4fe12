import type { PodClique, PodCliqueScalingGroup, ScalingGroupUpdateProgress } from '../../api/generated/kinds.ts'
import { POD_TEMPLATE_HASH, RECREATED_FOR } from '../../api/names.ts'
import { isOutdated } from '../expansion/adopt.ts'
import type { Generation } from '../expansion/generation.ts'
import { indices } from '../expansion/identity.ts'
import type { CliqueShape } from '../expansion/shape.ts'
import { isTerminating } from '../observed-pod.ts'

/** A member clique of one replica, as it should be and as it is. */
export interface Member {
  readonly shape: CliqueShape
  readonly clique: PodClique | undefined
}

export interface GroupRolloutView {
  readonly group: PodCliqueScalingGroup
  readonly generation: Generation
  readonly isTurn: boolean
  readonly membersOf: (replica: number) => readonly Member[]
  /** Pods of a clique that are Ready now, whatever its status says yet. */
  readonly readyPodsOf: (clique: PodClique) => number
  /** Those that have a node. */
  readonly placedPodsOf: (clique: PodClique) => number
  readonly now: string
}

/** Where a scaling group is on the way to its newest template. */
export interface GroupRollout {
  readonly progress: ScalingGroupUpdateProgress | null
  readonly generationHash: string
  /** Replicas whose cliques keep the template that they have. */
  readonly keeping: ReadonlySet<number>
  /** Replicas all of whose pods are made anew, those of cliques that did not change too: an instance is one thing. */
  readonly recreating: ReadonlySet<number>
  readonly isRunning: boolean
  /** The next replica would have its turn by the statuses of cliques, and has not by their pods: to be looked at again. */
  readonly isStatusLate: boolean
}

const still = { recreating: new Set<number>(), isRunning: false, isStatusLate: false } as const

type Standing = 'new' | 'broken' | 'ready'

/**
 * One step of an update: replicas are replaced whole. Those that lack their minimum go at once; of the others one at a
 * time, the lowest index first, and the next only when the last is whole again. Pure; O(replicas × members).
 */
export function groupRollout(view: GroupRolloutView): GroupRollout {
  const { group, generation, isTurn } = view
  const { currentPodCliqueSetGenerationHash: generationHash = '', updateProgress } = group.status ?? {}
  const standing = updateProgress ?? null
  const all = indices(group.spec.replicas ?? 1)
  if (!generation.isBegun) return { progress: standing, generationHash, keeping: new Set(all), ...still }
  if (generation.strategy === 'OnDelete') {
    return { progress: endedAt(view, standing), generationHash: generation.hash, keeping: new Set(), ...still }
  }
  const isUnderWay = standing !== null && standing.updateEndedAt === undefined
  if (generationHash === generation.hash && !isUnderWay) {
    return { progress: standing, generationHash, keeping: new Set(), ...still }
  }
  if (!isTurn) {
    const keeping = new Set(all.filter((replica) => standingOf(view, replica) !== 'new'))
    return { progress: standing, generationHash, keeping, ...still }
  }
  return step(view, isUnderWay && standing.podCliqueSetGenerationHash === generation.hash ? standing : null)
}

/** Nothing is replaced, so that what has begun has ended too. */
function endedAt(
  view: GroupRolloutView,
  standing: ScalingGroupUpdateProgress | null,
): ScalingGroupUpdateProgress | null {
  if (standing !== null && standing.updateEndedAt === undefined) {
    return { ...withoutSelection(standing), updateEndedAt: view.now }
  }
  return passed(view, standing)
}

/** An update in which nothing of the group is replaced is over as soon as it is noted. */
function passed(
  { group, generation, now }: GroupRolloutView,
  before: ScalingGroupUpdateProgress | null,
): ScalingGroupUpdateProgress | null {
  const arrived = group.status?.currentPodCliqueSetGenerationHash
  if (arrived === undefined || arrived === '' || arrived === generation.hash) return before
  return { updateStartedAt: now, updateEndedAt: now, podCliqueSetGenerationHash: generation.hash }
}

function withoutSelection(progress: ScalingGroupUpdateProgress): ScalingGroupUpdateProgress {
  const { readyReplicaIndicesSelectedToUpdate: _, ...rest } = progress
  return rest
}

/** `standing`: the progress of this very update, or null: it is about to begin. */
function step(view: GroupRolloutView, standing: ScalingGroupUpdateProgress | null): GroupRollout {
  const { group, generation, now } = view
  const all = indices(group.spec.replicas ?? 1)
  const standings = new Map(all.map((replica) => [replica, standingOf(view, replica)]))
  const ready = all.filter((replica) => standings.get(replica) === 'ready')
  const isOld = [...standings.values()].some((each) => each !== 'new')
  const before = group.status?.updateProgress ?? null
  if (standing === null && !isOld && (before?.updateEndedAt !== undefined) === (before !== null)) {
    return { progress: passed(view, before), generationHash: generation.hash, keeping: new Set(), ...still }
  }
  const progress: ScalingGroupUpdateProgress = standing ?? {
    updateStartedAt: now,
    podCliqueSetGenerationHash: generation.hash,
  }
  const current = progress.readyReplicaIndicesSelectedToUpdate?.current
  const isCurrentDone = current === undefined || current >= all.length || isDone(view, current)
  if (!isOld && isCurrentDone && isWhole(view, all)) {
    const done = { ...withoutSelection(progress), updateEndedAt: now }
    return { progress: done, generationHash: generation.hash, keeping: new Set(), ...still }
  }
  const isEnough = (isUp: (replica: number) => boolean): boolean => all.filter(isUp).length >= minimumOf(group)
  const mayGoOn = isCurrentDone && isEnough((replica) => isReadyNow(view, replica))
  const next = mayGoOn ? ready[0] : undefined
  const selected = next ?? current
  return {
    progress: next === undefined ? progress : selecting(progress, next),
    generationHash: group.status?.currentPodCliqueSetGenerationHash ?? '',
    keeping: new Set(ready.filter((replica) => replica !== selected)),
    recreating: new Set(all.filter((at) => standings.get(at) === 'broken' || (ready.includes(at) && at === selected))),
    isRunning: true,
    isStatusLate: isCurrentDone && !mayGoOn && isEnough((replica) => areServing(view.membersOf(replica))),
  }
}

function selecting(progress: ScalingGroupUpdateProgress, next: number): ScalingGroupUpdateProgress {
  const { current, completed = [] } = progress.readyReplicaIndicesSelectedToUpdate ?? {}
  const done = current === undefined ? completed : [...completed, current]
  return {
    ...progress,
    readyReplicaIndicesSelectedToUpdate: { current: next, ...(done.length === 0 ? {} : { completed: done }) },
  }
}

const minimumOf = ({ spec }: PodCliqueScalingGroup): number => Math.min(spec.replicas ?? 1, spec.minAvailable ?? 1)

function standingOf({ membersOf, generation }: GroupRolloutView, replica: number): Standing {
  const members = membersOf(replica)
  const isOld = members.some(({ shape, clique }) => clique !== undefined && isOutdated(shape, clique))
  if (!isOld && !isHalfMoved(members, generation.hash)) return 'new'
  return areServing(members) ? 'ready' : 'broken'
}

const areServing = (members: readonly Member[]): boolean =>
  members.every(({ clique }) => clique !== undefined && isServing(clique))

/** Somebody stopped between the cliques of one replica. */
function isHalfMoved(members: readonly Member[], hash: string): boolean {
  const moved = members.filter(({ clique }) => clique?.metadata.annotations?.[RECREATED_FOR] === hash)
  return moved.length > 0 && moved.length < members.length
}

/** Statuses come a moment late: what goes on their word alone may find another replica down already. */
function isReadyNow({ membersOf, readyPodsOf }: GroupRolloutView, replica: number): boolean {
  return membersOf(replica).every(
    ({ clique }) => clique !== undefined && !isTerminating(clique) && readyPodsOf(clique) >= minimumPodsOf(clique),
  )
}

const minimumPodsOf = ({ spec }: PodClique): number =>
  Math.min(spec.replicas ?? 1, spec.minAvailable ?? spec.replicas ?? 1)

/** It has its minimum placed and Ready. */
function isServing(clique: PodClique): boolean {
  const minimum = minimumPodsOf(clique)
  const { readyReplicas = 0, scheduledReplicas = 0 } = clique.status ?? {}
  return !isTerminating(clique) && readyReplicas >= minimum && scheduledReplicas >= minimum
}

/** All its cliques have the newest template, in all their pods, and serve. */
function isDone({ membersOf, generation }: GroupRolloutView, replica: number): boolean {
  return membersOf(replica).every(({ shape, clique }) => {
    if (clique === undefined || isOutdated(shape, clique) || !isServing(clique)) return false
    const { currentPodTemplateHash, currentPodCliqueSetGenerationHash, observedGeneration } = clique.status ?? {}
    return (
      currentPodTemplateHash === clique.metadata.labels?.[POD_TEMPLATE_HASH] &&
      currentPodCliqueSetGenerationHash === generation.hash &&
      observedGeneration === clique.metadata.generation
    )
  })
}

/** The minimum is done, and so is every replica that got its nodes: one that finds none holds nobody up. */
function isWhole(view: GroupRolloutView, all: readonly number[]): boolean {
  const done = all.filter((replica) => isDone(view, replica))
  const isPlaced = (replica: number): boolean =>
    view
      .membersOf(replica)
      .every(({ clique }) => clique !== undefined && view.placedPodsOf(clique) >= minimumPodsOf(clique))
  return done.length >= minimumOf(view.group) && all.every((replica) => done.includes(replica) || !isPlaced(replica))
}
