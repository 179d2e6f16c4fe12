import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import type { Outcome } from './budget.ts'
import { levelAfter } from './evenly.ts'
import { nodesOf } from './regions.ts'
import type { SpreadRule } from './request.ts'
import type { Decision } from './rules.ts'
import type { Frame } from './search.ts'
import { isPeerOf, isShortOfDomains } from './spread.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/** So many pods of a class of a group go to one domain of a level. */
export interface Split {
  readonly group: number
  readonly podClass: number
  readonly count: number
  readonly level: CompiledLevel
  readonly domain: number
}

interface Dealing {
  readonly frame: Frame
  readonly scope: number
  readonly rule: SpreadRule
  /** Units per domain, those of peers dealt earlier in this plan included. */
  readonly taken: Int32Array
  /** Pods of peers that are dealt after this scope: they may raise the floor. */
  readonly toCome: number
  /** Pods alike, group by group. */
  readonly hands: readonly { readonly group: number; readonly podClass: number; readonly count: number }[]
  /** Domains with room, the emptiest first. */
  readonly domains: readonly number[]
  /** places[class][domain position]. */
  readonly places: readonly Float64Array[]
  readonly next: () => Outcome
}

/** A soft rule is no reason to try every deal: so many that do not come out with the rest, and it gives way. */
const SOFT_TRIES = 16

/**
 * Deals the pods of a clique out to domains, each pod a unit. With `floor` as the least that any eligible domain ends
 * with, every domain ends between floor and floor + maxSkew; the highest floor is tried first, so the most even deal.
 * A soft rule that cannot be kept is broken by as little as can be.
 */
export function chooseUnits(
  frame: Frame,
  { scope, rule }: Extract<Decision, { kind: 'units' }>,
  next: () => Outcome,
): Outcome {
  frame.budget.look(256 + 32 * rule.taken.length)
  const isFirst = frame.tree.nodes[scope]!.scope.spreads.find(({ units }) => units === 'pods') === rule
  const dealing = dealingOf(frame, scope, rule, next)
  if (!isFirst || dealing.hands.length === 0) return next() // a second rule is judged when the plan is finished
  if (rule.isHard) return dealEvenly(dealing)
  const outcome = dealSoftly(dealing)
  return outcome === 'unplaceable' ? next() : outcome
}

/** With every floor in turn. */
function dealEvenly(dealing: Dealing): Outcome {
  const { frame, rule, domains, taken } = dealing
  for (const { floor, ceiling } of boundsOf(dealing)) {
    if (!frame.budget.take()) return 'undecided'
    const missing = (d: number): number => (rule.eligible[d] === 1 ? Math.max(0, floor - taken[d]!) : 0)
    const isOutOfReach = taken.some((_, d) => missing(d) > 0 && !domains.includes(d))
    if (dealing.toCome === 0 && isOutOfReach) continue
    const least = domains.map((d) => (dealing.toCome === 0 ? missing(d) : 0))
    const most = domains.map((d) => Math.max(0, ceiling - taken[d]!))
    const outcome = deal(dealing, { least, most, splits: [] })
    if (outcome !== 'unplaceable') return outcome
  }
  return 'unplaceable'
}

/** As the rule asks for, else as even as the places allow; the tries are those of all soft rules that are being dealt. */
function dealSoftly(dealing: Dealing): Outcome {
  const { frame } = dealing
  const isOutermost = frame.softTries === null
  frame.softTries ??= SOFT_TRIES
  const evenly = dealEvenly(dealing)
  const outcome = evenly === 'unplaceable' ? dealToPlaces(dealing) : evenly
  if (isOutermost) frame.softTries = null
  return outcome
}

/** Its tries are used up. */
const isGivenUp = ({ frame, rule }: Dealing): boolean => !rule.isHard && frame.softTries === 0

/** As even as the places allow, whatever the skew. */
function dealToPlaces(dealing: Dealing): Outcome {
  const { domains, taken, hands, places } = dealing
  const pods = hands.reduce((sum, { count }) => sum + count, 0)
  const placesAt = (i: number): number =>
    hands.reduce((least, { podClass }) => Math.min(least, places[podClass]![i]!), Number.POSITIVE_INFINITY)
  const shelves = domains.map((d, i) => ({ units: taken[d]!, places: placesAt(i) }))
  const level = levelAfter(shelves, pods)
  const most = shelves.map(({ units }) => Math.max(0, level - units))
  const least = shelves.map((shelf) => Math.min(shelf.places, Math.max(0, level - 1 - shelf.units)))
  return deal(dealing, { least, most, splits: [] })
}

/** Units there already, and how the pods of peers in this plan bear on them. */
function peersOf(frame: Frame, scope: number, rule: SpreadRule): { taken: Int32Array; toCome: number } {
  const taken = rule.taken.slice()
  let toCome = 0
  const isDecided = (s: number): boolean =>
    frame.splits.some(({ group }) => frame.tree.nodes[s]!.groups.includes(group))
  for (const { ix, scope: other, demand, groups } of frame.tree.nodes) {
    if (ix === scope || !other.spreads.some((each) => isPeerOf(each, rule))) continue
    if (!isDecided(ix)) toCome += demand.pods
    for (const split of frame.splits) {
      if (groups.includes(split.group) && split.level === rule.level) taken[split.domain]! += split.count
    }
  }
  return { taken, toCome }
}

function dealingOf(frame: Frame, scope: number, rule: SpreadRule, next: () => Outcome): Dealing {
  const { tree, room } = frame
  const peers = peersOf(frame, scope, rule)
  const counts = new Map<number, Float64Array>()
  const { demand, groups } = tree.nodes[scope]!
  const nodes = nodesOf(frame, scope)
  frame.budget.look(nodes.length * (4 + 2 * room.seated.length))
  for (const n of nodes) {
    const d = rule.level.domainOf[n]!
    if (d < 0) continue
    let of = counts.get(d)
    if (of === undefined) counts.set(d, (of = new Float64Array(demand.counts.length)))
    for (const c of room.seated) of[c]! += room.fits(c)[n]!
  }
  const domains = [...counts.keys()].sort((a, b) => peers.taken[a]! - peers.taken[b]! || a - b)
  const hands = groups.flatMap((group) => {
    const perClass = new Map<number, number>()
    for (const { podClass } of tree.request.groups[group]!.seats) {
      perClass.set(podClass, (perClass.get(podClass) ?? 0) + 1)
    }
    return [...perClass].sort(([a], [b]) => a - b).map(([podClass, count]) => ({ group, podClass, count }))
  })
  const places =
    demand.counts.length === 0
      ? []
      : Array.from(demand.counts, (_, c) => Float64Array.from(domains, (d) => counts.get(d)![c]!))
  return { frame, scope, rule, ...peers, hands, domains, places, next }
}

/**
 * Every floor that could hold in the end, from the highest to what holds already, with its ceiling. With peers still
 * to come the highest floor allows all that a lower one does, and the finished plan is judged.
 */
function boundsOf({ hands, rule, taken, toCome }: Dealing): readonly { floor: number; ceiling: number }[] {
  const pods = hands.reduce((sum, { count }) => sum + count, 0)
  const eligible = Array.from(taken).filter((_, d) => rule.eligible[d] === 1)
  if (eligible.length === 0 || isShortOfDomains(rule)) return [{ floor: 0, ceiling: rule.maxSkew }]
  const lowest = eligible.reduce((least, units) => Math.min(least, units))
  if (toCome > 0) return [{ floor: lowest, ceiling: lowest + pods + toCome + rule.maxSkew }]
  const floors: { floor: number; ceiling: number }[] = []
  const evenly = Math.floor((eligible.reduce((sum, units) => sum + units, 0) + pods) / eligible.length)
  for (let floor = Math.max(lowest, evenly); floor >= lowest; floor--) {
    const missing = eligible.reduce((sum, units) => sum + Math.max(0, floor - units), 0)
    if (missing <= pods) floors.push({ floor, ceiling: floor + rule.maxSkew })
  }
  return floors
}

interface Deal {
  /** Per domain position what it must still get at least, and may still get at most. */
  readonly least: number[]
  readonly most: number[]
  readonly splits: Split[]
}

/** One hand at one domain: how many pods it may give there, the best first, and which was given last. */
interface Step {
  readonly hand: number
  readonly at: number
  readonly left: number
  readonly counts: readonly number[]
  /** Places for the hand at domains[i ..]; a hand changes none of them before it comes there. */
  readonly room: Float64Array
  next: number
  given: number | null
}

/** Deals all hands, domain by domain. A loop with its own stack, since there may be thousands of domains. */
function deal(dealing: Dealing, state: Deal): Outcome {
  const steps: Step[] = [firstStep(dealing, state, 0)]
  let outcome: Outcome = 'unplaceable'
  for (let step = steps.at(-1); step !== undefined && outcome === 'unplaceable'; step = steps.at(-1)) {
    if (isGivenUp(dealing)) break
    takeBack(state, step)
    const count = step.counts[step.next++]
    if (count === undefined) steps.pop()
    else if (!dealing.frame.budget.take()) outcome = 'undecided'
    else if (step.left - count <= step.room[step.at + 1]!) {
      give(dealing, state, step, count)
      outcome = follow(dealing, state, steps, step, step.left - count)
    }
  }
  if (outcome !== 'seated') for (const step of steps.toReversed()) takeBack(state, step)
  return outcome
}

/** What comes after a domain has got its pods: the next domain, the next hand, or the rest of the search. */
function follow(dealing: Dealing, state: Deal, steps: Step[], { hand, at, room }: Step, left: number): Outcome {
  const { hands, domains } = dealing
  // With nothing left each of the other domains gets none, which only the last hand may have to mind.
  const isDealt = left === 0 && (hand + 1 < hands.length || !state.least.some((least, i) => i > at && least > 0))
  if (at + 1 < domains.length && !isDealt) steps.push(stepAt(dealing, state, hand, at + 1, left, room))
  else if (left > 0) return 'unplaceable'
  else if (hand + 1 < hands.length) steps.push(firstStep(dealing, state, hand + 1))
  else return goOn(dealing, state)
  return 'unplaceable'
}

function firstStep(dealing: Dealing, state: Deal, hand: number): Step {
  const { hands, domains, places } = dealing
  const { podClass, count } = hands[hand]!
  const room = new Float64Array(domains.length + 1)
  for (let i = domains.length - 1; i >= 0; i--) room[i] = room[i + 1]! + Math.min(state.most[i]!, places[podClass]![i]!)
  return stepAt(dealing, state, hand, 0, count, room)
}

function stepAt(dealing: Dealing, state: Deal, hand: number, at: number, left: number, room: Float64Array): Step {
  const { hands, domains, places } = dealing
  const most = Math.min(left, state.most[at] ?? 0, places[hands[hand]!.podClass]![at] ?? 0)
  const least = hand === hands.length - 1 ? (state.least[at] ?? 0) : 0
  const even = Math.ceil(left / (domains.length - at)) // an even share first, then more, then less
  const counts = Array.from({ length: Math.max(0, most - least + 1) }, (_, i) => most - i)
  counts.sort((a, b) => Math.abs(a - even) - Math.abs(b - even) || b - a)
  return { hand, at, left, counts: domains.length === 0 ? [] : counts, room, next: 0, given: null }
}

function give({ hands, rule, domains }: Dealing, { most, least, splits }: Deal, step: Step, count: number): void {
  const { group, podClass } = hands[step.hand]!
  most[step.at]! -= count
  least[step.at]! -= count
  if (count > 0) splits.push({ group, podClass, count, level: rule.level, domain: domains[step.at]! })
  step.given = count
}

function takeBack({ most, least, splits }: Deal, step: Step): void {
  const { given, at } = step
  if (given === null) return
  if (given > 0) splits.pop()
  most[at]! += given
  least[at]! += given
  step.given = null
}

function goOn({ frame, rule, next }: Dealing, { splits }: Deal): Outcome {
  frame.splits.push(...splits)
  const outcome = next()
  if (outcome !== 'seated') frame.splits.length -= splits.length
  if (outcome === 'unplaceable' && !rule.isHard && frame.softTries !== null) {
    frame.softTries = Math.max(0, frame.softTries - 1)
  }
  return outcome
}
