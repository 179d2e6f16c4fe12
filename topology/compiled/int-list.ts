// Positions are the caller's to keep inside, so `!` on typed arrays is used freely in this file.

/** Integers in a row that takes entries in and out: one flat array with room to spare, seen through a view. */
export class IntList {
  #cells: Int32Array
  #length: number

  /** Takes the array over; it is written to from now on. */
  constructor(cells: Int32Array) {
    this.#cells = cells
    this.#length = cells.length
  }

  get length(): number {
    return this.#length
  }

  at(i: number): number {
    return this.#cells[i]!
  }

  set(i: number, value: number): void {
    this.#cells[i] = value
  }

  /** As it is now. The next change may write into it. */
  view(): Int32Array {
    return this.#cells.subarray(0, this.#length)
  }

  /** O(entries behind). */
  insert(i: number, value: number): void {
    if (this.#length === this.#cells.length) {
      const roomier = new Int32Array(this.#length + (this.#length >> 3) + 16)
      roomier.set(this.#cells)
      this.#cells = roomier
    }
    this.#cells.copyWithin(i + 1, i, this.#length++)
    this.#cells[i] = value
  }

  /** O(entries behind). */
  remove(i: number): void {
    this.#cells.copyWithin(i, i + 1, this.#length--)
  }

  /** Adds to each entry from `first` on. */
  addBehind(first: number, amount: number): void {
    const cells = this.#cells
    for (let i = first; i < this.#length; i++) cells[i]! += amount
  }

  /** Adds to each entry that is `least` or more. */
  addAbove(least: number, amount: number): void {
    const cells = this.#cells
    for (let i = 0; i < this.#length; i++) if (cells[i]! >= least) cells[i]! += amount
  }
}
