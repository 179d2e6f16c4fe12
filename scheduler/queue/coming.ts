import { type Entry, nextSurplus } from './entry.ts'

/** All of them together hold lower priorities up for so many times what one may, then these are let through. */
const HELD_TIMES_MAX = 4

/** A gang that is waited for. */
interface Awaited {
  readonly priority: number
  /** On the monotonic clock. */
  readonly untilMs: number
}

interface Held {
  /** The highest of what is. */
  readonly priority: number
  /** Since when without a pause. */
  readonly sinceMs: number
  /** Until when, as it was asked about last. */
  readonly untilMs: number
}

/**
 * Gangs whose surplus pods are about to be tried: their minimum is being bound, or their PodGang read again. What has a
 * lower priority lets them go first, for a moment: it would take the room just because an answer is under way. Each is
 * waited for once, from when it began to come; where one comes after the other without end, what waits is let through
 * now and then.
 */
export class Coming {
  readonly #awaited = new Map<Entry, Awaited>()
  /** Still coming, but waited for long enough. */
  readonly #passed = new Set<Entry>()
  readonly #yieldsMs: number
  /** Of those awaited; null: not known. */
  #highest: number | null = null
  /** What is being held up; null: nothing is. */
  #held: Held | null = null

  constructor(yieldsMs: number) {
    this.#yieldsMs = yieldsMs
  }

  /** Of an entry that was looked at, or of which the minimum was placed just now (`isPlaced`). */
  note(entry: Entry, nowMs: number, isPlaced = false): void {
    if (!isComing(entry, isPlaced)) return this.forget(entry)
    if (this.#passed.has(entry)) return
    const { priority } = entry.situation
    const before = this.#awaited.get(entry)
    if (before?.priority === priority) return
    this.#awaited.set(entry, { priority, untilMs: before?.untilMs ?? nowMs + this.#yieldsMs })
    // Many come in one turn: what one more makes of the highest is known without a look at the others.
    const isMore = before === undefined && this.#highest !== null
    this.#highest = isMore ? Math.max(this.#highest ?? priority, priority) : null
  }

  forget(entry: Entry): void {
    if (this.#awaited.size + this.#passed.size === 0) return
    this.#passed.delete(entry)
    if (this.#awaited.delete(entry)) this.#highest = null
  }

  /** Gangs that are gone are not waited for. O(gangs noted). */
  forgetGone(): void {
    for (const noted of [this.#awaited, this.#passed]) {
      for (const entry of noted.keys()) if (entry.isOver) this.forget(entry)
    }
  }

  /** For how long something of this priority waits for them; 0: not at all. O(gangs awaited) where it does, or did. */
  waitMs(priority: number, nowMs: number): number {
    if (priority >= (this.#highest ??= highestOf(this.#awaited.values()))) return this.#letThrough(priority)
    // Nobody asked in time: what was held up is gone.
    if (this.#held !== null && nowMs > this.#held.untilMs + this.#yieldsMs) this.#held = null
    const sinceMs = this.#held?.sinceMs ?? nowMs
    const latestMs = sinceMs + HELD_TIMES_MAX * this.#yieldsMs
    const untilMs = Math.min(latestMs, this.#lastAbove(priority))
    if (untilMs <= nowMs) return this.#pass(priority)
    this.#held = { priority: Math.max(priority, this.#held?.priority ?? priority), sinceMs, untilMs }
    return untilMs - nowMs
  }

  /** Until when the last of those with a higher priority is waited for. */
  #lastAbove(priority: number): number {
    let lastMs = Number.NEGATIVE_INFINITY
    for (const each of this.#awaited.values()) if (each.priority > priority) lastMs = Math.max(lastMs, each.untilMs)
    return lastMs
  }

  /** Those with a higher priority were waited for, each for itself or all of them together. */
  #pass(priority: number): 0 {
    for (const [entry, awaited] of this.#awaited) {
      if (awaited.priority <= priority) continue
      this.#awaited.delete(entry)
      this.#passed.add(entry)
    }
    this.#highest = null
    return this.#letThrough(priority)
  }

  #letThrough(priority: number): 0 {
    if (this.#held !== null && priority <= this.#held.priority) this.#held = null
    return 0
  }
}

function highestOf(awaited: Iterable<Awaited>): number {
  let highest = Number.NEGATIVE_INFINITY
  for (const { priority } of awaited) highest = Math.max(highest, priority)
  return highest
}

function isComing(entry: Entry, isPlaced: boolean): boolean {
  const { situation, waiting, isOver, isBeingUndone } = entry
  const { groups, gang, missing } = situation
  if (gang.isPlain || isOver || isBeingUndone || waiting !== null) return false
  if (isPlaced) return groups.some((group) => group.pending.length > group.missing)
  return missing === 0 && groups.some(({ pending }) => pending.length > 0) && nextSurplus(entry).length === 0
}
