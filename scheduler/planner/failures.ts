import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { domainsAround } from '../../topology/compiled/nesting.ts'
import { domainOrSelf } from './rules.ts'
import type { Frame } from './search.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/**
 * Memory of states from which the remaining decisions cannot be made. Two states are the same when they differ only
 * in which of several equivalent domains was taken, so permutations of alike siblings over alike racks are tried once.
 * Keys are worked out after a first failure only: a search that never backs up pays nothing.
 */
export class Failures {
  readonly #frame: Frame
  /** Levels that nest, broad to narrow, and those that cross one of them. */
  readonly #chain: readonly CompiledLevel[]
  readonly #crossing: readonly CompiledLevel[]
  /** Per scope a number that scopes have in common which are interchangeable as promises. */
  readonly #promiseOf: readonly number[]
  /** Per decision, once it was asked for. */
  readonly #aroundOf: (readonly number[] | undefined)[] = []
  readonly #failed: Map<number, Set<string>> = new Map()
  readonly #kinds: Map<string, number> = new Map()
  readonly #domainKinds: Map<CompiledLevel, Int32Array> = new Map()
  readonly #nodeKinds: Map<number, number> = new Map()

  constructor(frame: Frame, levels: readonly CompiledLevel[]) {
    this.#frame = frame
    const chain: CompiledLevel[] = []
    const crossing: CompiledLevel[] = []
    for (const level of [...levels].sort((a, b) => a.paths.length - b.paths.length)) {
      const last = chain.at(-1)
      if (last === undefined || domainsAround(level, last) !== null) chain.push(level)
      else crossing.push(level)
    }
    this.#promiseOf = promiseNumbers(frame)
    this.#chain = chain
    this.#crossing = crossing
  }

  failedBefore(at: number): boolean {
    const keys = this.#failed.get(at)
    return keys !== undefined && keys.has(this.#key(at))
  }

  remember(at: number): void {
    let keys = this.#failed.get(at)
    if (keys === undefined) this.#failed.set(at, (keys = new Set()))
    keys.add(this.#key(at))
  }

  /** Equal for domains of a level that no remaining decision can tell apart in the present state. */
  likeness(level: CompiledLevel, domain: number): string {
    const { commits } = this.#frame
    const inner = this.#chain.includes(level) ? this.#innerPromises(level, domain) : ''
    return `${this.#place(level, domain)}|${this.#promises(commits.scopesIn(level, domain))}|${inner}`
  }

  /** Promises inside a domain, at narrower levels; a domain with any is only like itself. */
  #innerPromises(level: CompiledLevel, domain: number): string {
    this.#frame.budget.look(64)
    for (const commit of this.#frame.commits.entries()) {
      this.#frame.budget.look(4)
      if (commit.level === level) continue
      if (domainsAround(commit.level, level)?.[commit.domain] === domain) return `=${domain}`
    }
    for (const [l] of this.#frame.opened.limits.entries()) {
      if (this.#opensInside(l, level, domain)) return `=${domain}`
    }
    return ''
  }

  #opensInside(limit: number, level: CompiledLevel, domain: number): boolean {
    const { opened } = this.#frame
    const of = opened.limits[limit]!.level
    for (const d of opened.of(limit).keys()) {
      if (of === level ? d === domain : d < of.paths.length && domainsAround(of, level)?.[d] === domain) return true
    }
    return false
  }

  #key(at: number): string {
    const { commits, opened, sets, splits, chosen } = this.#frame
    const parts: string[] = []
    for (const { level, domain, scopes } of commits.entries()) {
      parts.push(`${this.#place(level, domain)}:${this.#promises(scopes)}`)
    }
    parts.sort()
    for (const [l] of opened.limits.entries()) parts.push(`o${[...opened.of(l).keys()].sort((a, b) => a - b)}`)
    for (const [s, of] of sets.entries()) {
      for (const { level, domains } of of) parts.push(`s${s}.${level.key}.${[...domains].sort((a, b) => a - b)}`)
    }
    for (const { group, podClass, count, level, domain } of splits) {
      parts.push(`u${group}.${podClass}.${count}.${level.key}.${domain}`)
    }
    for (const s of this.#around(at)) {
      for (const { level, domain } of chosen[s]!) parts.push(`c${s}.${level.key}.${domain}`)
    }
    const key = parts.join(';')
    this.#frame.budget.look(128 + 64 * parts.length + 2 * key.length)
    return key
  }

  /** Scopes whose own choices bound a decision still to be made. */
  #around(at: number): readonly number[] {
    const known = this.#aroundOf[at]
    if (known !== undefined) return known
    const found = new Set<number>()
    for (const { scope } of this.#frame.decisions.slice(at)) {
      for (let s = scope; s >= 0 && !found.has(s); s = this.#frame.tree.nodes[s]!.parent) found.add(s)
    }
    return (this.#aroundOf[at] = [...found].sort((a, b) => a - b))
  }

  /** What kind of domain it is and in which domains it lies. */
  #place(level: CompiledLevel, domain: number): string {
    const i = this.#chain.indexOf(level)
    if (i < 0) return `x${level.key}.${domain}`
    const around = this.#chain.slice(0, i).map((outer) => domainsAround(level, outer)?.[domain] ?? -1)
    return `${i}.${this.#kindOf(level, domain)}.${around}`
  }

  /** Scopes of the same demand, filter and depth of structure are interchangeable as promises. */
  #promises(scopes: readonly number[]): string {
    this.#frame.budget.look(scopes.length)
    if (scopes.length === 1) return `${this.#promiseOf[scopes[0]!]!}`
    return scopes
      .map((s) => this.#promiseOf[s]!)
      .sort((a, b) => a - b)
      .join('+')
  }

  #kindOf(level: CompiledLevel, domain: number): number {
    let kinds = this.#domainKinds.get(level)
    if (kinds === undefined) this.#domainKinds.set(level, (kinds = new Int32Array(level.paths.length).fill(-1)))
    if (kinds[domain] === -1) kinds[domain] = this.#intern(this.#describe(level, domain))
    return kinds[domain]!
  }

  #describe(level: CompiledLevel, domain: number): string {
    const { opened } = this.#frame
    const inner = this.#chain[this.#chain.indexOf(level) + 1]
    this.#frame.budget.look(32 * (level.starts[domain + 1]! - level.starts[domain]!))
    const parts: string[] = []
    const seen = new Set<number>()
    for (let i = level.starts[domain]!; i < level.starts[domain + 1]!; i++) {
      const n = level.nodes[i]!
      const d = inner === undefined ? -1 : inner.domainOf[n]!
      if (inner === undefined || d < 0) parts.push(`n${this.#nodeKind(n)}`)
      else if (!seen.has(d)) parts.push(`d${this.#kindOf(inner, d)}`)
      if (d >= 0) seen.add(d)
    }
    parts.sort()
    for (const [l, limit] of opened.limits.entries()) {
      if (limit.level !== level) continue
      const { spread } = limit
      parts.push(
        `${opened.held(l).has(domain) ? 'h' : ''}${spread ? `${spread.taken[domain]}${spread.eligible[domain]}` : ''}`,
      )
    }
    return parts.join(',')
  }

  #nodeKind(node: number): number {
    const known = this.#nodeKinds.get(node)
    if (known !== undefined) return known
    const { view, nodes } = this.#frame.tree
    const columns = view.resources.length
    let kind = view.free.subarray(node * columns, (node + 1) * columns).join(',')
    for (const { feasible } of view.classes) kind += feasible[node]!
    for (const { filter } of nodes) kind += filter === null ? '' : filter[node]!
    for (const level of this.#crossing) kind += `/${domainOrSelf(level, node)}`
    for (const level of this.#ruleLevels()) kind += `/${level.domainOf[node]!}`
    const id = this.#intern(`node ${kind}`)
    this.#nodeKinds.set(node, id)
    return id
  }

  /** Levels of rules that are judged pod by pod: their domains are told apart by number. */
  #ruleLevels(): readonly CompiledLevel[] {
    return this.#frame.tree.nodes.flatMap(({ scope }) =>
      scope.spreads.filter((rule) => rule.units === 'pods').map(({ level }) => level),
    )
  }

  #intern(text: string): number {
    const known = this.#kinds.get(text)
    if (known !== undefined) return known
    this.#kinds.set(text, this.#kinds.size)
    return this.#kinds.size - 1
  }
}

function structuredScopes({ tree, rules }: Frame): readonly boolean[] {
  const structured = tree.nodes.map(() => false)
  for (const { ix, parent, scope, filter } of [...tree.nodes].reverse()) {
    if (parent < 0) continue
    const isOwn = rules.ones[ix]!.length > 0 || scope.spreads.length > 0 || filter !== tree.nodes[parent]!.filter
    const isLimited = rules.limits.some((limit) => limit.scope === ix)
    if (isOwn || isLimited || structured[ix]) structured[parent] = true
  }
  return structured
}

function promiseNumbers(frame: Frame): readonly number[] {
  const { tree, rules } = frame
  const structured = structuredScopes(frame)
  const filters = [...new Set(tree.nodes.map(({ filter }) => filter))]
  const limited = new Set(rules.limits.map(({ scope }) => scope))
  const isUnderLimit = (s: number): boolean => s >= 0 && (limited.has(s) || isUnderLimit(tree.nodes[s]!.parent))
  const numbers = new Map<string, number>()
  return tree.nodes.map(({ ix, demand, filter, scope, parent }) => {
    const own = structured[ix] || scope.spreads.length > 0 || limited.has(ix) ? `#${ix}` : ''
    const key = `${demand.counts}/${demand.sums}/${filters.indexOf(filter)}/${isUnderLimit(parent) ? parent : ''}${own}`
    const number = numbers.get(key) ?? numbers.size
    numbers.set(key, number)
    return number
  })
}
