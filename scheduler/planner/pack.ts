import { podsIn } from './counters.ts'
import type { Budget, Outcome } from './budget.ts'
import { Patterns } from './patterns.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/** Pods alike: the same requests, the same nodes to choose from. */
export interface Run {
  readonly requests: Float64Array
  /** Per local node 1 where the run may go. */
  readonly allowed: Uint8Array
  readonly count: number
}

/** A bin-packing problem over a few nodes, numbered from 0. */
export interface PackProblem {
  readonly nodes: number
  readonly columns: number
  /** free[node * columns + column]; changed while packing and always put back. */
  readonly free: Float64Array
  /** Nodes in the order in which they should fill: the fewest cells of it that do are used. */
  readonly order: Int32Array
  readonly runs: readonly Run[]
}

/** Per run and local node how many pods went there. Only true when the outcome is 'seated'. */
export type Packed = readonly Int32Array[]

/** A component with more nodes than this is searched without memory: its keys would cost more than they save. */
const MEMORY_NODES = 96

/** Setting up costs a step for each eight nodes, so that steps measure time on large domains too. */
const NODES_A_STEP_SHIFT = 3
/** Keys of the memory are made and sorted node by node. */
const KEYED_A_STEP_SHIFT = 4
/** Bounds on many runs cost as well: a step for so many looks at a node. */
const FITS_A_STEP_SHIFT = 7

/** The search goes one call deeper a node; beyond this it would run out of stack. */
const DEEP_NODES = 1_500

/**
 * Seats all runs or proves that they cannot be: exact vector bin packing, big runs first, each node filled as far as
 * it goes before less is tried. Pruned by class counts and resource sums of what is left; identical nodes count as one
 * choice; states that failed are remembered. One run alone needs no search.
 */
export function pack(problem: PackProblem, budget: Budget): { outcome: Outcome; packed: Packed } {
  const { runs } = problem
  const packed = runs.map(() => new Int32Array(problem.nodes))
  const by = runs
    .map((_, i) => ({ i, size: sizeOf(problem, i), reach: reach(problem, i) }))
    .sort((a, b) => b.size - a.size || a.reach - b.reach || a.i - b.i)
    .map(({ i }) => i)
  if (!budget.take(problem.nodes >> NODES_A_STEP_SHIFT)) return { outcome: 'undecided', packed }
  const packer = new Packer(problem, by, packed, budget)
  return { outcome: packer.place(0), packed }
}

/** The share of the roomiest allowed node that one pod takes: big pods have the fewest choices. */
function sizeOf({ runs, free, nodes, columns }: PackProblem, run: number): number {
  const { requests, allowed } = runs[run]!
  let size = 0
  for (let r = 0; r < columns; r++) {
    if (requests[r]! <= 0) continue
    let most = 0
    for (let n = 0; n < nodes; n++) if (allowed[n] === 1 && free[n * columns + r]! > most) most = free[n * columns + r]!
    size = Math.max(size, requests[r]! / Math.max(most, 1e-9))
  }
  return size
}

function reach({ runs, nodes }: PackProblem, run: number): number {
  let allowed = 0
  for (let n = 0; n < nodes; n++) allowed += runs[run]!.allowed[n]!
  return allowed
}

class Packer {
  readonly #problem: PackProblem
  readonly #by: readonly number[]
  readonly #packed: Packed
  readonly #budget: Budget
  readonly #failed: Set<string> = new Set()
  /** needed[at][i]: places that run i and all that take its places ask for, of the runs from `at` on. */
  readonly #needed: readonly Int32Array[]
  /** [i][node]: equal for nodes that the runs from i on are allowed on alike. */
  readonly #welcome: readonly Int32Array[]

  constructor(problem: PackProblem, by: readonly number[], packed: Packed, budget: Budget) {
    this.#problem = problem
    this.#by = by
    this.#packed = packed
    this.#budget = budget
    this.#needed = needed(problem, by)
    this.#welcome = welcomes(problem, by)
  }

  /** Seats runs `at` .. last in packing order. Unless 'seated', all is as it was on entry. */
  place(at: number): Outcome {
    if (at === this.#by.length) return 'seated'
    // The bounds and the key look at all nodes for each run that is left: steps are to measure time.
    if (!this.#budget.take((this.#problem.nodes * (this.#by.length - at)) >> NODES_A_STEP_SHIFT)) return 'undecided'
    if (!this.#mayFit(at)) return 'unplaceable'
    const isLast = at === this.#by.length - 1
    const isKeyed = !isLast && this.#problem.nodes <= MEMORY_NODES
    // Made after the first failure, so that a packing which never backs up pays nothing.
    const known = isKeyed && this.#failed.size > 0 ? this.#keyed(at) : null
    if (known !== null && this.#failed.has(known)) return 'unplaceable'
    if (isKeyed && this.#budget.left === 0) return 'undecided'
    const outcome = this.#placeRun(at, isLast)
    if (outcome === 'unplaceable' && isKeyed) this.#failed.add(known ?? this.#keyed(at)) // all is as it was on entry
    return outcome
  }

  #keyed(at: number): string {
    this.#budget.take(this.#problem.nodes >> KEYED_A_STEP_SHIFT)
    return this.#key(at)
  }

  #placeRun(at: number, isLast: boolean): Outcome {
    const run = this.#problem.runs[this.#by[at]!]!
    const order = this.#problem.order.filter((n) => this.#fit(run, n) > 0)
    const suffix = new Float64Array(order.length + 1)
    for (let i = order.length - 1; i >= 0; i--) suffix[i] = suffix[i + 1]! + this.#fit(run, order[i]!)
    if (suffix[0]! < run.count) return 'unplaceable'
    if (isLast) return this.#fillInOrder(at, order)
    if (order.length > DEEP_NODES) return this.#placeGreedily(at, order)
    const alike = new Map<string, number>()
    return this.#spill({ at, order, suffix, kinds: Array.from(order, (n) => this.#kind(n, at)), alike }, 0, run.count)
  }

  /** Over so many nodes one distribution is tried; where the rest then does not fit, nothing is proved. */
  #placeGreedily(at: number, order: Int32Array): Outcome {
    const outcome = this.#fillInOrder(at, order)
    if (outcome !== 'seated') return outcome
    const rest = this.place(at + 1)
    if (rest === 'seated') return rest
    const counts = this.#packed[this.#by[at]!]!
    for (let k = 0; k < order.length; k++) this.#put(at, order[k]!, -counts[order[k]!]!)
    return 'undecided'
  }

  /** The last run: whatever order, it fits if the counts say so. */
  #fillInOrder(at: number, order: Int32Array): Outcome {
    const run = this.#problem.runs[this.#by[at]!]!
    if (!this.#budget.take(run.count)) return 'undecided'
    let left = run.count
    for (let i = 0; left > 0; i++) {
      const taken = Math.min(left, this.#fit(run, order[i]!))
      this.#put(at, order[i]!, taken)
      left -= taken
    }
    return 'seated'
  }

  /** Seats `left` pods of a run on order[from ..], trying the fullest node first. */
  #spill(walk: Walk, from: number, left: number): Outcome {
    if (left === 0) return this.place(walk.at + 1)
    if (walk.suffix[from]! < left) return 'unplaceable'
    const node = walk.order[from]!
    const kind = walk.kinds[from]!
    const before = walk.alike.get(kind)
    const fit = this.#fit(this.#problem.runs[this.#by[walk.at]!]!, node)
    const most = Math.min(left, fit, before ?? fit) // among nodes alike the earlier takes no less
    const least = Math.max(0, left - walk.suffix[from + 1]!)
    for (let taken = most; taken >= least; taken--) {
      if (!this.#budget.take(taken + 1)) return this.#restore(walk, kind, before, 'undecided')
      this.#put(walk.at, node, taken)
      walk.alike.set(kind, taken)
      const outcome = this.#spill(walk, from + 1, left - taken)
      if (outcome === 'seated') return outcome
      this.#put(walk.at, node, -taken)
      if (outcome === 'undecided') return this.#restore(walk, kind, before, outcome)
    }
    return this.#restore(walk, kind, before, 'unplaceable')
  }

  #restore({ alike }: Walk, kind: string, before: number | undefined, outcome: Outcome): Outcome {
    if (before === undefined) alike.delete(kind)
    else alike.set(kind, before)
    return outcome
  }

  #fit(run: Run, node: number): number {
    if (run.allowed[node] === 0) return 0
    return podsIn(this.#problem.free, node * this.#problem.columns, run.requests, run.count)
  }

  #put(at: number, node: number, count: number): void {
    const index = this.#by[at]!
    const { free, columns, runs } = this.#problem
    for (let r = 0; r < columns; r++) free[node * columns + r]! -= runs[index]!.requests[r]! * count
    this.#packed[index]![node]! += count
  }

  /** Bounds on what is left: each run's places against it and all that take its places, and each resource's sum. */
  #mayFit(at: number): boolean {
    const { runs, nodes, free, columns } = this.#problem
    let work = 0
    for (let i = at; i < this.#by.length; i++) {
      let needed = this.#needed[at]![i]!
      const { requests, allowed } = runs[this.#by[i]!]!
      let n = 0
      for (; n < nodes && needed > 0; n++) {
        if (allowed[n] === 1) needed -= podsIn(free, n * columns, requests, needed)
      }
      work += n + 1
      if (needed > 0) return false
    }
    return this.#budget.take(work >> FITS_A_STEP_SHIFT) ? this.#sumsFit(at) : true
  }

  #sumsFit(at: number): boolean {
    const { runs, nodes, columns, free } = this.#problem
    const left = this.#by.slice(at).map((i) => runs[i]!)
    for (let r = 0; r < columns; r++) {
      let needed = 0
      for (const { requests, count } of left) needed += requests[r]! * count
      for (let n = 0; n < nodes && needed > 0; n++) {
        if (left.some(({ allowed, requests }) => allowed[n] === 1 && requests[r]! > 0))
          needed -= Math.max(0, free[n * columns + r]!)
      }
      if (needed > 0) return false
    }
    return true
  }

  /** Equal for nodes that no run from `at` on can tell apart. */
  #kind(node: number, at: number): string {
    const { free, columns } = this.#problem
    let kind = `${this.#welcome[at]![node]!}`
    for (let r = 0; r < columns; r++) kind += `,${free[node * columns + r]!}`
    return kind
  }

  #key(at: number): string {
    const kinds = Array.from({ length: this.#problem.nodes }, (_, n) => this.#kind(n, at))
    return `${at}|${kinds.sort().join('|')}`
  }
}

interface Walk {
  readonly at: number
  readonly order: Int32Array
  /** Places on order[i ..] for the run. */
  readonly suffix: Float64Array
  readonly kinds: readonly string[]
  /** Per kind what the last node of it took. */
  readonly alike: Map<string, number>
}

/** From the last run to the first: a node's number says what the number before said, and one bit more. */
function welcomes({ runs, nodes }: PackProblem, by: readonly number[]): readonly Int32Array[] {
  const all = [new Int32Array(nodes)]
  for (const i of by.toReversed()) {
    const { allowed } = runs[i]!
    const known = new Map<number, number>()
    const numbers = all.at(-1)!.map((number, n) => {
      const key = number * 2 + allowed[n]!
      const found = known.get(key) ?? known.size
      known.set(key, found)
      return found
    })
    all.push(numbers)
  }
  return all.toReversed()
}

/** A run takes the places of another when each of its pods, placed anywhere, takes at least the place of one. */
function needed({ runs }: PackProblem, by: readonly number[]): readonly Int32Array[] {
  const patterns = new Patterns(runs.map(({ allowed }) => allowed))
  const takesPlaces = (big: number, small: number): boolean => {
    const [a, b] = [runs[big]!.requests, runs[small]!.requests]
    for (let r = 0; r < a.length; r++) if (a[r]! < b[r]!) return false
    return patterns.isWithin(big, small)
  }
  const all = [new Int32Array(by.length)]
  for (const j of by.toReversed()) {
    all.push(all.at(-1)!.map((places, i) => places + (takesPlaces(j, by[i]!) ? runs[j]!.count : 0)))
  }
  return all.toReversed()
}
