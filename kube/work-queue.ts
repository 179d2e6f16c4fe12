import { AsyncLocalStorage } from 'node:async_hooks'
import { KubeError } from './answers.ts'
import type { Clock, Timer, Wake } from './clock.ts'
import type { Random } from './random.ts'

/** When to look at the key again without being told to; null or void: only when somebody adds it. */
export interface Reconciled {
  readonly again: number | null
  /** Default `work`. A periodic look that changes nothing by itself is `background`. */
  readonly wake?: Wake
}

export interface WorkQueueOptions<K extends string> {
  readonly clock: Clock
  readonly random: Random
  /** How many keys are reconciled at once. */
  readonly concurrency: number
  /** Looks at what is, never at which event came. What it throws is tried again after a back-off. */
  readonly reconcile: (key: K) => Promise<Reconciled | void>
  /** For the log: the key is tried again after `retryMs`. */
  readonly onError?: (key: K, error: unknown, retryMs: number) => void
}

const BACK_OFF_FIRST_MS = 5
const BACK_OFF_MAX_MS = 30_000

/** About three minutes of failures in a row; later ones are tried again as background. */
const WORK_RETRIES = 16

/** A key that keeps failing is looked at no more often than that, however often it is added. */
const FAILING_REST_MAX_MS = 1_000

interface Failing {
  readonly count: number
  readonly notBeforeMs: number
}

/** One reconcile of one key: told from others by identity. */
type Run = object

interface Delayed {
  readonly dueMs: number
  readonly timer: Timer
}

/**
 * Keys waiting to be reconciled: each at most once in the queue, one reconcile a key at a time, in the order of
 * arrival. Starts work in a microtask, never inside `add`, so it may be called from a reflector's delta.
 */
export class WorkQueue<K extends string> {
  readonly #options: WorkQueueOptions<K>
  readonly #waiting = new Set<K>()
  readonly #running = new Map<K, Run>()
  /** Added while running: looked at once more. If the run fails: when the retry is due, or as news of a failing key are. */
  readonly #again = new Map<K, 'by-itself' | 'news'>()
  /** The reconcile under way, for whatever it calls; a timer that it armed is still called in its name when it has ended. */
  readonly #current = new AsyncLocalStorage<Run>()
  readonly #failing = new Map<K, Failing>()
  readonly #delayed: Readonly<Record<Wake, Map<K, Delayed>>> = { work: new Map(), background: new Map() }
  #state: 'new' | 'started' | 'stopped' = 'new'
  #isPumpDue = false
  #whenStill: (() => void)[] = []

  constructor(options: WorkQueueOptions<K>) {
    this.#options = options
  }

  /** Nothing is waiting or running, and no retry is due: only background looks may come. */
  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#running.size === 0 && this.#delayed.work.size === 0
  }

  /** How many keys wait, for metrics. */
  get depth(): number {
    return this.#waiting.size
  }

  add(key: K): void {
    if (this.#state === 'stopped') return
    const run = this.#running.get(key)
    if (run !== undefined) {
      if (this.#current.getStore() !== run) this.#again.set(key, 'news')
      else if (!this.#again.has(key)) this.#again.set(key, 'by-itself')
      return
    }
    const restMs = (this.#failing.get(key)?.notBeforeMs ?? 0) - this.#options.clock.monotonicMs()
    if (restMs > 0) {
      this.addAfter(key, restMs, 'work')
      return
    }
    this.#waiting.add(key)
    this.#pumpSoon()
  }

  /** Of several delays of one kind for a key the earliest holds. */
  addAfter(key: K, delayMs: number, kind: Wake): void {
    if (this.#state === 'stopped') return
    const delayed = this.#delayed[kind]
    const dueMs = this.#options.clock.monotonicMs() + delayMs
    const before = delayed.get(key)
    if (before !== undefined && before.dueMs <= dueMs) return
    before?.timer.cancel()
    const wake = (): void => {
      delayed.delete(key)
      this.add(key)
    }
    delayed.set(key, { dueMs, timer: this.#options.clock.after(delayMs, kind, wake) })
  }

  /** Keys added before are reconciled from now on. */
  start(): void {
    if (this.#state !== 'new') return
    this.#state = 'started'
    this.#pumpSoon()
  }

  /** Starts nothing any more; resolves when the reconciles under way have ended. */
  stop(): Promise<void> {
    this.#state = 'stopped'
    for (const delayed of Object.values(this.#delayed)) {
      for (const { timer } of delayed.values()) timer.cancel()
      delayed.clear()
    }
    this.#waiting.clear()
    this.#again.clear()
    this.#failing.clear()
    return this.#running.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#whenStill.push(resolve))
  }

  #pumpSoon(): void {
    if (this.#isPumpDue || this.#state !== 'started') return
    this.#isPumpDue = true
    queueMicrotask(() => {
      this.#isPumpDue = false
      this.#pump()
    })
  }

  #pump(): void {
    for (const key of this.#waiting) {
      if (this.#running.size >= this.#options.concurrency) return
      this.#waiting.delete(key)
      const run: Run = {}
      this.#running.set(key, run)
      void this.#run(key, run)
    }
  }

  async #run(key: K, run: Run): Promise<void> {
    try {
      const result = await this.#current.run(run, () => this.#options.reconcile(key))
      this.#failing.delete(key)
      if (result && result.again !== null) this.addAfter(key, result.again, result.wake ?? 'work')
    } catch (error) {
      // What failed may have woken its own key, and must not be the reason that it is tried again at once.
      if (this.#again.get(key) === 'by-itself') this.#again.delete(key)
      this.#retry(key, error)
    }
    this.#running.delete(key)
    if (this.#again.delete(key)) this.add(key)
    if (this.#state === 'stopped') this.#tellStill()
    else this.#pumpSoon()
  }

  #retry(key: K, error: unknown): void {
    if (this.#state === 'stopped') return
    const failures = this.#failing.get(key)?.count ?? 0
    const restMs = backOffMs(failures, this.#options.random)
    const notBeforeMs = this.#options.clock.monotonicMs() + Math.min(restMs, FAILING_REST_MAX_MS)
    this.#failing.set(key, { count: failures + 1, notBeforeMs })
    const asked = error instanceof KubeError ? (error.failure.retryAfterMs ?? 0) : 0
    const retryMs = Math.max(asked, restMs)
    this.addAfter(key, retryMs, failures < WORK_RETRIES ? 'work' : 'background')
    this.#options.onError?.(key, error, retryMs)
  }

  #tellStill(): void {
    if (this.#running.size > 0) return
    for (const resolve of this.#whenStill.splice(0)) resolve()
  }
}

/** Doubling from 5 ms to 30 s, each between half and whole of that, so that keys that failed together part. */
function backOffMs(failures: number, random: Random): number {
  const whole = Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** Math.min(failures, 20))
  return whole * (0.5 + random() / 2)
}
