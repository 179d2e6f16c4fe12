import { byBytes } from '../state/bytes.ts'

/** One thing to plan: what is missing of a gang's minimum, or one pod above it. */
export interface Item {
  readonly kind: 'repair' | 'completion' | 'minimum' | 'surplus'
  readonly priority: number
  /** How many surplus pods the gang has already: who has fewest goes first, which is round robin without memory. */
  readonly surplusBound: number
  readonly isScaled: boolean
  readonly createdAt: string
  readonly namespace: string
  readonly name: string
}

const RANK: Readonly<Record<Item['kind'], number>> = { repair: 0, completion: 1, minimum: 2, surplus: 3 }

/**
 * Who is first: the higher priority; then repairs of gangs that were whole, completions of minimums of which a part is
 * bound (room that another gang takes there may be the only room for them), minimums, surplus; then base gangs before
 * scaled ones; then age, namespace, name. This is the one place where an order of gangs is made.
 */
export function byTurn(a: Item, b: Item): number {
  return (
    b.priority - a.priority ||
    (a.kind === b.kind ? 0 : RANK[a.kind] - RANK[b.kind]) ||
    a.surplusBound - b.surplusBound ||
    Number(a.isScaled) - Number(b.isScaled) ||
    byBytes(a.createdAt, b.createdAt) ||
    byBytes(a.namespace, b.namespace) ||
    byBytes(a.name, b.name)
  )
}
