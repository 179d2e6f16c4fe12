import type { Reason } from '../../api/reasons.ts'
import { type GangSituation, situationOf } from '../gang/situation.ts'
import type { ClusterState } from '../state/cluster.ts'
import type { GangKey } from '../state/gangs.ts'
import { parseAttempt } from '../binder/attempt.ts'
import { type Entry, newEntry, waitingReason } from './entry.ts'

export interface BookOptions {
  readonly cluster: ClusterState
  readonly isSuspended: (uid: string) => boolean
  /** Why nothing may be bound in the namespace; null: it may. */
  readonly stopped: (situation: GangSituation) => Reason | null
  /** An entry ends: its gang is gone, or another one has its name. */
  readonly onEnd: (key: GangKey) => void
}

/** One entry a gang that has something of ours in it, by key; and which of them have pods to place. */
export class Book {
  readonly #options: BookOptions
  readonly #entries = new Map<GangKey, Entry>()
  readonly #active = new Set<GangKey>()

  constructor(options: BookOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: GangKey): Entry | undefined {
    return this.#entries.get(key)
  }

  /** All, in no order. */
  entries(): IterableIterator<Entry> {
    return this.#entries.values()
  }

  /** Those with ungated pods without a node, in no order. */
  active(): Entry[] {
    const active: Entry[] = []
    for (const key of this.#active) {
      const entry = this.#entries.get(key)
      if (entry !== undefined) active.push(entry)
    }
    return active
  }

  /** Looks at the gang as it is now. Null: there is nothing of ours any more. */
  refresh(key: GangKey, nowMs: number): Entry | null {
    const { cluster, isSuspended } = this.#options
    const situation = situationOf(cluster, key, isSuspended)
    const known = this.#entries.get(key)
    if (situation === null) {
      this.#end(key)
      return null
    }
    if (known !== undefined && known.uid !== situation.gang.uid) this.#end(key)
    const entry = this.#entries.get(key) ?? newEntry(situation)
    entry.situation = situation
    entry.waiting = this.#options.stopped(situation) ?? waitingReason(situation)
    entry.seq = Math.max(entry.seq, highestSeq(entry) + 1)
    this.#entries.set(key, entry)
    this.#note(key, entry, nowMs)
    return entry
  }

  #note(key: GangKey, entry: Entry, nowMs: number): void {
    const isActive = entry.situation.groups.some(({ pending, unsupported }) => pending.length + unsupported.length > 0)
    if (isActive) this.#active.add(key)
    else this.#active.delete(key)
    if (!isActive) entry.refusal = null
    entry.unplacedSinceMs = isActive ? (entry.unplacedSinceMs ?? nowMs) : null
  }

  #end(key: GangKey): void {
    this.#active.delete(key)
    if (this.#entries.delete(key)) this.#options.onEnd(key)
  }
}

/** Of the attempts that its pods carry: a scheduler that starts goes on counting where another stopped. */
function highestSeq({ uid, situation }: Entry): number {
  let highest = 0
  for (const { bound } of situation.groups) {
    for (const { pod } of bound) {
      const attempt = parseAttempt(pod.attempt)
      if (attempt?.gangUid === uid) highest = Math.max(highest, attempt.seq)
    }
  }
  return highest
}
