import type { PlanGroup, PlanRequest, PlanView, Scope, SpreadRule } from '../../../scheduler/planner/request.ts'
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

/**
 * A small random situation: 2 to 8 nodes in zones, racks and an NVLink level that may cross them, labels missing here
 * and there, one to three groups of one or two sizes under up to two constraint groups, packs, pins, spreads, pods that
 * are bound already. Small enough for every assignment to be tried.
 */
export function situation(seed: number): Situation {
  const draw = drawing(seed)
  const chance = (percent: number): boolean => draw(100) < percent
  const levels = LEVELS.filter(({ name }) => (name === 'nvlink' ? chance(30) : name === 'host' ? chance(70) : true))
  const nodeCount = 2 + draw(7)
  const zones = 1 + draw(2)
  const racks = 1 + draw(3)
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
  const classes = 1 + draw(2)
  const sizes = Array.from({ length: classes }, () => 1 + draw(3))
  const total = 2 + draw(3)
  const free = nodes.flatMap(() => [draw(total + 1), 2 + draw(6)])
  const view: PlanView = {
    nodeNames: index.nodeNames,
    resources: ['gpu', 'pods'],
    free: Float64Array.from(free),
    allocatable: Float64Array.from(nodes.flatMap(() => [total, 8])),
    classes: sizes.map((gpus) => ({
      requests: Float64Array.of(gpus, 1),
      feasible: Uint8Array.from(nodes, () => (chance(90) ? 1 : 0)),
      excluded: new Map(),
    })),
    topology,
  }
  return { request: requestOf(draw, chance, view, compiled), view }
}

function requestOf(
  draw: Draw,
  chance: (percent: number) => boolean,
  view: PlanView,
  levels: readonly CompiledLevel[],
): PlanRequest {
  const groupCount = 1 + draw(3)
  const between = chance(40) ? 1 + draw(2) : 0
  const parents = [-1, ...Array.from({ length: between }, () => 0)]
  for (let g = 0; g < groupCount; g++) parents.push(between > 0 ? draw(between + 1) : 0)
  let pods = 0
  const groups = Array.from({ length: groupCount }, (_, g): PlanGroup => {
    const count = Math.min(1 + draw(3), 6 - pods)
    pods += count
    const isMixed = chance(15)
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
      required: chance(s === 0 ? 30 : 25) ? levels[draw(levels.length)]! : null,
      preferred: chance(25) ? levels[draw(levels.length)]! : null,
      spreads: chance(12) ? [spreadOf(draw, chance, spreadLevel, isGroup && chance(50), peers, view)] : [],
      pins: chance(4) ? [pinOf(draw, levels)] : [],
    }
  })
  return { gang: 'ns/g', scopes, groups, defaultPack: chance(80) ? 'narrowest' : 'none', maxSteps: 200_000 }
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
