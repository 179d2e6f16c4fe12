import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { mayHold, type Room } from './bounds.ts'
import { outerDomain } from './opened.ts'
import type { ScopeTree } from './scopes.ts'

/** What scopes already decided will take out of one domain, wherever in it. */
export interface Commit {
  readonly level: CompiledLevel
  readonly domain: number
  readonly counts: Int32Array
  readonly sums: Float64Array
  /** The outermost scopes that are wholly in it. */
  readonly scopes: number[]
}

/**
 * Promised room per domain, for bounds: a scope decided for a rack takes from the rack and from every domain around
 * it, up to where a scope around it has been counted already.
 */
export class Commits {
  readonly #tree: ScopeTree
  readonly #room: Room
  readonly #levels: readonly CompiledLevel[]
  readonly #byDomain: Map<CompiledLevel, Map<number, Commit>> = new Map()

  /** `levels`: those that some choice is made on. */
  constructor(tree: ScopeTree, room: Room, levels: readonly CompiledLevel[]) {
    this.#tree = tree
    this.#room = room
    this.#levels = levels
    for (const level of levels) this.#byDomain.set(level, new Map())
  }

  /** The scopes promised to a domain. */
  scopesIn(level: CompiledLevel, domain: number): readonly number[] {
    return this.#byDomain.get(level)?.get(domain)?.scopes ?? []
  }

  sumsIn(level: CompiledLevel, domain: number): Float64Array | null {
    return this.#byDomain.get(level)?.get(domain)?.sums ?? null
  }

  /** All domains with a promise, in a fixed order. */
  *entries(): Generator<Commit> {
    for (const level of this.#levels) {
      for (const commit of this.#byDomain.get(level)!.values()) if (commit.scopes.length > 0) yield commit
    }
  }

  /**
   * Promises a scope to a domain. Returns what to take back, last in first out, or null (with nothing changed) where
   * the sums show that some domain cannot hold it.
   */
  add(scope: number, level: CompiledLevel, domain: number): readonly Commit[] | null {
    const touched: Commit[] = []
    for (const outer of this.#levels) {
      const d = outerDomain(outer, level, domain)
      if (d === null || d >= outer.paths.length || this.#isCounted(scope, outer, d)) continue
      const commit = this.#commit(outer, d)
      this.#change(commit, scope, 1)
      touched.push(commit)
      if (!this.#holds(commit)) {
        this.remove(scope, touched)
        return null
      }
    }
    return touched
  }

  /** False where the sums show at once that `add` would refuse. */
  mayAdd(scope: number, level: CompiledLevel, domain: number): boolean {
    const promised = this.sumsIn(level, domain)
    if (promised === null || this.#isCounted(scope, level, domain)) return true
    const { sums } = this.#tree.nodes[scope]!.demand
    const free = this.#room.domainFree(level)
    const { columns } = this.#room
    return sums.every((sum, r) => sum === 0 || sum + promised[r]! <= free[domain * columns + r]!)
  }

  remove(scope: number, touched: readonly Commit[]): void {
    for (const commit of touched) this.#change(commit, scope, -1)
  }

  #isCounted(scope: number, level: CompiledLevel, domain: number): boolean {
    const scopes = this.scopesIn(level, domain)
    if (scopes.length === 0) return false
    for (let s = scope; s >= 0; s = this.#tree.nodes[s]!.parent) if (scopes.includes(s)) return true
    return false
  }

  #commit(level: CompiledLevel, domain: number): Commit {
    const ofLevel = this.#byDomain.get(level)!
    let commit = ofLevel.get(domain)
    if (commit === undefined) {
      const { classes, resources } = this.#tree.view
      const counts = new Int32Array(classes.length)
      ofLevel.set(domain, (commit = { level, domain, counts, sums: new Float64Array(resources.length), scopes: [] }))
    }
    return commit
  }

  #change(commit: Commit, scope: number, sign: 1 | -1): void {
    const { counts, sums } = this.#tree.nodes[scope]!.demand
    for (let c = 0; c < counts.length; c++) commit.counts[c]! += sign * counts[c]!
    for (let r = 0; r < sums.length; r++) commit.sums[r]! += sign * sums[r]!
    if (sign === 1) commit.scopes.push(scope)
    else commit.scopes.pop()
  }

  #holds({ level, domain, counts, sums }: Commit): boolean {
    const free = this.#room.domainFree(level)
    return mayHold(
      this.#room,
      { pods: 0, counts, sums },
      (r) => free[domain * this.#room.columns + r]!,
      (c) => this.#room.domainFits(level, c)[domain]!,
    )
  }
}
