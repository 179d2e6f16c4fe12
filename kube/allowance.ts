import type { Clock } from './clock.ts'

/** A rate: `perSecond` in the long run, at most `burst` at once. May be shared by several writers. */
export class Allowance {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #filledMs: number

  constructor(clock: Clock, perSecond: number, burst: number = perSecond) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
    this.#filledMs = clock.monotonicMs()
  }

  /** 0: taken, go ahead. Else nothing was taken; ask again in that many milliseconds. */
  take(): number {
    this.#fill()
    if (this.#tokens < 1 - EPSILON) return Math.max(1, Math.ceil(((1 - this.#tokens) * 1_000) / this.#perSecond))
    this.#tokens -= 1
    return 0
  }

  /** Takes one in advance and returns the milliseconds until it may be used; 0: at once. Asked again it takes another. */
  reserve(): number {
    this.#fill()
    this.#tokens -= 1
    return this.#tokens >= -EPSILON ? 0 : Math.ceil((-this.#tokens * 1_000) / this.#perSecond)
  }

  /** One that was reserved is not used. */
  giveBack(): void {
    this.#tokens += 1
  }

  #fill(): void {
    const nowMs = this.#clock.monotonicMs()
    this.#tokens = Math.min(this.#burst, this.#tokens + ((nowMs - this.#filledMs) * this.#perSecond) / 1_000)
    this.#filledMs = nowMs
  }
}

/** Fractions of a token add up inexactly. */
const EPSILON = 1e-6
