import type { Drawn } from './draw.ts'
import { type Outcome, run } from './run-seed.ts'

/** Runs at most; a run is half a second. */
const RUNS_MAX = 60

/**
 * A smaller drawing that breaks the same promise: fewer kinds of faults, then fewer gangs, then fewer nodes. Greedy, so
 * the smallest is not promised; every one that is kept was seen to fail.
 */
export async function shrink(failed: Outcome): Promise<Outcome> {
  const promise = failed.violations[0]?.promise
  let best = failed
  let runs = 0
  const tryOn = async (drawn: Drawn): Promise<boolean> => {
    if (runs++ >= RUNS_MAX) return false
    const outcome = await run(drawn)
    if (!outcome.violations.some((violation) => violation.promise === promise)) return false
    best = outcome
    return true
  }
  for (const part of ['faults', 'gangs', 'sets', 'nodes'] as const) {
    const all = (): readonly unknown[] => best.drawn[part] ?? []
    for (let size = Math.ceil(all().length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let from = 0; from < all().length; ) {
        const rest = [...all()]
        rest.splice(from, size)
        if (!(await tryOn({ ...best.drawn, [part]: rest }))) from += size
      }
    }
  }
  return best
}
