import type { LabelledNode, TopologyDeclaration } from '../declaration.ts'
import { byName, valuesOf } from '../declaration.ts'
import type { CompiledLevel, CompiledTopology } from './index-types.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/**
 * The path of a node down to one level.
 *
 * A level within its parent: the values of the parent-type levels from the broadest down to it. A broader label that
 * the node lacks is left out of the path, so that the node stays in the narrower domains (two nodes of rack `r1` in
 * zone `a` and one of `r1` without a zone are two domains, `a/r1` and `r1`). Cluster-wide levels are no part of the
 * paths of others: they may cross. Null where the node lacks the level itself.
 */
export function pathOf(
  levels: TopologyDeclaration['levels'],
  values: readonly (string | null)[],
  depth: number,
): string | null {
  const value = values[depth] ?? null
  if (value === null || levels[depth]!.within === 'cluster') return value
  const parts: string[] = []
  for (let i = 0; i <= depth; i++) {
    const part = values[i] ?? null
    if (part !== null && levels[i]!.within === 'parent') parts.push(part)
  }
  return parts.join('/')
}

/** Numbers the domains in byte order of their paths and lays their nodes side by side. O(nodes log domains). */
export function compileLevel(
  level: Pick<CompiledLevel, 'name' | 'key' | 'within'>,
  pathPerNode: readonly (string | null)[],
  valuePerNode: readonly (string | null)[],
): CompiledLevel {
  const valueOfPath = new Map<string, string>()
  pathPerNode.forEach((path, n) => {
    if (path !== null) valueOfPath.set(path, valuePerNode[n] ?? path)
  })
  const paths = [...valueOfPath.keys()].sort(byName)
  const number = new Map(paths.map((path, d) => [path, d]))
  const domainOf = Int32Array.from(pathPerNode, (path) => (path === null ? -1 : number.get(path)!))
  const { name, key, within } = level
  const values = paths.map((path) => valueOfPath.get(path)!)
  return { name, key, within, domainOf, paths, values, ...ranges(domainOf, paths.length) }
}

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

/** One topology over nodes that stand in byte order of their names. */
export function compileTopology(declaration: TopologyDeclaration, nodes: readonly LabelledNode[]): CompiledTopology {
  const { levels } = declaration
  const values = nodes.map((node) => valuesOf(declaration, node))
  return {
    name: declaration.name,
    levels: levels.map((level, depth) =>
      compileLevel(
        level,
        values.map((of) => pathOf(levels, of, depth)),
        values.map((of) => of[depth] ?? null),
      ),
    ),
  }
}
