import { inOrder } from './in-order.ts'
import type { ScopeTree } from './scopes.ts'
import type { Solution } from './search.ts'

/** Pods of one class with the same nodes to choose from, and whose they are. */
export interface LeafRun {
  readonly podClass: number
  readonly nodes: Int32Array
  readonly count: number
  readonly members: readonly Member[]
}

interface Member {
  readonly group: number
  readonly count: number
}

/** Where pods of one class went, and whose they are. */
export interface Placed {
  readonly podClass: number
  readonly members: readonly Member[]
  readonly at: readonly { readonly node: number; readonly count: number }[]
}

/**
 * Hands nodes to seats: groups in order, nodes side by side in the topology, so that neighbours in rank are neighbours
 * in the fabric. The seats of a class are alike, so any hand-out keeps all rules.
 */
export function solutionOf(tree: ScopeTree, placed: readonly Placed[]): Solution {
  const { groups } = tree.request
  const alike = ofGroupsAlike(tree, placed)
  if (alike !== null) return alike
  const hands = new Map<number, Hand>()
  const classes = tree.view.classes.length
  for (const { podClass, members, at } of placed) {
    const nodes = inFabricOrder(tree, at)
    let from = 0
    for (const { group, count } of members) {
      const hand = hands.get(group * classes + podClass)
      if (hand === undefined) hands.set(group * classes + podClass, { nodes: nodes.slice(from, from + count), next: 0 })
      else for (let i = 0; i < count; i++) hand.nodes.push(nodes[from + i]!)
      from += count
    }
  }
  return groups.map(({ seats }, g) =>
    seats.map(({ podClass }) => {
      const hand = hands.get(g * classes + podClass)!
      return hand.nodes[hand.next++]!
    }),
  )
}

/** Where each group's pods are alike and went together; null: some were not. */
function ofGroupsAlike(tree: ScopeTree, placed: readonly Placed[]): Solution | null {
  const { groups } = tree.request
  const solution: (readonly number[])[] = groups.map(() => NOWHERE)
  for (const { members, at } of placed) {
    const [member] = members
    if (members.length > 1 || member === undefined || member.count < groups[member.group]!.seats.length) return null
    solution[member.group] = inFabricOrder(tree, at)
  }
  return solution
}

const NOWHERE: readonly number[] = []

/** Nodes for the seats of one class and group, and which is handed out next. */
interface Hand {
  readonly nodes: number[]
  next: number
}

/** A node for each pod. */
function inFabricOrder({ view }: ScopeTree, at: Placed['at']): number[] {
  const levels = view.topology?.levels ?? []
  const nodes: number[] = []
  for (const { node, count } of inOrder(at, (a, b) => byFabric(levels, a.node, b.node))) {
    for (let i = 0; i < count; i++) nodes.push(node)
  }
  return nodes
}

function byFabric(levels: readonly { readonly domainOf: Int32Array }[], a: number, b: number): number {
  for (const { domainOf } of levels) if (domainOf[a] !== domainOf[b]) return domainOf[a]! - domainOf[b]!
  return a - b
}
