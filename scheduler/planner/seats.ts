import type { ScopeTree } from './scopes.ts'
import type { Solution } from './search.ts'

/** Pods of one class with the same nodes to choose from, and whose they are. */
export interface LeafRun {
  readonly podClass: number
  readonly nodes: Int32Array
  readonly count: number
  readonly members: readonly { readonly group: number; readonly count: number }[]
}

/** Where a run went. */
export interface Placed {
  readonly run: LeafRun
  readonly at: readonly { readonly node: number; readonly count: number }[]
}

/**
 * Hands nodes to seats: groups in order, nodes side by side in the topology, so that neighbours in rank are neighbours
 * in the fabric. The seats of a class are alike, so any hand-out keeps all rules.
 */
export function solutionOf(tree: ScopeTree, placed: readonly Placed[]): Solution {
  const waiting = new Map<string, number[]>()
  for (const { run, at } of placed) {
    const nodes = inFabricOrder(tree, at).flatMap(({ node, count }) => Array.from({ length: count }, () => node))
    let from = 0
    for (const { group, count } of run.members) {
      const key = `${group}|${run.podClass}`
      const before = waiting.get(key) ?? []
      waiting.set(key, before.concat(nodes.slice(from, from + count)))
      from += count
    }
  }
  const next = new Map<string, number>()
  return tree.request.groups.map(({ seats }, g) =>
    Int32Array.from(seats, ({ podClass }) => {
      const key = `${g}|${podClass}`
      const i = next.get(key) ?? 0
      next.set(key, i + 1)
      return waiting.get(key)![i]!
    }),
  )
}

function inFabricOrder({ view }: ScopeTree, at: Placed['at']): Placed['at'] {
  const levels = view.topology?.levels ?? []
  return [...at].sort((a, b) => {
    for (const { domainOf } of levels) {
      if (domainOf[a.node] !== domainOf[b.node]) return domainOf[a.node]! - domainOf[b.node]!
    }
    return a.node - b.node
  })
}
