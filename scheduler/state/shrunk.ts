import { amountText } from '../../api/amount.ts'
import type { ClusterState } from './cluster.ts'
import type { NodeFacts } from './node-facts.ts'

/**
 * What a node has less of than before, and less than is used there, as a sentence; null: nothing. It gets nothing more
 * until it has room again, and loses nothing: whoever shrank it may not know what ran there.
 */
export function shrunkBelowUse({ usage }: ClusterState, before: NodeFacts, now: NodeFacts): string | null {
  const use = usage.find(now.name)
  if (use === null) return null
  const short = Object.keys(before.allocatable).flatMap((resource) => {
    const [had = 0, has = 0] = [before.allocatable[resource], now.allocatable[resource]]
    const used = has < had ? usage.amount(use, usage.columnOf(resource)) : 0
    return used > has ? [`${amountText(resource, used)} of ${amountText(resource, has)} ${resource}`] : []
  })
  return short.length === 0 ? null : `the node has become smaller than what is used on it: ${short.sort().join(', ')}`
}
