import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { domainMayHold } from './bounds.ts'
import { outerDomain } from './opened.ts'
import { nodesOf } from './regions.ts'
import { boundDomains } from './scopes.ts'
import type { Frame } from './search.ts'

/**
 * The domains that may hold a scope, best first by DESIGN's order of plans: no further domain where domains count,
 * room for the pods that come later, soft spread, then the least room left at each level from the broadest down to this
 * one, then names. The first is found by one scan; the rest is sorted only when it is asked for.
 */
export function* candidatesFor(frame: Frame, scope: number, level: CompiledLevel): Generator<number> {
  const demand = frame.tree.nodes[scope]!.demand
  const ranked = reachable(frame, scope, level)
    .filter((domain) => domainMayHold(frame.room, level, domain, demand) && holdsBound(frame, scope, level, domain))
    .map((domain) => ({ domain, rank: rankOf(frame, scope, level, domain) }))
  if (ranked.length === 0) return
  let best = 0
  for (let i = 1; i < ranked.length; i++) if (compareRank(ranked[i]!.rank, ranked[best]!.rank) < 0) best = i
  yield ranked[best]!.domain
  ranked.splice(best, 1)
  ranked.sort((a, b) => compareRank(a.rank, b.rank) || a.domain - b.domain)
  for (const { domain } of ranked) yield domain
}

/** Domains with a node that the scope may use, in order. */
function reachable(frame: Frame, scope: number, level: CompiledLevel): readonly number[] {
  const isBounded = frame.tree.nodes[scope]!.filter !== null || isInside(frame, scope)
  if (!isBounded) return level.paths.map((_, d) => d)
  const found = new Set<number>()
  for (const n of nodesOf(frame, scope)) if (level.domainOf[n]! >= 0) found.add(level.domainOf[n]!)
  return [...found].sort((a, b) => a - b)
}

/** Whether the scope's bound pods lie in the domain too, at this level and at those that it implies. */
function holdsBound(frame: Frame, scope: number, level: CompiledLevel, domain: number): boolean {
  const { bound } = frame.tree.nodes[scope]!
  if (bound.length === 0) return true
  return frame.rules.ones[scope]!.every((one) => {
    const held = boundDomains(one, bound)
    const d = outerDomain(one, level, domain)
    return held.length === 0 || (held.length === 1 && (d === null || d === held[0]))
  })
}

function isInside(frame: Frame, scope: number): boolean {
  for (let s = scope; s >= 0; s = frame.tree.nodes[s]!.parent) if (frame.regions[s]) return true
  return false
}

/** Numbers to compare one after another; smaller is better. */
function rankOf(frame: Frame, scope: number, level: CompiledLevel, domain: number): readonly number[] {
  return [
    frame.opened.newlyOpened(scope, level, domain),
    -laterFits(frame, scope, level, domain),
    softSkew(frame, scope, level, domain),
    ...roomLeft(frame, level, domain),
  ]
}

function compareRank(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return 0
}

/** How many of the scope's surplus and gated pods a domain holds beside what is promised there; an upper bound. */
function laterFits(frame: Frame, scope: number, level: CompiledLevel, domain: number): number {
  const { room, tree } = frame
  const { later, demand } = tree.nodes[scope]!
  const free = room.domainFree(level).slice(domain * room.columns, (domain + 1) * room.columns)
  const promised = frame.commits.sumsIn(level, domain)
  for (let r = 0; r < free.length; r++) free[r]! -= demand.sums[r]! + (promised?.[r] ?? 0)
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

/** Units that the scope's soft rules already have where it would go, peers decided in this plan included. */
export function softSkew(frame: Frame, scope: number, level: CompiledLevel, domain: number): number {
  let skew = 0
  for (const rule of frame.tree.nodes[scope]!.scope.spreads) {
    if (rule.isHard) continue
    const d = outerDomain(rule.level, level, domain)
    if (d === null || d >= rule.taken.length) continue
    skew = Math.max(skew, rule.taken[d]! + peersIn(frame, scope, rule.peers, rule.level, d))
  }
  return skew
}

function peersIn(frame: Frame, scope: number, peers: string | undefined, level: CompiledLevel, domain: number): number {
  if (peers === undefined) return 0
  let count = 0
  for (const { ix, scope: other } of frame.tree.nodes) {
    if (ix === scope || !other.spreads.some((rule) => rule.peers === peers && rule.level === level)) continue
    if (frame.chosen[ix]!.some((choice) => outerDomain(level, choice.level, choice.domain) === domain)) count++
  }
  return count
}

/** Free room of the scarce resource in the domains around, broad to narrow, less what this plan has promised there. */
function roomLeft(frame: Frame, level: CompiledLevel, domain: number): readonly number[] {
  const { room, tree, commits } = frame
  const left: number[] = []
  for (const outer of tree.view.topology?.levels ?? []) {
    if (outer === level) break
    const d = outerDomain(outer, level, domain)
    if (d === null || d >= outer.paths.length) left.push(0)
    else
      left.push(
        room.domainFree(outer)[d * room.columns + room.scarce]! - (commits.sumsIn(outer, d)?.[room.scarce] ?? 0),
      )
  }
  const own = room.domainFree(level)[domain * room.columns + room.scarce]!
  return [...left, own - (commits.sumsIn(level, domain)?.[room.scarce] ?? 0)]
}
