/**
 * The bound on one search: domains tried plus seats taken. A part of the search that only improves a plan gets a
 * share, so that it cannot eat what the proof of the whole needs; what it used counts all the same.
 */
export interface Budget {
  /** Takes steps; false when there are none left, and from then on. */
  take(steps?: number): boolean
  readonly used: number
  readonly left: number
  share(steps: number): Budget
}

export const budget = (maxSteps: number): Budget => new Steps(maxSteps, null)

class Steps implements Budget {
  readonly #maxSteps: number
  readonly #above: Budget | null
  used = 0

  constructor(maxSteps: number, above: Budget | null) {
    this.#maxSteps = maxSteps
    this.#above = above
  }

  take(steps = 1): boolean {
    this.used += steps
    return (this.#above === null || this.#above.take(steps)) && this.used <= this.#maxSteps
  }

  get left(): number {
    return Math.max(0, Math.min(this.#maxSteps - this.used, this.#above?.left ?? Number.POSITIVE_INFINITY))
  }

  share(steps: number): Budget {
    return new Steps(steps, this)
  }
}

/** The three ends of every search: a plan, a proof that there is none, or neither because steps ran out. */
export type Outcome = 'seated' | 'unplaceable' | 'undecided'
