/**
 * A binary heap: the first by `order` comes out first. Push and pop cost O(log size). What comes together into an empty
 * heap is sorted once instead, which takes half as many comparisons.
 */
export class Heap<T> {
  readonly #items: T[] = []
  /** Sorted, the first at its end. */
  #run: T[] = []
  readonly #order: (a: T, b: T) => number

  constructor(order: (a: T, b: T) => number) {
    this.#order = order
  }

  get size(): number {
    return this.#items.length + this.#run.length
  }

  pushAll(items: readonly T[]): void {
    if (this.size === 0) this.#run = items.toSorted((a, b) => this.#order(b, a))
    else for (const item of items) this.push(item)
  }

  push(item: T): void {
    let at = this.#items.push(item) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isBefore(at, parent)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  pop(): T | undefined {
    const first = this.#items[0]
    const next = this.#run.at(-1)
    if (next !== undefined && (first === undefined || this.#order(next, first) <= 0)) return this.#run.pop()
    const last = this.#items.pop()
    if (this.#items.length === 0 || last === undefined) return first
    this.#items[0] = last
    this.#sink()
    return first
  }

  #sink(): void {
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      let next = at
      if (left < this.#items.length && this.#isBefore(left, next)) next = left
      if (left + 1 < this.#items.length && this.#isBefore(left + 1, next)) next = left + 1
      if (next === at) return
      this.#swap(at, next)
      at = next
    }
  }

  #isBefore(a: number, b: number): boolean {
    return this.#order(this.#items[a] as T, this.#items[b] as T) < 0
  }

  #swap(a: number, b: number): void {
    const item = this.#items[a] as T
    this.#items[a] = this.#items[b] as T
    this.#items[b] = item
  }
}
