/** What one container of a simulated pod is doing. Times are milliseconds of the clock's monotonic time. */

export interface Waiting {
  readonly kind: 'waiting'
  readonly reason: string
  readonly message: string
  /** When it starts; null: its turn has not come, or something it needs is missing. */
  readonly dueMs: number | null
}

export interface Running {
  readonly kind: 'running'
  readonly startedMs: number
  /** When it turns ready; null: never. */
  readonly readyMs: number | null
  /** When it ends by itself with exit code 0; null: it keeps running. */
  readonly endMs: number | null
}

export interface Terminated {
  readonly kind: 'terminated'
  readonly exitCode: number
  readonly reason: string
  readonly startedMs: number
  readonly finishedMs: number
}

export type ContainerState = Waiting | Running | Terminated

export interface ContainerRun {
  readonly name: string
  readonly state: ContainerState
  readonly restarts: number
  /** How it ended before the present state; null: it never did. */
  readonly last: Terminated | null
}

/** kubelet: 10 s, doubled per restart, at most 5 min; the first restart comes at once. */
const CRASH_BACK_OFF_FIRST_MS = 10_000
const CRASH_BACK_OFF_MAX_MS = 300_000

export const notBegun = (name: string, reason: 'PodInitializing' | 'ContainerCreating'): ContainerRun => ({
  name,
  state: { kind: 'waiting', reason, message: '', dueMs: null },
  restarts: 0,
  last: null,
})

export const terminate = (run: ContainerRun, exitCode: number, reason: string, nowMs: number): ContainerRun => {
  if (run.state.kind === 'terminated') return run
  const startedMs = run.state.kind === 'running' ? run.state.startedMs : nowMs
  return { ...run, state: { kind: 'terminated', exitCode, reason, startedMs, finishedMs: nowMs } }
}

export const crashBackOffMs = (restarts: number): number =>
  restarts === 0 ? 0 : Math.min(CRASH_BACK_OFF_MAX_MS, CRASH_BACK_OFF_FIRST_MS * 2 ** Math.min(restarts - 1, 10))

/** A container that ended and will be started again, `startDelayMs` after its back-off. */
export function backOff(run: ContainerRun, pod: string, startDelayMs: number, nowMs: number): ContainerRun {
  if (run.state.kind !== 'terminated') return run
  const waitMs = crashBackOffMs(run.restarts)
  const dueMs = nowMs + Math.max(waitMs, startDelayMs)
  const state: Waiting =
    waitMs === 0
      ? { kind: 'waiting', reason: 'ContainerCreating', message: '', dueMs }
      : {
          kind: 'waiting',
          reason: 'CrashLoopBackOff',
          message: `back-off ${durationText(waitMs)} restarting failed container=${run.name} pod=${pod}`,
          dueMs,
        }
  return { ...run, state, last: run.state }
}

/** 10s, 1m20s: as Go prints durations. */
const durationText = (ms: number): string => {
  const seconds = Math.round(ms / 1_000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}

export const isReady = (run: ContainerRun, nowMs: number): boolean =>
  run.state.kind === 'running' && run.state.readyMs !== null && run.state.readyMs <= nowMs
