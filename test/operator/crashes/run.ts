import { isDeepStrictEqual } from 'node:util'
import type { Pod } from '../../../api/kinds/kubernetes.ts'
import { PODS } from '../../../kube/resources.ts'
import { type Harness, startHarness } from '../harness.ts'
import { type Fate, OperatorEnd, type Pair, UNDISTURBED } from './operator-end.ts'
import { type Outcome, outcomeOf } from './outcome.ts'
import type { Scenario } from './scenarios.ts'

export interface Run {
  readonly outcome: Outcome
  /** Writes of the operator from the beginning of what happens: its crash points. */
  readonly writes: number
  readonly pairs: readonly Pair[]
  readonly hasStruck: boolean
}

/** Time for another to be started. */
const TAKE_OVER_MS = 1_000

export async function run(scenario: Scenario, fate: Fate): Promise<Run> {
  let harness: Harness | null = null
  const end = new OperatorEnd(
    fate,
    () => harness?.clock.monotonicMs() ?? 0,
    (ms, then) => void harness?.clock.after(ms, 'work', then),
    () => void harness?.clock.after(TAKE_OVER_MS, 'work', () => harness?.replaceOperator()),
  )
  const { config } = scenario
  const at = await startHarness({
    through: (transport) => end.through(transport),
    ...(config === undefined ? {} : { config }),
  })
  harness = at
  try {
    await scenario.before(at)
    const before = await at.list<Pod>(PODS)
    end.begin()
    await scenario.happens(at)
    const outcome = await outcomeOf(at, end.done, before)
    return { outcome, writes: end.done.length, pairs: end.pairs, hasStruck: end.hasStruck }
  } finally {
    await at.stop()
  }
}

export const undisturbed = (scenario: Scenario): Promise<Run> => run(scenario, UNDISTURBED)

/** How an outcome differs from what it should be, as lines; none: it does not. */
export function differences({ isTimed = false }: Scenario, wanted: Outcome, found: Outcome): string[] {
  const lines: string[] = []
  for (const object of wanted.objects) if (!found.objects.includes(object)) lines.push(`lacks ${object}`)
  for (const object of found.objects) if (!wanted.objects.includes(object)) lines.push(`has ${object}`)
  const writes = isTimed ? [] : [...Object.keys(wanted.writes), ...Object.keys(found.writes)]
  for (const key of new Set(writes)) {
    const [times, instead] = [wanted.writes[key] ?? 0, found.writes[key] ?? 0]
    if (times !== instead) lines.push(`${key}: ${instead} times, not ${times}`)
  }
  const isSame = isDeepStrictEqual(wanted.objects, found.objects)
  return isSame || lines.length > 0 ? lines : ['differs in how often an object is there']
}
