import type { CompiledLevel } from '../../topology/compiled/index-types.ts'
import type { Budget, Outcome } from './budget.ts'
import { type PackProblem, pack } from './pack.ts'
import { boundingScope, nodesOf } from './regions.ts'
import type { Frame } from './search.ts'
import { type LeafRun, type Placed, solutionOf } from './seats.ts'
import { brokenSpreads, brokenUnits } from './spread.ts'

// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/** A domain with more nodes than this is not packed ahead of time; the end of the search packs it all the same. */
const EARLY_PACK_NODES = 512
/** Steps for one early pack: where it does not come to an end, the choice is kept. */
const EARLY_PACK_STEPS = 2_000

/** All decisions are made: packs the pods and checks what only a finished plan shows. */
export function seatAll(frame: Frame): Outcome {
  const runs = runsOf(frame)
  frame.budget.look(frame.tree.view.nodeNames.length + 16 * runs.length)
  const placed: Placed[] = []
  for (const together of components(frame, runs)) {
    const outcome = packTogether(frame, together, placed)
    if (outcome !== 'seated') return outcome
  }
  const solution = solutionOf(frame.tree, placed)
  const newNodes = (scope: number): readonly number[] => frame.tree.nodes[scope]!.allGroups.flatMap((g) => solution[g]!)
  if (brokenSpreads(frame.tree, frame.rules.limits, newNodes).length > 0) return 'unplaceable'
  if (brokenUnits(frame.tree, newNodes)) return 'unplaceable'
  frame.solution = solution
  return 'seated'
}

/** What packing needs to know of the world. */
type Ground = Pick<Frame, 'tree' | 'room'>

/** More nodes than this are not packed to show that a gang is hopeless: sums must do. */
const HOPELESS_PACK_NODES = 1_024

/**
 * Whether the gang does not even fit with every domain rule left out. Proves it early for gangs that ask too much;
 * false where it does not know.
 */
export function isHopeless(ground: Ground, budget: Budget): boolean {
  const { tree, room } = ground
  const { demand } = tree.nodes[0]!
  for (const podClass of room.seated) {
    if (room.totalFits(podClass) < demand.counts[podClass]!) return true
  }
  const count = tree.view.nodeNames.length
  if (room.seated.length <= 1 || count > HOPELESS_PACK_NODES) return false
  const nodes = Int32Array.from({ length: count }, (_, n) => n)
  const runs = room.seated.map((podClass) => ({ podClass, nodes, count: demand.counts[podClass]!, members: [] }))
  return pack(problemOf(ground, runs).problem, budget.share(EARLY_PACK_STEPS)).outcome === 'unplaceable'
}

/** Pods alike with the same nodes to choose from. */
function runsOf(frame: Frame): readonly LeafRun[] {
  const { tree } = frame
  const runs = new Map<string, { podClass: number; nodes: Int32Array; members: { group: number; count: number }[] }>()
  const nodesPer = new Map<string, Int32Array>()
  const nodesAt = (key: string, make: () => Int32Array): Int32Array => {
    const known = nodesPer.get(key)
    if (known !== undefined) return known
    const nodes = make()
    nodesPer.set(key, nodes)
    return nodes
  }
  const add = (at: string, nodes: Int32Array, group: number, podClass: number, count: number): void => {
    const key = `${at}|${podClass}`
    const run = runs.get(key)
    if (run) run.members.push({ group, count })
    else runs.set(key, { podClass, nodes, members: [{ group, count }] })
  }
  for (const [g, { scope, seats }] of tree.request.groups.entries()) {
    if (seats.length === 0) continue
    const bounding = boundingScope(frame, scope)
    const nodes = nodesAt(`${bounding}`, () => nodesOf(frame, bounding))
    const left = countsOf(seats)
    let is: Uint8Array | null = null
    for (const { group, podClass, count, level, domain } of frame.splits) {
      if (group !== g) continue
      const key = `${bounding}/${level.key}/${domain}`
      const inDomain = nodesAt(key, () => {
        if (domain >= level.paths.length) return new Int32Array() // a node without the label
        is ??= maskOf(frame, nodes)
        return level.nodes.subarray(level.starts[domain]!, level.starts[domain + 1]!).filter((n) => is![n] === 1)
      })
      add(key, inDomain, g, podClass, count)
      left.set(podClass, left.get(podClass)! - count)
    }
    for (const [podClass, count] of left) if (count > 0) add(`${bounding}`, nodes, g, podClass, count)
  }
  return [...runs.values()].map((run) => ({ ...run, count: run.members.reduce((sum, { count }) => sum + count, 0) }))
}

/** Per node of the view whether it is one of these. */
function maskOf({ tree, budget }: Frame, nodes: Int32Array): Uint8Array {
  const mask = new Uint8Array(tree.view.nodeNames.length)
  budget.look(mask.length + nodes.length)
  for (let k = 0; k < nodes.length; k++) mask[nodes[k]!] = 1
  return mask
}

/** Pods per class, in class order. */
function countsOf(seats: readonly { podClass: number }[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const { podClass } of seats) counts.set(podClass, (counts.get(podClass) ?? 0) + 1)
  return new Map([...counts].sort(([a], [b]) => a - b))
}

/** Runs that share a node, directly or through others, must be packed together; the rest need not be. */
function components(frame: Frame, runs: readonly LeafRun[]): readonly (readonly LeafRun[])[] {
  if (runs.length <= 1) return runs.map((run) => [run])
  const leader = runs.map((_, i) => i)
  const find = (i: number): number => (leader[i] === i ? i : (leader[i] = find(leader[i]!)))
  const owner = new Int32Array(frame.tree.view.nodeNames.length).fill(-1)
  frame.budget.look(owner.length + runs.reduce((sum, { nodes }) => sum + nodes.length, 0))
  for (const [i, { nodes }] of runs.entries()) {
    for (let k = 0; k < nodes.length; k++) {
      const n = nodes[k]!
      if (owner[n] === -1) owner[n] = i
      else leader[find(i)] = find(owner[n]!)
    }
  }
  const together = new Map<number, LeafRun[]>()
  for (const [i, run] of runs.entries()) {
    const of = together.get(find(i))
    if (of) of.push(run)
    else together.set(find(i), [run])
  }
  return [...together.values()]
}

function packTogether(frame: Frame, runs: readonly LeafRun[], placed: Placed[]): Outcome {
  const reached = runs.reduce((sum, run) => sum + run.nodes.length, 0)
  const nodesMost = Math.min(reached, frame.tree.view.nodeNames.length)
  frame.budget.look(8 * reached + 4 * runs.length * nodesMost)
  if (frame.budget.left === 0) return 'undecided'
  const { nodes, problem } = problemOf(frame, runs)
  const { outcome, packed } = pack(problem, frame.budget)
  if (outcome !== 'seated') return outcome
  runs.forEach((run, i) => {
    const at: { node: number; count: number }[] = []
    for (let k = 0; k < nodes.length; k++) if (packed[i]![k]! > 0) at.push({ node: nodes[k]!, count: packed[i]![k]! })
    placed.push({ podClass: run.podClass, members: run.members, at })
  })
  return outcome
}

/** Copies what the runs can reach into a small problem of its own; nodes that hold none of them are left out. */
function problemOf(frame: Ground, runs: readonly LeafRun[]): { nodes: Int32Array; problem: PackProblem } {
  const { room, tree } = frame
  const { columns } = room
  const nodes = usefulNodes(frame, runs)
  const local = new Map<number, number>()
  const free = new Float64Array(nodes.length * columns)
  for (let k = 0; k < nodes.length; k++) {
    local.set(nodes[k]!, k)
    for (let r = 0; r < columns; r++) free[k * columns + r] = tree.view.free[nodes[k]! * columns + r]!
  }
  const order = fillingOrder(frame, nodes)
  const problem: PackProblem = {
    nodes: nodes.length,
    columns,
    free,
    order,
    runs: runs.map(({ podClass, nodes: reach, count }) => {
      const allowed = new Uint8Array(nodes.length)
      const { requests, feasible } = tree.view.classes[podClass]!
      for (let k = 0; k < reach.length; k++) {
        const at = local.get(reach[k]!)
        if (at !== undefined) allowed[at] = feasible[reach[k]!]!
      }
      return { requests, allowed, count }
    }),
  }
  return { nodes, problem }
}

function usefulNodes({ room }: Ground, runs: readonly LeafRun[]): Int32Array {
  if (runs.length === 1) {
    const fits = room.fits(runs[0]!.podClass)
    return runs[0]!.nodes.filter((n) => fits[n]! > 0)
  }
  const useful = new Set<number>()
  for (const { podClass, nodes } of runs) {
    const fits = room.fits(podClass)
    for (let k = 0; k < nodes.length; k++) if (fits[nodes[k]!]! > 0) useful.add(nodes[k]!)
  }
  return Int32Array.from(useful).sort()
}

/**
 * The order in which nodes fill: the domain with the least room first, from the broadest level of the topology down,
 * then the node with the least room, then names. So what is broken is used up, and what is whole stays whole.
 */
function fillingOrder({ room }: Ground, nodes: Int32Array): Int32Array {
  const order = Int32Array.from(nodes, (_, k) => k)
  const rank = room.fillRank()
  if (rank !== null) return order.sort((a, b) => rank[nodes[a]!]! - rank[nodes[b]!]!)
  const isBefore = room.fillOrder()
  return order.sort((a, b) => isBefore(nodes[a]!, nodes[b]!))
}

/**
 * Whether all that is promised to a domain can be packed into it: exact where sizes are mixed, so that a bad choice
 * of domain shows at once and not after all others were made. Says yes where it does not know.
 */
export function regionPacks(frame: Frame, level: CompiledLevel, domain: number): boolean {
  const { tree, budget } = frame
  const scopes = frame.commits.scopesIn(level, domain)
  const size = level.starts[domain + 1]! - level.starts[domain]!
  const classes = new Set(
    scopes.flatMap((s) => Array.from(tree.nodes[s]!.demand.counts).flatMap((n, c) => (n > 0 ? [c] : []))),
  )
  const isWhole = scopes.every((s) => tree.nodes[s]!.filter === null)
  if (size > EARLY_PACK_NODES || (classes.size <= 1 && isWhole && scopes.length <= 1)) return true
  const runs = scopes.flatMap((s) => {
    const nodes = nodesOf(frame, s)
    return Array.from(tree.nodes[s]!.demand.counts).flatMap((count, podClass) =>
      count > 0 ? [{ podClass, nodes, count, members: [] }] : [],
    )
  })
  const steps = budget.share(EARLY_PACK_STEPS)
  budget.look(256 + 8 * size * (runs.length + 1))
  for (const together of components(frame, mergeAlike(runs))) {
    if (pack(problemOf(frame, together).problem, steps).outcome === 'unplaceable') return false
  }
  return true
}

function mergeAlike(runs: readonly LeafRun[]): readonly LeafRun[] {
  const merged: LeafRun[] = []
  for (const run of runs) {
    const at = merged.findIndex((each) => each.podClass === run.podClass && isSame(each.nodes, run.nodes))
    if (at < 0) merged.push(run)
    else merged[at] = { ...merged[at]!, count: merged[at]!.count + run.count }
  }
  return merged
}

const isSame = (a: Int32Array, b: Int32Array): boolean => a.length === b.length && a.every((n, i) => n === b[i])
