import { amountText } from '../../api/amount.ts'
import type { Room } from './bounds.ts'
import type { DomainShortfall, Verdict } from './request.ts'
import type { ScopeNode, ScopeTree } from './scopes.ts'
import { allowedNodes, byNearness, domainNodes, fitAnywhere, fitOn, shortfallsIn } from './shortfalls.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

type Unplaceable = Extract<Verdict, { kind: 'unplaceable' }>

/** At most so many domains are listed: the nearest to fitting. */
const SHORTFALLS_MAX = 64

/** Says why a gang has no plan, from the first scope that shows it; the proof itself is the search's. */
export function explain(tree: ScopeTree, room: Room, steps: number): Unplaceable {
  const shortfalls = tree.nodes.flatMap((node) => requiredShortfalls(tree, room, node))
  const nearest = [...shortfalls].sort(byNearness).slice(0, SHORTFALLS_MAX)
  const { reason, facts } = reasonFor(tree, room, shortfalls)
  return { kind: 'unplaceable', reason, facts, shortfalls: nearest, steps }
}

type Because = Pick<Unplaceable, 'reason' | 'facts'>

function reasonFor(tree: ScopeTree, room: Room, shortfalls: readonly DomainShortfall[]): Because {
  return (
    noDomain(tree) ??
    noFeasibleNode(tree, room) ??
    pinnedFull(tree, room) ??
    shortOverall(tree, room) ??
    tooSmall(tree, room, shortfalls) ??
    leftOver(tree, room, shortfalls)
  )
}

/** A scope must lie in a domain of a level that has none: no node carries the label. */
function noDomain({ nodes }: ScopeTree): Because | null {
  for (const { scope, demand } of nodes) {
    const hard = scope.spreads.filter(({ isHard }) => isHard).map(({ level }) => level)
    const level = [scope.required, ...hard].find((each) => each?.paths.length === 0)
    if (!level || demand.pods === 0) continue
    return { reason: 'NoDomain', facts: { scope: scope.name, level: level.name, key: level.key } }
  }
  return null
}

/** Some class passes on no node at all. */
function noFeasibleNode({ view, nodes }: ScopeTree, room: Room): Because | null {
  const stuck = room.seated.find((c) => !view.classes[c]!.feasible.includes(1))
  if (stuck === undefined) return null
  const excluded = [...view.classes[stuck]!.excluded].sort(([a], [b]) => (a < b ? -1 : 1))
  const text = excluded.map(([reason, count]) => `${reason}: ${count}`).join(', ')
  return { reason: 'NoFeasibleNode', facts: { pods: nodes[0]!.demand.counts[stuck]!, excluded: text || 'no nodes' } }
}

/** Bound pods or a pin fix the domain, and it has no room. */
function pinnedFull(tree: ScopeTree, room: Room): Because | null {
  for (const node of tree.nodes) {
    const pin = pinOf(node)
    if (pin === null || node.demand.pods === 0) continue
    const nodes = allowedNodes(tree, node.filter)
    const { fitting, resource, shortBy } = fitOn(tree, room, node, nodes)
    if (fitting < node.demand.pods) {
      const short = shortText(resource, shortBy) + closedIn(tree, room, node, nodes)
      return { reason: 'PinnedDomainFull', facts: { scope: node.scope.name, domain: pin, short } }
    }
  }
  return null
}

function pinOf({ scope, bound }: ScopeNode): string | null {
  const pin = scope.pins[0]
  if (pin) return pin.level.paths[pin.domain] ?? String(pin.domain)
  if (scope.required === null) return null
  const { domainOf, paths } = scope.required
  const first = bound.find((n) => domainOf[n]! >= 0)
  return first === undefined ? null : (paths[domainOf[first]!] ?? null)
}

/** Even without any domain the pods do not fit. */
function shortOverall(tree: ScopeTree, room: Room): Because | null {
  const root = tree.nodes[0]!
  const [only] = room.seated
  const isSure = only !== undefined && room.seated.length === 1 && room.totalFits(only) >= root.demand.pods
  if (isSure) return null
  const { fitting, resource, shortBy } =
    root.filter === null ? fitAnywhere(tree, room, root) : fitOn(tree, room, root, allowedNodes(tree, null))
  if (fitting >= root.demand.pods) return null
  const facts = {
    pods: root.demand.pods,
    fits: fitting,
    resource: resource ?? tree.view.resources[room.scarce]!,
    shortBy: amountText(resource ?? tree.view.resources[room.scarce]!, shortBy),
    closed: closedBy(tree, room),
  }
  return { reason: 'InsufficientResources', facts }
}

/** One scope needs one domain, and each alone is too small for it. */
function tooSmall(tree: ScopeTree, room: Room, shortfalls: readonly DomainShortfall[]): Because | null {
  const perScope = new Map<string, DomainShortfall[]>()
  for (const each of shortfalls) {
    const key = `${each.scope}\0${each.level}`
    const of = perScope.get(key)
    if (of === undefined) perScope.set(key, [each])
    else of.push(each)
  }
  for (const of of perScope.values()) {
    const best = of.reduce((nearest, each) => (byNearness(each, nearest) < 0 ? each : nearest))
    if (best.podsFitting >= best.podsNeeded) continue
    return domainTooSmall(tree, room, best, best.podsFitting)
  }
  return null
}

function domainTooSmall(tree: ScopeTree, room: Room, best: DomainShortfall, fits: number): Because {
  const { scope, level, domain, podsNeeded, resource, shortBy } = best
  const node = tree.nodes.find((each) => each.scope.name === scope && each.scope.required?.name === level)
  const required = node?.scope.required ?? null
  const at = required?.paths.indexOf(domain) ?? -1
  const closed = node && required && at >= 0 ? closedIn(tree, room, node, domainNodes(required, at, node.filter)) : ''
  const short = shortText(resource, shortBy) + closed
  return { reason: 'DomainTooSmall', facts: { scope, level, pods: podsNeeded, domain, fits, short } }
}

const shortText = (resource: string | null, shortBy: number): string =>
  resource === null ? '' : `; ${resource} is short by ${amountText(resource, shortBy)} there`

/** How many of a domain's nodes are closed to a scope's pods, and how many to some of them alone; '' where none is. */
function closedIn({ view }: ScopeTree, room: Room, { demand }: ScopeNode, nodes: Int32Array): string {
  const classes = room.seated.filter((c) => demand.counts[c]! > 0)
  let toAll = 0
  let toSome = 0
  for (const n of nodes) {
    const closed = classes.filter((c) => view.classes[c]!.feasible[n] !== 1).length
    if (closed === 0) continue
    if (closed === classes.length) toAll++
    else toSome++
  }
  const told = (count: number, whom: string): string =>
    count === 0 ? '' : `; ${count} of its ${nodes.length} nodes ${count === 1 ? 'is' : 'are'} closed to ${whom}`
  return told(toAll, 'them') + told(toSome, 'some of them')
}

/** What closes nodes to them, by predicate, each as many as to the kind of pod that it bears on most; '' where none does. */
function closedBy({ view }: ScopeTree, room: Room): string {
  const counts = new Map<string, number>()
  for (const c of room.seated) {
    for (const [code, count] of view.classes[c]!.excluded) counts.set(code, Math.max(count, counts.get(code) ?? 0))
  }
  const told = [...counts].filter(([, count]) => count > 0).sort(([a], [b]) => (a < b ? -1 : 1))
  if (told.length === 0) return ''
  const texts = told.map(([code, count]) => `${code} ${count}`).join(', ')
  return `; closed to them: ${texts} of ${view.nodeNames.length} nodes`
}

/** Each part fits alone and all together do not: spread decides if there is a hard one, else the nearest domain. */
function leftOver(tree: ScopeTree, room: Room, shortfalls: readonly DomainShortfall[]): Because {
  for (const { scope } of tree.nodes) {
    const hard = scope.spreads.find(({ isHard }) => isHard)
    if (hard) return { reason: 'SpreadUnsatisfiable', facts: { scope: scope.name, level: hard.level.name } }
  }
  const best = [...shortfalls].sort(byNearness)[0]
  if (best) {
    // It fits alone, not beside the rest of the gang.
    return domainTooSmall(tree, room, best, Math.min(best.podsFitting, best.podsNeeded - 1))
  }
  const { pods } = tree.nodes[0]!.demand
  const resource = tree.view.resources[room.scarce]!
  return { reason: 'InsufficientResources', facts: { pods, fits: pods - 1, resource, shortBy: 1, closed: '' } }
}

/** Per domain of a scope's required level how many of its pods fit. */
function requiredShortfalls(tree: ScopeTree, room: Room, node: ScopeNode): readonly DomainShortfall[] {
  const level = node.scope.required
  if (level === null || node.demand.pods === 0) return []
  return shortfallsIn(tree, room, node, level).filter((each) => each !== null)
}
