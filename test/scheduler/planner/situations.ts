import type { PlanGroup, PlanRequest, PlanView, Scope, SpreadRule } from '../../../scheduler/planner/request.ts'
import { STEPS_MAX } from '../../../scheduler/scheduler.ts'
import type { CompiledLevel, NodeIx } from '../../../topology/index.ts'
import { buildTopologyIndex } from '../../../topology/index.ts'

/** One question to the planner. */
export interface Situation {
  readonly request: PlanRequest
  readonly view: PlanView
}

type Draw = (below: number) => number

/** mulberry32: a small generator, so that one number replays a situation. */
function drawing(seed: number): Draw {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

const LEVELS = [
  { name: 'zone', key: 'zone', within: 'parent' as const },
  { name: 'rack', key: 'rack', within: 'parent' as const },
  { name: 'nvlink', key: 'nvlink', within: 'cluster' as const },
  { name: 'host', key: 'host', within: 'parent' as const },
]

/** How large situations are drawn. */
export interface Size {
  readonly nodes: readonly [least: number, most: number]
  readonly zones: number
  readonly racks: number
  readonly groups: number
  readonly podsAGroup: number
  /** Seats of the whole gang, by the number of nodes: every assignment is to be tried where it is small. */
  readonly seats: (nodes: number) => number
}

/** Small enough for every assignment to be tried. */
export const SMALL: Size = {
  nodes: [2, 16],
  zones: 2,
  racks: 3,
  groups: 3,
  podsAGroup: 3,
  seats: (nodes) => (nodes <= 6 ? 6 : nodes <= 8 ? 5 : nodes <= 12 ? 4 : 3),
}

/** For an integer program. */
export const LARGE: Size = { nodes: [12, 40], zones: 3, racks: 4, groups: 8, podsAGroup: 8, seats: () => 48 }

/**
 * A random situation: nodes in zones, racks and an NVLink level that may cross them, labels missing here and there,
 * groups of one or two sizes under up to two constraint groups, packs, pins, spreads, pods that are bound already. In
 * most of them a plan is hidden and the room cut to it, since in what is drawn blindly most that fits is easy.
 */
export function situation(seed: number, size: Size = SMALL): Situation {
  const draw = drawing(seed)
  const chance = (percent: number): boolean => draw(100) < percent
  const levels = LEVELS.filter(({ name }) => (name === 'nvlink' ? chance(30) : name === 'host' ? chance(70) : true))
  const [least, most] = size.nodes
  const nodeCount = least + (chance(70) ? draw(Math.ceil((most - least) / 2)) : draw(most - least + 1))
  const zones = 1 + draw(size.zones)
  const racks = 1 + draw(size.racks)
  const nodes = Array.from({ length: nodeCount }, (_, i) => {
    const labels: Record<string, string> = { host: `n${i}`, zone: `z${draw(zones)}`, rack: `r${draw(racks)}` }
    if (chance(70)) labels['nvlink'] = `c${draw(2)}`
    if (chance(6)) delete labels['rack']
    if (chance(4)) delete labels['zone']
    return { name: `n${i}`, labels }
  })
  const index = buildTopologyIndex({ declarations: [{ name: 't', levels, nodes: [] }], nodes })
  const topology = chance(95) ? index.topologies[0]! : null
  const compiled = index.topologies[0]!.levels
  const classes = chance(30) ? 1 : 2
  const sizes = Array.from({ length: classes }, () => 1 + draw(3))
  const total = 2 + draw(3)
  const view: PlanView = {
    nodeNames: index.nodeNames,
    resources: ['gpu', 'pods'],
    free: Float64Array.from(nodes.flatMap(() => [draw(total + 1), 2 + draw(6)])),
    allocatable: Float64Array.from(nodes.flatMap(() => [total, 8])),
    classes: sizes.map((gpus) => ({
      requests: Float64Array.of(gpus, 1),
      feasible: Uint8Array.from(nodes, () => (chance(90) ? 1 : 0)),
      excluded: new Map(),
    })),
    topology,
  }
  const request = requestOf(draw, chance, view, compiled, size)
  if (chance(60)) hidePlan(draw, chance, request, view)
  return { request, view }
}

/** Puts the pods somewhere that packs and pins allow, and leaves hardly more room on the nodes than they take. */
function hidePlan(draw: Draw, chance: (percent: number) => boolean, request: PlanRequest, view: PlanView): void {
  const regions: number[][] = []
  for (const { parent, required, pins } of request.scopes) {
    let region = parent < 0 ? [...view.nodeNames.keys()] : regions[parent]!
    for (const { level, domain } of pins) region = region.filter((n) => level.domainOf[n] === domain)
    const domains = [...new Set(region.map((n) => required?.domainOf[n] ?? 0))].filter((d) => d >= 0)
    const chosen = domains[draw(Math.max(1, domains.length))]
    if (required !== null) region = region.filter((n) => required.domainOf[n] === chosen)
    regions.push(region)
  }
  const used = new Float64Array(view.free.length)
  for (const { scope, seats } of request.groups) {
    for (const { podClass } of seats) {
      const { requests, feasible } = view.classes[podClass]!
      const nodes = regions[scope]!.filter((n) => feasible[n] === 1)
      const node = nodes[draw(Math.max(1, nodes.length))]
      if (node !== undefined) requests.forEach((r, c) => (used[node * 2 + c]! += r))
    }
  }
  for (let n = 0; n < view.nodeNames.length; n++) {
    const gpus = used[n * 2]!
    view.free[n * 2] = gpus > 0 ? gpus + (chance(10) ? 1 : 0) : draw(4)
    view.free[n * 2 + 1] = Math.max(view.free[n * 2 + 1]!, used[n * 2 + 1]!)
    view.allocatable[n * 2] = Math.max(view.allocatable[n * 2]!, view.free[n * 2]!)
  }
}

function requestOf(
  draw: Draw,
  chance: (percent: number) => boolean,
  view: PlanView,
  levels: readonly CompiledLevel[],
  size: Size,
): PlanRequest {
  const groupCount = Math.min(size.groups, 1 + draw(size.groups + 1))
  const between = chance(40) ? 1 + draw(2) : 0
  const parents = [-1, ...Array.from({ length: between }, () => 0)]
  for (let g = 0; g < groupCount; g++) parents.push(between > 0 ? draw(between + 1) : 0)
  let pods = 0
  const groups = Array.from({ length: groupCount }, (_, g): PlanGroup => {
    const count = Math.min(1 + draw(size.podsAGroup), size.seats(view.nodeNames.length) - pods)
    pods += count
    const isMixed = chance(35)
    const podClass = draw(view.classes.length)
    const seats = Array.from({ length: count }, (_, i) => ({
      pod: `g${g}-${i}`,
      podClass: isMixed ? draw(view.classes.length) : podClass,
    }))
    const bound = chance(12) ? Array.from({ length: 1 + draw(2) }, () => draw(view.nodeNames.length) as NodeIx) : []
    return { name: `g${g}`, scope: 1 + between + g, seats, bound, later: chance(20) ? [{ podClass, count: 1 }] : [] }
  })
  const peers = chance(50) ? 'peers' : undefined
  const spreadLevel = levels[draw(levels.length)]!
  const scopes = parents.map((parent, s): Scope => {
    const isGroup = s > between
    return {
      name: s === 0 ? 'gang' : `s${s}`,
      parent,
      required: chance(s === 0 ? 30 : 55) ? levels[draw(levels.length)]! : null,
      preferred: chance(25) ? levels[draw(levels.length)]! : null,
      spreads: chance(12) ? [spreadOf(draw, chance, spreadLevel, isGroup && chance(50), peers, view)] : [],
      pins: chance(4) ? [pinOf(draw, levels)] : [],
    }
  })
  return { scopes, groups, defaultPack: chance(80) ? 'narrowest' : 'none', maxSteps: STEPS_MAX }
}

function spreadOf(
  draw: Draw,
  chance: (percent: number) => boolean,
  level: CompiledLevel,
  isPods: boolean,
  peers: string | undefined,
  view: PlanView,
): SpreadRule {
  const taken = Int32Array.from(level.paths, () => draw(3))
  const eligible = Uint8Array.from(level.paths, (_, d) =>
    level.nodes.subarray(level.starts[d], level.starts[d + 1]).some((n) => view.classes[0]!.feasible[n] === 1) ? 1 : 0,
  )
  return {
    level,
    maxSkew: 1 + draw(2),
    minDomains: chance(20) ? 1 + draw(3) : null,
    isHard: chance(80),
    taken,
    eligible,
    units: isPods ? 'pods' : 'scope',
    ...(peers === undefined ? {} : { peers: `${peers} ${isPods}` }),
  }
}

function pinOf(draw: Draw, levels: readonly CompiledLevel[]): Scope['pins'][number] {
  const level = levels[draw(levels.length)]!
  return { level, domain: draw(Math.max(1, level.paths.length)) }
}
