import type { Clock, Timer, Wake } from '../kube/clock.ts'
import { type PendingTimer, TimerHeap } from './timer-heap.ts'

export interface RunLimit {
  /** How much virtual time may pass before the run gives up. */
  readonly maxVirtualMs: number
}

export interface Settled {
  /** False: `maxVirtualMs` passed and a `work` timer still waits. */
  readonly isSettled: boolean
  /** Virtual milliseconds from the start of the run to the last `work` timer that fired; 0 if none did. */
  readonly settledAfterMs: number
}

/** 2026-01-01T00:00:00Z: where virtual wall-clock time starts unless told otherwise. */
export const VIRTUAL_EPOCH_MS = 1_767_225_600_000
/** More than any answer of an embedded cluster takes. */
const ANSWER: RunLimit = { maxVirtualMs: 600_000 }
/** Event-loop turns without a new timer after which no promise can be on its way any more. */
const QUIET_TURNS = 2
/** A timer that re-arms itself with no delay would never let time move; that many firings in one instant is a bug. */
const FIRINGS_PER_INSTANT_MAX = 1_000_000

/** Lets every microtask run that is queued now, and every one that those queue. */
const eventLoopTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/**
 * Time that moves only when a run says so. A run drains all promises, fires the earliest timer, and repeats; two
 * timers of one instant fire in the order in which they were asked for, with a drain between them. What it drives
 * must not wait for anything but promises and this clock: a socket's answer is invisible to it.
 *
 * Settled means: nothing left to drain and no `work` timer pending. `background` timers fire when time passes them
 * on the way to a `work` timer; they never make time move in `runUntilSettled`.
 */
export class VirtualClock implements Clock {
  readonly #epochMs: number
  readonly #timers = new TimerHeap()
  #elapsedMs = 0
  #sequence = 0
  #workPending = 0
  #isRunning = false
  #firedThisInstant = 0

  constructor(epochMs: number = VIRTUAL_EPOCH_MS) {
    this.#epochMs = epochMs
  }

  /** Whole milliseconds, as a system's clock tells them; delays may be fractions. */
  nowMs(): number {
    return Math.floor(this.#epochMs + this.#elapsedMs)
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  after(delayMs: number, kind: Wake, wake: () => void): Timer {
    const atMs = this.#elapsedMs + Math.max(0, Number.isFinite(delayMs) ? delayMs : 0)
    const timer: PendingTimer = { atMs, sequence: this.#sequence++, kind, wake, state: 'pending' }
    this.#timers.push(timer)
    if (kind === 'work') this.#workPending++
    return { cancel: () => this.#cancel(timer) }
  }

  /** What still waits, earliest first: for messages that say why a run did not settle. */
  pending(): readonly { readonly inMs: number; readonly kind: Wake }[] {
    return this.#timers.list().map((timer) => ({ inMs: timer.atMs - this.#elapsedMs, kind: timer.kind }))
  }

  /** Runs until no promise and no `work` timer is left, or `maxVirtualMs` have passed. */
  runUntilSettled(limit: RunLimit): Promise<Settled> {
    return this.#exclusively(async () => {
      const startMs = this.#elapsedMs
      let lastWorkMs = startMs
      await this.#drain()
      while (this.#workPending > 0) {
        const fired = this.#fireNext(startMs + limit.maxVirtualMs)
        if (fired === null) return { isSettled: false, settledAfterMs: lastWorkMs - startMs }
        if (fired === 'work') lastWorkMs = this.#elapsedMs
        await this.#drain()
      }
      return { isSettled: true, settledAfterMs: lastWorkMs - startMs }
    })
  }

  /** Lets exactly `durationMs` pass, firing all that falls due, of either kind. */
  runFor(durationMs: number): Promise<void> {
    return this.#exclusively(async () => {
      const endMs = this.#elapsedMs + durationMs
      await this.#drain()
      while (this.#fireNext(endMs) !== null) await this.#drain()
    })
  }

  /**
   * Runs until `isReached` holds, looking after every drain; resolves false when `maxVirtualMs` passed or no timer
   * of either kind is left.
   */
  runUntil(isReached: () => boolean, limit: RunLimit): Promise<boolean> {
    return this.#exclusively(async () => {
      const endMs = this.#elapsedMs + limit.maxVirtualMs
      await this.#drain()
      while (!isReached()) {
        if (this.#timers.peek() === null || this.#fireNext(endMs) === null) return false
        await this.#drain()
      }
      return true
    })
  }

  /**
   * Lets time pass while something of what this clock drives is awaited. Resolves or rejects as `work` does; rejects where
   * that has not come to its end when `maxVirtualMs` have passed or no timer is left, since it never would.
   */
  async during<T>(work: Promise<T>, limit: RunLimit = ANSWER): Promise<T> {
    let isDone = false
    const mark = (): void => void (isDone = true)
    work.then(mark, mark)
    if (await this.runUntil(() => isDone, limit)) return work
    throw new Error(`not at its end after ${limit.maxVirtualMs} ms of virtual time`)
  }

  #cancel(timer: PendingTimer): void {
    if (timer.state !== 'pending') return
    timer.state = 'cancelled'
    if (timer.kind === 'work') this.#workPending--
    this.#timers.noteCancelled()
  }

  /** Fires the earliest timer due up to `endMs`; if there is none, moves time to `endMs` and returns null. */
  #fireNext(endMs: number): Wake | null {
    const next = this.#timers.peek()
    if (next === null || next.atMs > endMs) {
      this.#moveTo(endMs)
      return null
    }
    this.#timers.pop()
    this.#moveTo(next.atMs)
    if (++this.#firedThisInstant > FIRINGS_PER_INSTANT_MAX) throw new Error('timers keep firing without time passing')
    next.state = 'fired'
    if (next.kind === 'work') this.#workPending--
    next.wake()
    return next.kind
  }

  #moveTo(atMs: number): void {
    if (atMs <= this.#elapsedMs) return
    this.#elapsedMs = atMs
    this.#firedThisInstant = 0
  }

  /** Ends after turns in which nothing new was asked of this clock. */
  async #drain(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; ) {
      const before = this.#sequence
      await eventLoopTurn()
      quiet = this.#sequence === before ? quiet + 1 : 0
    }
  }

  async #exclusively<T>(run: () => Promise<T>): Promise<T> {
    if (this.#isRunning) throw new Error('this clock is already being run')
    this.#isRunning = true
    try {
      return await run()
    } finally {
      this.#isRunning = false
    }
  }
}
