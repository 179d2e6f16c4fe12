import PQueue from 'p-queue'
import type { Answer, Failure } from './client.ts'
import { type Clock, sleep } from './clock.ts'
import type { Random } from './random.ts'

export interface WriterOptions {
  readonly clock: Clock
  readonly random: Random
  /** Writes under way at once: at first, and as many as it may come to be while many wait. */
  readonly concurrency?: Concurrency
}

export interface Concurrency {
  readonly first: number
  readonly most: number
}

export interface WriteTurn {
  /** Higher goes first; equal ones in the order of arrival. 0 if not given. */
  readonly priority?: number
  /** How often it is sent at most, where the server turns it away. Default: 8 times. */
  readonly triesMax?: number
}

/** Bounded concurrent writes. What a server turned away for now is sent again when it says so. */
export interface Writer {
  /**
   * `send` is called when it is its turn, and again after a refusal that a later try can cure (429, 503 with
   * Retry-After). An unknown outcome is returned at once: only the caller knows how to find out what happened.
   */
  write<T>(send: () => Promise<Answer<T>>, turn?: WriteTurn): Promise<Answer<T>>
  /** Waiting and under way. */
  readonly size: number
  readonly isIdle: boolean
  /** Resolves when fewer than `size` wait: back-pressure. */
  whenBelow(size: number): Promise<void>
  /** What was not sent is answered `Aborted`, refused; resolves when nothing is under way any more. */
  stop(): Promise<void>
}

/**
 * Every write under way has a connection of its own, and opening one costs both ends some milliseconds: a gang of 512
 * starts no sooner with 128 of them, while 4,000 pods are bound some 1.4 times as fast as with 32 (`npm run bench --
 * binding`). So a writer begins with few, and gets one more for every few answers while others wait.
 */
const CONCURRENCY: Concurrency = { first: 32, most: 128 }
const ANSWERS_PER_STEP = 4
const TRIES_MAX = 8
const RETRY_FIRST_MS = 1_000
const RETRY_MAX_MS = 30_000

export function writer(options: WriterOptions): Writer {
  return new QueuedWriter(options)
}

const STOPPED: Failure = {
  kind: 'failure',
  status: 0,
  reason: 'Aborted',
  message: 'the writer was stopped before this was sent',
  retryable: false,
  retryAfterMs: null,
  outcome: 'refused',
  details: null,
}

class QueuedWriter implements Writer {
  readonly #clock: Clock
  readonly #random: Random
  readonly #queue: PQueue
  readonly #concurrency: Concurrency
  readonly #aborter = new AbortController()
  #answers = 0

  constructor({ clock, random, concurrency = CONCURRENCY }: WriterOptions) {
    this.#clock = clock
    this.#random = random
    this.#concurrency = concurrency
    this.#queue = new PQueue({ concurrency: concurrency.first })
  }

  get size(): number {
    return this.#queue.size + this.#queue.pending
  }

  get isIdle(): boolean {
    return this.size === 0
  }

  async write<T>(send: () => Promise<Answer<T>>, turn: WriteTurn = {}): Promise<Answer<T>> {
    const { priority = 0, triesMax = TRIES_MAX } = turn
    if (this.isIdle) this.#narrow() // connections may have been closed meanwhile
    return this.#queue.add(() => this.#try(send, triesMax), { priority })
  }

  whenBelow(size: number): Promise<void> {
    return this.#queue.onSizeLessThan(size)
  }

  async stop(): Promise<void> {
    this.#aborter.abort()
    await this.#queue.onIdle()
  }

  /** Keeps its place in the queue while it rests: a server that is overloaded gets fewer requests at once. */
  async #try<T>(send: () => Promise<Answer<T>>, triesMax: number): Promise<Answer<T>> {
    const { signal } = this.#aborter
    for (let tries = 1; !signal.aborted; tries++) {
      const answer = await send()
      if (isStruggling(answer)) this.#narrow()
      else this.#widen()
      if (answer.kind === 'ok' || !isTurnedAway(answer) || tries >= triesMax) return answer
      await sleep(this.#clock, this.#retryMs(tries, answer.retryAfterMs), 'work', signal)
    }
    return STOPPED
  }

  #widen(): void {
    if (this.#queue.size === 0 || this.#queue.concurrency >= this.#concurrency.most) return
    this.#answers++
    if (this.#answers % ANSWERS_PER_STEP === 0) this.#queue.concurrency++
  }

  #narrow(): void {
    this.#queue.concurrency = this.#concurrency.first
  }

  #retryMs(tries: number, retryAfterMs: number | null): number {
    const whole = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** (tries - 1))
    const jittered = whole * (0.5 + this.#random() / 2)
    return retryAfterMs === null ? jittered : retryAfterMs + jittered / 10
  }
}

/** It turned a write away, or nobody knows what became of one: more at once would not help it. */
const isStruggling = (answer: Answer<unknown>): boolean =>
  answer.kind === 'failure' && (answer.outcome === 'unknown' || isTurnedAway(answer))

const isTurnedAway = ({ outcome, retryable, status }: Failure): boolean =>
  outcome === 'refused' && retryable && (status === 429 || status === 503)
