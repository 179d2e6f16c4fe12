/** One line of a benchmark's output, printed as one JSON object. */
export interface Line {
  readonly scenario: string
  /** Median of the timed repetitions, in milliseconds. */
  readonly ms: number
  /** The work was done and was the work meant. */
  readonly ok: boolean
  readonly seed: number
  readonly facts?: Readonly<Record<string, number | string>>
}

/** Flags that are not the runner's own, as written: `--nodes 500` is nodes: '500'. */
export type RunOptions = Readonly<Record<string, string | undefined>>

/** Warms up with one repetition, then gives the median of `repetitions`. What `work` returns is kept alive. */
export function medianMs(repetitions: number, work: () => unknown): number {
  let kept: unknown = work()
  const times = Array.from({ length: repetitions }, () => {
    const startMs = performance.now()
    kept = work()
    return performance.now() - startMs
  })
  if (kept === undefined) throw new Error('a benchmark whose work returns nothing may have done nothing')
  return times.sort((a, b) => a - b)[Math.floor(repetitions / 2)] ?? 0
}
