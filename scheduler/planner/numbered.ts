/**
 * Numbers keys from 0 on in the order in which they come, for keys below a size: a look is one read of an array, and to
 * begin anew costs nothing.
 */
export class Numbered {
  #marks = new Int32Array(0)
  /** What number 0 is written as: marks below it are of those who had the array before. */
  #zero = 1
  #count = 0

  /** As if it were new, for keys below `size`. */
  begin(size: number): this {
    this.#zero += this.#count
    this.#count = 0
    if (this.#marks.length < size || this.#zero > ZERO_MAX) {
      this.#marks = new Int32Array(size)
      this.#zero = 1
    }
    return this
  }

  get count(): number {
    return this.#count
  }

  /** -1: it has none. */
  find(key: number): number {
    const mark = this.#marks[key] as number
    return mark < this.#zero ? -1 : mark - this.#zero
  }

  /** The key has none yet. */
  add(key: number): number {
    this.#marks[key] = this.#zero + this.#count
    return this.#count++
  }
}

/** Half of what a mark may be, so that the count above it has room. */
const ZERO_MAX = 2 ** 30

const known = new WeakMap<readonly string[], Numbered>()

/** One array for all plans over the same nodes, since only one is made at a time: what one leaves means nothing to the next. */
export function numberedFor(nodeNames: readonly string[], size: number): Numbered {
  let numbered = known.get(nodeNames)
  if (numbered === undefined) known.set(nodeNames, (numbered = new Numbered()))
  return numbered.begin(size)
}
