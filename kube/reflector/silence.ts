import type { Clock, Timer } from '../clock.ts'

/**
 * The inactivity deadline of one stream: aborts its `signal` when nothing was heard for `maxMs`, or when `outer`
 * aborts. A half-open connection gives neither bytes nor an end.
 */
export class Silence {
  readonly #clock: Clock
  #maxMs: number
  readonly #aborter = new AbortController()
  readonly #outer: AbortSignal
  /** With a reason of its own: the one that is made otherwise carries a stack, and nobody reads it. */
  readonly #abort = (): void => this.#aborter.abort('the stream is let go')
  #heardMs: number
  #timer: Timer
  #isBroken = false

  constructor(clock: Clock, maxMs: number, outer: AbortSignal) {
    this.#clock = clock
    this.#maxMs = maxMs
    this.#outer = outer
    this.#heardMs = clock.monotonicMs()
    this.#timer = this.#arm(maxMs)
    if (outer.aborted) this.#abort()
    else outer.addEventListener('abort', this.#abort, { once: true })
  }

  get signal(): AbortSignal {
    return this.#aborter.signal
  }

  /** The deadline has passed. */
  get isBroken(): boolean {
    return this.#isBroken
  }

  /** From now on it may be silent so long, which is not shorter than before. */
  allow(maxMs: number): void {
    this.#maxMs = maxMs
  }

  /** Costs no timer: the one that runs looks at this when it fires. */
  heard(): void {
    this.#heardMs = this.#clock.monotonicMs()
  }

  /** Lets go of the stream, too. */
  end(): void {
    this.#timer.cancel()
    this.#outer.removeEventListener('abort', this.#abort)
    this.#abort()
  }

  #arm(delayMs: number): Timer {
    return this.#clock.after(delayMs, 'background', () => this.#look())
  }

  #look(): void {
    const leftMs = this.#heardMs + this.#maxMs - this.#clock.monotonicMs()
    if (leftMs > 0) {
      this.#timer = this.#arm(leftMs)
      return
    }
    this.#isBroken = true
    this.#abort()
  }
}
