import type { Clock } from '../../kube/clock.ts'
import { Moments } from '../../kube/moments.ts'
import { type GangSituation, isReady, isWhole } from '../gang/situation.ts'

/**
 * Where many gangs are placed at once, the first few and then so many a second are told of before their pods are ready; the
 * rest when they are, or after so long: a write that another follows within seconds helps nobody.
 */
const PER_SECOND = 2
const AT_ONCE = 20
const MAX_MS = 2_000

/** Of gangs that are placed and not told of yet, when each is to be told of though it is not ready. */
export class Starting {
  readonly #moments: Moments

  constructor(clock: Clock) {
    this.#moments = new Moments(clock, PER_SECOND, AT_ONCE, MAX_MS)
  }

  get size(): number {
    return this.#moments.size
  }

  /** Milliseconds for which its status is not written yet; 0: it may be. */
  restMs(key: string, situation: GangSituation): number {
    const isTold = (situation.gang.status.phase ?? 'Pending') !== 'Pending'
    if (!isTold && isWhole(situation) && !isReady(situation)) return this.#moments.restMs(key)
    this.#moments.leave(key)
    return 0
  }

  /** The gang is gone. */
  forget(key: string): void {
    this.#moments.leave(key)
  }
}
