/**
 * Time, handed in. Everything that waits says whether its waking could change what the cluster looks like:
 * `work` keeps a simulated cluster from being called settled, `background` (resyncs, lease renewals, watch
 * deadlines) does not.
 */
export type Wake = 'work' | 'background'

export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Wall-clock time in milliseconds since 1970. For timestamps only, never for deadlines. */
  nowMs(): number
  /** Milliseconds that only grow; deadlines and durations are measured on it. */
  monotonicMs(): number
  /** Runs `wake` once, `delayMs` from now, or up to two milliseconds sooner: `surelyMs`. `wake` must not throw. */
  after(delayMs: number, kind: Wake, wake: () => void): Timer
}

export const realClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, _kind, wake) {
    const timer = setTimeout(wake, delayMs)
    return { cancel: () => clearTimeout(timer) }
  },
}

/**
 * The delay after which `delayMs` are surely over on the monotonic clock: whoever looks only once at whether they are asks for
 * this. Node.js counts timers in whole milliseconds (of 300 real ones of 5 to 8 ms, with fractions, 186 came early, by up to
 * 1.7 ms), and what is left of a time that was written down is rounded.
 */
export const surelyMs = (delayMs: number): number => Math.ceil(delayMs) + 1

/** Resolves after `delayMs`, or at once when `signal` aborts. Never rejects: the caller looks at its signal. */
export function sleep(clock: Clock, delayMs: number, kind: Wake, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = clock.after(delayMs, kind, done)
    signal?.addEventListener('abort', done, { once: true })
  })
}

let lastSecond = Number.NaN
let lastText = ''

/** RFC 3339 with whole seconds, as Kubernetes writes metav1.Time. Thousands of writes share a second and its text. */
export function timestamp(ms: number): string {
  const second = Math.floor(ms / 1_000)
  if (second !== lastSecond) {
    lastText = `${new Date(ms).toISOString().slice(0, 19)}Z`
    lastSecond = second
  }
  return lastText
}

/** RFC 3339 with six decimals, as Kubernetes writes metav1.MicroTime. */
export const microTimestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 23)}000Z`
