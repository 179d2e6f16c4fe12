import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import type { Room } from './bounds.ts'
import { podsIn } from './counters.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/** Seats taken during one plan, laid over the counters that the view came with: those are never changed. */
export class Trail {
  readonly #room: Room
  readonly #levels: readonly CompiledLevel[]
  readonly #isAskedAgain: boolean
  /** Free room of the nodes with a seat taken. */
  #free: Map<number, Float64Array> | null = null
  /** Per level and domain what went: per class in places, then the scarce resource. */
  #gone: Map<CompiledLevel, Map<number, Float64Array>> | null = null

  /** `isAskedAgain` false: there is one run of pods alike, so no node and no domain is looked at twice. */
  constructor(room: Room, levels: readonly CompiledLevel[], isAskedAgain: boolean) {
    this.#room = room
    this.#isAskedAgain = isAskedAgain
    this.#levels = levels
  }

  get isEmpty(): boolean {
    return this.#free === null
  }

  /** How many pods of the class the node still takes; `before`: how many it took before this plan. */
  fits(podClass: number, node: number, before: number): number {
    const free = this.#free?.get(node)
    if (free === undefined || before === 0) return before
    return podsIn(free, 0, this.#room.view.classes[podClass]!.requests, before)
  }

  scarceFree(node: number): number {
    const free = this.#free?.get(node)
    return free === undefined ? this.#room.scarceFree(node) : Math.max(0, free[this.#room.scarce]!)
  }

  fitsIn(level: CompiledLevel, podClass: number, domain: number): number {
    return this.#room.domainFits(level, podClass)[domain]! - this.#goneIn(level, domain, podClass)
  }

  scarceIn(level: CompiledLevel, domain: number): number {
    const { columns, scarce, view } = this.#room
    const before = this.#room.domainFree(level)[domain * columns + scarce]!
    return before - this.#goneIn(level, domain, view.classes.length)
  }

  /** One level, for who asks for many of its domains. */
  look(level: CompiledLevel): LevelRoom {
    return new LevelRoom(this.#room, level, this.#gone?.get(level) ?? null)
  }

  #goneIn(level: CompiledLevel, domain: number, measure: number): number {
    return this.#gone === null ? 0 : (this.#gone.get(level)?.get(domain)?.[measure] ?? 0)
  }

  take(podClass: number, node: number, count: number): void {
    if (!this.#isAskedAgain) return
    const { view, columns, scarce, seated } = this.#room
    const { requests } = view.classes[podClass]!
    const fits = seated.map((c) => this.fits(c, node, this.#room.fits(c)[node]!))
    const nodes = (this.#free ??= new Map())
    let free = nodes.get(node)
    if (free === undefined) nodes.set(node, (free = view.free.slice(node * columns, (node + 1) * columns)))
    for (let r = 0; r < columns; r++) free[r]! -= requests[r]! * count
    for (let i = 0; i < seated.length; i++) fits[i]! -= this.fits(seated[i]!, node, this.#room.fits(seated[i]!)[node]!)
    for (const level of this.#levels) {
      const gone = this.#goneAt(level, level.domainOf[node]!)
      for (let i = 0; i < seated.length; i++) gone[seated[i]!]! += fits[i]!
      gone[view.classes.length]! += requests[scarce]! * count
    }
  }

  #goneAt(level: CompiledLevel, domain: number): Float64Array {
    const levels = (this.#gone ??= new Map())
    let ofLevel = levels.get(level)
    if (ofLevel === undefined) levels.set(level, (ofLevel = new Map()))
    let gone = ofLevel.get(domain)
    if (gone === undefined) ofLevel.set(domain, (gone = new Float64Array(this.#room.view.classes.length + 1)))
    return gone
  }
}

/** Per domain what went of it: per class in places, then the scarce resource. */
type Gone = ReadonlyMap<number, Float64Array>

/** What the domains of a level still hold. True until more seats are taken. */
export class LevelRoom {
  readonly #room: Room
  readonly #level: CompiledLevel
  readonly #gone: Gone | null
  readonly #free: Float64Array
  readonly #columns: number
  readonly #scarce: number

  constructor(room: Room, level: CompiledLevel, gone: Gone | null) {
    this.#room = room
    this.#level = level
    this.#gone = gone
    this.#free = room.domainFree(level)
    this.#columns = room.columns
    this.#scarce = room.scarce
  }

  /** Free amount of the scarce resource. */
  scarce(domain: number): number {
    const before = this.#free[domain * this.#columns + this.#scarce]!
    if (this.#gone === null) return before
    return before - (this.#gone.get(domain)?.[this.#room.view.classes.length] ?? 0)
  }

  /** Whether so many pods of the class have room, by count. */
  holds(podClass: number, domain: number, pods: number): boolean {
    const fits = this.#room.domainFits(this.#level, podClass)[domain]!
    if (this.#gone === null || fits < pods) return fits >= pods
    return fits - (this.#gone.get(domain)?.[podClass] ?? 0) >= pods
  }
}
