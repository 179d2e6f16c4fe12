import type { CompiledLevel, CompiledTopology } from './compiled/index-types.ts'

/** Something about a topology that an administrator should look at. It stays in force all the same. */
export interface TopologyFinding {
  /** A note may be meant so; an error can hardly be. */
  readonly severity: 'error' | 'note'
  readonly kind: 'does-not-nest' | 'partly-labelled' | 'no-node'
  readonly topology: string
  readonly level: string
  readonly sentence: string
  /** Nodes that show it, at most a dozen. */
  readonly nodes: readonly string[]
}

const NODES_SHOWN = 12

/** Looks at a compiled topology for labels that hardly mean what they say. O(nodes × levels). */
export function checkTopology(topology: CompiledTopology, nodeNames: readonly string[]): readonly TopologyFinding[] {
  const tree = topology.levels.filter(({ within }) => within === 'parent')
  return [
    ...topology.levels.filter(({ paths }) => paths.length === 0).map((level) => unused(topology, level)),
    ...tree.flatMap((level, depth) => (depth === 0 ? [] : nesting(topology, tree[depth - 1]!, level, nodeNames))),
  ]
}

function unused({ name: topology }: CompiledTopology, { name: level, key }: CompiledLevel): TopologyFinding {
  const sentence = `level ${level}: no node carries the label ${key}`
  return { severity: 'note', kind: 'no-node', topology, level, sentence, nodes: [] }
}

/**
 * A value that occurs in several domains of the level above is as many domains. Names may be used again in each of
 * them (rack r1 in every zone): where a value occurs in all, it is a note. Where it occurs in some, one domain was cut
 * in pieces: an error, and `within: cluster` or another order of levels is what was meant. So is a value of which some
 * nodes lack the label above.
 */
function nesting(
  { name: topology }: CompiledTopology,
  outer: CompiledLevel,
  inner: CompiledLevel,
  nodeNames: readonly string[],
): readonly TopologyFinding[] {
  const holders = holdersOf(outer, inner)
  const all = new Set([...holders.values()].flatMap((of) => [...of.keys()])).size
  return [...holders].flatMap(([value, of]): TopologyFinding[] => {
    if (of.size < 2) return []
    const nodes = [...of.values()].map((members) => nodeNames[members[0]!]!).slice(0, NODES_SHOWN)
    const found = { topology, level: inner.name, nodes }
    if (of.has(-1)) {
      const bare = of
        .get(-1)!
        .slice(0, NODES_SHOWN)
        .map((n) => nodeNames[n]!)
      const sentence = `${inner.name} ${value}: some of its nodes lack the label ${outer.key} (${bare.join(', ')})`
      return [{ ...found, severity: 'error', kind: 'partly-labelled', sentence, nodes: bare }]
    }
    const places = [...of].map(([d, members]) => `${outer.paths[d]} (${nodeNames[members[0]!]})`).slice(0, NODES_SHOWN)
    const sentence = `${inner.name} ${value} does not nest: it lies in ${of.size} domains of ${outer.name}: ${places.join(', ')}`
    return [{ ...found, severity: of.size === all ? 'note' : 'error', kind: 'does-not-nest', sentence }]
  })
}

/** Per value of `inner`, the domains of `outer` it occurs in (-1: none) with its nodes there; in order of names. */
function holdersOf(outer: CompiledLevel, inner: CompiledLevel): Map<string, Map<number, number[]>> {
  const holders = new Map<string, Map<number, number[]>>()
  inner.domainOf.forEach((d, n) => {
    if (d < 0) return
    const value = inner.values[d]!
    let of = holders.get(value)
    if (of === undefined) holders.set(value, (of = new Map()))
    const at = outer.domainOf[n]!
    const members = of.get(at)
    if (members) members.push(n)
    else of.set(at, [n])
  })
  return new Map([...holders].sort(([a], [b]) => (a < b ? -1 : 1)))
}
