/**
 * How soon a pod that ended is replaced: at once, unless pods of the same clique keep ending; then 1 s, doubling to
 * 5 min, so that a program that ends right away does not fill the API with pods.
 */
const FIRST_MS = 1_000
const MAX_MS = 300_000
/** After so long without an end the next one is a first one again. */
const FORGET_MS = 600_000

export interface Ends {
  /** Ends in a row. */
  readonly count: number
  /** When the last was seen, monotonic. */
  readonly lastMs: number
}

/** How much longer a replacement waits; 0: it is due. */
export function waitMs(ends: Ends | undefined, nowMs: number): number {
  if (ends === undefined || ends.count === 0) return 0
  const wait = Math.min(MAX_MS, FIRST_MS * 2 ** (ends.count - 1))
  return Math.max(0, ends.lastMs + wait - nowMs)
}

export function afterEnd(ends: Ends | undefined, nowMs: number): Ends {
  const isFirst = ends === undefined || nowMs - ends.lastMs >= FORGET_MS
  return { count: isFirst ? 1 : ends.count + 1, lastMs: nowMs }
}
