import type { CliqueUpdateProgress, PodClique } from '../../api/generated/kinds.ts'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { POD_INDEX, POD_TEMPLATE_HASH, RECREATED_FOR } from '../../api/names.ts'
import type { Generation } from '../expansion/generation.ts'
import { indexLabel } from '../expansion/identity.ts'
import { isActive, isReady, isScheduled } from '../observed-pod.ts'

export interface CliqueRolloutView {
  readonly clique: PodClique
  readonly pods: readonly Pod[]
  readonly generation: Generation
  /** It still has the template of before: it is not for itself to change that. */
  readonly isOutdated: boolean
  /** Its pods may be replaced now. */
  readonly isTurn: boolean
  /** Of a scaling group: the group's replicas are replaced whole, so all pods of the clique go at once. */
  readonly isMember: boolean
  /** RFC 3339. */
  readonly now: string
}

/** Where a clique is on the way to its newest template. Null: the status field is absent. */
export interface CliqueRollout {
  readonly progress: CliqueUpdateProgress | null
  /** The pod template that was last applied in full. */
  readonly templateHash: string
  readonly generationHash: string
  /** Pods of older templates, or from before the clique was made anew, that go now: after the status was written. */
  readonly remove: readonly Pod[]
  readonly isRunning: boolean
}

/**
 * One step of an update. What serves nobody goes at once; of the Ready pods one goes at a time, the oldest first, and
 * the next only when its replacement is Ready. A pod that is Ready is Ready, whatever happened to it before. Pure.
 */
export function cliqueRollout(view: CliqueRolloutView): CliqueRollout {
  const { clique, generation, isTurn } = view
  const { status } = clique
  const label = hashOfClique(clique)
  const standing = status?.updateProgress
  if (generation.strategy === 'OnDelete') return applied(view, ended(view, standing))
  if (isApplied(view)) return applied(view, standing ?? null)
  if (!isTurn || isUnknown(view)) {
    return {
      progress: standing ?? null,
      templateHash: status?.currentPodTemplateHash ?? '',
      generationHash: status?.currentPodCliqueSetGenerationHash ?? '',
      remove: formerPods(view),
      isRunning: false,
    }
  }
  return step(view, underWay(standing, label) ?? begun(view))
}

/** Nobody's hash: somebody wrote over the label. Its set puts it right, and no pod is older than a label that means nothing. */
function isUnknown({ clique, isOutdated }: CliqueRolloutView): boolean {
  const { currentPodTemplateHash: standing, updateProgress: progress } = clique.status ?? {}
  const label = hashOfClique(clique)
  return isOutdated && label !== standing && label !== progress?.podTemplateHash
}

/** Those that the clique had before it was made anew. */
const formerPods = ({ clique, pods }: CliqueRolloutView): Pod[] =>
  pods.filter((pod) => isActive(pod) && isFormer(pod, clique))

export function isFormer(pod: Pod, clique: PodClique): boolean {
  const reason = clique.metadata.annotations?.[RECREATED_FOR]
  return reason !== undefined && pod.metadata.annotations?.[RECREATED_FOR] !== reason
}

const hashOfClique = ({ metadata }: PodClique): string => metadata.labels?.[POD_TEMPLATE_HASH] ?? ''

/** The progress, if it is of an update to this very template that has not ended; else null. */
const underWay = (progress: CliqueUpdateProgress | undefined, label: string): CliqueUpdateProgress | null =>
  progress !== undefined && progress.updateEndedAt === undefined && progress.podTemplateHash === label ? progress : null

/** No update is under way, and none is due. One that ended on the way (a change taken back) is not over. */
function isApplied(view: CliqueRolloutView): boolean {
  const { clique, pods, generation } = view
  const label = hashOfClique(clique)
  const { currentPodTemplateHash: standing, updateProgress: progress } = clique.status ?? {}
  if (progress !== undefined && progress.updateEndedAt === undefined) return false
  const isRecreated = clique.metadata.annotations?.[RECREATED_FOR] === generation.hash
  if (isRecreated && formerPods(view).length > 0) return false
  if (standing !== undefined) return standing === label
  return !pods.some((pod) => isActive(pod) && !isMadeFrom(pod, label))
}

const isMadeFrom = ({ metadata }: Pod, hash: string): boolean => metadata.labels?.[POD_TEMPLATE_HASH] === hash

function applied(view: CliqueRolloutView, progress: CliqueUpdateProgress | null): CliqueRollout {
  const { clique, generation, isOutdated } = view
  const hasArrived = generation.isBegun && !isOutdated
  return {
    progress: hasArrived ? passed(view, progress) : progress,
    templateHash: hashOfClique(clique),
    generationHash: hasArrived ? generation.hash : (clique.status?.currentPodCliqueSetGenerationHash ?? ''),
    remove: formerPods(view),
    isRunning: false,
  }
}

/** An update in which nothing of the clique is replaced is over as soon as it is noted. Members leave that to their group. */
function passed(view: CliqueRolloutView, before: CliqueUpdateProgress | null): CliqueUpdateProgress | null {
  const { clique, generation, isMember, now } = view
  const arrived = clique.status?.currentPodCliqueSetGenerationHash
  const isPassing = arrived !== undefined && arrived !== '' && arrived !== generation.hash && !isMember
  if (!isPassing || before?.podCliqueSetGenerationHash === generation.hash) return before
  return { ...begun(view), updateEndedAt: now }
}

const begun = ({ clique, generation, now }: CliqueRolloutView): CliqueUpdateProgress => ({
  updateStartedAt: now,
  podCliqueSetGenerationHash: generation.hash,
  podTemplateHash: hashOfClique(clique),
})

/** Nothing is replaced, so that what has begun has ended too. */
function ended(view: CliqueRolloutView, standing: CliqueUpdateProgress | undefined): CliqueUpdateProgress | null {
  const label = hashOfClique(view.clique)
  const running = underWay(standing, label)
  if (running !== null) return { ...withoutSelection(running), updateEndedAt: view.now }
  if (isApplied(view) || standing?.podTemplateHash === label) return standing ?? null
  return { ...begun(view), updateEndedAt: view.now }
}

function withoutSelection(progress: CliqueUpdateProgress): CliqueUpdateProgress {
  const { readyPodsSelectedToUpdate: _, ...rest } = progress
  return rest
}

function step(view: CliqueRolloutView, standing: CliqueUpdateProgress): CliqueRollout {
  const { clique, pods, generation, isMember } = view
  const label = hashOfClique(clique)
  const active = pods.filter(isActive)
  const isOld = (pod: Pod): boolean => !isMadeFrom(pod, label) || isFormer(pod, clique)
  const old = active.filter(isOld)
  const fresh = active.filter((pod) => !isOld(pod))
  const isCurrentDone = isReplaced(clique, standing, active, fresh)
  const selected = isMember ? null : nextReady(clique, active, old, isCurrentDone)
  const progress = selected === null ? standing : selecting(standing, selected)
  if (old.length === 0 && isCurrentDone && isWhole(clique, fresh)) {
    const done = { ...withoutSelection(standing), updateEndedAt: view.now }
    return { progress: done, templateHash: label, generationHash: generation.hash, remove: [], isRunning: false }
  }
  const current = progress.readyPodsSelectedToUpdate?.current
  return {
    progress,
    templateHash: clique.status?.currentPodTemplateHash ?? '',
    generationHash: clique.status?.currentPodCliqueSetGenerationHash ?? '',
    remove: old.filter((pod) => isMember || !isReady(pod) || isFormer(pod, clique) || pod.metadata.name === current),
    isRunning: true,
  }
}

/** The pod that was chosen last is gone, and the one in its place is Ready; or its place went with a scale-in. */
function isReplaced(
  { spec }: PodClique,
  progress: CliqueUpdateProgress,
  active: readonly Pod[],
  fresh: readonly Pod[],
): boolean {
  const selected = progress.readyPodsSelectedToUpdate
  if (selected === undefined) return true
  if (active.some(({ metadata }) => metadata.name === selected.current)) return false
  const index = selected.currentPodIndex
  if (index === undefined) return fresh.every(isReady)
  const heir = fresh.find((pod) => indexLabel(pod, POD_INDEX) === index)
  if (heir !== undefined) return isReady(heir)
  return active.length >= (spec.replicas ?? 1) && fresh.every(isReady)
}

function nextReady(clique: PodClique, active: readonly Pod[], old: readonly Pod[], isCurrentDone: boolean): Pod | null {
  if (!isCurrentDone || active.filter(isReady).length < minimumOf(clique)) return null
  return old.filter(isReady).sort(oldestFirst)[0] ?? null
}

const minimumOf = ({ spec }: PodClique): number => {
  const replicas = spec.replicas ?? 1
  return Math.min(replicas, spec.minAvailable ?? replicas)
}

function oldestFirst(a: Pod, b: Pod): number {
  const [left, right] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp]
  if (left !== right) return left < right ? -1 : 1
  return (indexLabel(a, POD_INDEX) ?? 0) - (indexLabel(b, POD_INDEX) ?? 0)
}

function selecting(progress: CliqueUpdateProgress, pod: Pod): CliqueUpdateProgress {
  const { current, completed = [] } = progress.readyPodsSelectedToUpdate ?? {}
  const index = indexLabel(pod, POD_INDEX)
  return {
    ...progress,
    readyPodsSelectedToUpdate: {
      current: pod.metadata.name,
      ...(index === null ? {} : { currentPodIndex: index }),
      ...(current === undefined ? {} : { completed: [...completed, current] }),
    },
  }
}

/** Its minimum is Ready, and so is every other pod that got a node: one that finds none holds nobody up. */
function isWhole(clique: PodClique, fresh: readonly Pod[]): boolean {
  const isPending = fresh.some((pod) => isScheduled(pod) && !isReady(pod))
  return fresh.length >= (clique.spec.replicas ?? 1) && !isPending && fresh.filter(isReady).length >= minimumOf(clique)
}
