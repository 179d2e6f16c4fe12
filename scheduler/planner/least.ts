/** Of domains that are offered those with the least free room, in order. */
export class Least {
  readonly #found: number[] = []
  #count = 0
  #free = Number.POSITIVE_INFINITY

  /** What had to give way is written over. */
  offer(domain: number, free: number): void {
    if (free > this.#free) return
    if (free < this.#free) this.#count = 0
    this.#free = free
    this.#found[this.#count++] = domain
  }

  get found(): number[] {
    this.#found.length = this.#count
    return this.#found
  }
}
