import { byName, type LabelledNode, type TopologyDeclaration } from '../declaration.ts'
import { defaultWithin, detectLevels, type WellKnownLevel } from '../well-known.ts'
import { compileOwnLevel, compileTopology } from './compile.ts'
import type { CompiledLevel, CompiledTopology, TopologyIndex } from './index-types.ts'

/** Topologies by name; where nobody declared one, the one that well-known labels give (if they give any level). */
export function declarationsInForce(
  declared: readonly TopologyDeclaration[],
  nodes: readonly LabelledNode[],
): readonly TopologyDeclaration[] {
  return declaredOr(declared, () => detectLevels(nodes.map(({ labels }) => labels)))
}

/** As declarationsInForce; `detected`, asked where nobody declared one, says which well-known levels the nodes carry. */
export function declaredOr(
  declared: readonly TopologyDeclaration[],
  detected: () => readonly WellKnownLevel[],
): readonly TopologyDeclaration[] {
  if (declared.length > 0) return [...declared].sort((a, b) => byName(a.name, b.name))
  const levels = detected()
  return levels.length > 0 ? [{ name: '', levels, nodes: [] }] : []
}

/** Nodes in byte order of their names: the order of NodeIx. */
export const inOrder = (nodes: Iterable<LabelledNode>): LabelledNode[] =>
  [...nodes].sort((a, b) => byName(a.name, b.name))

/** Compiles declarations over nodes (any order, names unique). O(nodes × levels), and O(domains log domains). */
export function buildTopologyIndex(input: {
  readonly declarations: readonly TopologyDeclaration[]
  readonly nodes: readonly LabelledNode[]
}): TopologyIndex & { readonly declarations: readonly TopologyDeclaration[] } {
  const nodes = inOrder(input.nodes)
  const declarations = declarationsInForce(input.declarations, nodes)
  const topologies = declarations.map((each) => compileTopology(each, nodes))
  const ownLevels = new Map<string, CompiledLevel>()
  return {
    declarations,
    nodeNames: nodes.map(({ name }) => name),
    topologies,
    topologyFor: (name, keys) => topologyFor(topologies, name, keys),
    levelFor(topology, key) {
      const listed = topology?.levels.find((level) => level.key === key)
      if (listed) return listed
      const own = ownLevels.get(key) ?? ownLevel(nodes, key)
      ownLevels.set(key, own)
      return own
    },
  }
}

export function topologyFor(
  topologies: readonly CompiledTopology[],
  name: string | null,
  keys: readonly string[],
): CompiledTopology | null {
  if (name !== null) return topologies.find((each) => each.name === name) ?? null
  const lists = ({ levels }: CompiledTopology): boolean => levels.some(({ key }) => keys.includes(key))
  return topologies.find(lists) ?? topologies.find((each) => each.name === 'default') ?? topologies[0] ?? null
}

/** A key that no topology lists is a level all the same: one value is one domain. */
export const ownLevel = (nodes: readonly LabelledNode[], key: string): CompiledLevel =>
  compileOwnLevel({ name: key, key, within: defaultWithin(key) }, nodes)
