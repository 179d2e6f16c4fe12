import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { seededRandom } from '../../kube/random.ts'
import type { NodeFacts } from '../../scheduler/state/node-facts.ts'
import { buildTopologyIndex, LiveTopology, type TopologyDeclaration, type TopologyIndex } from '../../topology/index.ts'
import type { Line } from '../harness.ts'
import { KEYS, nodesOf } from './objects.ts'
import type { Scenario } from './scenario.ts'

/** 100,000 nodes in 5 zones, 2,500 racks. */
export const bigCluster = (): NodeFacts[] => nodesOf({ cluster: [5, 500, 40] } as unknown as Scenario)

export const DECLARED: TopologyDeclaration = {
  name: 'default',
  levels: (['zone', 'rack', 'host'] as const).map((name) => ({ name, key: KEYS[name], within: 'parent' as const })),
  nodes: [],
}

/** Changes timed a row: the median is printed, and the mean of the thread's CPU time. */
const CHANGES = 51
const WARM_UPS = 20

/** The topology index alone: its build, and one node that comes, goes, moves or is cordoned in it. */
export function* indexRows(seed: number): Generator<Line> {
  const nodes = bigCluster()
  yield buildRow(nodes, seed)
  yield* changeRows(nodes, seed)
}

function buildRow(nodes: readonly NodeFacts[], seed: number): Line {
  const startMs = performance.now()
  const index = buildTopologyIndex({ declarations: [DECLARED], nodes })
  const ms = performance.now() - startMs
  assert.deepEqual(
    index.topologies[0]!.levels.map(({ paths }) => paths.length),
    [5, 2_500, 100_000],
  )
  const child = fileURLToPath(new URL('../processes/index-memory.ts', import.meta.url))
  const maxRssBytes = Number(execFileSync(process.execPath, [child], { encoding: 'utf8' }))
  assert.ok(maxRssBytes > 0)
  return {
    scenario: 'nodes-100000-index',
    ms: rounded(ms),
    ok: true,
    seed,
    facts: { reachMs: 1_000, ofReach: rounded(ms / 1_000), maxRssMb: Math.round(maxRssBytes / 1e6), reachMb: 500 },
  }
}

/** One change and the read that brings the index up to date. */
interface Change {
  readonly id: string
  /** What a node is afterwards; null: gone. */
  readonly of: (node: NodeFacts) => NodeFacts | null
}

const CHANGE_ROWS: readonly Change[] = [
  { id: 'cordon', of: (node) => ({ ...node, isUnschedulable: true }) },
  { id: 'relabel', of: (node) => ({ ...node, labels: { ...node.labels, [KEYS.rack]: 'r77' } }) },
  { id: 'go', of: () => null },
  { id: 'come', of: (node) => ({ ...node, name: `${node.name}-new` }) },
]

function* changeRows(nodes: readonly NodeFacts[], seed: number): Generator<Line> {
  const random = seededRandom(seed)
  const known = new Map(nodes.map((node) => [node.name, node]))
  const live = new LiveTopology({ get: (name) => known.get(name), facts: () => known.values() })
  live.setDeclarations([DECLARED])
  live.read()
  const change = ({ of }: Change): number => {
    const node = nodes[Math.floor(random() * nodes.length)]!
    const after = of(node)
    const before = known.get(after?.name ?? node.name) ?? null
    if (after === null) known.delete(node.name)
    else known.set(after.name, after)
    const startMs = performance.now()
    live.note(before, after)
    live.read()
    return performance.now() - startMs
  }
  for (let i = 0; i < WARM_UPS; i++) for (const each of CHANGE_ROWS) change(each)
  for (const each of CHANGE_ROWS) {
    const cpu = process.threadCpuUsage()
    const times = Array.from({ length: CHANGES }, () => change(each)).sort((a, b) => a - b)
    const { user, system } = process.threadCpuUsage(cpu)
    const declared = { declarations: [DECLARED], nodes: [...known.values()] }
    assert.deepEqual(cells(live.read()), cells(buildTopologyIndex(declared)))
    const facts = { cpuMs: rounded((user + system) / 1_000 / CHANGES), worstMs: rounded(times.at(-1) ?? 0) }
    yield { scenario: `nodes-100000-${each.id}`, ms: rounded(times[CHANGES >> 1] ?? 0), ok: true, seed, facts }
  }
}

const cells = ({ nodeNames, topologies }: TopologyIndex): unknown => [nodeNames, topologies[0]!.levels]
const rounded = (value: number): number => Math.round(value * 1_000) / 1_000
