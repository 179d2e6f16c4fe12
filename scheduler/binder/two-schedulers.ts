import type { PodFacts } from '../state/pod-facts.ts'
import { parseAttempt } from './attempt.ts'

/** Nothing is bound in a namespace until it was quiet for so long. */
export const QUIET_MS = 300_000

/**
 * A pod that we saw pending under our name and that got a node without our annotation: somebody else binds for us. A
 * pod that was created with its node is merely foreign, so nobody can stop the scheduler with one. An annotation that
 * the pod had before is nobody's bind. `assumed`: where we are binding it ourselves.
 */
export function isRivalBind(before: PodFacts, after: PodFacts, isOurs: boolean, assumed: string | null): boolean {
  if (!isOurs || before.node !== null || after.node === null || after.node === assumed) return false
  return after.attempt === before.attempt || parseAttempt(after.attempt) === null
}

/** Which namespaces are left alone, and until when on the monotonic clock. */
export class Rivals {
  readonly #until = new Map<string, number>()

  /** Returns true when the namespace was not left alone before. */
  add(namespace: string, nowMs: number): boolean {
    const isNew = !this.isStopped(namespace, nowMs)
    for (const each of this.#until.keys()) this.isStopped(each, nowMs) // forgets those that nobody asks about any more
    this.#until.set(namespace, nowMs + QUIET_MS)
    return isNew
  }

  /** Namespaces that are, or were not long ago, left alone. */
  namespaces(): readonly string[] {
    return [...this.#until.keys()]
  }

  /** Milliseconds until it may be quiet again; 0: it is. */
  waitMs(namespace: string, nowMs: number): number {
    return Math.max(0, (this.#until.get(namespace) ?? nowMs) - nowMs)
  }

  isStopped(namespace: string, nowMs: number): boolean {
    const untilMs = this.#until.get(namespace)
    if (untilMs === undefined) return false
    if (nowMs < untilMs) return true
    this.#until.delete(namespace)
    return false
  }
}
