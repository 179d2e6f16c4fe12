import { byName, labelOf, type LabelledNode, type TopologyDeclaration } from '../declaration.ts'
import { defaultWithin, detectLevels } from '../well-known.ts'
import { compileLevel, compileTopology } from './compile.ts'
import type { CompiledLevel, CompiledTopology, TopologyIndex } from './index-types.ts'

/** Topologies by name; where nobody declared one, the one that well-known labels give (if they give any level). */
export function declarationsInForce(
  declared: readonly TopologyDeclaration[],
  nodes: readonly LabelledNode[],
): readonly TopologyDeclaration[] {
  if (declared.length > 0) return [...declared].sort((a, b) => byName(a.name, b.name))
  const levels = detectLevels(nodes.map(({ labels }) => labels))
  return levels.length > 0 ? [{ name: '', levels, nodes: [] }] : []
}

/** Compiles declarations over nodes (any order, names unique). O(nodes × levels × log domains). */
export function buildTopologyIndex(input: {
  readonly declarations: readonly TopologyDeclaration[]
  readonly nodes: readonly LabelledNode[]
}): TopologyIndex {
  const nodes = [...input.nodes].sort((a, b) => byName(a.name, b.name))
  const topologies = declarationsInForce(input.declarations, nodes).map((each) => compileTopology(each, nodes))
  const ownLevels = new Map<string, CompiledLevel>()
  return {
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

function topologyFor(
  topologies: readonly CompiledTopology[],
  name: string | null,
  keys: readonly string[],
): CompiledTopology | null {
  if (name !== null) return topologies.find((each) => each.name === name) ?? null
  const lists = ({ levels }: CompiledTopology): boolean => levels.some(({ key }) => keys.includes(key))
  return topologies.find(lists) ?? topologies.find((each) => each.name === 'default') ?? topologies[0] ?? null
}

/** A key that no topology lists is a level all the same: one value is one domain. */
function ownLevel(nodes: readonly LabelledNode[], key: string): CompiledLevel {
  const values = nodes.map((node) => labelOf(node, key))
  return compileLevel({ name: key, key, within: defaultWithin(key) }, values, values)
}
