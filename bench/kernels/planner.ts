import { strict as assert } from 'node:assert'
import type { Line, RunOptions } from '../harness.ts'
import { measure } from '../planner/measure.ts'
import { KEYS, nodesOf } from '../planner/objects.ts'
import { changed, type Scenario, SCENARIOS } from '../planner/scenario.ts'
import { buildTopologyIndex } from '../../topology/index.ts'

/**
 * The planner's table: from the pods' arrival in state to plans that are committed as assumed, one thread, no I/O.
 * `--only ID,ID` picks rows; `--nodes --gangs --size --shapes` change them.
 */
export function* run(seed: number, options: RunOptions): Generator<Line> {
  const only = options['only']?.split(',') ?? null
  const number = (name: string): number | null => (options[name] === undefined ? null : Number(options[name]))
  const changes = { nodes: options['nodes'] ?? null, gangs: number('gangs'), size: number('size') }
  const repetitions = number('repetitions') ?? 3
  const shapes = number('shapes') ?? 1
  warmUp(seed)
  for (const scenario of SCENARIOS) {
    if (only !== null && !only.includes(scenario.id)) continue
    const isBig = scenario.cluster[0] * scenario.cluster[1] * scenario.cluster[2] > 20_000
    yield measure(changed(scenario, changes), seed, shapes, isBig ? 1 : repetitions)
  }
  if (only === null || only.includes('nodes-100000-index')) yield indexLine(seed)
}

/** Other shapes than any that is timed, so that nothing is measured while it is still interpreted. */
function warmUp(seed: number): void {
  for (let i = 0; i < 3; i++) {
    for (const scenario of SCENARIOS) {
      const gangs = Math.min(scenario.gangs, scenario.isPlain ? 400 : 12)
      const groups = scenario.groups.slice(0, 20).map((group) => ({
        ...group,
        pods: scenario.isHopeless ? 400 : Math.max(1, Math.min(30, Math.floor(group.pods / 2))),
        cpu: group.cpu + 3,
      }))
      const small: Scenario = { ...scenario, id: `warm-up ${scenario.id}`, cluster: [3, 9, 30], gangs, groups }
      measure(small, seed + i, 2, 1)
    }
  }
}

function indexLine(seed: number): Line {
  const nodes = nodesOf({ cluster: [5, 500, 40] } as unknown as Scenario)
  const levels = (['zone', 'rack', 'host'] as const).map((name) => ({
    name,
    key: KEYS[name],
    within: 'parent' as const,
  }))
  const before = process.memoryUsage()
  const startMs = performance.now()
  const index = buildTopologyIndex({ declarations: [{ name: 'default', levels, nodes: [] }], nodes })
  const ms = performance.now() - startMs
  const after = process.memoryUsage()
  const bytes = after.heapUsed + after.external - before.heapUsed - before.external
  assert.deepEqual(
    index.topologies[0]!.levels.map(({ paths }) => paths.length),
    [5, 2_500, 100_000],
  )
  const facts = { reachMs: 1_000, ofReach: Math.round(ms / 10) / 100, bytes, rssBytes: after.rss }
  return { scenario: 'nodes-100000-index', ms: Math.round(ms * 1_000) / 1_000, ok: true, seed, facts }
}
