import type { Depth, Level, Measure } from '../scenario/scenario.ts'

/** What one scheduler did with one scenario in one round. Figures are there only where the checker found nothing. */
export interface RoundResult {
  readonly scenario: string
  readonly depth: Depth
  readonly peer: string
  /** Counted from 1. */
  readonly round: number
  readonly seed: number
  /** Of the scenario and of the program: a result with another one is measured again. */
  readonly fingerprint: string
  readonly startedAt: string
  /** Of the machine over a minute, before and after. */
  readonly load: readonly [before: number, after: number]
  /** Which of the figures mean something for this scenario; table and pictures leave the others out. */
  readonly measure: readonly Measure[]
  readonly outcome: Outcome
}

export type Outcome = Readonly<
  | { kind: 'measured'; figures: Figures }
  /** Not timed: it left pods unbound that fit. */
  | { kind: 'unbound'; bound: number; of: number; seconds: number; words: string }
  /** Not timed: it broke what it was asked to keep. */
  | { kind: 'wrong'; faults: readonly string[] }
  /** Not timed: something broke on the way, which need not be the scheduler. The next run tries again. */
  | { kind: 'failed'; message: string }
  /** Not timed: a round before left pods unbound or was wrong, or failed twice. */
  | { kind: 'skipped'; reason: string }
>

/** Milliseconds of wall and processor time; null where it cannot be measured at this depth. */
export interface Figures {
  readonly pods: number
  readonly nodes: number
  /** From the first binding to the last; planner: from the first arrival to the last commitment. */
  readonly ms: number
  readonly podsPerSecond: number
  /** From the start of the scheduler's process, or from the first creation, to the first binding. */
  readonly firstMs: number
  /** Until a gang's last pod is bound: from the scheduler's start where all was there, else from its last pod's creation. */
  readonly gangMs: Spread | null
  readonly schedulerCpuMs: number | null
  readonly apiServerCpuMs: number | null
  readonly etcdCpuMs: number | null
  readonly schedulerMegabytes: number | null
  readonly apiServerMegabytes: number | null
  /** At the server's own metric, from the scheduler's start on, without Leases and without what the benchmark wrote. */
  readonly writes: Readonly<Record<string, number>> | null
  readonly writesPerPod: number | null
  readonly domainsPerGang: Readonly<Partial<Record<Level, number>>>
  /** Gangs by the number of the narrowest domains above a host that they use. */
  readonly domainCounts: Readonly<Record<string, number>>
  readonly brokenPreferences: number
  readonly partialGangs: number
  readonly brokenUntold: number
  /** Milliseconds and pods bound by then, at most `CURVE_POINTS` of them. */
  readonly curve: readonly (readonly [ms: number, pods: number])[]
  /** Of a trace: see `bench/traces/course.ts`. */
  readonly trace: TraceFigures | null
}

export interface Spread {
  readonly median: number
  readonly p95: number
  readonly most: number
}

export interface TraceFigures {
  readonly jobs: number
  readonly started: number
  readonly occupancyPercent: number
  readonly waitMinutes: Spread & { readonly mean: number }
  /** Of the free GPUs, those on nodes of which others use a part: mean over the hours, percent. */
  readonly fragmentationPercent: number
  /** Domains of the narrowest level that the jobs use, by the fewest that would do. */
  readonly domainsByFewest: number
  readonly brokenPreferences: number
  readonly evictions: number
  /** Hours and percent of the GPUs in use. */
  readonly occupancy: readonly (readonly [hour: number, percent: number])[]
  /** Of services whose load grows and shrinks; null: of jobs. */
  readonly serving: ServingFigures | null
}

/** See `bench/serving/ledger.ts`: there a job is an engine, or a pod that belongs to none. */
export interface ServingFigures {
  /** From the last pod's creation until all are Ready, of those that were placed. */
  readonly wholeMinutes: Spread & { readonly mean: number }
  /** Of the GPU time that autoscalers asked for, what was not Ready. */
  readonly notReadyPercent: number
  /** How many times the replicas of each level were changed. */
  readonly scaled: { readonly sets: number; readonly groups: number; readonly cliques: number }
}

const CURVE_POINTS = 120

/** Of numbers in any order; zeros of none. */
export function spreadOf(numbers: readonly number[]): Spread {
  const sorted = [...numbers].sort((a, b) => a - b)
  const at = (share: number): number =>
    rounded(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)
  return { median: at(0.5), p95: at(0.95), most: rounded(sorted.at(-1) ?? 0) }
}

/** `times` in order of the bindings; the last one always stays. */
export function curveOf(times: readonly number[], originMs: number): [ms: number, pods: number][] {
  const step = Math.max(1, Math.ceil(times.length / CURVE_POINTS))
  return times.flatMap((ms, i) =>
    i % step === step - 1 || i === times.length - 1 ? [[rounded(ms - originMs), i + 1] as [number, number]] : [],
  )
}

export const rounded = (value: number, digits = 1): number => Number(value.toFixed(digits))

/** The mean of the two in the middle where there is no one; 0 of none. */
export function medianOf(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const half = sorted.length >> 1
  const upper = sorted[half] ?? 0
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? 0)) / 2
}
