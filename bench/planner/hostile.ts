import { type Random, seededRandom } from '../../kube/random.ts'
import type { PlanGroup, PlanRequest, PlanView, Scope, SpreadRule } from '../../scheduler/planner/request.ts'
import { STEPS_MAX } from '../../scheduler/scheduler.ts'
import { buildTopologyIndex, type CompiledLevel } from '../../topology/index.ts'

const LEVELS = [
  { name: 'zone', key: 'zone', within: 'parent' as const },
  { name: 'rack', key: 'rack', within: 'parent' as const },
  { name: 'nvlink', key: 'nvlink', within: 'cluster' as const },
  { name: 'host', key: 'host', within: 'parent' as const },
]

/**
 * A question that is as hard to answer as a tenant can make it: up to 48 groups of mixed sizes under rules at several
 * levels, some of which cross, in a cluster of 64 to `nodes` nodes with about as much room as the gang asks for.
 */
export function hostileQuestion(seed: number, nodes: number): { request: PlanRequest; view: PlanView } {
  const random = seededRandom(seed)
  const draw = (below: number): number => Math.floor(random() * below)
  const count = 64 + draw(Math.max(1, nodes - 63))
  const perRack = [4, 8, 16, 18, 40][draw(5)]!
  const racksPerZone = 2 + draw(12)
  const isCrossing = random() < 0.5
  const labelled = Array.from({ length: count }, (_, i) => {
    const rack = Math.floor(i / perRack)
    const labels: Record<string, string> = {
      host: `n${i}`,
      rack: `r${rack}`,
      zone: `z${Math.floor(rack / racksPerZone)}`,
      nvlink: `c${isCrossing ? Math.floor((i + perRack / 2) / perRack) : rack}`,
    }
    return { name: `n${String(i).padStart(6, '0')}`, labels }
  })
  const levels = LEVELS.filter(({ name }) => name !== 'nvlink' || random() < 0.4)
  const index = buildTopologyIndex({ declarations: [{ name: 't', levels, nodes: [] }], nodes: labelled })
  const view = viewOf(random, draw, index.nodeNames, index.topologies[0]!)
  return { request: requestOf(random, draw, view), view }
}

type Draw = (below: number) => number

function viewOf(random: Random, draw: Draw, nodeNames: readonly string[], topology: PlanView['topology']): PlanView {
  const most = 2 + draw(15)
  const classes = Array.from({ length: 1 + draw(6) }, () => ({
    requests: Float64Array.of(1 + draw(8), 1_000 * (1 + draw(20)), 1),
    feasible: Uint8Array.from(nodeNames, () => 1),
    excluded: new Map<string, number>(),
  }))
  if (random() < 0.4) {
    for (const { feasible } of classes) for (let n = 0; n < feasible.length; n++) feasible[n] = random() < 0.8 ? 1 : 0
  }
  return {
    nodeNames,
    resources: ['nvidia.com/gpu', 'cpu', 'pods'],
    free: Float64Array.from(nodeNames.flatMap(() => [draw(most + 1), 1_000 * draw(64), 1 + draw(20)])),
    allocatable: Float64Array.from(nodeNames.flatMap(() => [16, 64_000, 110])),
    classes,
    topology,
  }
}

function requestOf(random: Random, draw: Draw, view: PlanView): PlanRequest {
  const levels = view.topology!.levels
  const between = draw(2) * draw(10)
  const groupCount = 1 + draw(48)
  const parents = [-1, ...Array.from({ length: between }, () => 0)]
  for (let g = 0; g < groupCount; g++) parents.push(between > 0 ? 1 + draw(between) : 0)
  const room = view.nodeNames.reduce((sum, _, n) => sum + view.free[n * 3]!, 0)
  // A gang of about the size of the cluster, of a rack, or of something between.
  const target = (random() < 0.3 ? room : room * random() ** 3) * (0.7 + 0.35 * random())
  const perPod = view.classes.reduce((sum, { requests }) => sum + requests[0]!, 0) / view.classes.length
  const pods = Math.max(1, Math.min(400, Math.round(target / perPod / groupCount)))
  const groups = Array.from({ length: groupCount }, (_, g): PlanGroup => {
    const podClass = draw(view.classes.length)
    const seats = Array.from({ length: Math.max(1, draw(2 * pods)) }, (_, i) => ({
      pod: `g${g}-${i}`,
      podClass: random() < 0.1 ? draw(view.classes.length) : podClass,
    }))
    return { name: `g${g}`, scope: 1 + between + g, seats, bound: [], later: [] }
  })
  const ruled = random() * 0.7
  const spreadLevel = levels[draw(levels.length)]!
  const spreads = random() < 0.4 ? random() * 0.5 : 0
  const scopes = parents.map(
    (parent, s): Scope => ({
      name: s === 0 ? 'gang' : `s${s}`,
      parent,
      required: random() < ruled ? levels[draw(levels.length)]! : null,
      preferred: random() < ruled ? levels[draw(levels.length)]! : null,
      spreads: random() < spreads ? [spreadOf(draw, spreadLevel, s > between && random() < 0.5)] : [],
      pins: [],
    }),
  )
  return { scopes, groups, defaultPack: 'narrowest', maxSteps: STEPS_MAX }
}

function spreadOf(draw: Draw, level: CompiledLevel, isPods: boolean): SpreadRule {
  return {
    level,
    maxSkew: 1 + draw(2),
    minDomains: null,
    isHard: draw(4) > 0,
    taken: Int32Array.from(level.paths, () => draw(2)),
    eligible: new Uint8Array(level.paths.length).fill(1),
    units: isPods ? 'pods' : 'scope',
    peers: `peers ${isPods}`,
  }
}
