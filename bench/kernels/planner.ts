import type { Line, RunOptions } from '../harness.ts'
import { indexRows } from '../planner/index-rows.ts'
import { EXPLAIN_ROWS, explainLine } from '../planner/explaining.ts'
import { measure, rehearse } from '../planner/measure.ts'
import { changed, type Scenario, SCENARIOS } from '../planner/scenario.ts'

/** They share one cluster: asked for one, all are printed. */
const INDEX_ROWS = ['index', 'cordon', 'relabel', 'go', 'come'].map((id) => `nodes-100000-${id}`)

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
    const row = changed(scenario, changes)
    if (!isBig) rehearseRow(row, seed, shapes)
    yield measure(row, seed, shapes, repetitions)
  }
  for (const id of EXPLAIN_ROWS) if (only === null || only.includes(id)) yield explainLine(id, seed)
  if (only === null || only.some((id) => INDEX_ROWS.includes(id))) yield* indexRows(seed)
}

/** The row itself with other pods: a scheduler that runs for days has seen as many gangs before. */
function rehearseRow(row: Scenario, seed: number, shapes: number): void {
  const groups = row.groups.map((group) => ({ ...group, cpu: group.cpu - 0.5 }))
  const rehearsal = { ...row, id: `rehearsal of ${row.id}`, groups }
  const endMs = performance.now() + REHEARSED_MS
  for (let i = 0; i === 0 || performance.now() < endMs; i++) rehearse(rehearsal, seed + 1 + i, shapes + 1)
}

/** Code that a scheduler of some minutes has compiled takes about that long to get there: nobody judges meanwhile. */
const REHEARSED_MS = 600

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
      rehearse(small, seed + i, 2)
    }
  }
}
