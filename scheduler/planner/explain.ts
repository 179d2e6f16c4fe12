import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import type { Room } from './bounds.ts'
import { podsIn } from './counters.ts'
import type { DomainShortfall, Verdict } from './request.ts'
import type { ScopeNode, ScopeTree } from './scopes.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

type Unplaceable = Extract<Verdict, { kind: 'unplaceable' }>

/** At most so many domains are listed: the nearest to fitting. */
const SHORTFALLS_MAX = 64

/** Says why a gang has no plan, from the first scope that shows it; the proof itself is the search's. */
export function explain(tree: ScopeTree, room: Room, steps: number): Unplaceable {
  const shortfalls = tree.nodes.flatMap((node) => shortfallsOf(tree, room, node))
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
    tooSmall(shortfalls) ??
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
    const { fitting } = greedyFit(tree, room, node, nodes)
    if (fitting < node.demand.pods) {
      return { reason: 'PinnedDomainFull', facts: { scope: node.scope.name, domain: pin } }
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
  const { fitting, resource, shortBy } = greedyFit(tree, room, root, allowedNodes(tree, null))
  if (fitting >= root.demand.pods) return null
  const facts = {
    pods: root.demand.pods,
    fits: fitting,
    resource: resource ?? tree.view.resources[room.scarce]!,
    shortBy,
  }
  return { reason: 'InsufficientResources', facts }
}

/** One scope needs one domain, and each alone is too small for it. */
function tooSmall(shortfalls: readonly DomainShortfall[]): Because | null {
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
    const { scope, level, domain, podsNeeded, podsFitting } = best
    return { reason: 'DomainTooSmall', facts: { scope, level, pods: podsNeeded, domain, fits: podsFitting } }
  }
  return null
}

/** Each part fits alone and all together do not: spread decides if there is a hard one, else the nearest domain. */
function leftOver(tree: ScopeTree, room: Room, shortfalls: readonly DomainShortfall[]): Because {
  for (const { scope } of tree.nodes) {
    const hard = scope.spreads.find(({ isHard }) => isHard)
    if (hard) return { reason: 'SpreadUnsatisfiable', facts: { scope: scope.name, level: hard.level.name } }
  }
  const best = [...shortfalls].sort(byNearness)[0]
  if (best) {
    const { scope, level, domain, podsNeeded, podsFitting } = best
    const fits = Math.min(podsFitting, podsNeeded - 1) // it fits alone, not beside the rest of the gang
    return { reason: 'DomainTooSmall', facts: { scope, level, pods: podsNeeded, domain, fits } }
  }
  const { pods } = tree.nodes[0]!.demand
  const resource = tree.view.resources[room.scarce]!
  return { reason: 'InsufficientResources', facts: { pods, fits: pods - 1, resource, shortBy: 1 } }
}

/** Per domain of a scope's required level how many of its pods fit. */
function shortfallsOf(tree: ScopeTree, room: Room, node: ScopeNode): readonly DomainShortfall[] {
  const level = node.scope.required
  if (level === null || node.demand.pods === 0) return []
  return level.paths.flatMap((path, d) => {
    const fit = sumsFit(tree, room, node, level, d) ?? greedyIn(tree, room, node, level, d)
    if (fit === null) return []
    const { fitting, resource, shortBy } = fit
    return [
      {
        scope: node.scope.name,
        level: level.name,
        domain: path,
        podsNeeded: node.demand.pods,
        podsFitting: fitting,
        resource: fitting < node.demand.pods ? resource : null,
        shortBy: fitting < node.demand.pods ? shortBy : 0,
      },
    ]
  })
}

/** Pods of one class anywhere in a domain: the sums say it all. Null where they do not. */
function sumsFit(tree: ScopeTree, room: Room, node: ScopeNode, level: CompiledLevel, d: number): Fit | null {
  const { demand, filter } = node
  const classes = room.seated.filter((c) => demand.counts[c]! > 0)
  if (filter !== null || classes.length !== 1) return null
  const fitting = Math.min(demand.pods, room.domainFits(level, classes[0]!)[d]!)
  const left = new Int32Array(demand.counts.length)
  left[classes[0]!] = demand.pods - fitting
  const free = room.domainFree(level).subarray(d * room.columns, (d + 1) * room.columns)
  return { fitting, ...shortage(tree, room, demand.sums, free, left) }
}

function greedyIn(tree: ScopeTree, room: Room, node: ScopeNode, level: CompiledLevel, d: number): Fit | null {
  const nodes = domainNodes(level, d, node.filter)
  return nodes.length === 0 ? null : greedyFit(tree, room, node, nodes)
}

function byNearness(a: DomainShortfall, b: DomainShortfall): number {
  const missing = (each: DomainShortfall): number => each.podsNeeded - each.podsFitting
  return missing(a) - missing(b) || a.shortBy - b.shortBy || (a.domain < b.domain ? -1 : a.domain > b.domain ? 1 : 0)
}

const domainNodes = (level: CompiledLevel, d: number, filter: Uint8Array | null): Int32Array =>
  level.nodes.subarray(level.starts[d]!, level.starts[d + 1]!).filter((n) => filter === null || filter[n] === 1)

const allowedNodes = ({ view }: ScopeTree, filter: Uint8Array | null): Int32Array =>
  Int32Array.from({ length: view.nodeNames.length }, (_, n) => n).filter((n) => filter === null || filter[n] === 1)

interface Fit {
  readonly fitting: number
  readonly resource: string | null
  readonly shortBy: number
}

/**
 * How many pods of a scope some nodes take, big pods first onto the tightest nodes, and which resource is short of the
 * whole by how much: in sum where it is short in sum, else by what the pods left over ask for.
 */
function greedyFit(tree: ScopeTree, room: Room, { demand }: ScopeNode, nodes: Int32Array): Fit {
  const { view } = tree
  const { columns } = room
  const free = new Float64Array(nodes.length * columns)
  for (let k = 0; k < nodes.length; k++) {
    for (let r = 0; r < columns; r++) free[k * columns + r] = Math.max(0, view.free[nodes[k]! * columns + r]!)
  }
  const sumFree = new Float64Array(columns)
  for (let i = 0; i < free.length; i++) sumFree[i % columns]! += free[i]!
  const left = demand.counts.slice()
  const size = (c: number): number => view.classes[c]!.requests[room.scarce]!
  for (const c of [...room.seated].sort((a, b) => size(b) - size(a) || a - b)) {
    const { requests, feasible } = view.classes[c]!
    const order = Array.from(nodes, (_, k) => k).sort(
      (a, b) => free[a * columns + room.scarce]! - free[b * columns + room.scarce]!,
    )
    for (const k of order) {
      const taken = feasible[nodes[k]!] === 1 ? podsIn(free, k * columns, requests, left[c]!) : 0
      left[c]! -= taken
      for (let r = 0; r < columns; r++) free[k * columns + r]! -= requests[r]! * taken
    }
  }
  const missing = left.reduce((sum, count) => sum + count, 0)
  return { fitting: demand.pods - missing, ...shortage(tree, room, demand.sums, sumFree, left) }
}

function shortage(
  { view }: ScopeTree,
  room: Room,
  sums: Float64Array,
  free: Float64Array,
  left: Int32Array,
): { resource: string | null; shortBy: number } {
  let worst = -1
  let shortBy = 0
  for (let r = 0; r < sums.length; r++) {
    const short = (sums[r]! - free[r]!) / Math.max(sums[r]!, 1)
    if (sums[r]! > free[r]! && (worst < 0 || short > shortBy / Math.max(sums[worst]!, 1))) {
      worst = r
      shortBy = sums[r]! - free[r]!
    }
  }
  if (worst >= 0) return { resource: view.resources[worst]!, shortBy }
  const over = left.reduce((sum, count, c) => sum + count * view.classes[c]!.requests[room.scarce]!, 0)
  return over > 0 ? { resource: view.resources[room.scarce]!, shortBy: over } : { resource: null, shortBy: 0 }
}
