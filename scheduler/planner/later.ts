import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { outerDomain } from './opened.ts'
import type { Choice, Frame } from './search.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/** How many of a scope's surplus and gated pods a domain holds beside what is promised there; an upper bound. */
export function laterFits(frame: Frame, scope: number, level: CompiledLevel, domain: number): number {
  const { sums } = frame.tree.nodes[scope]!.demand
  return fitsBeside(frame, scope, level, domain, sums)
}

/** A scope that has its domain, and how many of its pods to come lose their room if another scope comes there too; an estimate. */
export interface Awaiting {
  readonly choice: Choice
  readonly lost: number
}

/** Those beside `scope` that would lose something: what is around it loses the same wherever it goes. */
export function scopesAwaiting(frame: Frame, scope: number): readonly Awaiting[] {
  const { nodes } = frame.tree
  const { sums } = nodes[scope]!.demand
  const around = new Set<number>()
  for (let s = scope; s >= 0; s = nodes[s]!.parent) around.add(s)
  return nodes.flatMap(({ ix, later }) => {
    const choice = frame.chosen[ix]!.at(-1)
    if (choice === undefined || around.has(ix) || !later.some((count) => count > 0)) return []
    const fits = (more: Float64Array): number => fitsBeside(frame, ix, choice.level, choice.domain, more)
    const lost = fits(new Float64Array(sums.length)) - fits(sums)
    return lost === 0 ? [] : [{ choice, lost }]
  })
}

/** How many pods to come lose their room if a scope goes to a domain. */
export const laterLost = (awaiting: readonly Awaiting[], level: CompiledLevel, domain: number): number =>
  awaiting.reduce(
    (sum, { choice, lost }) => (outerDomain(choice.level, level, domain) === choice.domain ? sum + lost : sum),
    0,
  )

/** `sums`: what is taken there beside what is promised. */
function fitsBeside(
  { room, tree, commits }: Frame,
  scope: number,
  level: CompiledLevel,
  domain: number,
  sums: Float64Array,
): number {
  const { later, demand } = tree.nodes[scope]!
  const free = room.domainFree(level).slice(domain * room.columns, (domain + 1) * room.columns)
  const promised = commits.sumsIn(level, domain)
  for (let r = 0; r < free.length; r++) free[r]! -= sums[r]! + (promised?.[r] ?? 0)
  let fits = 0
  later.forEach((count, c) => {
    if (count === 0) return
    const { requests } = tree.view.classes[c]!
    let here = Math.min(count, Math.max(0, room.domainFits(level, c)[domain]! - demand.counts[c]!))
    for (let r = 0; r < free.length; r++) {
      if (requests[r]! > 0) here = Math.min(here, Math.max(0, Math.floor(free[r]! / requests[r]!)))
    }
    for (let r = 0; r < free.length; r++) free[r]! -= requests[r]! * here
    fits += here
  })
  return fits
}
