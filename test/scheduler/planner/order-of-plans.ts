import type { CompiledLevel } from '../../../topology/index.ts'
import type { Scope } from '../../../scheduler/planner/request.ts'
import { type Assignment, firstCriterion } from './oracle.ts'
import type { Situation } from './situations.ts'

/**
 * DESIGN's order of plans, key after key, as plainly as it can be said; shares no code with the planner. The smaller
 * the better. Keys (2) to (5) are read so: (2) pods to come that do not fit any more, each in the domain that holds its
 * scopes; (3) the worst skew of the soft rules; (4) per level, broad to narrow, GPUs left in the domains used; (5) per
 * level domains, then nodes, that were empty before.
 */
export function* orderOfPlans(situation: Situation, assignment: Assignment): Generator<number> {
  yield* firstCriterion(situation, assignment)
  yield laterLeftOut(situation, assignment)
  yield softSkew(situation, assignment)
  yield* roomLeft(situation, assignment)
  yield* opened(situation, assignment)
}

/** Where each key begins and ends in the list. */
export function keyEnds(situation: Situation, assignment: Assignment): readonly number[] {
  const first = firstCriterion(situation, assignment).length
  const levels = situation.view.topology?.levels.length ?? 0
  return [first, first + 1, first + 2, first + 2 + levels, first + 2 + levels + levels + 1]
}

const freshNodes = (assignment: Assignment): number[] => assignment.flat()

function nodesOfScope({ request }: Situation, assignment: Assignment, scope: number): number[] {
  const isIn = (at: number): boolean => at === scope || (at >= 0 && isIn(request.scopes[at]!.parent))
  return request.groups.flatMap((group, g) => (isIn(group.scope) ? [...assignment[g]!, ...group.bound] : []))
}

/** Levels of which one domain holds the scope: what it requires, and the one that its preference came to. */
function holdingLevels({ view }: Situation, { required, preferred }: Scope, nodes: readonly number[]): CompiledLevel[] {
  const levels = view.topology?.levels ?? []
  const isHeld = ({ domainOf }: CompiledLevel): boolean =>
    nodes.every((n) => domainOf[n]! >= 0) && new Set(nodes.map((n) => domainOf[n]!)).size === 1
  const from = preferred === null ? -1 : levels.indexOf(preferred)
  const met = preferred === null ? undefined : [preferred, ...levels.slice(0, Math.max(0, from)).reverse()].find(isHeld)
  return [...(required === null ? [] : [required]), ...(met === undefined ? [] : [met])]
}

function laterLeftOut(situation: Situation, assignment: Assignment): number {
  const { request, view } = situation
  const columns = view.resources.length
  const free = freeAfter(situation, assignment)
  const pods: { podClass: number; allowed: number[] }[] = []
  for (const { scope, later } of request.groups) {
    let allowed = [...view.nodeNames.keys()]
    for (let s = scope; s >= 0; s = request.scopes[s]!.parent) {
      const nodes = nodesOfScope(situation, assignment, s)
      if (nodes.length === 0) continue
      for (const level of holdingLevels(situation, request.scopes[s]!, nodes)) {
        const used = new Set(nodes.map((n) => level.domainOf[n]!))
        allowed = allowed.filter((n) => used.has(level.domainOf[n]!))
      }
    }
    for (const { podClass, count } of later) for (let i = 0; i < count; i++) pods.push({ podClass, allowed })
  }
  const most = (at: number): number => {
    if (at === pods.length) return 0
    let best = most(at + 1)
    const { podClass, allowed } = pods[at]!
    const { requests, feasible } = view.classes[podClass]!
    for (const n of allowed) {
      if (best === pods.length - at) break
      if (feasible[n] !== 1 || requests.some((r, c) => free[n * columns + c]! < r)) continue
      requests.forEach((r, c) => (free[n * columns + c]! -= r))
      best = Math.max(best, 1 + most(at + 1))
      requests.forEach((r, c) => (free[n * columns + c]! += r))
    }
    return best
  }
  return pods.length - most(0)
}

function freeAfter({ request, view }: Situation, assignment: Assignment): number[] {
  const free = [...view.free]
  request.groups.forEach(({ seats }, g) =>
    seats.forEach(({ podClass }, i) =>
      view.classes[podClass]!.requests.forEach((r, c) => (free[assignment[g]![i]! * view.resources.length + c]! -= r)),
    ),
  )
  return free
}

function softSkew(situation: Situation, assignment: Assignment): number {
  let worst = 0
  situation.request.scopes.forEach(({ spreads }, s) => {
    for (const { isHard, level, taken, eligible, units } of spreads) {
      if (isHard) continue
      const nodes = nodesOfScope(situation, assignment, s)
      const entered =
        units === 'pods' ? nodes.map((n) => level.domainOf[n]!) : [...new Set(nodes.map((n) => level.domainOf[n]!))]
      const total = [...taken]
      for (const d of entered) if (d >= 0) total[d]!++
      const floor = Math.min(...total.filter((_, d) => eligible[d] === 1), Number.MAX_SAFE_INTEGER)
      for (const d of entered) if (d >= 0) worst = Math.max(worst, total[d]! - floor)
    }
  })
  return worst
}

function roomLeft(situation: Situation, assignment: Assignment): number[] {
  const { view } = situation
  const free = freeAfter(situation, assignment)
  const nodes = freshNodes(assignment)
  return (view.topology?.levels ?? []).map(({ domainOf }) => {
    const used = new Set(nodes.map((n) => domainOf[n]!))
    return view.nodeNames.reduce(
      (sum, _, n) =>
        domainOf[n]! >= 0 && used.has(domainOf[n]!) ? sum + Math.max(0, free[n * view.resources.length]!) : sum,
      0,
    )
  })
}

function opened({ view }: Situation, assignment: Assignment): number[] {
  const isEmpty = (n: number): boolean => view.free[n * 2] === view.allocatable[n * 2]
  const nodes = [...new Set(freshNodes(assignment))]
  const domains = (view.topology?.levels ?? []).map(({ domainOf }) => {
    const used = new Set(nodes.map((n) => domainOf[n]!).filter((d) => d >= 0))
    return [...used].filter((d) => view.nodeNames.every((_, n) => domainOf[n] !== d || isEmpty(n))).length
  })
  return [...domains, nodes.filter(isEmpty).length]
}
