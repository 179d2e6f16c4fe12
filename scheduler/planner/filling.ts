import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { domainsInside } from '../../topology/compiled/nesting.ts'
import type { Room } from './bounds.ts'
import type { Within } from './descent.ts'
import { inOrder } from './in-order.ts'
import type { Run } from './route.ts'
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

interface Pour {
  readonly filling: Filling
  readonly podClass: number
  left: number
  readonly at: { node: number; count: number }[]
}

/**
 * Seats pods of one class: the domain with the least room first, level by level, then the node with the least room,
 * then names; so what is broken is used up and what is whole stays whole. False where they do not all fit.
 */
export function fill(filling: Filling, { group, podClass, count }: Run, region: Within): boolean {
  const pour: Pour = { filling, podClass, left: count, at: [] }
  const [first] = filling.levels
  if (region !== null) pourInto(pour, region.level, region.domains)
  else if (first === undefined) pourOnto(pour, ALL)
  else pourInto(pour, first, allOf(first))
  if (pour.left > 0) return false
  filling.placed.push({ podClass, members: [{ group, count }], at: pour.at })
  return true
}

const allOf = ({ paths }: CompiledLevel): readonly number[] => Array.from(paths, (_, d) => d)

function pourInto(pour: Pour, level: CompiledLevel, domains: readonly number[]): void {
  const { levels, trail } = pour.filling
  const inner = levels.find(({ paths }) => paths.length > level.paths.length)
  const inside = inner === undefined ? null : domainsInside(inner, level)
  for (const d of leastFirst(pour.filling, level, domains)) {
    if (pour.left === 0) return
    if (trail.fitsIn(level, pour.podClass, d) === 0) continue
    const isOneNode = level.starts[d + 1]! - level.starts[d]! === 1
    if (isOneNode) take(pour, level.nodes[level.starts[d]!]!)
    else if (inner === undefined || inside === null)
      pourOnto(pour, { nodes: level.nodes, from: level.starts[d]!, to: level.starts[d + 1]! })
    else pourInto(pour, inner, Array.from(inside[d]!))
  }
}

/** Domains of one level that lie in different ones above are ordered by those first. */
function leastFirst({ trail, levels }: Filling, level: CompiledLevel, domains: readonly number[]): readonly number[] {
  if (domains.length < 2) return domains
  const outer = levels.filter(({ paths }) => paths.length < level.paths.length)
  const first = (d: number): number => level.nodes[level.starts[d]!]!
  const width = 2 * outer.length + 2
  const keys: number[] = []
  for (const d of domains) {
    for (const each of outer) {
      const around = each.domainOf[first(d)]!
      keys.push(trail.scarceIn(each, around), around)
    }
    keys.push(trail.scarceIn(level, d), d)
  }
  const compare = (a: number, b: number): number => {
    for (let k = 0; k < width; k++) {
      const difference = keys[a * width + k]! - keys[b * width + k]!
      if (difference !== 0) return difference
    }
    return 0
  }
  const order = inOrder(
    domains.map((_, i) => i),
    compare,
  )
  return order.map((i) => domains[i]!)
}

/** So many nodes are found one by one; a run that needs more of them has the rest sorted. */
const PICKED = 4

/** nodes[from] .. nodes[to - 1], in order of their positions; null: all. */
type Span = { readonly nodes: Int32Array; readonly from: number; readonly to: number } | null
const ALL: Span = null

/** The node with the least room first, then by position. */
function pourOnto(pour: Pour, span: Span): void {
  let after: Pick | null = null
  for (let picked = 0; picked < PICKED && pour.left > 0; picked++) {
    after = nextOf(pour, span, after)
    if (after === null) return
    take(pour, after.node)
  }
  if (pour.left > 0 && after !== null) pourSorted(pour, span, after)
}

/** A node and the room that it had. */
interface Pick {
  readonly node: number
  readonly free: number
}

const isAfter = (node: number, free: number, pick: Pick | null): boolean =>
  pick === null || free > pick.free || (free === pick.free && node > pick.node)

/** The first after `after` in the order of filling. */
function nextOf({ filling, podClass }: Pour, span: Span, after: Pick | null): Pick | null {
  const { room, trail } = filling
  const fits = room.fits(podClass)
  const to = span === null ? fits.length : span.to
  let first = -1
  let least = Number.POSITIVE_INFINITY
  for (let i = span === null ? 0 : span.from; i < to; i++) {
    const n = span === null ? i : span.nodes[i]!
    if (fits[n] === 0) continue
    const free = trail.scarceFree(n)
    if (free >= least || !isAfter(n, free, after) || trail.fits(podClass, n, fits[n]!) === 0) continue
    first = n
    least = free
  }
  return first < 0 ? null : { node: first, free: least }
}

function pourSorted(pour: Pour, span: Span, after: Pick): void {
  const { room, trail } = pour.filling
  const fits = room.fits(pour.podClass)
  const to = span === null ? fits.length : span.to
  const fitting: number[] = []
  const free: number[] = []
  for (let i = span === null ? 0 : span.from; i < to; i++) {
    const n = span === null ? i : span.nodes[i]!
    if (trail.fits(pour.podClass, n, fits[n]!) === 0 || !isAfter(n, trail.scarceFree(n), after)) continue
    fitting.push(n)
    free.push(trail.scarceFree(n))
  }
  for (const i of ascending(free)) {
    if (pour.left === 0) return
    take(pour, fitting[i]!)
  }
}

function take(pour: Pour, node: number): void {
  const { room, trail } = pour.filling
  const taken = Math.min(pour.left, trail.fits(pour.podClass, node, room.fits(pour.podClass)[node]!))
  if (taken === 0) return
  trail.take(pour.podClass, node, taken)
  pour.at.push({ node, count: taken })
  pour.left -= taken
}

/** Positions by value, then by position. Values that are small enough are sorted as numbers with their positions. */
function ascending(values: readonly number[]): ArrayLike<number> & Iterable<number> {
  const { length } = values
  let largest = 0
  for (const value of values) if (value > largest) largest = value
  if (!((largest + 1) * length < Number.MAX_SAFE_INTEGER)) {
    return Array.from({ length }, (_, i) => i).sort((a, b) => values[a]! - values[b]! || a - b)
  }
  const keys = Float64Array.from(values, (value, i) => value * length + i).sort()
  return keys.map((key) => key % length)
}
