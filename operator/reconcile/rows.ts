const ROW_MS = 50
const ROW_MS_PER_REPLICA = 1
const ROW_MAX_MS = 1_000

/**
 * Status of a set's parts and echoes of our own writes come in rows, which are looked at together, so many milliseconds after
 * the first: a look costs the number of replicas, and the more there are, the longer are the rows. Pure.
 */
export const rowMs = (replicas: number): number => Math.min(ROW_MAX_MS, ROW_MS + replicas * ROW_MS_PER_REPLICA)
