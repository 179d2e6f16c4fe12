import type { PodCliqueSetStatus, SetUpdateProgress } from '../../api/generated/kinds.ts'
import type { Generation } from '../expansion/generation.ts'
import { indices } from '../expansion/identity.ts'

/** What an update asks about one replica of a set. */
export interface ReplicaStanding {
  /** Every clique and scaling group of it has arrived at the newest template. */
  readonly isUpdated: boolean
  readonly scheduledPods: number
  readonly isBreached: boolean
  /** It is about to be made anew because it is below its minimum for too long: that brings the template with it. */
  readonly isDue: boolean
}

export interface SetRolloutView {
  readonly status: PodCliqueSetStatus | undefined
  readonly replicas: number
  readonly generation: Generation
  /** What the template hashes to. */
  readonly newestHash: string
  readonly standingOf: (index: number) => ReplicaStanding
  readonly now: string
}

export interface SetRollout {
  readonly progress: SetUpdateProgress | null
  readonly generationHash: string
  /** An update begins with this step. */
  readonly isNew: boolean
}

/**
 * One step of an update over a set's replicas, one at a time: first those that nothing runs of, then those that are
 * below their minimum, then by index. A change during an update begins it anew. Pure; O(replicas) while one runs.
 */
export function setRollout(view: SetRolloutView): SetRollout {
  const { status, generation, newestHash } = view
  if (!generation.isBegun) return begin(view)
  const progress = status?.updateProgress ?? null
  const generationHash = status?.currentGenerationHash === undefined ? newestHash : generation.hash
  if (progress?.updateStartedAt === undefined || progress.updateEndedAt !== undefined) {
    return { progress, generationHash, isNew: false }
  }
  return { progress: advance(view, progress), generationHash, isNew: false }
}

function begin(view: SetRolloutView): SetRollout {
  const { now, newestHash, generation } = view
  const isEnded = generation.strategy === 'OnDelete'
  const started: SetUpdateProgress = { updateStartedAt: now, ...(isEnded ? { updateEndedAt: now } : {}) }
  // Nothing has arrived at the new template yet, whatever the old statuses say.
  const fresh = { ...view, standingOf: (index: number) => ({ ...view.standingOf(index), isUpdated: false }) }
  return { progress: isEnded ? started : advance(fresh, started), generationHash: newestHash, isNew: true }
}

function advance(view: SetRolloutView, progress: SetUpdateProgress): SetUpdateProgress {
  const { replicas, now, standingOf, generation } = view
  const { currentlyUpdating, ...rest } = progress
  if (generation.strategy === 'OnDelete') return { ...rest, updateEndedAt: now }
  const [current] = currentlyUpdating ?? []
  if (current !== undefined && current.replicaIndex < replicas) {
    const { isUpdated, isDue } = standingOf(current.replicaIndex)
    if (!isUpdated && !isDue) return progress
  }
  const left = indices(replicas).filter((index) => !standingOf(index).isUpdated)
  const next = mostBroken(left, standingOf)
  if (next !== null) return { ...rest, currentlyUpdating: [{ replicaIndex: next, updateStartedAt: now }] }
  return left.length === 0 ? { ...rest, updateEndedAt: now } : progress
}

function mostBroken(left: readonly number[], standingOf: SetRolloutView['standingOf']): number | null {
  const open = left.filter((index) => !standingOf(index).isDue)
  const empty = open.find((index) => standingOf(index).scheduledPods === 0)
  return empty ?? open.find((index) => standingOf(index).isBreached) ?? open[0] ?? null
}
