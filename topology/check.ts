import { globMatches, type TopologyDeclaration } from './declaration.ts'
import type { CompiledLevel, CompiledTopology } from './compiled/index-types.ts'

/** Something about a topology that an administrator should look at. It stays in force all the same. */
export interface TopologyFinding {
  /** A note may be meant so; an error can hardly be. */
  readonly severity: 'error' | 'note'
  readonly kind: 'does-not-nest' | 'partly-labelled' | 'no-node' | 'matches-no-node'
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

/** Patterns over node names that match none of these. O(patterns × nodes). */
export function checkPatterns(declared: TopologyDeclaration, nodeNames: readonly string[]): readonly TopologyFinding[] {
  const { name: topology } = declared
  return declared.nodes
    .filter(({ pattern }) => !nodeNames.some((name) => globMatches(pattern, name)))
    .map(({ pattern }): TopologyFinding => {
      const sentence = `the pattern "${pattern}" matches no node`
      return { severity: 'note', kind: 'matches-no-node', topology, level: '', sentence, nodes: [] }
    })
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
  const split = [...holders].filter(([, of]) => of.size > 1)
  const isUsedAgain = ([, of]: Holder): boolean => !of.has(-1) && of.size === all
  const again = split.filter(isUsedAgain).map(([value]) => value)
  const errors = split
    .filter((holder) => !isUsedAgain(holder))
    .map((holder): TopologyFinding => {
      const place = { severity: 'error', topology, level: inner.name } as const
      return holder[1].has(-1)
        ? { ...place, ...partlyLabelled(outer, inner, holder, nodeNames) }
        : { ...place, ...crossing(outer, inner, holder, nodeNames) }
    })
  if (again.length === 0) return errors
  const names = again.length > NAMES_SHOWN ? `${again.slice(0, NAMES_SHOWN).join(', ')}, …` : again.join(', ')
  const sentence = `${inner.name}: each of the ${all} domains of ${outer.name} has its own ${names}`
  return [...errors, { severity: 'note', kind: 'does-not-nest', topology, level: inner.name, sentence, nodes: [] }]
}

const NAMES_SHOWN = 3

/** A value, and the domains of the level above (-1: none) with the nodes that carry it there. */
type Holder = readonly [value: string, of: ReadonlyMap<number, readonly number[]>]
type Found = Pick<TopologyFinding, 'kind' | 'sentence' | 'nodes'>

function partlyLabelled(
  outer: CompiledLevel,
  inner: CompiledLevel,
  [value, of]: Holder,
  nodeNames: readonly string[],
): Found {
  const nodes = (of.get(-1) ?? []).slice(0, NODES_SHOWN).map((n) => nodeNames[n]!)
  const sentence = `${inner.name} ${value}: some of its nodes lack the label ${outer.key} (${nodes.join(', ')})`
  return { kind: 'partly-labelled', sentence, nodes }
}

function crossing(
  outer: CompiledLevel,
  inner: CompiledLevel,
  [value, of]: Holder,
  nodeNames: readonly string[],
): Found {
  const shown = [...of].slice(0, NODES_SHOWN)
  const nodes = shown.map(([, members]) => nodeNames[members[0]!]!)
  const places = shown.map(([d], i) => `${outer.paths[d]} (${nodes[i]})`).join(', ')
  const sentence = `${inner.name} ${value} does not nest: it lies in ${of.size} domains of ${outer.name}: ${places}`
  return { kind: 'does-not-nest', sentence, nodes }
}

/** Per value of `inner`, the domains of `outer` it occurs in (-1: none) with its nodes there; in order of names. */
function holdersOf(outer: CompiledLevel, inner: CompiledLevel): ReadonlyMap<string, ReadonlyMap<number, number[]>> {
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
