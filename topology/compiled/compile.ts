import type { LabelledNode, TopologyDeclaration } from '../declaration.ts'
import { byName, valueAt } from '../declaration.ts'
import { patternValues } from '../patterns.ts'
import type { CompiledLevel, CompiledTopology } from './index-types.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/**
 * Paths as a tree of values, one number a path; 0 is the empty one. Two nodes with the same values down to a level come
 * to the same number, whichever levels a value stands for, so numbers are equal where the paths as text are.
 */
class Paths {
  readonly #inside: (Map<string, number> | undefined)[] = []
  readonly #texts: string[] = ['']
  readonly #values: string[] = ['']

  get count(): number {
    return this.#texts.length
  }

  /** The path that goes on from `path` with `value`. */
  below(path: number, value: string): number {
    const inside = (this.#inside[path] ??= new Map())
    const known = inside.get(value)
    if (known !== undefined) return known
    const made = this.#texts.push(path === 0 ? value : [this.#texts[path], value].join('/')) - 1
    this.#values.push(value)
    inside.set(value, made)
    return made
  }

  text(path: number): string {
    return this.#texts[path]!
  }

  /** The last part. */
  value(path: number): string {
    return this.#values[path]!
  }
}

/**
 * One topology over nodes that stand in byte order of their names. O(nodes × levels), and O(domains log domains) to put
 * the paths of a level in order.
 *
 * The path of a node down to a level within its parent: the values of the parent-type levels from the broadest down to
 * it. A broader label that the node lacks is left out of the path, so that the node stays in the narrower domains (two
 * nodes of rack `r1` in zone `a` and one of `r1` without a zone are two domains, `a/r1` and `r1`). Cluster-wide levels
 * are no part of the paths of others: they may cross.
 */
export const compileTopology = (
  declaration: TopologyDeclaration,
  nodes: readonly LabelledNode[],
): CompiledTopology => ({ name: declaration.name, levels: [...compileLevels(declaration, nodes)] })

/** The same level by level, broad to narrow, each O(nodes): for who may not take so long in one go. */
export function* compileLevels(
  declaration: TopologyDeclaration,
  nodes: readonly LabelledNode[],
): Generator<CompiledLevel, void> {
  const paths = new Paths()
  const written = declaration.nodes.length === 0 ? null : nodes.map((node) => patternValues(declaration, node.name))
  const reached = new Int32Array(nodes.length)
  for (const level of declaration.levels) {
    const own = level.within === 'cluster' ? new Paths() : paths
    const at = new Int32Array(nodes.length).fill(-1)
    for (let n = 0; n < nodes.length; n++) {
      const value = valueAt(level, nodes[n]!, written?.[n] ?? null)
      if (value === null) continue
      at[n] = own.below(level.within === 'cluster' ? 0 : reached[n]!, value)
      if (level.within === 'parent') reached[n] = at[n]!
    }
    yield numbered(level, own, at)
  }
}

/** A level of its own over a label key: one value is one domain. O(nodes). */
export function compileOwnLevel(level: LevelHead, nodes: readonly LabelledNode[]): CompiledLevel {
  const { levels } = compileTopology({ name: '', levels: [{ ...level, within: 'cluster' }], nodes: [] }, nodes)
  return { ...levels[0]!, within: level.within }
}

/** Numbers the domains in byte order of their paths and lays their nodes side by side. `at`: per node its path or -1. */
function numbered(level: LevelHead, paths: Paths, at: Int32Array): CompiledLevel {
  const domainOfPath = new Int32Array(paths.count).fill(-1)
  const used: number[] = []
  for (const path of at) {
    if (path < 0 || domainOfPath[path]! >= 0) continue
    domainOfPath[path] = 0
    used.push(path)
  }
  used.sort((a, b) => byName(paths.text(a), paths.text(b)))
  used.forEach((path, d) => (domainOfPath[path] = d))
  const domainOf = at.map((path) => (path < 0 ? -1 : domainOfPath[path]!))
  const names = used.map((path) => paths.text(path))
  const values = used.map((path) => paths.value(path))
  return { ...headOf(level), domainOf, paths: names, values, ...ranges(domainOf, used.length) }
}

/** What a level is, apart from what is in it. */
type LevelHead = Pick<CompiledLevel, 'name' | 'key' | 'within' | 'gigabytesPerSecond'>

export const headOf = ({ name, key, within, gigabytesPerSecond }: LevelHead): LevelHead => ({
  name,
  key,
  within,
  ...(gigabytesPerSecond === undefined ? {} : { gigabytesPerSecond }),
})

/** Counting sort of nodes by domain: stable, so NodeIx order inside a domain. */
function ranges(domainOf: Int32Array, domains: number): Pick<CompiledLevel, 'starts' | 'nodes'> {
  const starts = new Int32Array(domains + 1)
  for (let n = 0; n < domainOf.length; n++) if (domainOf[n]! >= 0) starts[domainOf[n]! + 1]!++
  for (let d = 0; d < domains; d++) starts[d + 1]! += starts[d]!
  const next = starts.slice()
  const nodes = new Int32Array(starts[domains]!)
  for (let n = 0; n < domainOf.length; n++) if (domainOf[n]! >= 0) nodes[next[domainOf[n]!]!++] = n
  return { starts, nodes }
}
