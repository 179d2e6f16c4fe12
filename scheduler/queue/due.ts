import { byBytes } from '../state/bytes.ts'
import type { ClusterState } from '../state/cluster.ts'
import { Coming } from './coming.ts'
import { type Entry, itemOf, type Queued } from './entry.ts'
import { Heap } from './heap.ts'
import { byTurn, type Item } from './order.ts'
import { GrownNodes, isWorthTrying, type Tried } from './wake.ts'

/**
 * Nodes come one by one, and each alone may hold a surplus pod where a few would hold the minimum of a gang that waits: while
 * one of no lower priority does, a surplus pod that was refused lets that much time pass from the first room on before it
 * takes it.
 */
const YIELDS_MS = 500

export interface DueOptions {
  readonly cluster: ClusterState
  /** Milliseconds until the gang may be planned; 0: now. */
  readonly waitMs: (entry: Entry, nowMs: number) => number
  /**
   * For how long a surplus pod that was refused leaves new room to others, and lower priorities leave room to surplus
   * pods that are about to be tried. Default: YIELDS_MS.
   */
  readonly yieldsMs?: number
}

/**
 * Which gangs are to be planned, first things first. What a turn does not come to stays in its place for the next one,
 * so a turn costs what changed and what it decides, however many wait.
 */
export class Due {
  readonly #options: DueOptions
  // A pod of no gang may have a gang's name: keys tell them apart, so that the order of events changes nothing.
  readonly #heap = new Heap<Queued>((a, b) => byTurn(a, b) || byBytes(a.entry.situation.key, b.entry.situation.key))
  /** Changed, refused or waiting for their time: looked at when a turn begins. */
  readonly #resting = new Set<Entry>()
  /** Refused, and nothing has changed since that could help them: looked at when something has. */
  readonly #asleep = new Set<Entry>()
  /** What may wake those: as it was when they were looked at last. */
  #seen: readonly number[] = []
  readonly #grown: GrownNodes
  readonly #coming: Coming
  readonly #yieldsMs: number
  /** Those whose minimum was refused. */
  readonly #lacking = new Set<Entry>()
  /** Milliseconds for which what is left in the queue waits for surplus pods of a higher priority; null: it does not. */
  heldMs: number | null = null
  /** As `highestLacking` found it in this turn; null: nobody asked. */
  #highest: number | null = null

  constructor(options: DueOptions) {
    this.#options = options
    this.#grown = new GrownNodes(options.cluster)
    this.#yieldsMs = options.yieldsMs ?? YIELDS_MS
    this.#coming = new Coming(this.#yieldsMs)
  }

  /** False where nothing is left in the queue; what is left may have become moot. */
  get hasMore(): boolean {
    return this.#heap.size > 0
  }

  /** Gangs that are remembered, one that is queued and was refused before too; of those placed and gone none is. */
  get size(): number {
    return new Set([...this.#resting, ...this.#asleep, ...this.#lacking]).size
  }

  /** The gang changed or was refused: what was queued of it no longer counts. */
  rest(entry: Entry): void {
    entry.queued = null
    this.#asleep.delete(entry)
    this.#resting.add(entry)
    if (entry.refusal !== null && entry.situation.missing > 0) this.#lacking.add(entry)
    else this.#lacking.delete(entry)
  }

  /** Queues what can be planned now. Milliseconds until more of it can be; null: nothing waits for its time. */
  begin(nowMs: number, round: number): number | null {
    let waitMs: number | null = null
    const queued: Queued[] = []
    this.#highest = null
    this.#coming.forgetGone()
    const look = (entry: Entry): void => {
      if (entry.isOver) this.#forget(entry, nowMs)
      const ms = entry.isOver ? null : this.#look(entry, nowMs, round)
      if (entry.queued !== null) queued.push(entry.queued)
      if (ms !== null && ms > 0) waitMs = Math.min(waitMs ?? ms, ms)
    }
    if (this.#hasNews(round)) this.#asleep.forEach(look)
    this.#resting.forEach(look)
    this.#heap.pushAll(queued)
    return waitMs
  }

  /** Whether anything is different that `isWorthTrying` asks for, of gangs that did not look around. */
  #hasNews(round: number): boolean {
    const { topologyEpoch, fences, growth } = this.#options.cluster
    const now = [round, topologyEpoch, fences.openings.epoch, growth.epoch]
    const isSame = now.every((each, i) => each === this.#seen[i])
    this.#seen = now
    return !isSame
  }

  #forget(entry: Entry, nowMs: number): void {
    this.#coming.note(entry, nowMs)
    this.#lacking.delete(entry)
    this.#resting.delete(entry)
    this.#asleep.delete(entry)
  }

  /** Queues one that rests, if it can be planned now. */
  offer(entry: Entry, nowMs: number, round: number): void {
    if (this.#look(entry, nowMs, round) === 0 && entry.queued !== null) this.#heap.push(entry.queued)
  }

  /** Milliseconds until it can be planned, 0: it is to be queued; null: there is nothing to plan, or nothing changed. */
  #look(entry: Entry, nowMs: number, round: number): number | null {
    const { cluster, waitMs } = this.#options
    const { refusal, situation } = entry
    const item = itemOf(entry)
    if (item === null) {
      this.#forget(entry, nowMs)
      return null
    }
    this.#coming.forget(entry)
    if (refusal !== null && !isWorthTrying(cluster, situation, refusal.tried, round, this.#grown)) {
      refusal.tried.worthSinceMs = null // what had grown is of no use any more: a cordon, a taint
      if (refusal.tried.hasLookedAround || !this.#resting.delete(entry)) return null
      this.#asleep.add(entry)
      return null
    }
    if (this.#asleep.delete(entry)) this.#resting.add(entry)
    entry.gatheringMs = item.kind === 'surplus' ? 0 : waitMs(entry, nowMs)
    const yieldMs = refusal === null ? 0 : this.#surplusYieldsMs(item, refusal.tried, nowMs)
    const ms = Math.max(entry.gatheringMs, yieldMs, (refusal?.notBeforeMs ?? 0) - nowMs)
    if (ms > 0) return ms
    this.#resting.delete(entry)
    entry.queued = item
    return 0
  }

  #surplusYieldsMs({ kind, priority }: Item, tried: Tried, nowMs: number): number {
    if (kind !== 'surplus') return 0
    tried.worthSinceMs ??= nowMs
    const restMs = Math.max(0, tried.worthSinceMs + this.#yieldsMs - nowMs)
    return restMs > 0 && priority <= (this.#highest ??= this.#highestLacking()) ? restMs : 0
  }

  /** O(minimums that were refused), once a turn and only if somebody may yield. */
  #highestLacking(): number {
    let highest = Number.NEGATIVE_INFINITY
    for (const entry of this.#lacking) {
      const item = entry.isOver ? null : itemOf(entry)
      if (item === null || item.kind === 'surplus') this.#lacking.delete(entry)
      else highest = Math.max(highest, item.priority)
    }
    return highest
  }

  /** Its minimum was placed: lower priorities wait a moment for its surplus. */
  placed(entry: Entry, nowMs: number): void {
    this.#coming.note(entry, nowMs, true)
  }

  /** Takes the first out of the queue. Undefined: it is empty, or what is left waits for this many ms (`heldMs`). */
  next(nowMs: number): Queued | undefined {
    this.heldMs = null
    for (let first = this.#heap.pop(); first !== undefined; first = this.#heap.pop()) {
      const { entry, priority } = first
      if (entry.isOver) this.#forget(entry, nowMs)
      if (entry.queued !== first || entry.isOver) continue
      const waitMs = this.#coming.waitMs(priority, nowMs)
      if (waitMs > 0) {
        this.#heap.push(first)
        this.heldMs = waitMs
        return undefined
      }
      entry.queued = null
      return first
    }
    return undefined
  }
}
