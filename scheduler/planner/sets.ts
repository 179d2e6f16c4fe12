import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import { mayHold } from './bounds.ts'
import type { Outcome } from './budget.ts'
import { type Opening, outerDomain } from './opened.ts'
import { nodesOf } from './regions.ts'
import { type Decision, domainOrSelf } from './rules.ts'
import type { Frame } from './search.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/** A domain that a scope could use, with what it holds for it. */
interface Offer {
  readonly domain: number
  /** Places per class, then free room per column. */
  readonly holds: Float64Array
  /** What is likely left beside sets chosen before, in pods or in the scarce resource: orders choices, proves nothing. */
  readonly likely: number
  /** Units that a spread rule counts there: the emptiest first. */
  readonly units: number
  /** In the set from the start. */
  readonly isIn: boolean
}

interface Choosing {
  readonly frame: Frame
  readonly scope: number
  readonly level: CompiledLevel
  readonly max: number
  readonly offers: readonly Offer[]
  readonly needed: number
  /** Most places per measure by so many of offers[i ..], by i and their number: for giving up early. */
  readonly largest: Map<number, Float64Array>
  readonly taken: Offer[]
  /** A spread may hold only because the unit reaches every domain of its set. */
  readonly toCover: boolean
  readonly next: () => Outcome
}

/**
 * Chooses the domains that a scope may use: the roomiest first, the last one as tight as it can be, never more than
 * the limit. Domains that its children opened, or bound pods hold, are in from the start.
 */
export function chooseSet(frame: Frame, decision: Extract<Decision, { kind: 'set' }>, next: () => Outcome): Outcome {
  const { scope, level, limit } = decision
  if (isCovered(frame, scope, level)) return next()
  const { max } = frame.rules.limits[limit]!
  const opened = frame.opened.of(limit)
  const all = offersOf(frame, scope, level, limit)
  const isIn = ({ domain }: Offer): boolean => opened.has(domain)
  const { demand } = frame.tree.nodes[scope]!
  const single = soleClass(demand.counts)
  const choosing: Choosing = {
    frame,
    scope,
    level,
    max: max - [...opened.keys()].filter((d) => !all.some(({ domain }) => domain === d)).length,
    offers: all.filter((offer) => !isIn(offer)),
    needed: single === null ? demand.sums[frame.room.scarce]! : demand.pods,
    largest: new Map(),
    taken: all.filter(isIn).map((offer) => ({ ...offer, isIn: true })),
    toCover: frame.rules.limits[limit]!.spread !== null,
    next,
  }
  return chooseMore(choosing)
}

const soleClass = (counts: Int32Array): number | null => {
  const used = Array.from(counts, (count, c) => (count > 0 ? c : -1)).filter((c) => c >= 0)
  return used.length === 1 ? used[0]! : null
}

/** Whether every pod of the scope lies in a domain of the level already, by choices on scopes inside it. */
function isCovered(frame: Frame, scope: number, level: CompiledLevel): boolean {
  const { nodes } = frame.tree
  const isSettled = (s: number): boolean =>
    nodes[s]!.demand.pods === 0 ||
    frame.chosen[s]!.some((choice) => outerDomain(level, choice.level, choice.domain) !== null) ||
    frame.sets[s]!.some((set) => set.level === level) ||
    (nodes[s]!.groups.length === 0 && nodes[s]!.children.length > 0 && nodes[s]!.children.every(isSettled))
  return isSettled(scope)
}

function offersOf(frame: Frame, scope: number, level: CompiledLevel, limit: number): readonly Offer[] {
  const { counts } = frame.tree.nodes[scope]!.demand
  const spread = frame.rules.limits[limit]!.spread
  const opened = frame.opened.of(limit)
  const classes = frame.room.seated
  const holds = holdsPerDomain(frame, scope, level)
  frame.budget.look(32 * holds.size)
  const offers: Offer[] = []
  for (const [domain, sums] of holds) {
    const isUseful = classes.some((c, i) => counts[c]! > 0 && sums[i]! > 0)
    if (!isUseful && !opened.has(domain)) continue
    const likely = likelyRoom(frame, scope, level, domain, sums)
    offers.push({ domain, holds: sums, likely, units: spread?.taken[domain] ?? 0, isIn: false })
  }
  return offers.sort((a, b) => a.units - b.units || b.likely - a.likely || a.domain - b.domain)
}

/** Per domain with a node for the scope: places per class, then free room per column. O(nodes of the scope). */
function holdsPerDomain(frame: Frame, scope: number, level: CompiledLevel): Map<number, Float64Array> {
  const { room, tree } = frame
  const fits = room.seated.map((c) => room.fits(c))
  const { columns } = room
  const { free } = tree.view
  const holds = new Map<number, Float64Array>()
  const nodes = nodesOf(frame, scope)
  frame.budget.look(4 * nodes.length)
  for (let k = 0; k < nodes.length; k++) {
    const n = nodes[k]!
    const d = domainOrSelf(level, n)
    let sums = holds.get(d)
    if (sums === undefined) holds.set(d, (sums = new Float64Array(fits.length + columns)))
    for (let i = 0; i < fits.length; i++) sums[i]! += fits[i]![n]!
    for (let r = 0; r < columns; r++) sums[fits.length + r]! += Math.max(0, free[n * columns + r]!)
  }
  return holds
}

/** Room beside what other scopes were promised or have likely taken there. */
function likelyRoom(frame: Frame, scope: number, level: CompiledLevel, domain: number, holds: Float64Array): number {
  const { room, tree } = frame
  const { counts } = tree.nodes[scope]!.demand
  const used = frame.estimates.get(level)?.get(domain)
  const promised = frame.commits
    .scopesIn(level, domain)
    .filter((s) => !isWithin(frame, s, scope) && !isWithin(frame, scope, s))
  const sums = used?.slice() ?? new Float64Array(room.columns)
  for (const s of promised) for (let r = 0; r < sums.length; r++) sums[r]! += tree.nodes[s]!.demand.sums[r]!
  const single = soleClass(counts)
  if (single === null) return Math.max(0, holds[room.seated.length + room.scarce]! - sums[room.scarce]!)
  const { requests } = tree.view.classes[single]!
  let gone = 0
  for (let r = 0; r < sums.length; r++) if (requests[r]! > 0) gone = Math.max(gone, Math.ceil(sums[r]! / requests[r]!))
  return Math.max(0, holds[room.seated.indexOf(single)]! - gone)
}

function isWithin(frame: Frame, inner: number, outer: number): boolean {
  for (let s = inner; s >= 0; s = frame.tree.nodes[s]!.parent) if (s === outer) return true
  return false
}

/** One domain more than the step before: where it started, where it stands, and what to close when it is given up. */
interface Step {
  readonly from: number
  readonly order: readonly number[] | null
  readonly likely: number
  at: number
  openings: readonly Opening[]
}

/**
 * Takes domain after domain: goes on with what is taken where it likely suffices; else, or where that failed, takes one
 * more. A loop with its own stack, since a gang may take thousands of nodes as domains.
 */
function chooseMore(choosing: Choosing): Outcome {
  const { frame, taken } = choosing
  const steps: Step[] = []
  const back = (): void => {
    steps.pop()
    const before = steps.at(-1)
    if (before === undefined) return
    taken.pop()
    frame.opened.close(before.openings)
  }
  let outcome = enter(choosing, steps, 0)
  while (outcome === 'unplaceable' && steps.length > 0) {
    const moved = takeNext(choosing, steps.at(-1)!)
    if (moved === 'undecided') outcome = 'undecided'
    else if (moved === null) back()
    else outcome = enter(choosing, steps, moved + 1)
  }
  if (outcome === 'undecided') while (steps.length > 0) back()
  return outcome
}

/** Tries to go on with what is taken, and adds the step that takes one more; a full set adds one with none to take. */
function enter(choosing: Choosing, steps: Step[], from: number): Outcome {
  const { taken, max, offers, needed } = choosing
  const isFull = taken.length >= max || from >= offers.length
  const before = steps.at(-1)
  const likely =
    before === undefined ? taken.reduce((sum, offer) => sum + offer.likely, 0) : before.likely + taken.at(-1)!.likely
  const isLast = taken.length === max - 1
  const order = isLast && !isFull ? tightestFirst(choosing, from, needed - likely) : null // else one after another
  steps.push({ from, order, likely, at: isFull ? offers.length : from, openings: [] })
  // A larger set does all that a smaller one does, unless a spread forbids some of its domains.
  const isTried = likely >= needed || isFull || choosing.toCover
  return isTried && mayDo(choosing) ? goOn(choosing) : 'unplaceable'
}

/** Takes the step's next domain and says its position; null where none is left. */
function takeNext(choosing: Choosing, step: Step): number | 'undecided' | null {
  const { frame, scope, level, taken, offers } = choosing
  while (step.at < offers.length) {
    const i = step.order === null ? step.at : step.order[step.at - step.from]!
    step.at++
    const isFirstDescent = i === step.from && taken.length > 0 // looked at on the way back only: it costs a sort
    if (step.order === null && !isFirstDescent && !couldDo(choosing, i)) return null
    if (!frame.budget.take()) return 'undecided'
    const openings = frame.opened.open(scope, level, offers[i]!.domain)
    if (openings === null) continue
    step.openings = openings
    taken.push(offers[i]!)
    return i
  }
  return null
}

/** For the last domain: those that likely complete the set, the tightest first; then the others, roomiest first. */
function tightestFirst({ offers }: Choosing, from: number, missing: number): readonly number[] {
  const rest = Array.from({ length: Math.max(0, offers.length - from) }, (_, i) => from + i)
  const completing = rest.filter((i) => offers[i]!.likely >= missing)
  completing.sort((a, b) => offers[a]!.units - offers[b]!.units || offers[a]!.likely - offers[b]!.likely || a - b)
  return [...completing, ...rest.filter((i) => offers[i]!.likely < missing)]
}

/** Whether the taken domains, with nothing else in them, may hold the scope. */
function mayDo({ frame, scope, taken }: Choosing): boolean {
  const sums = new Float64Array(frame.room.seated.length + frame.room.columns)
  frame.budget.look(sums.length * taken.length)
  for (const { holds } of taken) for (let i = 0; i < sums.length; i++) sums[i]! += holds[i]!
  return holdsAll(frame, scope, sums)
}

/** Whether the taken domains and the best of offers[from ..] may: each measure with its own best ones. */
function couldDo(choosing: Choosing, from: number): boolean {
  const { frame, scope, taken, offers, max } = choosing
  const sums = new Float64Array(frame.room.seated.length + frame.room.columns)
  frame.budget.look(sums.length * (taken.length + 1))
  for (const { holds } of taken) for (let i = 0; i < sums.length; i++) sums[i]! += holds[i]!
  const largest = largestOf(choosing, from, Math.min(max - taken.length, offers.length - from), sums.length)
  for (let i = 0; i < sums.length; i++) sums[i]! += largest[i]!
  return holdsAll(frame, scope, sums)
}

function largestOf({ frame, offers, largest }: Choosing, from: number, count: number, measures: number): Float64Array {
  const key = from * (offers.length + 1) + count
  let sums = largest.get(key)
  if (sums !== undefined) return sums
  frame.budget.look(16 * measures * (offers.length - from))
  sums = Float64Array.from({ length: measures }, (_, i) => sumOfLargest(offers, from, count, i))
  largest.set(key, sums)
  return sums
}

function sumOfLargest(offers: readonly Offer[], from: number, count: number, measure: number): number {
  let sum = 0
  if (from + count >= offers.length) {
    for (let i = from; i < offers.length; i++) sum += offers[i]!.holds[measure]!
    return sum
  }
  const rest = Float64Array.from({ length: offers.length - from }, (_, i) => offers[from + i]!.holds[measure]!).sort()
  for (let i = 1; i <= count; i++) sum += rest[rest.length - i]!
  return sum
}

function holdsAll(frame: Frame, scope: number, sums: Float64Array): boolean {
  const { room, tree } = frame
  return mayHold(
    room,
    tree.nodes[scope]!.demand,
    (r) => sums[room.seated.length + r]!,
    (c) => sums[room.seated.indexOf(c)]!,
  )
}

/** Fixes the set, books what it will likely use, and makes the next decision. */
function goOn({ frame, scope, level, taken, needed, toCover: isToCover, next }: Choosing): Outcome {
  const { demand } = frame.tree.nodes[scope]!
  const booked = frame.estimates.get(level)!
  const undo: (readonly [number, Float64Array | undefined])[] = []
  const toCover = isToCover ? taken.filter(({ isIn }) => !isIn).map(({ domain }) => domain) : []
  let left = needed
  for (const { domain, likely } of taken) {
    const share = Math.min(left, likely) / Math.max(needed, 1)
    left -= Math.min(left, likely)
    const before = booked.get(domain)
    undo.push([domain, before])
    booked.set(
      domain,
      demand.sums.map((sum, r) => (before?.[r] ?? 0) + sum * share),
    )
  }
  frame.sets[scope]!.push({ level, domains: new Set(taken.map(({ domain }) => domain)) })
  let outcome = next()
  if (outcome === 'unplaceable' && toCover.length > 0) outcome = cover(frame, scope, level, toCover, next)
  if (outcome === 'seated') return outcome
  frame.sets[scope]!.pop()
  for (const [domain, before] of undo.reverse()) {
    if (before === undefined) booked.delete(domain)
    else booked.set(domain, before)
  }
  return outcome
}

/** Sees to it that the scope has a pod in each of these domains, by promising one to each before the packing. */
function cover(
  frame: Frame,
  scope: number,
  level: CompiledLevel,
  domains: readonly number[],
  next: () => Outcome,
): Outcome {
  const [domain, ...rest] = domains
  if (domain === undefined) return next()
  for (const group of frame.tree.nodes[scope]!.allGroups) {
    for (const podClass of new Set(frame.tree.request.groups[group]!.seats.map((seat) => seat.podClass))) {
      if (!frame.budget.take()) return 'undecided'
      if (unpromised(frame, group, podClass) === 0) continue
      frame.splits.push({ group, podClass, count: 1, level, domain })
      const outcome = cover(frame, scope, level, rest, next)
      if (outcome === 'seated') return outcome
      frame.splits.pop()
      if (outcome === 'undecided') return outcome
    }
  }
  return 'unplaceable'
}

function unpromised(frame: Frame, group: number, podClass: number): number {
  let pods = frame.tree.request.groups[group]!.seats.filter((seat) => seat.podClass === podClass).length
  for (const split of frame.splits) if (split.group === group && split.podClass === podClass) pods -= split.count
  return pods
}
