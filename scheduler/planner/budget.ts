/**
 * The bound on one search: domains tried plus seats taken. A part of the search that only improves a plan gets a
 * share, so that it cannot eat what the proof of the whole needs; what it used counts all the same.
 */
export interface Budget {
  /** Takes steps; false when there are none left, and from then on. */
  take(steps?: number): boolean
  /**
   * Books work beside the steps, so that steps measure time: one for so many looks at a node, a domain or a scope. Where
   * it leaves no steps, the next `take` says so.
   */
  look(count: number): void
  readonly used: number
  readonly left: number
  share(steps: number): Budget
}

/** A step is about a microsecond, a look some nanoseconds: `npm run bench -- hostile` prints what a search takes. */
const LOOKS_A_STEP = 64

export const budget = (maxSteps: number): Budget => new Steps(maxSteps, null)

class Steps implements Budget {
  readonly #maxSteps: number
  readonly #above: Budget | null
  #looks = 0
  used = 0

  constructor(maxSteps: number, above: Budget | null) {
    this.#maxSteps = maxSteps
    this.#above = above
  }

  take(steps = 1): boolean {
    this.used += steps
    return (this.#above === null || this.#above.take(steps)) && this.used <= this.#maxSteps
  }

  look(count: number): void {
    this.#looks += count
    if (this.#looks < LOOKS_A_STEP) return
    this.take(Math.floor(this.#looks / LOOKS_A_STEP))
    this.#looks %= LOOKS_A_STEP
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
