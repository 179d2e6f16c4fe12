/** Of domains that are offered those with the least free room, in order. */
export class Least {
  readonly #found: number[] = []
  #count = 0
  #free = Number.POSITIVE_INFINITY

  /** As if it were new: what was found is written over, so nobody may look at it any more. */
  begin(): this {
    this.#count = 0
    this.#free = Number.POSITIVE_INFINITY
    return this
  }

  /** What had to give way is written over. */
  offer(domain: number, free: number): void {
    if (free > this.#free) return
    if (free < this.#free) this.#count = 0
    this.#free = free
    this.#found[this.#count++] = domain
  }

  get count(): number {
    return this.#count
  }

  at(i: number): number {
    return this.#found[i]!
  }

  get found(): number[] {
    this.#found.length = this.#count
    return this.#found
  }
}
