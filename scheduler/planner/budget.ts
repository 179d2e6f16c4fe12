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

export function budget(maxSteps: number, above: Budget | null = null): Budget {
  let used = 0
  return {
    take(steps = 1) {
      used += steps
      return (above === null || above.take(steps)) && used <= maxSteps
    },
    get used() {
      return used
    },
    get left() {
      return Math.max(0, Math.min(maxSteps - used, above === null ? Number.POSITIVE_INFINITY : above.left))
    },
    share(steps) {
      return budget(steps, this)
    },
  }
}

/** The three ends of every search: a plan, a proof that there is none, or neither because steps ran out. */
export type Outcome = 'seated' | 'unplaceable' | 'undecided'
