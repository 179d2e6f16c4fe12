import type { Clock, Timer, Wake } from '../../kube/clock.ts'

/** The clock of one process: it stops with it, and its wall clock can be wrong. */
export class ProcessClock implements Clock {
  /** How far the wall clock is off. */
  skewMs = 0
  /** Timers fire so much too late; below 0: too early, as those of Node.js may come. */
  lateMs = 0
  /** When it went on after it had stood still. */
  resumedMs: number = Number.NEGATIVE_INFINITY
  /** Timers that wait. */
  open = 0
  readonly #base: Clock
  #isDead = false
  #isPaused = false
  #held: (() => void)[] = []

  constructor(base: Clock) {
    this.#base = base
  }

  nowMs(): number {
    return this.#base.nowMs() + this.skewMs
  }

  monotonicMs(): number {
    return this.#base.monotonicMs()
  }

  get isDead(): boolean {
    return this.#isDead
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  after(delayMs: number, kind: Wake, wake: () => void): Timer {
    if (this.#isDead) return { cancel: () => {} }
    let isOpen = true
    this.open++
    const close = (): boolean => {
      if (!isOpen) return false
      isOpen = false
      this.open--
      return true
    }
    const atLeastMs = Math.min(delayMs, 1)
    const timer = this.#base.after(Math.max(atLeastMs, delayMs + this.lateMs), kind, () =>
      this.#run(() => close() && wake()),
    )
    return {
      cancel: () => {
        timer.cancel()
        close()
      },
    }
  }

  /** Resolves at once while the process runs, when it goes on while it is paused, and never when it is dead. */
  awake(): Promise<void> {
    if (this.#isDead) return new Promise(() => {})
    if (!this.#isPaused) return Promise.resolve()
    return new Promise((resolve) => this.#held.push(resolve))
  }

  pause(): void {
    this.#isPaused = true
  }

  /** In whichever order: what came in while it stood still is handled now. */
  resume(order: (held: (() => void)[]) => (() => void)[]): void {
    this.#isPaused = false
    this.resumedMs = this.#base.monotonicMs()
    for (const go of order(this.#held.splice(0))) this.#run(go)
  }

  die(): void {
    this.#isDead = true
    this.#held = []
  }

  #run(go: () => void): void {
    if (this.#isDead) return
    if (this.#isPaused) this.#held.push(go)
    else go()
  }
}
