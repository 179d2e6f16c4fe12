import type { PodCliqueSet } from '../../api/generated/kinds.ts'
import type { Clock } from '../../kube/clock.ts'
import { Moments } from '../../kube/moments.ts'
import type { Key } from '../reconciler.ts'

export const ROW_MS = 50
const ROW_MS_PER_REPLICA = 1
const ROW_MAX_MS = 1_000
/** Where many sets come up at once, the first rows are looked at and then so many a second; none waits for over a second. */
const ROWS_AT_ONCE = 20
const ROWS_PER_SECOND = 20

/**
 * Status of a set's parts and echoes of our own writes come in rows, which are looked at together, so many milliseconds after
 * the first: a look costs the number of replicas, and the more there are, the longer are the rows. In an update each replica
 * waits for the look at the one before, so rows are short then. Pure.
 */
export const rowMs = (set: PodCliqueSet | undefined): number =>
  set === undefined || isUpdating(set)
    ? ROW_MS
    : Math.min(ROW_MAX_MS, ROW_MS + (set.spec.replicas ?? 0) * ROW_MS_PER_REPLICA)

/** One replica after the other then, each waiting for what is told of the one before. */
export const isUpdating = ({ status }: PodCliqueSet): boolean =>
  status?.updateProgress?.updateStartedAt !== undefined && status.updateProgress.updateEndedAt === undefined

/** When the sets whose parts have changed are looked at. */
export class Rows {
  readonly #moments: Moments

  constructor(clock: Clock) {
    this.#moments = new Moments(clock, ROWS_PER_SECOND, ROWS_AT_ONCE, ROW_MAX_MS)
  }

  /** Milliseconds until the row ends that a change belongs to. */
  restMs(key: Key, set: PodCliqueSet | undefined): number {
    const ofSet = rowMs(set)
    return set === undefined || isUpdating(set) ? ofSet : Math.max(ofSet, this.#moments.restMs(key))
  }

  /** The set is being looked at. */
  end(key: Key): void {
    this.#moments.leave(key)
  }
}
