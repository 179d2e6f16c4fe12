import { type Entry, itemOf, nextSurplus } from './entry.ts'

/**
 * Gangs whose surplus pods are about to be tried: their minimum is being bound, or their PodGang read again. What has a
 * lower priority lets them go first, for a moment: it would take the room just because an answer is under way.
 */
export class Coming {
  readonly #priorityOf = new Map<Entry, number>()
  readonly #yieldsMs: number
  /** Since when somebody has been waiting for them, on the monotonic clock; null: nobody is. */
  #sinceMs: number | null = null

  constructor(yieldsMs: number) {
    this.#yieldsMs = yieldsMs
  }

  /** Of an entry that was looked at, or of which the minimum was placed just now (`isPlaced`). */
  note(entry: Entry, isPlaced = false): void {
    if (isComing(entry, isPlaced)) this.#priorityOf.set(entry, entry.situation.priority)
    else this.forget(entry)
  }

  forget(entry: Entry): void {
    if (this.#priorityOf.size === 0) return
    this.#priorityOf.delete(entry)
    if (this.#priorityOf.size === 0) this.#sinceMs = null
  }

  /** For how long something of this priority waits for them; 0: not at all. All of them together are waited for once. */
  waitMs(priority: number, nowMs: number): number {
    for (const theirs of this.#priorityOf.values()) {
      if (theirs <= priority) continue
      this.#sinceMs ??= nowMs
      return Math.max(0, this.#sinceMs + this.#yieldsMs - nowMs)
    }
    return 0
  }
}

function isComing(entry: Entry, isPlaced: boolean): boolean {
  const { situation, waiting, isOver, isBeingUndone } = entry
  const { groups, gang, missing } = situation
  if (gang.isPlain || isOver || isBeingUndone || waiting !== null) return false
  if (isPlaced) return groups.some((group) => group.pending.length > group.missing)
  const isPending = missing === 0 && groups.some(({ pending }) => pending.length > 0)
  return isPending && nextSurplus(entry).length === 0 && itemOf(entry) === null
}
