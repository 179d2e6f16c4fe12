import type { Clock } from '../../kube/clock.ts'

/**
 * Where only the counts of a reason changed, with every pod that comes or goes, nobody reads the text so often: beside
 * what is bound meanwhile, a pod that waited was told of 30 times in a minute.
 */
const REST_MS = 10_000

/** When a gang and its pods were told of last; new words for the same reason wait from then on. */
export class Wording {
  readonly #clock: Clock
  /** Key of a gang → monotonic. */
  readonly #toldMs = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#toldMs.size
  }

  /** Milliseconds for which new words alone are not written; 0: they may be. */
  restMs(key: string): number {
    const toldMs = this.#toldMs.get(key)
    return toldMs === undefined ? 0 : Math.max(0, toldMs + REST_MS - this.#clock.monotonicMs())
  }

  note(key: string): void {
    this.#toldMs.set(key, this.#clock.monotonicMs())
  }

  /** The gang is gone. */
  forget(key: string): void {
    this.#toldMs.delete(key)
  }
}

/** What one look at a gang may write. */
export interface Telling {
  readonly mayReword: boolean
  /** New words alone were left for later. */
  isHeld: boolean
}
