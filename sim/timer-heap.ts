import type { Wake } from '../kube/clock.ts'

/** One pending wake. `sequence` is the order of asking, so that ties in time keep it. */
export interface PendingTimer {
  readonly atMs: number
  readonly sequence: number
  readonly kind: Wake
  readonly wake: () => void
  state: 'pending' | 'fired' | 'cancelled'
}

const isBefore = (a: PendingTimer, b: PendingTimer): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence)

/** Binary heap, earliest first. Cancelled entries stay until they surface or outnumber the live ones. */
export class TimerHeap {
  #entries: PendingTimer[] = []
  #cancelled = 0

  push(timer: PendingTimer): void {
    this.#entries.push(timer)
    this.#raise(this.#entries.length - 1)
  }

  /** The earliest pending timer, left in place. */
  peek(): PendingTimer | null {
    while (this.#entries[0]?.state === 'cancelled') {
      this.#removeTop()
      this.#cancelled--
    }
    return this.#entries[0] ?? null
  }

  pop(): PendingTimer | null {
    const top = this.peek()
    if (top !== null) this.#removeTop()
    return top
  }

  noteCancelled(): void {
    this.#cancelled++
    if (this.#cancelled > 64 && this.#cancelled * 2 > this.#entries.length) this.#compact()
  }

  /** Pending timers, earliest first. */
  list(): readonly PendingTimer[] {
    return this.#entries.filter((entry) => entry.state === 'pending').sort((a, b) => (isBefore(a, b) ? -1 : 1))
  }

  /** A sorted array is a heap. */
  #compact(): void {
    this.#entries = [...this.list()]
    this.#cancelled = 0
  }

  #removeTop(): void {
    const last = this.#entries.pop()
    if (last === undefined || this.#entries.length === 0) return
    this.#entries[0] = last
    this.#lower(0)
  }

  #raise(start: number): void {
    let index = start
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!this.#swapIfBefore(index, parent)) return
      index = parent
    }
  }

  #lower(start: number): void {
    let index = start
    for (;;) {
      const left = 2 * index + 1
      const right = left + 1
      const child = this.#precedes(right, left) ? right : left
      if (!this.#swapIfBefore(child, index)) return
      index = child
    }
  }

  #precedes(a: number, b: number): boolean {
    const first = this.#entries[a]
    const second = this.#entries[b]
    return first !== undefined && second !== undefined && isBefore(first, second)
  }

  #swapIfBefore(lower: number, upper: number): boolean {
    if (!this.#precedes(lower, upper)) return false
    const a = this.#entries[lower]
    const b = this.#entries[upper]
    if (a === undefined || b === undefined) return false
    this.#entries[lower] = b
    this.#entries[upper] = a
    return true
  }
}
