import { strict as assert } from 'node:assert'
import { plan } from '../../scheduler/planner/plan.ts'
import type { PlanRequest, PlanView, Verdict } from '../../scheduler/planner/request.ts'
import { type Line, medianMs } from '../harness.ts'
import { buildTopologyIndex, type TopologyIndex } from '../../topology/index.ts'

/** The planner alone: one gang of 64 whole-node pods in a required rack, and the same in mixed sizes, on 5,000 nodes. */

const LEVELS = ['zone', 'rack', 'host'].map((name) => ({ name, key: name, within: 'parent' as const }))
const COLUMNS = ['cpu', 'memory', 'nvidia.com/gpu', 'pods']
const NODE = [128_000, 2 ** 40, 8, 110]

function cluster(zones: number, racks: number, nodes: number): TopologyIndex {
  const each = Array.from({ length: zones * racks * nodes }, (_, i) => {
    const [zone, rack] = [Math.floor(i / (racks * nodes)), Math.floor(i / nodes) % racks]
    return { name: `n${i}`, labels: { zone: `z${zone}`, rack: `r${rack}`, host: `n${i}` } }
  })
  return buildTopologyIndex({ declarations: [{ name: 'default', levels: LEVELS, nodes: [] }], nodes: each })
}

function question(
  index: TopologyIndex,
  sizes: readonly number[],
  podsEach: number,
): { request: PlanRequest; view: PlanView } {
  const nodes = index.nodeNames.length
  const topology = index.topologies[0]!
  const amounts = Float64Array.from({ length: nodes * COLUMNS.length }, (_, i) => NODE[i % COLUMNS.length]!)
  const classes = sizes.map((gpus) => ({
    requests: Float64Array.of(gpus * 1_000, gpus * 2 ** 30, gpus, 1),
    feasible: new Uint8Array(nodes).fill(1),
    excluded: new Map(),
  }))
  const view = {
    nodeNames: index.nodeNames,
    resources: COLUMNS,
    free: amounts,
    allocatable: amounts,
    classes,
    topology,
  }
  const scope = { preferred: null, spreads: [], pins: [] }
  const request: PlanRequest = {
    gang: 'bench/gang',
    scopes: [
      { ...scope, name: 'gang', parent: -1, required: topology.levels[1]! },
      ...sizes.map((_, g) => ({ ...scope, name: `g${g}`, parent: 0, required: null })),
    ],
    groups: sizes.map((_, podClass) => ({
      name: `g${podClass}`,
      scope: podClass + 1,
      seats: Array.from({ length: podsEach }, (__, i) => ({ pod: `${podClass}-${i}`, podClass })),
      bound: [],
      later: [],
    })),
    defaultPack: 'narrowest',
    maxSteps: 200_000,
  }
  return { request, view }
}

function checked(verdict: Verdict, { request, view }: ReturnType<typeof question>): Verdict {
  assert.equal(verdict.kind, 'plan')
  if (verdict.kind !== 'plan') return verdict
  const rack = request.scopes[0]!.required!
  assert.equal(verdict.seats.length, request.groups.flatMap(({ seats }) => seats).length)
  assert.equal(new Set(verdict.seats.map(({ node }) => rack.domainOf[node])).size, 1)
  const used = new Map<number, number>()
  const classOf = new Map(
    request.groups.flatMap(({ seats }) => seats.map(({ pod, podClass }) => [pod, podClass] as const)),
  )
  for (const { pod, node } of verdict.seats) {
    used.set(node, (used.get(node) ?? 0) + view.classes[classOf.get(pod)!]!.requests[2]!)
  }
  for (const gpus of used.values()) assert.ok(gpus <= NODE[2]!)
  return verdict
}

/** The mixed gang is the line; the gang of whole nodes stands beside it. */
export function run(seed: number): Line {
  const index = cluster(5, 12, 84)
  const timed = (asks: ReturnType<typeof question>): { ms: number; steps: number } => {
    const first = checked(plan(asks.request, asks.view), asks)
    const ms = medianMs(31, () => plan(asks.request, asks.view))
    assert.deepEqual(plan(asks.request, asks.view), first)
    return { ms: Math.round(ms * 1_000) / 1_000, steps: first.steps }
  }
  const whole = timed(question(index, [8], 64))
  const { ms, steps } = timed(question(index, [5, 3, 2, 1], 16))
  const facts = { steps, wholeNodesMs: whole.ms, wholeNodesSteps: whole.steps }
  return { scenario: 'planner', ms, ok: true, seed, facts }
}
