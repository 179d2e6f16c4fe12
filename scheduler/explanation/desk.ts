import type { ExplainAnswer } from '../../api/explanation.ts'
import type { Clock } from '../../kube/clock.ts'
import type { Book } from '../queue/book.ts'
import type { ClusterState } from '../state/cluster.ts'
import { explainGang } from './explain-gang.ts'

export interface DeskOptions {
  readonly cluster: ClusterState
  readonly book: Book
  readonly clock: Clock
  readonly defaultPack: 'narrowest' | 'none'
  readonly maxSteps: number
}

/** After this no further change is tried. Most take a tenth of it once the code is warm. */
const LIMIT_MS = 100
/** Explanations share the thread with the scheduling loop: after one, it is the loop's for so many times as long. */
const REST_TIMES = 9
/** Who asks again within this gets the same answer. */
const FRESH_MS = 1_000
const KEPT_MAX = 64

/** Answers who asks why, and never lets the asking stand in the way of placing. */
export class ExplanationDesk {
  readonly #options: DeskOptions
  #busyUntilMs = Number.NEGATIVE_INFINITY
  readonly #kept = new Map<string, { readonly atMs: number; readonly answer: ExplainAnswer }>()

  constructor(options: DeskOptions) {
    this.#options = options
  }

  explain(namespace: string, name: string): ExplainAnswer {
    const { cluster, book, clock, defaultPack, maxSteps } = this.#options
    const key = `${namespace}/${name}`
    const nowMs = clock.monotonicMs()
    const kept = this.#kept.get(key)
    if (kept !== undefined && nowMs - kept.atMs < FRESH_MS) return kept.answer
    const entry = book.get(key)
    if (entry === undefined || entry.situation.gang.isPlain || entry.uid === '') return { kind: 'unknown' }
    if (nowMs < this.#busyUntilMs) return { kind: 'busy', retryAfterMs: this.#busyUntilMs - nowMs }
    const isOver = (): boolean => clock.monotonicMs() - nowMs > LIMIT_MS
    const explanation = explainGang(cluster, entry, { defaultPack, maxSteps, nowMs, isOver })
    const answer: ExplainAnswer = { kind: 'explained', explanation }
    const endMs = clock.monotonicMs()
    this.#busyUntilMs = endMs + REST_TIMES * (endMs - nowMs)
    this.#keep(key, nowMs, answer)
    return answer
  }

  #keep(key: string, atMs: number, answer: ExplainAnswer): void {
    this.#kept.delete(key)
    if (this.#kept.size >= KEPT_MAX) this.#kept.delete(this.#kept.keys().next().value as string)
    this.#kept.set(key, { atMs, answer })
  }
}
