import type { GangSituation, GroupSituation } from '../gang/situation.ts'

/**
 * Gates are lifted pod by pod. A gang that could be planned already waits a moment for the rest of them, because pods
 * that are there weigh in the choice of domain. Only pods that hold the gang's own gate are waited for: a pod gated
 * by somebody else never blocks.
 */
export class Gather {
  readonly #gatherMs: number
  readonly #seen = new Map<string, { readonly ungated: number; readonly sinceMs: number }>()

  constructor(gatherMs: number) {
    this.#gatherMs = gatherMs
  }

  /** Milliseconds until the gang may be planned; 0: now. A gang that has been planned before does not wait again. */
  waitMs(situation: GangSituation, nowMs: number): number {
    const { key, gang, groups } = situation
    if (gang.isPlain || !groups.some(isGated)) return 0
    const ungated = groups.reduce((sum, { pending, bound }) => sum + pending.length + bound.length, 0)
    const last = this.#seen.get(key)
    if (last === undefined || last.ungated !== ungated) this.#seen.set(key, { ungated, sinceMs: nowMs })
    const sinceMs = this.#seen.get(key)?.sinceMs ?? nowMs
    return Math.max(0, sinceMs + this.#gatherMs - nowMs)
  }

  forget(key: string): void {
    this.#seen.delete(key)
  }
}

const isGated = ({ gated }: GroupSituation): boolean => gated.some((pod) => pod.isGatedByGang)
