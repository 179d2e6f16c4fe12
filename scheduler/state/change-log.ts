/**
 * Which nodes changed, for readers that come by later: "the changes since" or "forgotten", so that no reader can
 * pretend to know. Bounded: the oldest half goes when it is full.
 */
const ENTRIES_MAX = 8_192

export class ChangeLog {
  #names: string[] = []
  /** The epoch of #names[0] is #first + 1. */
  #first = 0

  /** Grows by one a change; what a reader remembers to ask from here on. */
  get epoch(): number {
    return this.#first + this.#names.length
  }

  add(name: string): void {
    this.#names.push(name)
    if (this.#names.length < ENTRIES_MAX) return
    this.#first += ENTRIES_MAX / 2
    this.#names = this.#names.slice(ENTRIES_MAX / 2)
  }

  /** Names that changed after `epoch`, each once. */
  since(epoch: number): ReadonlySet<string> | 'forgotten' {
    if (epoch < this.#first) return 'forgotten'
    if (epoch >= this.epoch) return NOTHING
    return new Set(this.#names.slice(epoch - this.#first))
  }
}

const NOTHING: ReadonlySet<string> = new Set()
