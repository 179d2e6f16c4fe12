import type { Frame } from './search.ts'
import { domainOrSelf } from './rules.ts'
import type { ScopeTree } from './scopes.ts'

/** The nodes that a scope may use by every choice made on it and around it so far, in NodeIx order. */
export function nodesOf(frame: Frame, scope: number): Int32Array {
  const { tree } = frame
  const nodes = nearestRegion(frame, scope) ?? allNodes(tree)
  const { filter } = tree.nodes[scope]!
  const sets = setsAround(frame, scope)
  if (filter === null && sets.length === 0) return nodes
  frame.budget.look(nodes.length * (2 + 4 * sets.length))
  return nodes.filter(
    (n) =>
      (filter === null || filter[n] === 1) && sets.every(({ level, domains }) => domains.has(domainOrSelf(level, n))),
  )
}

function setsAround(frame: Frame, scope: number): Frame['sets'][number] {
  const sets: Frame['sets'][number] = []
  for (let s = scope; s >= 0; s = frame.tree.nodes[s]!.parent) sets.push(...frame.sets[s]!)
  return sets
}

/** The innermost region around a scope: a child's region lies in its parent's by construction. */
function nearestRegion(frame: Frame, scope: number): Int32Array | null {
  for (let s = scope; s >= 0; s = frame.tree.nodes[s]!.parent) if (frame.regions[s]) return frame.regions[s]!
  return null
}

const known: WeakMap<ScopeTree, Int32Array> = new WeakMap()

function allNodes(tree: ScopeTree): Int32Array {
  let nodes = known.get(tree)
  if (nodes !== undefined) return nodes
  nodes = new Int32Array(tree.view.nodeNames.length)
  for (let n = 0; n < nodes.length; n++) nodes[n] = n
  known.set(tree, nodes)
  return nodes
}

/** The innermost scope from `scope` up whose choices bound its nodes: scopes that share it share their nodes. */
export function boundingScope(frame: Frame, scope: number): number {
  const { nodes } = frame.tree
  for (let s = scope; s > 0; s = nodes[s]!.parent) {
    const isBound = frame.regions[s] !== null || frame.sets[s]!.length > 0
    if (isBound || nodes[s]!.filter !== nodes[nodes[s]!.parent]!.filter) return s
  }
  return 0
}
