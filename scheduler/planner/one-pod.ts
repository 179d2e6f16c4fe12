import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { domainsInside } from '../../topology/compiled/nesting.ts'
import type { Room } from './bounds.ts'
import type { Least } from './least.ts'
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
  let [here, around] = room.asked.leasts
  for (const next of levels) {
    ;[here, around] = [around, here]
    findLeast(here.begin(), room, next, classes[0]!, outer, around)
    if (here.count === 0) return null
    if (next === level) return onlyNodeOf(level, here.at(0))
    outer = next
  }
  return null
}

const onlyNodeOf = ({ starts, nodes }: CompiledLevel, domain: number): number | null =>
  starts[domain + 1]! - starts[domain]! === 1 ? nodes[starts[domain]!]! : null

/** Of the domains inside those `around` of `outer` (null: of all) those with room for a pod, and the least of it. */
function findLeast(
  least: Least,
  room: Room,
  level: CompiledLevel,
  podClass: number,
  outer: CompiledLevel | null,
  around: Least,
): void {
  const fits = room.domainFits(level, podClass)
  const free = room.domainFree(level)
  const { columns, scarce } = room
  if (outer === null) {
    for (let d = 0; d < fits.length; d++) if (fits[d]! > 0) least.offer(d, free[d * columns + scarce]!)
    return
  }
  const inside = domainsInside(level, outer)!
  for (let i = 0; i < around.count; i++) {
    const domains = inside[around.at(i)]!
    for (let k = 0; k < domains.length; k++) {
      const d = domains[k]!
      if (fits[d]! > 0) least.offer(d, free[d * columns + scarce]!)
    }
  }
}
