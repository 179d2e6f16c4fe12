import { KubeError } from '../../kube/answers.ts'
import type { Clock, Wake } from '../../kube/clock.ts'

const REST_FIRST_MS = 1_000
const REST_MAX_MS = 30_000
/** About two minutes of rests; later ones are background: the permission may never come. */
const WORK_TIMES = 8

interface Refused {
  readonly times: number
  readonly untilMs: number
}

/**
 * Gangs whose status we may not write. Asking again cures nothing but a missing permission, so each rests, whatever
 * happens to it meanwhile, from a second up to half a minute, until a write of its status was let through.
 */
export class Forbidden {
  readonly #clock: Clock
  readonly #refused = new Map<string, Refused>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#refused.size
  }

  /** When to look at the gang again; null: it does not rest. */
  restOf(key: string): { again: number; wake: Wake } | null {
    const refused = this.#refused.get(key)
    const restMs = (refused?.untilMs ?? 0) - this.#clock.monotonicMs()
    if (refused === undefined || restMs <= 0) return null
    return { again: restMs, wake: refused.times <= WORK_TIMES ? 'work' : 'background' }
  }

  /** Any other error is none of ours. */
  note(key: string, error: unknown): void {
    if (!(error instanceof KubeError) || (error.failure.status !== 401 && error.failure.status !== 403)) return
    const times = (this.#refused.get(key)?.times ?? 0) + 1
    const restMs = Math.min(REST_MAX_MS, REST_FIRST_MS * 2 ** (times - 1))
    this.#refused.set(key, { times, untilMs: this.#clock.monotonicMs() + restMs })
  }

  forget(key: string): void {
    this.#refused.delete(key)
  }
}
