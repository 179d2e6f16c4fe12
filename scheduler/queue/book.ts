import { type Reason, reason } from '../../api/reasons.ts'
import { type GangSituation, type GroupSituation, situationOf } from '../gang/situation.ts'
import type { ClusterState } from '../state/cluster.ts'
import type { GangKey } from '../state/gangs.ts'
import { attemptOf } from '../binder/attempt.ts'
import { undoRestMs } from '../binder/undo.ts'
import { type Entry, newEntry, waitingReason } from './entry.ts'

export interface BookOptions {
  readonly cluster: ClusterState
  readonly isSuspended: (uid: string) => boolean
  /** Why nothing may be bound in the namespace; null: it may. */
  readonly stopped: (situation: GangSituation) => Reason | null
  /** An entry ends: its gang is gone, or another one has its name. */
  readonly onEnd: (key: GangKey) => void
}

/** One entry a gang that has something of ours in it, by key. */
export class Book {
  readonly #options: BookOptions
  readonly #entries = new Map<GangKey, Entry>()

  constructor(options: BookOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#entries.size
  }

  /** Entries with pods to place. O(entries). */
  pendingCount(): number {
    let count = 0
    for (const { unplacedSinceMs } of this.#entries.values()) if (unplacedSinceMs !== null) count++
    return count
  }

  get(key: GangKey): Entry | undefined {
    return this.#entries.get(key)
  }

  /** All, in no order. */
  entries(): IterableIterator<Entry> {
    return this.#entries.values()
  }

  /** Looks at the gang as it is now; `known`: what `get` gives. Null: there is nothing of ours any more. */
  refresh(key: GangKey, nowMs: number, known: Entry | undefined = this.#entries.get(key)): Entry | null {
    const { cluster, isSuspended } = this.#options
    const situation = situationOf(cluster, key, isSuspended, known?.situation)
    if (situation === null) {
      this.#end(key)
      return null
    }
    const isKnown = known?.uid === situation.gang.uid
    if (known !== undefined && !isKnown) this.#end(key) // another gang had the name
    const entry = isKnown ? known : this.#begin(key, situation)
    entry.situation = situation
    entry.waiting = this.#options.stopped(situation) ?? restReason(entry, nowMs) ?? waitingReason(situation)
    entry.seq = Math.max(entry.seq, highestSeq(entry) + 1)
    note(entry, nowMs)
    return entry
  }

  #begin(key: GangKey, situation: GangSituation): Entry {
    const entry = newEntry(situation)
    this.#entries.set(key, entry)
    return entry
  }

  #end(key: GangKey): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    entry.isOver = true
    this.#entries.delete(key)
    this.#options.onEnd(key)
  }
}

const isWaiting = ({ pending, unsupported }: GroupSituation): boolean => pending.length + unsupported.length > 0

/** Whether there are ungated pods without a node, and since when. */
function note(entry: Entry, nowMs: number): void {
  const isActive = entry.situation.groups.some(isWaiting)
  if (!isActive) entry.refusal = null
  entry.unplacedSinceMs = isActive ? (entry.unplacedSinceMs ?? nowMs) : null
}

/** What is bound of it, by whomever, is completed without a rest. */
function restReason({ situation, undos, restsUntilMs }: Entry, nowMs: number): Reason | null {
  if (nowMs >= restsUntilMs || situation.boundCount > 0) return null
  return reason('GivenBack', { times: undos, s: Math.round(undoRestMs(undos) / 1_000) })
}

/** Of the attempts that its pods carry: a scheduler that starts goes on counting where another stopped. */
function highestSeq({ uid, situation }: Entry): number {
  let highest = 0
  if (situation.boundCount === 0) return highest
  for (const { bound } of situation.groups) {
    for (const { pod } of bound) {
      const attempt = attemptOf(pod)
      if (attempt?.gangUid === uid) highest = Math.max(highest, attempt.seq)
    }
  }
  return highest
}
