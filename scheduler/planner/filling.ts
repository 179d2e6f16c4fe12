import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { domainsInside } from '../../topology/compiled/nesting.ts'
import type { Room } from './bounds.ts'
import type { Within } from './descent.ts'
import type { Placed } from './seats.ts'
import type { Trail } from './trail.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

export interface Filling {
  readonly room: Room
  readonly trail: Trail
  /** Levels that nest, broad to narrow, single-node levels left out. */
  readonly levels: readonly CompiledLevel[]
  readonly placed: Placed[]
}

interface Pour extends Filling {
  readonly podClass: number
  left: number
  readonly at: { node: number; count: number }[]
}

/**
 * Seats pods of one class: the domain with the least room first, level by level, then the node with the least room,
 * then names; so what is broken is used up and what is whole stays whole. False where they do not all fit.
 */
export function fill(filling: Filling, group: number, podClass: number, count: number, region: Within): boolean {
  const pour: Pour = { ...filling, podClass, left: count, at: [] }
  const [first] = filling.levels
  if (region !== null) pourInto(pour, region.level, region.domains)
  else if (first === undefined) pourOnto(pour, null)
  else
    pourInto(
      pour,
      first,
      Array.from({ length: first.paths.length }, (_, d) => d),
    )
  if (pour.left > 0) return false
  const run = { podClass, nodes: EMPTY, count, members: [{ group, count }] }
  filling.placed.push({ run, at: pour.at })
  return true
}

const EMPTY = new Int32Array()

function pourInto(pour: Pour, level: CompiledLevel, domains: readonly number[]): void {
  const { levels, trail, podClass } = pour
  const inner = levels.find(({ paths }) => paths.length > level.paths.length)
  const inside = inner === undefined ? null : domainsInside(inner, level)
  for (const d of leastFirst(pour, level, domains)) {
    if (pour.left === 0) return
    if (trail.fitsIn(level, podClass, d) === 0) continue
    if (inner === undefined || inside === null)
      pourOnto(pour, level.nodes.subarray(level.starts[d]!, level.starts[d + 1]!))
    else pourInto(pour, inner, Array.from(inside[d]!))
  }
}

/** Domains of one level that lie in different ones above are ordered by those first. */
function leastFirst({ trail, levels }: Pour, level: CompiledLevel, domains: readonly number[]): readonly number[] {
  if (domains.length < 2) return domains
  const outer = levels.filter(({ paths }) => paths.length < level.paths.length)
  const first = (d: number): number => level.nodes[level.starts[d]!]!
  const ranked = domains.map((d) => {
    const keys: number[] = []
    for (const each of outer) {
      const around = each.domainOf[first(d)]!
      keys.push(trail.scarceIn(each, around), around)
    }
    return { d, keys: [...keys, trail.scarceIn(level, d), d] }
  })
  ranked.sort((a, b) => {
    for (let i = 0; i < a.keys.length; i++) if (a.keys[i] !== b.keys[i]) return a.keys[i]! - b.keys[i]!
    return 0
  })
  return ranked.map(({ d }) => d)
}

/** `nodes` null: all. */
function pourOnto(pour: Pour, nodes: Int32Array | null): void {
  const { trail, podClass, room } = pour
  const count = nodes === null ? room.view.nodeNames.length : nodes.length
  const fitting: number[] = []
  for (let i = 0; i < count; i++) {
    const n = nodes === null ? i : nodes[i]!
    if (trail.fits(podClass, n) > 0) fitting.push(n)
  }
  const free = Float64Array.from(fitting, (n) => trail.scarceFree(n))
  for (const i of ascending(free)) {
    if (pour.left === 0) return
    const node = fitting[i]!
    const taken = Math.min(pour.left, trail.fits(podClass, node))
    trail.take(podClass, node, taken)
    pour.at.push({ node, count: taken })
    pour.left -= taken
  }
}

/** Positions by value, then by position. Values that are small enough are sorted as numbers with their positions. */
function ascending(values: Float64Array): ArrayLike<number> & Iterable<number> {
  const { length } = values
  if (length === 1) return FIRST
  let largest = 0
  for (let i = 0; i < length; i++) if (values[i]! > largest) largest = values[i]!
  if (!((largest + 1) * length < Number.MAX_SAFE_INTEGER)) {
    return Array.from({ length }, (_, i) => i).sort((a, b) => values[a]! - values[b]! || a - b)
  }
  const keys = Float64Array.from(values, (value, i) => value * length + i).sort()
  return keys.map((key) => key % length)
}

const FIRST: readonly number[] = [0]
