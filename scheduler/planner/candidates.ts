import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { domainsAround } from '../../topology/compiled/nesting.ts'
import { domainMayHold } from './bounds.ts'
import { levelAfter } from './evenly.ts'
import { laterFits, laterLost, scopesAwaiting } from './later.ts'
import { outerDomain } from './opened.ts'
import { nodesOf } from './regions.ts'
import type { SpreadRule } from './request.ts'
import { boundDomains } from './scopes.ts'
import type { Frame } from './search.ts'

/**
 * The domains that may hold a scope, best first by DESIGN's order of plans: no further domain where domains count,
 * room for the pods that come later, those of other scopes too, soft spread, then the least room left at each level from the broadest down to this
 * one, then names. The first is found by one scan; the rest is sorted only when it is asked for.
 */
export function* candidatesFor(frame: Frame, scope: number, level: CompiledLevel): Generator<number> {
  const demand = frame.tree.nodes[scope]!.demand
  frame.budget.look(4 * level.paths.length * (1 + frame.room.seated.length))
  const domains = reachable(frame, scope, level).filter(
    (domain) =>
      domainMayHold(frame.room, level, domain, demand) &&
      frame.commits.mayAdd(scope, level, domain) &&
      holdsBound(frame, scope, level, domain),
  )
  if (domains.length === 0) return
  const keys = keysFor(frame, scope, level)
  const best = bestOf(domains, keys)
  yield best
  const rest = domains
    .filter((domain) => domain !== best)
    .map((domain) => ({ domain, rank: keys.map((key) => key(domain)) }))
  rest.sort((a, b) => compareRank(a.rank, b.rank) || a.domain - b.domain)
  for (const { domain } of rest) yield domain
}

/** A number for a domain; the smaller the better. */
type Key = (domain: number) => number
const NO_KEYS: readonly Key[] = []

/** The order of plans for one choice, as keys to compare one after another. Keys that are all alike are left out. */
function keysFor(frame: Frame, scope: number, level: CompiledLevel): readonly Key[] {
  const { later } = frame.tree.nodes[scope]!
  const keys: Key[] = []
  if (frame.opened.limits.length > 0) keys.push((domain) => frame.opened.newlyOpened(scope, level, domain))
  const awaiting = scopesAwaiting(frame, scope)
  const isLater = later.some((count) => count > 0)
  if (isLater || awaiting.length > 0) {
    keys.push((domain) => laterLost(awaiting, level, domain) - (isLater ? laterFits(frame, scope, level, domain) : 0))
  }
  keys.push(...laterAroundKeys(frame, scope, level))
  const soft = softRules(frame, scope)
  const skews = softSkews(frame, soft, level)
  if (soft.length > 0) keys.push((domain) => Math.max(...skews(domain)))
  if (soft.length > 1) keys.push((domain) => skews(domain).reduce((sum, skew) => sum + skew, 0))
  for (const outer of frame.tree.view.topology?.levels ?? []) {
    if (outer === level) break
    const around = domainsAround(level, outer)
    if (around !== null) keys.push(roomLeftIn(frame, outer, around)) // a level that crosses has no say
  }
  return [...keys, roomLeftIn(frame, level, null)]
}

/**
 * Pods to come need not lie where a preference came to: what they may not leave is the domain that the scope requires or
 * shares with tied gangs, so room in the one around a candidate counts next.
 */
function laterAroundKeys(frame: Frame, scope: number, level: CompiledLevel): readonly Key[] {
  const { nodes } = frame.tree
  const isLater = (s: number): boolean => nodes[s]!.later.some((count) => count > 0)
  if (!isLater(0)) return NO_KEYS
  const sharing = nodes[0]!.scope.sharing ?? []
  const { required } = nodes[scope]!.scope
  const of = sharing.map((outer) => ({ outer, scope: 0 }))
  if (required !== null && !sharing.includes(required)) of.push({ outer: required, scope })
  return of.flatMap((each) => {
    const around = each.outer !== level && isLater(each.scope) ? domainsAround(level, each.outer) : null
    if (around === null) return []
    return [(domain) => (around[domain]! < 0 ? 0 : -laterFits(frame, each.scope, each.outer, around[domain]!))]
  })
}

/** Keeps those that are best by one key after another; names decide in the end. */
function bestOf(domains: readonly number[], keys: readonly Key[]): number {
  let left = domains
  for (const key of keys) {
    if (left.length === 1) break
    const values = left.map(key)
    let least = values[0]!
    for (const value of values) if (value < least) least = value
    left = left.filter((_, i) => values[i] === least)
  }
  return left[0]!
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

function compareRank(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return 0
}

interface SoftRule {
  readonly rule: SpreadRule
  /** The scope that it is written on. */
  readonly of: number
  /** Domain of its level → units of other rules that count for it and are decided already; null: there are no such rules. */
  readonly peers: ReadonlyMap<number, number> | null
}

/** The soft rules that a choice bears on: of the scope, of those around it and of those inside. */
function softRules(frame: Frame, scope: number): readonly SoftRule[] {
  const { nodes } = frame.tree
  const isWithin = (inner: number, outer: number): boolean => {
    for (let s = inner; s >= 0; s = nodes[s]!.parent) if (s === outer) return true
    return false
  }
  return nodes.flatMap(({ scope: { spreads }, demand }, of) => {
    const soft = spreads.filter(({ isHard }) => !isHard)
    const bears = soft.length > 0 && demand.pods > 0 && (isWithin(of, scope) || isWithin(scope, of))
    return bears ? soft.map((rule) => ({ rule, of, peers: peersOf(frame, of, rule) })) : []
  })
}

/** Units that each rule comes to have at most where the scope would go, peers decided in this plan included. */
function softSkews(
  frame: Frame,
  rules: readonly SoftRule[],
  level: CompiledLevel,
): (domain: number) => readonly number[] {
  const known = new Map<number, readonly number[]>()
  return (domain) => {
    const skews = known.get(domain) ?? rules.map((soft) => softSkew(frame, soft, level, domain))
    known.set(domain, skews)
    return skews
  }
}

function softSkew(frame: Frame, soft: SoftRule, level: CompiledLevel, domain: number): number {
  const { rule, of, peers } = soft
  const d = outerDomain(rule.level, level, domain)
  if (d === null) return leastInside(frame, soft, level, domain)
  if (d >= rule.taken.length) return 0
  const coming = rule.units === 'pods' ? frame.tree.nodes[of]!.demand.pods : 1
  return rule.taken[d]! + coming + (peers?.get(d) ?? 0)
}

/**
 * The same where the domain chosen goes over several of the rule's: the units are dealt out to the emptiest of them, as
 * many as each has places for.
 */
function leastInside(frame: Frame, soft: SoftRule, level: CompiledLevel, domain: number): number {
  const { rule, peers } = soft
  if (peers !== null) return dealtInside(frame, soft, level, domain) // what is decided meanwhile counts too
  const known = frame.dealt.get(rule)?.get(level) ?? new Map<number, number>()
  const ofRule = frame.dealt.get(rule) ?? new Map<CompiledLevel, Map<number, number>>()
  frame.dealt.set(rule, ofRule.set(level, known))
  const skew = known.get(domain) ?? dealtInside(frame, soft, level, domain)
  known.set(domain, skew)
  return skew
}

/** O(nodes of the domain) once, then O(domains of the rule in it): what nodes take does not change while a plan is sought. */
function dealtInside(frame: Frame, soft: SoftRule, level: CompiledLevel, domain: number): number {
  const { rule, of, peers } = soft
  const { demand } = frame.tree.nodes[of]!
  const ofRule = frame.places[of]!.get(rule) ?? new Map<CompiledLevel, Map<number, ReadonlyMap<number, number>>>()
  const ofLevel = ofRule.get(level) ?? new Map<number, ReadonlyMap<number, number>>()
  frame.places[of]!.set(rule, ofRule.set(level, ofLevel))
  const places = ofLevel.get(domain) ?? placesInside(frame, rule, of, level, domain)
  ofLevel.set(domain, places)
  const units = (d: number): number => rule.taken[d]! + (peers?.get(d) ?? 0)
  const open = [...places].map(([d, count]) => ({ units: units(d), places: rule.units === 'pods' ? count : 1 }))
  return levelAfter(open, rule.units === 'pods' ? demand.pods : 1)
}

function placesInside(
  frame: Frame,
  rule: SpreadRule,
  of: number,
  level: CompiledLevel,
  domain: number,
): ReadonlyMap<number, number> {
  const places = new Map<number, number>()
  frame.budget.look(level.starts[domain + 1]! - level.starts[domain]!)
  for (const node of level.nodes.subarray(level.starts[domain]!, level.starts[domain + 1]!)) {
    const d = rule.level.domainOf[node]!
    const here = d < 0 ? 0 : placesOn(frame, of, node)
    if (here > 0) places.set(d, (places.get(d) ?? 0) + here)
  }
  return places
}

/** Pods of a scope that the node takes, of the class of which it takes the most. */
function placesOn({ tree, room }: Frame, scope: number, node: number): number {
  const { counts } = tree.nodes[scope]!.demand
  let most = 0
  for (const c of room.seated) if (counts[c]! > 0) most = Math.max(most, room.fits(c)[node]!)
  return most
}

/** Whether units of another rule count for one. */
const isCounting = ({ peers, level }: SpreadRule, other: SpreadRule): boolean =>
  peers !== undefined && other.peers === peers && other.level === level

/** Domain of the rule's level → how many other scopes have chosen it that count for the rule; null: none counts. O(scopes). */
function peersOf({ tree, chosen, budget }: Frame, of: number, rule: SpreadRule): ReadonlyMap<number, number> | null {
  budget.look(tree.nodes.length)
  const counting = tree.nodes.filter(
    ({ ix, scope }) => ix !== of && scope.spreads.some((each) => isCounting(rule, each)),
  )
  if (counting.length === 0) return null
  const peers = new Map<number, number>()
  for (const { ix } of counting) {
    const domains = new Set(chosen[ix]!.map((choice) => outerDomain(rule.level, choice.level, choice.domain)))
    for (const d of domains) if (d !== null) peers.set(d, (peers.get(d) ?? 0) + 1)
  }
  return peers
}

/**
 * Free room of the scarce resource in the domain of `level` around a candidate (`around`; null: in the candidate
 * itself), less what this plan has promised there.
 */
function roomLeftIn({ room, commits }: Frame, level: CompiledLevel, around: Int32Array | null): Key {
  const free = room.domainFree(level)
  return (candidate) => {
    const domain = around === null ? candidate : around[candidate]!
    if (domain < 0) return 0
    return free[domain * room.columns + room.scarce]! - (commits.sumsIn(level, domain)?.[room.scarce] ?? 0)
  }
}
