import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { domainsInside } from '../../topology/compiled/nesting.ts'
import type { Room } from './bounds.ts'
import { Least } from './least.ts'
import type { Route } from './route.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/**
 * The node for a gang of one pod, which most questions are about where pods of no gang come in numbers. It lies in one
 * domain of every level whatever is chosen, and room in a domain is room on a node inside it: so the best node is found
 * from the broadest level down, with nothing to lay over the counters. Null: there is more to the gang than that.
 */
export function seatOne(room: Room, { root, levels }: Route): number | null {
  const { node, wanted, classes, isRuledInside } = root
  const level = wanted[0]
  if (node.demand.pods !== 1 || isRuledInside || level === undefined) return null
  let outer: CompiledLevel | null = null
  let found: readonly number[] = []
  for (const next of levels) {
    found = leastIn(room, next, classes[0]!, outer, found)
    if (found.length === 0) return null
    if (next === level) return onlyNodeOf(level, found[0]!)
    outer = next
  }
  return null
}

const onlyNodeOf = ({ starts, nodes }: CompiledLevel, domain: number): number | null =>
  starts[domain + 1]! - starts[domain]! === 1 ? nodes[starts[domain]!]! : null

/** Of the domains inside some of `outer` (null: of all) those with room for a pod, and the least of it. */
function leastIn(
  room: Room,
  level: CompiledLevel,
  podClass: number,
  outer: CompiledLevel | null,
  around: readonly number[],
): readonly number[] {
  const fits = room.domainFits(level, podClass)
  const free = room.domainFree(level)
  const { columns, scarce } = room
  const least = new Least()
  if (outer === null) {
    for (let d = 0; d < fits.length; d++) if (fits[d]! > 0) least.offer(d, free[d * columns + scarce]!)
    return least.found
  }
  const inside = domainsInside(level, outer)!
  for (let i = 0; i < around.length; i++) {
    const domains = inside[around[i]!]!
    for (let k = 0; k < domains.length; k++) {
      const d = domains[k]!
      if (fits[d]! > 0) least.offer(d, free[d * columns + scarce]!)
    }
  }
  return least.found
}
