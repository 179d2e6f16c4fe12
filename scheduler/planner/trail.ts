import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import type { Room } from './bounds.ts'
import { podsIn } from './counters.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/** Seats taken during one plan, laid over the counters that the view came with: those are never changed. */
export class Trail {
  readonly #room: Room
  readonly #levels: readonly CompiledLevel[]
  /** Free room of the nodes with a seat taken. */
  readonly #free: Map<number, Float64Array> = new Map()
  /** Per level and domain what went: per class in places, then the scarce resource. */
  readonly #gone: Map<CompiledLevel, Map<number, Float64Array>> = new Map()

  readonly #isAskedAgain: boolean

  /** `isAskedAgain` false: there is one run of pods alike, so no node and no domain is looked at twice. */
  constructor(room: Room, levels: readonly CompiledLevel[], isAskedAgain: boolean) {
    this.#room = room
    this.#isAskedAgain = isAskedAgain
    this.#levels = levels
    for (const level of levels) this.#gone.set(level, new Map())
  }

  get isEmpty(): boolean {
    return this.#free.size === 0
  }

  /** How many pods of the class the node still takes. */
  fits(podClass: number, node: number): number {
    const free = this.#free.get(node)
    const before = this.#room.fits(podClass)[node]!
    if (free === undefined || before === 0) return before
    return podsIn(free, 0, this.#room.view.classes[podClass]!.requests, before)
  }

  scarceFree(node: number): number {
    const free = this.#free.get(node)
    return free === undefined ? this.#room.scarceFree(node) : Math.max(0, free[this.#room.scarce]!)
  }

  fitsIn(level: CompiledLevel, podClass: number, domain: number): number {
    const before = this.#room.domainFits(level, podClass)[domain]!
    return this.isEmpty ? before : before - (this.#gone.get(level)?.get(domain)?.[podClass] ?? 0)
  }

  scarceIn(level: CompiledLevel, domain: number): number {
    const { columns, scarce, view } = this.#room
    const before = this.#room.domainFree(level)[domain * columns + scarce]!
    return this.isEmpty ? before : before - (this.#gone.get(level)?.get(domain)?.[view.classes.length] ?? 0)
  }

  take(podClass: number, node: number, count: number): void {
    if (!this.#isAskedAgain) return
    const { room, levels } = { room: this.#room, levels: this.#levels }
    const { view, columns, scarce, seated } = room
    const { requests } = view.classes[podClass]!
    const before = seated.map((c) => this.fits(c, node))
    let free = this.#free.get(node)
    if (free === undefined) this.#free.set(node, (free = view.free.slice(node * columns, (node + 1) * columns)))
    for (let r = 0; r < columns; r++) free[r]! -= requests[r]! * count
    for (const level of levels) {
      const d = level.domainOf[node]!
      if (d < 0) continue
      const ofLevel = this.#gone.get(level)!
      let gone = ofLevel.get(d)
      if (gone === undefined) ofLevel.set(d, (gone = new Float64Array(view.classes.length + 1)))
      for (let i = 0; i < seated.length; i++) gone[seated[i]!]! += before[i]! - this.fits(seated[i]!, node)
      gone[view.classes.length]! += requests[scarce]! * count
    }
  }
}
