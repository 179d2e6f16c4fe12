import type { PodCliqueSet } from '../../api/generated/kinds.ts'

export const ROW_MS = 50
const ROW_MS_PER_REPLICA = 1
const ROW_MAX_MS = 1_000

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
