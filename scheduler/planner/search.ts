import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import type { Room } from './bounds.ts'
import type { Budget, Outcome } from './budget.ts'
import { candidatesFor } from './candidates.ts'
import { Commits } from './commits.ts'
import { Failures } from './failures.ts'
import { regionPacks, seatAll } from './leaf.ts'
import { Opened } from './opened.ts'
import type { SpreadRule } from './request.ts'
import { type Decision, decisionsOf, type Rules } from './rules.ts'
import type { ScopeTree } from './scopes.ts'
import { chooseSet } from './sets.ts'
import { siblingsMayFit } from './slices.ts'
import { chooseUnits, type Split } from './units.ts'

/** Per group, in the request's order, the node of each seat. */
export type Solution = readonly (readonly number[])[]

/** Nodes that a scope may use by its own choices so far; null: as the scope around it. */
export type Region = Int32Array | null

/** A scope lies in this domain. */
export interface Choice {
  readonly level: CompiledLevel
  readonly domain: number
}

/** Everything that one search has decided, undone step by step as it backs up. */
export interface Frame {
  readonly tree: ScopeTree
  readonly room: Room
  readonly rules: Rules
  readonly budget: Budget
  readonly decisions: readonly Decision[]
  readonly opened: Opened
  readonly commits: Commits
  /** Per scope. */
  readonly regions: Region[]
  /** Per scope the domains it was decided for, one a level that does not follow from another. */
  readonly chosen: Choice[][]
  /** Per scope: sets of domains that it must stay in, by domain-or-self number. */
  readonly sets: { readonly level: CompiledLevel; readonly domains: ReadonlySet<number> }[][]
  /** Pods that are promised to a domain: dealt out as units, or there because a unit must reach that domain. */
  readonly splits: Split[]
  /** Estimated use of domains by sets chosen so far, per level: for the order of choices, never for a proof. */
  readonly estimates: Map<CompiledLevel, Map<number, Float64Array>>
  /** How a soft rule alone ends where its units are dealt out in a domain of a broader level: see candidates.ts. */
  readonly dealt: Map<SpreadRule, Map<CompiledLevel, Map<number, number>>>
  /** For the same, per scope, and also where peers are decided meanwhile: per domain, places in those of the rule's level. */
  readonly places: readonly Map<SpreadRule, Map<CompiledLevel, Map<number, ReadonlyMap<number, number>>>>[]
  /** How many more deals for soft rules may fail with the rest before these are given up; null: none is being tried. */
  softTries: number | null
  solution: Solution | null
}

/**
 * Decides, one after another, the domain of each scope that must lie in one, the domains of each scope that may use
 * only so many, then packs the pods onto nodes. Best choice first; what failed once is not tried again.
 */
export function search(
  tree: ScopeTree,
  room: Room,
  rules: Rules,
  budget: Budget,
): { readonly outcome: Outcome; readonly solution: Solution | null } {
  const decisions = decisionsOf(tree, room, rules)
  budget.look(8 * decisions.reduce((sum, each) => sum + (each.kind === 'units' ? 0 : each.level.paths.length), 0))
  const levels = [...new Set([...rules.ones.flat(), ...rules.limits.map(({ level }) => level)])]
  const frame: Frame = {
    tree,
    room,
    rules,
    budget,
    decisions,
    opened: new Opened(tree, rules.limits),
    commits: new Commits(tree, room, levels),
    regions: tree.nodes.map(() => null),
    chosen: tree.nodes.map(() => []),
    sets: tree.nodes.map(() => []),
    splits: [],
    estimates: new Map(levels.map((level) => [level, new Map()])),
    dealt: new Map(),
    places: tree.nodes.map(() => new Map()),
    softTries: null,
    solution: null,
  }
  if (frame.opened.limits.some(({ max }, l) => frame.opened.of(l).size > max)) {
    return { outcome: 'unplaceable', solution: null }
  }
  if (!siblingsMayFit(frame, -1, null)) return { outcome: 'unplaceable', solution: null }
  const failures = new Failures(frame, levels)
  const outcome = decide(frame, failures, 0)
  return { outcome, solution: outcome === 'seated' ? frame.solution : null }
}

/** Makes decisions `at` .. last. Unless 'seated', the frame is as it was on entry. */
function decide(frame: Frame, failures: Failures, at: number): Outcome {
  const decision = frame.decisions[at]
  if (decision === undefined) return seatAll(frame)
  if (failures.failedBefore(at)) return 'unplaceable'
  const next = (): Outcome => decide(frame, failures, at + 1)
  const outcome =
    decision.kind === 'one'
      ? chooseOne(frame, failures, decision, next)
      : decision.kind === 'set'
        ? chooseSet(frame, decision, next)
        : chooseUnits(frame, decision, next)
  if (outcome === 'unplaceable') failures.remember(at)
  return outcome
}

function chooseOne(
  frame: Frame,
  failures: Failures,
  { scope, level }: Extract<Decision, { kind: 'one' }>,
  next: () => Outcome,
): Outcome {
  const tried = new Set<string>()
  let isOpen = false
  for (const domain of candidatesFor(frame, scope, level)) {
    if (!frame.budget.take()) return 'undecided'
    const likeness = tried.size > 0 || isOpen ? failures.likeness(level, domain) : ''
    if (likeness !== '' && tried.has(likeness)) continue
    const outcome = takeDomain(frame, scope, level, domain, next)
    if (outcome !== 'unplaceable') return outcome
    tried.add(likeness === '' ? failures.likeness(level, domain) : likeness)
    isOpen = true
  }
  return 'unplaceable'
}

/** Puts a scope into one domain and goes on; takes everything back unless 'seated'. */
function takeDomain(frame: Frame, scope: number, level: CompiledLevel, domain: number, next: () => Outcome): Outcome {
  const region = regionIn(frame, scope, level, domain)
  const openings = frame.opened.open(scope, level, domain)
  if (openings === null) return 'unplaceable'
  const commits = frame.commits.add(scope, level, domain)
  if (commits === null) {
    frame.opened.close(openings)
    return 'unplaceable'
  }
  const before = frame.regions[scope]!
  frame.regions[scope] = region
  frame.chosen[scope]!.push({ level, domain })
  const packs = siblingsMayFit(frame, scope, region) && regionPacks(frame, level, domain)
  const outcome = packs ? next() : 'unplaceable'
  if (outcome === 'seated') return outcome
  frame.regions[scope] = before
  frame.chosen[scope]!.pop()
  frame.commits.remove(scope, commits)
  frame.opened.close(openings)
  return outcome
}

/** The nodes of a domain that a scope may use, by its own choices and those around it. O(nodes of the domain). */
function regionIn(frame: Frame, scope: number, level: CompiledLevel, domain: number): Int32Array {
  const nodes = level.nodes.subarray(level.starts[domain]!, level.starts[domain + 1]!)
  frame.budget.look(nodes.length)
  const { filter } = frame.tree.nodes[scope]!
  const choices = choicesAround(frame, scope)
  if (filter === null && choices.length === 0) return nodes
  return nodes.filter(
    (n) =>
      (filter === null || filter[n] === 1) && choices.every((choice) => choice.level.domainOf[n] === choice.domain),
  )
}

function choicesAround(frame: Frame, scope: number): readonly Choice[] {
  const choices: Choice[] = []
  for (let s = scope; s >= 0; s = frame.tree.nodes[s]!.parent) choices.push(...frame.chosen[s]!)
  return choices
}
