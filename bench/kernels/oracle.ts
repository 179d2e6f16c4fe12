import { plan } from '../../scheduler/planner/plan.ts'
import { seededRandom } from '../../kube/random.ts'
import {
  type Assignment,
  bestByTryingAll,
  breaches,
  compareLists,
  firstCriterion,
} from '../../test/scheduler/planner/oracle.ts'
import { type Situation, situation } from '../../test/scheduler/planner/situations.ts'
import type { Line, RunOptions } from '../harness.ts'
import { greedyFits } from '../planner/greedy.ts'

const COUNT = 2_000

/**
 * The planner against every assignment tried, on `--count` small random situations: shares in percent. `ok` says that
 * nothing was refused that fits, no rule was broken and at most one in a thousand stayed undecided.
 */
export function run(seed: number, options: RunOptions): Line {
  const count = Number(options['count'] ?? COUNT)
  const random = seededRandom(seed)
  const tally = { fit: 0, greedyFails: 0, spreadOrRunning: 0, undecided: 0, wrong: 0, broken: 0, planned: 0, best: 0 }
  const startMs = performance.now()
  for (let i = 0; i < count; i++) judge(situation(Math.floor(random() * 2 ** 31)), tally)
  const percent = (part: number, whole: number): number => Math.round((10_000 * part) / Math.max(1, whole)) / 100
  return {
    scenario: 'oracle',
    ms: Math.round(performance.now() - startMs),
    ok: tally.wrong === 0 && tally.broken === 0 && tally.undecided * 1_000 <= count,
    seed,
    facts: {
      count,
      notFitPercent: percent(count - tally.fit, count),
      greedyDefeatedPercent: percent(tally.greedyFails, tally.fit),
      spreadAndRunningPercent: percent(tally.spreadOrRunning, count),
      undecidedPercent: percent(tally.undecided, count),
      wrongRefusals: tally.wrong,
      violations: tally.broken,
      firstKeyBestPercent: percent(tally.best, tally.planned),
    },
  }
}

function judge(of: Situation, tally: Record<string, number>): void {
  const add = (name: string, is: boolean): void => void (tally[name] = (tally[name] ?? 0) + (is ? 1 : 0))
  const { request, view } = of
  const best = bestByTryingAll(of)
  const verdict = plan(request, view)
  add('fit', best !== null)
  add('greedyFails', best !== null && !greedyFits(of, (seats) => isFaultless(of, seats)))
  const isSpread = request.scopes.some(({ spreads }) => spreads.length > 0)
  add('spreadOrRunning', isSpread && request.groups.some(({ bound }) => bound.length > 0))
  add('undecided', verdict.kind === 'undecided')
  add('wrong', verdict.kind === 'unplaceable' && best !== null)
  if (verdict.kind !== 'plan') return
  let next = 0
  const seats = request.groups.map((group) => group.seats.map(() => verdict.seats[next++]!.node as number))
  add('planned', true)
  add('broken', best === null || !isFaultless(of, seats))
  add('best', best !== null && compareLists(firstCriterion(of, seats), best) === 0)
}

const isFaultless = (of: Situation, seats: Assignment): boolean =>
  Object.values(breaches).every((breach) => breach(of, seats).length === 0)
