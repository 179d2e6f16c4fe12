import type { GangKey } from './gangs.ts'
import type { Charge, Usage } from './usage.ts'

/** The seat of a pod that is going or gone, kept for the pod that comes in its place. */
export interface Hold {
  /** Of the pod that had the seat. */
  readonly uid: string
  /** Name of its pod group. */
  readonly group: string
  /** Its place in its clique, which its replacement has too. */
  readonly index: number
  readonly node: string
  readonly requests: Readonly<Record<string, number>>
  /** On the monotonic clock. */
  readonly sinceMs: number
  /** The pod is gone. Until then its own use keeps the seat; from then on the hold counts as used. */
  readonly isVacated: boolean
}

/** Seats that are kept, by gang; what is kept counts as used on its node like a pod. */
export class Holds {
  readonly #usage: Usage
  readonly #byGang = new Map<GangKey, Map<string, Hold>>()

  constructor(usage: Usage) {
    this.#usage = usage
  }

  /** In no order. */
  of(key: GangKey): readonly Hold[] {
    return [...(this.#byGang.get(key)?.values() ?? [])]
  }

  hasAny(key: GangKey): boolean {
    return this.#byGang.has(key)
  }

  has(key: GangKey, uid: string): boolean {
    return this.#byGang.get(key)?.has(uid) ?? false
  }

  get size(): number {
    let size = 0
    for (const holds of this.#byGang.values()) size += holds.size
    return size
  }

  set(key: GangKey, hold: Hold): void {
    const holds = this.#byGang.get(key) ?? new Map<string, Hold>()
    const before = holds.get(hold.uid)
    this.#byGang.set(key, holds.set(hold.uid, hold))
    this.#usage.change(chargeOf(before), chargeOf(hold))
  }

  release(key: GangKey, hold: Hold): void {
    const holds = this.#byGang.get(key)
    const before = holds?.get(hold.uid)
    if (holds?.delete(hold.uid) !== true) return
    if (holds.size === 0) this.#byGang.delete(key)
    this.#usage.change(chargeOf(before), null)
  }
}

/** Until it is vacated its pod is what counts. */
const chargeOf = (hold: Hold | undefined): Charge | null => (hold?.isVacated === true ? hold : null)
