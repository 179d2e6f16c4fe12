/**
 * Pods that are not to be bound just now, and why: the last answer about them said that they are not what we thought,
 * and nothing newer has been heard yet. Ends by a read, or with the pod.
 */
export class Suspended {
  readonly #why = new Map<string, string>()
  readonly #failures = new Map<string, number>()
  /** A read has shown that they are no more, and no event has yet. */
  readonly #gone = new Set<string>()

  get size(): number {
    return this.#why.size + this.#gone.size
  }

  has(uid: string): boolean {
    return this.#why.has(uid)
  }

  whyOf(uid: string): string | null {
    return this.#why.get(uid) ?? null
  }

  /** Returns how often in a row it was suspended. */
  add(uid: string, why: string): number {
    this.#why.set(uid, why)
    const failures = (this.#failures.get(uid) ?? 0) + 1
    this.#failures.set(uid, failures)
    return failures
  }

  /** May be bound again; a row of failures goes on until it is. */
  end(uid: string): void {
    this.#why.delete(uid)
  }

  /** Bound or gone. */
  forget(uid: string): void {
    this.#why.delete(uid)
    this.#failures.delete(uid)
  }

  /** A read has found it gone: what events tell of it until its end is old. */
  foundGone(uid: string): void {
    this.add(uid, 'the pod is gone')
    this.#gone.add(uid)
  }

  isGone(uid: string): boolean {
    return this.#gone.has(uid)
  }

  /** Its end was told. */
  ended(uid: string): void {
    this.forget(uid)
    this.#gone.delete(uid)
  }
}
