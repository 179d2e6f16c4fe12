import { type Entry, nextSurplus } from './entry.ts'

/**
 * Gangs whose surplus pods are about to be tried: their minimum is being bound, or their PodGang read again. What has a
 * lower priority lets them go first, for a moment: it would take the room just because an answer is under way.
 */
export class Coming {
  readonly #priorityOf = new Map<Entry, number>()
  readonly #yieldsMs: number
  /** Null: not known. */
  #highest: number | null = null
  /** Since when somebody has been waiting for them, on the monotonic clock; null: nobody is. */
  #sinceMs: number | null = null

  constructor(yieldsMs: number) {
    this.#yieldsMs = yieldsMs
  }

  /** Of an entry that was looked at, or of which the minimum was placed just now (`isPlaced`). */
  note(entry: Entry, isPlaced = false): void {
    const { priority } = entry.situation
    if (!isComing(entry, isPlaced)) return this.forget(entry)
    const before = this.#priorityOf.get(entry)
    this.#priorityOf.set(entry, priority)
    if (before !== undefined && before > priority) this.#highest = null
    else if (this.#highest !== null) this.#highest = Math.max(this.#highest, priority)
  }

  forget(entry: Entry): void {
    if (this.#priorityOf.size === 0) return
    if (this.#priorityOf.delete(entry)) this.#highest = null
    if (this.#priorityOf.size === 0) this.#sinceMs = null
  }

  /** Gangs that are gone are not waited for. O(gangs noted). */
  forgetGone(): void {
    for (const entry of this.#priorityOf.keys()) if (entry.isOver) this.forget(entry)
  }

  /** For how long something of this priority waits for them; 0: not at all. All of them together are waited for once. */
  waitMs(priority: number, nowMs: number): number {
    if (this.#priorityOf.size === 0 || priority >= (this.#highest ??= highestOf(this.#priorityOf.values()))) return 0
    this.#sinceMs ??= nowMs
    return Math.max(0, this.#sinceMs + this.#yieldsMs - nowMs)
  }
}

function highestOf(priorities: Iterable<number>): number {
  let highest = Number.NEGATIVE_INFINITY
  for (const each of priorities) highest = Math.max(highest, each)
  return highest
}

function isComing(entry: Entry, isPlaced: boolean): boolean {
  const { situation, waiting, isOver, isBeingUndone } = entry
  const { groups, gang, missing } = situation
  if (gang.isPlain || isOver || isBeingUndone || waiting !== null) return false
  if (isPlaced) return groups.some((group) => group.pending.length > group.missing)
  return missing === 0 && groups.some(({ pending }) => pending.length > 0) && nextSurplus(entry).length === 0
}
