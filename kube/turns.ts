/** A turn that has read for so long gives way. */
const LONG_MS = 10

/**
 * Turns of the event loop, for those who read streams. A socket that is full brings up to 2 MB in one turn (libuv reads
 * it 32 times in a row), and with them 50 ms of work in which no timer runs. All streams of a process share this.
 */
class Turns {
  /** When this turn first asked; null: it has not yet. */
  #beganMs: number | null = null

  /** A promise to wait for where this turn has been long enough; null: go on. */
  giveWay(): Promise<void> | null {
    const nowMs = performance.now()
    if (this.#beganMs === null) {
      this.#beganMs = nowMs
      setImmediate(() => (this.#beganMs = null))
      return null
    }
    return nowMs - this.#beganMs < LONG_MS ? null : new Promise((resolve) => setImmediate(resolve))
  }
}

export const turns: Turns = new Turns()
