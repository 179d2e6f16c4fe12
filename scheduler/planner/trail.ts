import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import type { Room } from './bounds.ts'
import { podsIn } from './counters.ts'
import { type Numbered, numberedFor } from './numbered.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/** Nodes and domains that a small gang touches; more of them double it. */
const ROWS_FIRST = 16

/** Seats taken during one plan, laid over the counters that the view came with: those are never changed. */
export class Trail {
  readonly #room: Room
  readonly #levels: readonly CompiledLevel[]
  readonly #isAskedAgain: boolean
  /**
   * The number of the row of cells for each node with a seat taken, and for each domain of such a node: see `#key`. A
   * node's row is its free room; a domain's is what went of it, per class in places, then the scarce resource.
   */
  #rows: Numbered | null = null
  #cells: Float64Array
  readonly #width: number
  /** Per class with pods to seat, while a seat is taken. */
  readonly #fitBefore: number[] = []

  /** `isAskedAgain` false: there is one run of pods alike, so no node and no domain is looked at twice. */
  constructor(room: Room, levels: readonly CompiledLevel[], isAskedAgain: boolean) {
    this.#room = room
    this.#isAskedAgain = isAskedAgain
    this.#levels = levels
    this.#width = Math.max(room.columns, room.view.classes.length + 1)
    this.#cells = room.asked.cells
  }

  get isEmpty(): boolean {
    return this.#rows === null
  }

  /** How many pods of the class the node still takes; `before`: how many it took before this plan. */
  fits(podClass: number, node: number, before: number): number {
    const row = before === 0 ? -1 : this.#find(node)
    return row < 0 ? before : podsIn(this.#cells, row, this.#room.view.classes[podClass]!.requests, before)
  }

  scarceFree(node: number): number {
    const row = this.#find(node)
    return row < 0 ? this.#room.scarceFree(node) : Math.max(0, this.#cells[row + this.#room.scarce]!)
  }

  fitsIn(level: CompiledLevel, podClass: number, domain: number): number {
    return this.#room.domainFits(level, podClass)[domain]! - this.goneIn(level, domain, podClass)
  }

  scarceIn(level: CompiledLevel, domain: number): number {
    const { columns, scarce, view } = this.#room
    const before = this.#room.domainFree(level)[domain * columns + scarce]!
    return before - this.goneIn(level, domain, view.classes.length)
  }

  /** One level, for who asks for many of its domains. */
  look(level: CompiledLevel): LevelRoom {
    return new LevelRoom(this.#room, level, this.#rows === null ? null : this)
  }

  /** `measure`: a class, or as many as there are classes for the scarce resource. */
  goneIn(level: CompiledLevel, domain: number, measure: number): number {
    const row = this.#rows === null ? -1 : this.#find(this.#key(level, domain))
    return row < 0 ? 0 : this.#cells[row + measure]!
  }

  take(podClass: number, node: number, count: number): void {
    if (!this.#isAskedAgain) return
    const { view, columns, scarce, seated } = this.#room
    const { requests } = view.classes[podClass]!
    for (let i = 0; i < seated.length; i++) this.#fitBefore[i] = this.#fitsNow(seated[i]!, node)
    const free = this.#rowOfNode(node)
    for (let r = 0; r < columns; r++) this.#cells[free + r]! -= requests[r]! * count
    for (let i = 0; i < seated.length; i++) this.#fitBefore[i]! -= this.#fitsNow(seated[i]!, node)
    for (const level of this.#levels) {
      const gone = this.#rowOf(this.#key(level, level.domainOf[node]!))
      for (let i = 0; i < seated.length; i++) this.#cells[gone + seated[i]!]! += this.#fitBefore[i]!
      this.#cells[gone + view.classes.length]! += requests[scarce]! * count
    }
  }

  #fitsNow(podClass: number, node: number): number {
    return this.fits(podClass, node, this.#room.fits(podClass)[node]!)
  }

  #rowOfNode(node: number): number {
    const known = this.#find(node)
    if (known >= 0) return known
    const row = this.#rowOf(node)
    const { columns, view } = this.#room
    for (let r = 0; r < columns; r++) this.#cells[row + r] = view.free[node * columns + r]!
    return row
  }

  /** Where the row begins; -1: there is none. */
  #find(key: number): number {
    const number = this.#rows === null ? -1 : this.#rows.find(key)
    return number < 0 ? -1 : number * this.#width
  }

  #rowOf(key: number): number {
    const { nodeNames } = this.#room.view
    this.#rows ??= numberedFor(nodeNames, nodeNames.length * (1 + this.#levels.length))
    const known = this.#find(key)
    if (known >= 0) return known
    const row = this.#rows.add(key) * this.#width
    if (row + this.#width > this.#cells.length) this.#grow()
    else this.#cells.fill(0, row, row + this.#width)
    return row
  }

  #grow(): void {
    const more = new Float64Array(Math.max(ROWS_FIRST * this.#width, 2 * this.#cells.length))
    more.set(this.#cells)
    this.#cells = more
    this.#room.asked.cells = more
  }

  /** Nodes go by their numbers; domains of the first level come after them, then those of the next. */
  #key(level: CompiledLevel, domain: number): number {
    const nodes = this.#room.view.nodeNames.length
    return nodes * (1 + this.#levels.indexOf(level)) + domain // no level has more domains than there are nodes
  }
}

const NO_CELLS = new Float64Array(0)

/** What the domains of a level still hold. True until more seats are taken. */
export class LevelRoom {
  readonly #room: Room
  readonly #level: CompiledLevel
  /** Null: nothing was taken yet. */
  readonly #trail: Trail | null
  readonly #free: Float64Array
  readonly #columns: number
  readonly #scarce: number
  /** Of the class that was asked for last. */
  #fits: Float64Array = NO_CELLS
  #fitsOf = -1

  constructor(room: Room, level: CompiledLevel, trail: Trail | null) {
    this.#room = room
    this.#level = level
    this.#trail = trail
    this.#free = room.domainFree(level)
    this.#columns = room.columns
    this.#scarce = room.scarce
  }

  /** Free amount of the scarce resource. */
  scarce(domain: number): number {
    const before = this.#free[domain * this.#columns + this.#scarce]!
    return this.#trail === null ? before : before - this.#goneIn(domain, this.#room.view.classes.length)
  }

  /** Whether so many pods of the class have room, by count. */
  holds(podClass: number, domain: number, pods: number): boolean {
    if (this.#fitsOf !== podClass) {
      this.#fitsOf = podClass
      this.#fits = this.#room.domainFits(this.#level, podClass)
    }
    const fits = this.#fits[domain]!
    if (this.#trail === null || fits < pods) return fits >= pods
    return fits - this.#goneIn(domain, podClass) >= pods
  }

  #goneIn(domain: number, measure: number): number {
    return this.#trail?.goneIn(this.#level, domain, measure) ?? 0
  }
}
