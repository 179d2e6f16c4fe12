import { Allowance } from './allowance.ts'
import type { Clock } from './clock.ts'

interface Moment {
  /** Monotonic. */
  readonly atMs: number
  /** It took that moment from the others. */
  readonly isReserved: boolean
}

/**
 * When each of many that come at once has its turn: the first few at once, then so many a second, nobody later than after
 * `mostMs`. Whoever waits for that long reserves nothing, else a thousand of them would make all later ones wait too.
 */
export class Moments {
  readonly #clock: Clock
  readonly #allowance: Allowance
  readonly #mostMs: number
  readonly #of = new Map<string, Moment>()

  constructor(clock: Clock, perSecond: number, atOnce: number, mostMs: number) {
    this.#clock = clock
    this.#allowance = new Allowance(clock, perSecond, atOnce)
    this.#mostMs = mostMs
  }

  get size(): number {
    return this.#of.size
  }

  /** Milliseconds until its moment; it is the same one until `leave`. */
  restMs(key: string): number {
    const nowMs = this.#clock.monotonicMs()
    const moment = this.#of.get(key) ?? this.#next(nowMs)
    this.#of.set(key, moment)
    return Math.max(0, moment.atMs - nowMs)
  }

  /** Whoever needs no moment before it came leaves it to another. */
  leave(key: string): void {
    const moment = this.#of.get(key)
    this.#of.delete(key)
    if (moment?.isReserved && moment.atMs > this.#clock.monotonicMs()) this.#allowance.giveBack()
  }

  #next(nowMs: number): Moment {
    const waitMs = this.#allowance.reserve()
    if (waitMs < this.#mostMs) return { atMs: nowMs + waitMs, isReserved: true }
    this.#allowance.giveBack()
    return { atMs: nowMs + this.#mostMs, isReserved: false }
  }
}
