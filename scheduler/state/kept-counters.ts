import { columnSums, Counts, type Counters, freshCounters, FreeRoom, passesForSome } from '../planner/counters.ts'
import type { PlanView, PodClassView } from '../planner/request.ts'
import type { Layout, NodeTable } from './node-table.ts'

/** Together no more than this: the counters of a class take 4 bytes a node, free room 8 bytes a node and column. */
const BYTES_MAX = 64 * 2 ** 20
const KEPT_MIN = 8
const KEPT_MAX = 1_000

interface Kept<T> {
  readonly counter: T
  readonly refresh: (row: number) => void
  /** Rows changed after this are not in it yet. */
  epoch: number
  /** When it was asked for last, in questions of all counters. */
  asked: number
}

/**
 * The planner's counters kept from plan to plan: brought up to date from the table's log of changed rows when they are
 * asked for, O(changed rows × levels); made anew, O(nodes), when cold, when the log forgot, when nodes came or went, or
 * when other nodes pass. Those not asked for longest go first.
 */
export class KeptCounters {
  readonly #nodes: NodeTable
  /** By what a class asks for and where it passes: two classes alike in both may share. */
  readonly #counts = new Map<PodClassView, Kept<Counts>>()
  /** By where classes pass: views of classes that pass on the same nodes share one array. */
  readonly #free = new Map<Uint8Array, Kept<FreeRoom>>()
  #asked = 0
  #generation = -1
  #topologyEpoch = -1
  #allocatable: { readonly epoch: number; readonly sums: Float64Array } | null = null

  constructor(nodes: NodeTable) {
    this.#nodes = nodes
  }

  /** Counters for a view of this layout: for the turn in hand only, like the view. */
  of(view: PlanView, layout: Layout, topologyEpoch: number): Counters {
    if (this.#generation !== layout.generation) this.#forgetAll(layout.generation)
    if (this.#topologyEpoch !== topologyEpoch) this.#forgetLevels(topologyEpoch)
    return {
      counts: (c) => this.#countsOf(view, view.classes[c] as PodClassView),
      free: (classes) => this.#freeFor(view, classes),
      allocatable: () => this.#sums(view),
    }
  }

  #countsOf(view: PlanView, of: PodClassView): Counts {
    const known = this.#counts.get(of)
    if (known !== undefined && this.#bringUp(known)) return known.counter
    return this.#keep(this.#counts, of, 4, new Counts(view, of.requests, of.feasible))
  }

  #freeFor(view: PlanView, classes: readonly number[]): FreeRoom {
    const only = passingWhere(view, classes)
    if (only === null) return freshCounters(view).free(classes)
    const known = this.#free.get(only)
    if (known !== undefined && this.#bringUp(known)) return known.counter
    const room = new FreeRoom(view, passesForSome(view, classes.slice(0, 1)))
    return this.#keep(this.#free, only, 8 * view.resources.length, room)
  }

  /** False: the log of rows has forgotten what changed since. */
  #bringUp(known: Kept<Counts | FreeRoom>): boolean {
    const { rows } = this.#nodes
    known.asked = ++this.#asked
    if (known.epoch !== rows.epoch && !rows.visitSince(known.epoch, known.refresh)) return false
    known.epoch = rows.epoch
    return true
  }

  /** `bytes`: what one of them takes a node. */
  #keep<K, T extends Counts | FreeRoom>(kept: Map<K, Kept<T>>, key: K, bytes: number, counter: T): T {
    const most = Math.max(KEPT_MIN, Math.min(KEPT_MAX, BYTES_MAX / (bytes * Math.max(1, this.#nodes.size))))
    if (!kept.has(key) && kept.size >= most) kept.delete(longestUnasked(kept))
    const refresh = (row: number): void => counter.refresh(row)
    kept.set(key, { counter, refresh, epoch: this.#nodes.rows.epoch, asked: ++this.#asked })
    return counter
  }

  #sums({ allocatable, resources }: PlanView): Float64Array {
    const epoch = this.#nodes.allocatableEpoch
    if (this.#allocatable?.epoch !== epoch)
      this.#allocatable = { epoch, sums: columnSums(allocatable, resources.length) }
    return this.#allocatable.sums
  }

  #forgetAll(generation: number): void {
    this.#generation = generation
    this.#counts.clear()
    this.#free.clear()
    this.#allocatable = null
  }

  #forgetLevels(topologyEpoch: number): void {
    this.#topologyEpoch = topologyEpoch
    for (const { counter } of this.#counts.values()) counter.forgetLevels()
    for (const { counter } of this.#free.values()) counter.forgetLevels()
  }
}

/** Where all of the classes pass, in one array for all of them; null: they do not share one. */
function passingWhere({ classes }: PlanView, some: readonly number[]): Uint8Array | null {
  const only = classes[some[0] ?? -1]?.feasible
  for (let i = 1; i < some.length; i++) if (classes[some[i] as number]?.feasible !== only) return null
  return only ?? null
}

/** O(counters kept). */
function longestUnasked<K>(kept: ReadonlyMap<K, Kept<unknown>>): K {
  let first: K | undefined
  let asked = Number.POSITIVE_INFINITY
  for (const [key, each] of kept) {
    if (each.asked >= asked) continue
    first = key
    asked = each.asked
  }
  return first as K
}
