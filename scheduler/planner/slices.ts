import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import type { Room } from './bounds.ts'
import type { Demand } from './scopes.ts'
import type { Frame } from './search.ts'

/**
 * Whether children that must lie in one domain each can all find one: for each of their sizes, the domains must hold
 * as many slices of that size as there are children of it or larger (racks of 18 hold one slice of 16, not 1.125). A
 * true bound, checked over the nodes of the parent (`region`; null: all). `scope` -1: for all scopes without a
 * decision of their own above them. O(children × domains).
 */
export function siblingsMayFit(frame: Frame, scope: number, region: Int32Array | null): boolean {
  const { tree, rules } = frame
  for (const node of tree.nodes) {
    const isMeant = scope < 0 ? rules.ones[node.ix]!.length === 0 : node.ix === scope
    if (!isMeant || node.children.length < 2) continue
    const children = node.children.filter((c) => tree.nodes[c]!.demand.pods > 0)
    for (const level of new Set(children.flatMap((c) => rules.ones[c]!))) {
      const bound = children.filter((c) => rules.ones[c]!.includes(level)).map((c) => tree.nodes[c]!.demand)
      if (bound.length > 1 && !slicesFit(frame, bound, level, region)) return false
    }
  }
  return true
}

function slicesFit(
  { room, budget }: Frame,
  demands: readonly Demand[],
  level: CompiledLevel,
  region: Int32Array | null,
): boolean {
  budget.look(8 * demands.length * level.paths.length)
  const domains = region === null ? null : new Set(Array.from(region, (n) => level.domainOf[n]!))
  const seen = new Set<string>()
  for (const size of demands) {
    const key = `${size.counts}|${size.sums}`
    if (seen.has(key)) continue
    seen.add(key)
    let needed = demands.filter((each) => isAtLeast(each, size)).length
    for (let d = 0; d < level.paths.length && needed > 0; d++) {
      if (domains === null || domains.has(d)) needed -= slicesIn(room, size, level, d)
    }
    if (needed > 0) return false
  }
  return true
}

const isAtLeast = (a: Demand, b: Demand): boolean =>
  a.counts.every((count, c) => count >= b.counts[c]!) && a.sums.every((sum, r) => sum >= b.sums[r]!)

function slicesIn(room: Room, { counts, sums }: Demand, level: CompiledLevel, domain: number): number {
  let slices = Number.POSITIVE_INFINITY
  for (const c of room.seated) {
    if (counts[c]! > 0) slices = Math.min(slices, Math.floor(room.domainFits(level, c)[domain]! / counts[c]!))
  }
  const free = room.domainFree(level)
  for (let r = 0; r < sums.length; r++) {
    if (sums[r]! > 0) slices = Math.min(slices, Math.floor(free[domain * room.columns + r]! / sums[r]!))
  }
  return slices
}
