import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { domainsAround } from '../../topology/compiled/nesting.ts'
import { domainOrSelf, type Limit } from './rules.ts'
import type { ScopeTree } from './scopes.ts'
import { mayEnter } from './spread.ts'

/** Domains that scopes under a limit have opened so far; opening is refused where it would break a rule. */
export class Opened {
  readonly limits: readonly Limit[]
  readonly #tree: ScopeTree
  /** Per limit: domain → how many choices opened it. Bound pods count once and for all. */
  readonly #refs: readonly Map<number, number>[]
  readonly #bound: readonly ReadonlySet<number>[]

  constructor(tree: ScopeTree, limits: readonly Limit[]) {
    this.#tree = tree
    this.limits = limits
    this.#bound = limits.map(({ scope, level }) => new Set(tree.nodes[scope]!.bound.map((n) => domainOrSelf(level, n))))
    this.#refs = this.#bound.map((held) => new Map([...held].map((d) => [d, 1])))
  }

  of(limit: number): ReadonlyMap<number, number> {
    return this.#refs[limit]!
  }

  /** Domains where bound pods of the limit's scope are. */
  held(limit: number): ReadonlySet<number> {
    return this.#bound[limit]!
  }

  /**
   * A scope takes `domain` of `level`: opens it, or the domain around it, for every limit on the scope or around it.
   * Returns what to close again, or null (with nothing opened) where a limit or a hard spread forbids it.
   */
  open(scope: number, level: CompiledLevel, domain: number): readonly Opening[] | null {
    const opened: Opening[] = []
    for (const [l, limit] of this.limits.entries()) {
      if (!this.#isAround(limit.scope, scope)) continue
      const d = outerDomain(limit.level, level, domain)
      if (d === null) continue
      const refs = this.#refs[l]!
      const before = refs.get(d) ?? 0
      refs.set(d, before + 1)
      opened.push({ limit: l, domain: d })
      if (before === 0 && (refs.size > limit.max || !mayEnter(this, l, d))) {
        this.close(opened)
        return null
      }
    }
    return opened
  }

  close(openings: readonly Opening[]): void {
    for (const { limit, domain } of openings) {
      const refs = this.#refs[limit]!
      const left = refs.get(domain)! - 1
      if (left === 0) refs.delete(domain)
      else refs.set(domain, left)
    }
  }

  /** How many domains of limits on the scopes around would be new. */
  newlyOpened(scope: number, level: CompiledLevel, domain: number): number {
    let count = 0
    for (const [l, limit] of this.limits.entries()) {
      if (limit.spread !== null || !this.#isAround(limit.scope, scope)) continue
      const d = outerDomain(limit.level, level, domain)
      if (d !== null && !this.#refs[l]!.has(d)) count++
    }
    return count
  }

  #isAround(outer: number, scope: number): boolean {
    for (let s = scope; s >= 0; s = this.#tree.nodes[s]!.parent) if (s === outer) return true
    return false
  }
}

export interface Opening {
  readonly limit: number
  readonly domain: number
}

/** The domain of `outer` that a domain of `level` lies in; null where that is not certain. */
export function outerDomain(outer: CompiledLevel, level: CompiledLevel, domain: number): number | null {
  if (outer === level) return domain
  if (domain >= level.paths.length) return domainOrSelf(outer, domain - level.paths.length)
  const around = domainsAround(level, outer)?.[domain] ?? -1
  return around >= 0 ? around : null
}
