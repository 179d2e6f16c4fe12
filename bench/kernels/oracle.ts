import { plan } from '../../scheduler/planner/plan.ts'
import type { Verdict } from '../../scheduler/planner/request.ts'
import { seededRandom } from '../../kube/random.ts'
import { type Assignment, bestByTryingAll, breaches, compareLists } from '../../test/scheduler/planner/oracle.ts'
import { keyEnds, orderOfPlans } from '../../test/scheduler/planner/order-of-plans.ts'
import { LARGE, type Situation, situation, SMALL } from '../../test/scheduler/planner/situations.ts'
import type { Line, RunOptions } from '../harness.ts'
import { greedyFits } from '../planner/greedy.ts'
import { isSolvable } from '../planner/integer-program.ts'

const COUNT = 2_000
const COUNT_HIGHS = 200

/**
 * The planner against every assignment tried, on `--count` small random situations; with `--solver highs` against an
 * integer program, on larger ones. `ok` says that nothing was refused that fits, no rule was broken, at most one in a
 * thousand stayed undecided, the situations were of the kinds that are meant, and the first key was the best in 99 %.
 */
export async function run(seed: number, options: RunOptions): Promise<Line> {
  const isLarge = options['solver'] === 'highs'
  const count = Number(options['count'] ?? (isLarge ? COUNT_HIGHS : COUNT))
  const random = seededRandom(seed)
  const tally = new Tally(count)
  const startMs = performance.now()
  for (let i = 0; i < count; i++) {
    const at = Math.floor(random() * 2 ** 31)
    if (isLarge) await judgeBySolver(situation(at, LARGE), tally)
    else judgeByTrying(situation(at, SMALL), tally)
  }
  const ms = Math.round(performance.now() - startMs)
  const ok = tally.isRight && (isLarge || (tally.isAsMeant && tally.percentOf('key1', 'planned') >= 99))
  return { scenario: isLarge ? 'oracle-highs' : 'oracle', ms, ok, seed, facts: tally.facts(isLarge) }
}

class Tally {
  readonly count: number
  readonly #counts = new Map<string, number>()

  constructor(count: number) {
    this.count = count
  }

  add(name: string, is = true): void {
    if (is) this.#counts.set(name, this.of(name) + 1)
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  percentOf(part: string, whole: string | null = null): number {
    const all = whole === null ? this.count : this.of(whole)
    return Math.round((10_000 * this.of(part)) / Math.max(1, all)) / 100
  }

  get isRight(): boolean {
    return this.of('wrong') === 0 && this.of('broken') === 0 && this.of('undecided') * 1_000 <= this.count
  }

  /** Shares of what was drawn: hard enough on both sides. */
  get isAsMeant(): boolean {
    const notFit = this.percentOf('notFit')
    const isEnough = this.percentOf('greedyFails', 'fit') >= 20 && this.percentOf('spreadAndRunning') >= 5
    return isEnough && notFit >= 30 && notFit <= 70
  }

  facts(isLarge: boolean): Record<string, number> {
    const keys = [1, 2, 3, 4, 5].map((k) => [`keysTo${k}BestPercent`, this.percentOf(`key${k}`, 'planned')] as const)
    return {
      count: this.count,
      notFitPercent: this.percentOf('notFit'),
      greedyDefeatedPercent: this.percentOf('greedyFails', 'fit'),
      spreadAndRunningPercent: this.percentOf('spreadAndRunning'),
      undecidedPercent: this.percentOf('undecided'),
      wrongRefusals: this.of('wrong'),
      violations: this.of('broken'),
      ...(isLarge ? { solverUnknown: this.of('unknown') } : Object.fromEntries(keys)),
    }
  }
}

/** What both kinds of judges look at. `fits` undefined: nobody knows. */
function judge(of: Situation, verdict: Verdict, fits: boolean | undefined, tally: Tally): Assignment | null {
  const { request } = of
  tally.add('fit', fits === true)
  tally.add('notFit', fits === false)
  tally.add('greedyFails', fits === true && !greedyFits(of, (seats) => isFaultless(of, seats)))
  const isSpread = request.scopes.some(({ spreads }) => spreads.length > 0)
  tally.add('spreadAndRunning', isSpread && request.groups.some(({ bound }) => bound.length > 0))
  tally.add('undecided', verdict.kind === 'undecided')
  tally.add('wrong', verdict.kind === 'unplaceable' && fits === true)
  if (verdict.kind !== 'plan') return null
  let next = 0
  const seats = request.groups.map((group) => group.seats.map(() => verdict.seats[next++]!.node as number))
  tally.add('planned')
  tally.add('broken', fits === false || !isFaultless(of, seats))
  return seats
}

function judgeByTrying(of: Situation, tally: Tally): void {
  const best = bestByTryingAll(of, orderOfPlans)
  const seats = judge(of, plan(of.request, of.view), best !== null, tally)
  if (seats === null || best === null) return
  const keys = [...orderOfPlans(of, seats)]
  keyEnds(of, seats).forEach((end, k) =>
    tally.add(`key${k + 1}`, compareLists(keys.slice(0, end), best.slice(0, end)) === 0),
  )
}

async function judgeBySolver(of: Situation, tally: Tally): Promise<void> {
  const fits = await isSolvable(of)
  tally.add('unknown', fits === 'unknown')
  judge(of, plan(of.request, of.view), fits === 'unknown' ? undefined : fits, tally)
}

const isFaultless = (of: Situation, seats: Assignment): boolean =>
  Object.values(breaches).every((breach) => breach(of, seats).length === 0)
