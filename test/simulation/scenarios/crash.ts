import { type Ending, runScenario } from './run.ts'
import type { Scenario } from './scenario.ts'

export interface Crashes {
  /** Of schedulers, undisturbed: so many runs with a crash there were. */
  readonly writes: number
  readonly binds: number
  /** In words, with the number of the write after which the process died; 0: it did not. */
  readonly wrong: readonly string[]
}

/** Once undisturbed, then once for every write: its process dies right after it, another takes over, and the end is the same. */
export async function crashEverywhere(scenario: Scenario): Promise<Crashes> {
  const { state, writes, binds, ...rest } = await runScenario(scenario)
  const wrong = faultsOf({ state, writes, binds, ...rest }, state).map((what) => `undisturbed: ${what}`)
  for (let n = 1; n <= writes; n++) {
    const crashed = await runScenario(scenario, { crashAfter: n })
    if (crashed.writes < n) wrong.push(`there was no write ${n} when it was to crash after it`)
    wrong.push(...faultsOf(crashed, state).map((what) => `crashed after write ${n}: ${what}`))
  }
  return { writes, binds, wrong }
}

function faultsOf({ violations, state }: Ending, meant: readonly string[]): string[] {
  const missing = meant.filter((line) => !state.includes(line)).map((line) => `not in the end: ${line}`)
  const added = state.filter((line) => !meant.includes(line)).map((line) => `in the end: ${line}`)
  return [...violations.map(({ promise, what }) => `${promise}: ${what}`), ...missing, ...added]
}
