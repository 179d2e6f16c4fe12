/** Rounds → one row for each scenario, depth and scheduler: medians, and how far the rounds lie apart. */
import type { Depth, Measure } from '../scenario/scenario.ts'
import { type Figures, medianOf, type Outcome, rounded, type RoundResult } from './result.ts'

export interface Row {
  readonly scenario: string
  readonly depth: Depth
  readonly peer: string
  readonly seed: number
  /** Rounds that were measured. */
  readonly rounds: number
  /** Why there is no figure; null: there is. */
  readonly failure: string | null
  readonly figures: Figures | null
  /** Those of the figures that are shown. */
  readonly measure: readonly Measure[]
  /** Of pods/s, over the rounds; equal for one. */
  readonly slowest: number
  readonly fastest: number
  /** This one's pods/s by ours; null for ours and where one is missing. */
  readonly ofOurs: number | null
}

export const OURS = 'espalier'

export function summarise(results: readonly RoundResult[]): Row[] {
  const groups = Map.groupBy(results, ({ scenario, depth, peer }) => `${scenario} ${depth} ${peer}`)
  const rows = [...groups.values()].map(rowOf)
  return rows.map((row) => {
    const ours = rows.find(
      ({ scenario, depth, peer }) => scenario === row.scenario && depth === row.depth && peer === OURS,
    )
    const [mine, base] = [row.figures?.podsPerSecond, ours?.figures?.podsPerSecond]
    const ofOurs = row.peer === OURS || mine === undefined || base === undefined || base === 0 ? null : mine / base
    return { ...row, ofOurs: ofOurs === null ? null : rounded(ofOurs, 3) }
  })
}

function rowOf(results: readonly RoundResult[]): Row {
  const { scenario, depth, peer, seed, measure } = results[0]!
  const measured = results.flatMap(({ outcome }) => (outcome.kind === 'measured' ? [outcome.figures] : []))
  const failed = failureAmong(results, measured.length > 0)
  const rates = measured.map(({ podsPerSecond }) => podsPerSecond)
  return {
    scenario,
    depth,
    peer,
    seed,
    rounds: measured.length,
    failure: failed === undefined ? null : failureOf(failed),
    figures: failed === undefined ? middle(measured) : null,
    measure,
    slowest: Math.min(...rates),
    fastest: Math.max(...rates),
    ofOurs: null,
  }
}

/** A round that broke takes nothing from those that did not; where there are none, it is what is told. */
function failureAmong(results: readonly RoundResult[], isMeasured: boolean): Outcome | undefined {
  const of = (...kinds: readonly Outcome['kind'][]): Outcome | undefined =>
    results.find(({ outcome }) => kinds.includes(outcome.kind))?.outcome
  return of('unbound', 'wrong') ?? (isMeasured ? undefined : of('failed'))
}

function failureOf(outcome: Outcome): string {
  if (outcome.kind === 'unbound') return `${outcome.bound} of ${outcome.of} pods bound after ${outcome.seconds} s`
  if (outcome.kind === 'failed') return `the round broke: ${outcome.message}`
  return outcome.kind === 'wrong' ? outcome.faults.join('; ') : ''
}

const NUMBERS = [
  'ms',
  'podsPerSecond',
  'firstMs',
  'schedulerCpuMs',
  'apiServerCpuMs',
  'etcdCpuMs',
  'schedulerMegabytes',
  'apiServerMegabytes',
  'writesPerPod',
] as const satisfies readonly (keyof Figures)[]

/** The median of each figure by itself; curves and counts are of the round whose rate is nearest to the median. */
function middle(rounds: readonly Figures[]): Figures | null {
  const rate = medianOf(rounds.map(({ podsPerSecond }) => podsPerSecond))
  const off = ({ podsPerSecond }: Figures): number => Math.abs(podsPerSecond - rate)
  const typical = rounds.toSorted((a, b) => off(a) - off(b))[0]
  if (typical === undefined) return null
  const medians = NUMBERS.map((name) => {
    const values = rounds.flatMap((round) => round[name] ?? [])
    return [name, values.length === 0 ? null : medianOf(values)] as const
  })
  const spreads = rounds.flatMap(({ gangMs }) => gangMs ?? [])
  const of = (pick: (spread: (typeof spreads)[number]) => number): number => medianOf(spreads.map(pick))
  const gangMs =
    spreads.length === 0
      ? null
      : { median: of(({ median }) => median), p95: of(({ p95 }) => p95), most: of(({ most }) => most) }
  return { ...typical, ...(Object.fromEntries(medians) as Partial<Figures>), gangMs }
}
