import type { CompiledLevel } from '../../../topology/index.ts'
import type { SpreadRule } from '../../../scheduler/planner/request.ts'
import type { Situation } from './situations.ts'

/**
 * DESIGN's rules once more, as plainly as they can be said and slow: shares no code with the planner. An assignment is
 * the node of each seat, group by group.
 */
export type Assignment = readonly (readonly number[])[]

export const breaches: Readonly<Record<string, (situation: Situation, assignment: Assignment) => readonly string[]>> = {
  'over-commits a node': overcommitted,
  'puts a pod where a predicate excludes it': infeasible,
  'seats a part of the gang': partly,
  'leaves a required domain': outsideRequired,
  'leaves a pinned domain': outsidePins,
  'breaks a hard spread': unevenly,
}

function overcommitted({ request, view }: Situation, assignment: Assignment): string[] {
  const free = [...view.free]
  const columns = view.resources.length
  const touched = new Set<number>()
  request.groups.forEach(({ seats }, g) =>
    seats.forEach(({ podClass }, i) => {
      const node = assignment[g]![i]!
      touched.add(node)
      for (let r = 0; r < columns; r++) free[node * columns + r]! -= view.classes[podClass]!.requests[r]!
    }),
  )
  return [...touched]
    .filter((n) => free.slice(n * columns, (n + 1) * columns).some((left) => left < 0))
    .map((n) => `node ${n}`)
}

function infeasible({ request, view }: Situation, assignment: Assignment): string[] {
  return request.groups.flatMap(({ seats }, g) =>
    seats.filter(({ podClass }, i) => view.classes[podClass]!.feasible[assignment[g]![i]!] !== 1).map(({ pod }) => pod),
  )
}

function partly({ request }: Situation, assignment: Assignment): string[] {
  return request.groups.filter(({ seats }, g) => assignment[g]?.length !== seats.length).map(({ name }) => name)
}

/** New nodes and bound nodes of a scope. */
function nodesIn({ request }: Situation, assignment: Assignment, scope: number): { fresh: number[]; bound: number[] } {
  const isIn = (at: number): boolean => at === scope || (at >= 0 && isIn(request.scopes[at]!.parent))
  const fresh: number[] = []
  const bound: number[] = []
  request.groups.forEach((group, g) => {
    if (!isIn(group.scope)) return
    fresh.push(...assignment[g]!)
    bound.push(...group.bound)
  })
  return { fresh, bound }
}

function outsideRequired(situation: Situation, assignment: Assignment): string[] {
  return situation.request.scopes.flatMap(({ required, name }, s) => {
    if (required === null) return []
    const { fresh, bound } = nodesIn(situation, assignment, s)
    const held = new Set(bound.map((n) => required.domainOf[n]!).filter((d) => d >= 0))
    const used = new Set(fresh.map((n) => required.domainOf[n]!))
    if (used.has(-1)) return [`${name}: a node without ${required.name}`]
    const isKept = held.size > 0 ? [...used].every((d) => held.has(d)) : used.size <= 1
    return isKept ? [] : [`${name}: ${used.size} of ${required.name}`]
  })
}

function outsidePins(situation: Situation, assignment: Assignment): string[] {
  return situation.request.scopes.flatMap(({ pins, name }, s) => {
    const { fresh } = nodesIn(situation, assignment, s)
    return pins.some(({ level, domain }) => fresh.some((n) => level.domainOf[n] !== domain)) ? [name] : []
  })
}

function unevenly(situation: Situation, assignment: Assignment): string[] {
  const { scopes } = situation.request
  return scopes.flatMap((scope, s) =>
    scope.spreads.filter((rule) => rule.isHard && !isEven(situation, assignment, s, rule)).map(() => scope.name),
  )
}

function isEven(situation: Situation, assignment: Assignment, s: number, rule: SpreadRule): boolean {
  const { domainOf } = rule.level
  const total = [...rule.taken]
  const entered = new Set<number>()
  situation.request.scopes.forEach((scope, other) => {
    const theirs = other === s ? rule : scope.spreads.find((each) => each.isHard && isPeer(each, rule))
    if (theirs === undefined) return
    const { fresh, bound } = nodesIn(situation, assignment, other)
    if (rule.units === 'pods') {
      for (const n of fresh) if (domainOf[n]! >= 0) total[domainOf[n]!]!++
      if (other === s) for (const n of fresh) entered.add(domainOf[n]!)
      return
    }
    const held = new Set(bound.map((n) => domainOf[n]!))
    const fresher = new Set(fresh.map((n) => domainOf[n]!))
    for (const d of fresher) if (d >= 0 && !held.has(d)) total[d]!++
    if (other !== s) return
    for (const d of held) if (d >= 0) total[d]!++
    for (const d of fresher) if (!held.has(d) || d === -1) entered.add(d)
  })
  const eligible = total.filter((_, d) => rule.eligible[d] === 1)
  const floor = eligible.length === 0 || eligible.length < (rule.minDomains ?? 0) ? 0 : Math.min(...eligible)
  return [...entered].every((d) => d >= 0 && total[d]! - floor <= rule.maxSkew)
}

const isPeer = (a: SpreadRule, b: SpreadRule): boolean =>
  a.peers !== undefined && a.peers === b.peers && a.level === b.level && a.units === b.units

/** The first criterion of the order of plans as a list of numbers, the smaller the better. */
export function firstCriterion(situation: Situation, assignment: Assignment): readonly number[] {
  const { request, view } = situation
  const levels = view.topology?.levels ?? []
  // What parts are to be kept apart over, if that can be: the default holds only above it.
  const apart = request.scopes.flatMap(({ spreads }, s) =>
    spreads.flatMap(({ isHard, units, level }) =>
      !isHard && (s > 0 || units === 'pods') ? [levels.indexOf(level)] : [],
    ),
  )
  const narrowest = levels.filter((_, at) => apart.every((other) => other < 0 || at < other)).at(-1) ?? null
  const statesPack = request.scopes.some(({ required, preferred }) => required !== null || preferred !== null)
  return request.scopes.flatMap(({ required, preferred }, s) => {
    const usesDefault = s === 0 && !statesPack && request.defaultPack === 'narrowest'
    const wanted = preferred ?? (usesDefault ? narrowest : null)
    if (wanted === null) return []
    const { fresh, bound } = nodesIn(situation, assignment, s)
    const nodes = [...fresh, ...bound]
    const chain = levelsToTry(levels, wanted, required)
    const met = chain.findIndex(({ domainOf }) => {
      const used = new Set(nodes.map((n) => domainOf[n]!))
      return used.size <= 1 && !used.has(-1)
    })
    const below = chain.slice(0, met < 0 ? chain.length : met).reverse()
    return [
      met < 0 ? chain.length : met,
      ...padded(
        below.map((level) => countDomains(level, nodes)),
        levels.length + 2,
      ),
    ]
  })
}

const padded = (counts: number[], length: number): number[] => [...counts, ...Array(length - counts.length).fill(0)]

function levelsToTry(
  levels: readonly CompiledLevel[],
  wanted: CompiledLevel,
  required: CompiledLevel | null,
): CompiledLevel[] {
  const from = levels.indexOf(wanted)
  if (from < 0) return required !== null && required !== wanted ? [wanted, required] : [wanted]
  const to = required === null ? 0 : levels.indexOf(required)
  if (required !== null && to < 0) return [...levels.slice(0, from + 1).reverse(), required]
  return to > from ? [required!] : levels.slice(to, from + 1).reverse()
}

function countDomains({ domainOf, paths }: CompiledLevel, nodes: readonly number[]): number {
  return new Set(nodes.map((n) => (domainOf[n]! >= 0 ? domainOf[n]! : paths.length + n))).size
}

export const compareLists = (a: readonly number[], b: readonly number[]): number => {
  for (let i = 0; i < Math.max(a.length, b.length); i++) if (a[i] !== b[i]) return (a[i] ?? 0) - (b[i] ?? 0)
  return 0
}

/** Every assignment tried: the best by `keysOf` (by default the first criterion alone), or null where none keeps the rules. */
export function bestByTryingAll(situation: Situation, keysOf: KeysOf = firstAlone): readonly number[] | null {
  const { request, view } = situation
  const columns = view.resources.length
  const free = [...view.free]
  const assignment: number[][] = request.groups.map(() => [])
  const order: { readonly g: number; readonly i: number; readonly podClass: number }[] = []
  request.groups.forEach(({ seats: of }, g) => {
    const by = of.map((_, i) => i).sort((a, b) => of[a]!.podClass - of[b]!.podClass)
    for (const i of by) order.push({ g, i, podClass: of[i]!.podClass })
  })
  const around = request.groups.map(({ scope }) => scopesAround(situation, scope))
  /** Per scope the domain that its required level holds it in so far, and how many of its pods are in it. */
  const held = request.scopes.map(() => ({ domain: -1, pods: 0 }))
  let best: readonly number[] | null = null
  const step = (at: number): void => {
    if (at === order.length) {
      if (RULES.some((check) => check(situation, assignment).length > 0)) return
      best = better(keysOf(situation, assignment), best)
      return
    }
    const { g, i, podClass } = order[at]!
    const before = order[at - 1]
    const isLikeBefore = before !== undefined && before.g === g && before.podClass === podClass
    const from = isLikeBefore ? assignment[g]![before.i]! : 0 // pods alike: in node order only
    const { requests, feasible } = view.classes[podClass]!
    for (let n = from; n < view.nodeNames.length; n++) {
      if (feasible[n] !== 1 || requests.some((request, r) => free[n * columns + r]! < request)) continue
      if (!around[g]!.every((s) => mayLieIn(situation, s, n, held[s]!))) continue
      const entered = around[g]!.filter((s) => request.scopes[s]!.required !== null)
      for (const s of entered) {
        held[s]!.domain = request.scopes[s]!.required!.domainOf[n]!
        held[s]!.pods++
      }
      requests.forEach((request, r) => (free[n * columns + r]! -= request))
      assignment[g]![i] = n
      step(at + 1)
      requests.forEach((request, r) => (free[n * columns + r]! += request))
      for (const s of entered) held[s]!.pods--
    }
  }
  step(0)
  return best
}

/** The order of plans for one assignment, key after key; a key's later numbers are asked for only where all before tie. */
export type KeysOf = (situation: Situation, assignment: Assignment) => Iterable<number>

const firstAlone: KeysOf = firstCriterion

/** What is not kept by construction while all assignments are tried. */
const RULES = [outsideRequired, outsidePins, unevenly]

function scopesAround({ request }: Situation, scope: number): number[] {
  return scope < 0 ? [] : [scope, ...scopesAround({ request } as Situation, request.scopes[scope]!.parent)]
}

/** False where a pod on this node breaks a pack or a pin whatever the others do: saves trying the others. */
function mayLieIn({ request }: Situation, s: number, node: number, held: { domain: number; pods: number }): boolean {
  const { required, pins } = request.scopes[s]!
  if (pins.some(({ level, domain }) => level.domainOf[node] !== domain)) return false
  if (required === null) return true
  const domain = required.domainOf[node]!
  const isBound = request.groups.some(({ bound }) => bound.length > 0) // several domains may be in use already
  return domain >= 0 && (isBound || held.pods === 0 || held.domain === domain)
}

/** The smaller of two lists; reads no more of the first than it takes to know. */
function better(keys: Iterable<number>, best: readonly number[] | null): readonly number[] {
  if (best === null) return [...keys]
  const read: number[] = []
  let isSmaller = false
  for (const value of keys) {
    const other = best[read.length] ?? 0
    if (!isSmaller && value > other) return best
    isSmaller ||= value < other
    read.push(value)
  }
  return isSmaller ? read : best
}
