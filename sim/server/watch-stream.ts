import type { WatchEvent } from '../../kube/client.ts'

/** What is told: as text, or as it is held for a reader in this process. Made only when read. */
export interface Telling {
  readonly text: () => string
  /** Null: there is only its text. */
  readonly event: (() => WatchEvent) | null
}

/** Lines of a watch on their way to one reader: bounded, and cut when the reader falls too far behind. */
export class WatchStream implements AsyncIterable<string> {
  #limit: number
  readonly #onEnd: () => void
  /** Encoded only when read, so that a thousand slow readers hold references and no copies. */
  #waiting: Telling[] = []
  #head = 0
  #wakes: (() => void)[] = []
  #isEnded = false
  #failure: Error | null = null

  constructor(limit: number, onEnd: () => void) {
    this.#limit = limit
    this.#onEnd = onEnd
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** What was there before the watch began does not count against its reader. */
  allow(lines: number): void {
    this.#limit += lines
  }

  /** False when the stream has ended or the reader was too slow, which ends it. */
  push(text: () => string, event: Telling['event'] = null): boolean {
    if (this.#isEnded) return false
    if (this.#waiting.length - this.#head >= this.#limit) {
      this.#waiting = []
      this.#head = 0
      this.end()
      return false
    }
    this.#waiting.push({ text, event })
    this.#awake()
    return true
  }

  /** Ends after what waits has been read. */
  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#onEnd()
    this.#awake()
  }

  /** Breaks at once, as a dropped connection does. */
  break(failure: Error): void {
    if (this.#isEnded) return
    this.#failure = failure
    this.#waiting = []
    this.#head = 0
    this.end()
  }

  #awake(): void {
    const wakes = this.#wakes
    this.#wakes = []
    for (const wake of wakes) wake()
  }

  /** The next line if it is there already, else null. */
  ready(): string | null {
    return this.#take()?.text() ?? null
  }

  /** The lines as they are held, where that is possible. */
  events(): AsyncIterable<WatchEvent | string> {
    return this.#read((telling) => telling.event?.() ?? telling.text())
  }

  #take(): Telling | null {
    if (this.#head >= this.#waiting.length) return null
    const line = this.#waiting[this.#head++]!
    if (this.#head > 1024) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
    return line
  }

  async #next<T>(form: (telling: Telling) => T): Promise<IteratorResult<T>> {
    for (;;) {
      const line = this.#take()
      if (line !== null) return { done: false, value: form(line) }
      if (this.#failure !== null) throw this.#failure
      if (this.#isEnded) return { done: true, value: undefined }
      await new Promise<void>((resolve) => {
        this.#wakes.push(resolve)
      })
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<string> {
    return this.#read(({ text }) => text())[Symbol.asyncIterator]()
  }

  #read<T>(form: (telling: Telling) => T): AsyncIterable<T> {
    const iterator: AsyncIterator<T> = {
      next: () => this.#next(form),
      return: () => {
        this.end()
        return Promise.resolve({ done: true, value: undefined })
      },
    }
    return { [Symbol.asyncIterator]: () => iterator }
  }
}
