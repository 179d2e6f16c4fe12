/**
 * What changed (names of nodes, or rows of a table), for readers that come by later: "the changes since" or
 * "forgotten", so that no reader can pretend to know. Bounded: the oldest half goes when it is full.
 */
const ENTRIES_MAX = 8_192

export class ChangeLog<T = string> {
  #entries: T[] = []
  /** The epoch of #entries[0] is #first + 1. */
  #first = 0

  /** Grows by one a change; what a reader remembers to ask from here on. */
  get epoch(): number {
    return this.#first + this.#entries.length
  }

  add(entry: T): void {
    this.#entries.push(entry)
    if (this.#entries.length < ENTRIES_MAX) return
    this.#first += ENTRIES_MAX / 2
    this.#entries = this.#entries.slice(ENTRIES_MAX / 2)
  }

  /** Shows what changed after `epoch`, in order; some of it may come again. False: forgotten, and nothing was shown. */
  visitSince(epoch: number, visit: (entry: T) => void): boolean {
    if (epoch < this.#first) return false
    for (let i = epoch - this.#first; i < this.#entries.length; i++) visit(this.#entries[i] as T)
    return true
  }

  /** What changed after `epoch`, each once. */
  since(epoch: number): ReadonlySet<T> | 'forgotten' {
    if (epoch < this.#first) return 'forgotten'
    if (epoch >= this.epoch) return NOTHING
    return new Set(this.#entries.slice(epoch - this.#first))
  }
}

const NOTHING: ReadonlySet<never> = new Set()
