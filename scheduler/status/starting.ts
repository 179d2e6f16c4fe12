import { Allowance } from '../../kube/allowance.ts'
import type { Clock } from '../../kube/clock.ts'
import { type GangSituation, isReady, isWhole } from '../gang/situation.ts'

/**
 * Where many gangs are placed at once, the first few and then so many a second are told of before their pods are ready; the
 * rest when they are, or after so long: a write that another follows within seconds helps nobody.
 */
const PER_SECOND = 2
const AT_ONCE = 20
const MAX_MS = 2_000

interface Moment {
  readonly atMs: number
  readonly isReserved: boolean
}

/** Of gangs that are placed and not told of yet, when each is to be told of though it is not ready. */
export class Starting {
  readonly #clock: Clock
  readonly #allowance: Allowance
  /** Key of a gang → when, monotonic; `isReserved`: it took that moment from the others. */
  readonly #moments = new Map<string, Moment>()

  constructor(clock: Clock) {
    this.#clock = clock
    this.#allowance = new Allowance(clock, PER_SECOND, AT_ONCE)
  }

  /** Milliseconds for which its status is not written yet; 0: it may be. */
  restMs(key: string, situation: GangSituation): number {
    const isTold = (situation.gang.status.phase ?? 'Pending') !== 'Pending'
    if (isTold || !isWhole(situation) || isReady(situation)) {
      this.#leave(key)
      return 0
    }
    const nowMs = this.#clock.monotonicMs()
    const moment = this.#moments.get(key) ?? this.#moment(nowMs)
    this.#moments.set(key, moment)
    return Math.max(0, moment.atMs - nowMs)
  }

  /** One that waits for as long as it may reserves nothing: else a thousand of them would make all later ones wait too. */
  #moment(nowMs: number): Moment {
    const waitMs = this.#allowance.reserve()
    if (waitMs < MAX_MS) return { atMs: nowMs + waitMs, isReserved: true }
    this.#allowance.giveBack()
    return { atMs: nowMs + MAX_MS, isReserved: false }
  }

  /** The gang is gone. */
  forget(key: string): void {
    this.#leave(key)
  }

  /** What is ready before its moment came leaves that to another. */
  #leave(key: string): void {
    const moment = this.#moments.get(key)
    this.#moments.delete(key)
    if (moment?.isReserved && moment.atMs > this.#clock.monotonicMs()) this.#allowance.giveBack()
  }
}
