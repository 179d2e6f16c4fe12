import type { Line, RunOptions } from '../harness.ts'
import { Espalier, type Packs } from '../occupancy/espalier.ts'
import { type Course, course, type Measured } from '../occupancy/measure.ts'
import { blind, greedy, type Rival } from '../occupancy/rivals.ts'
import { gridOf, type StreamGang, streamOf } from '../occupancy/stream.ts'
import { nodesOf } from '../planner/objects.ts'
import type { Scenario } from '../planner/scenario.ts'

const NODES = 5_000
const HOUR_MS = 3_600_000
const HOURS = 24
const WARM_UP_HOURS = 6
const BACKLOG = 40
/** Percent of the GPUs that required packs may cost beside a scheduler that knows of none, at 90 % load. */
const LOSS_MAX_PERCENT = 1

interface Setting {
  readonly name: string
  readonly packs: Packs
  readonly load: number
  readonly backlog: number | null
}

const SETTINGS: readonly Setting[] = [
  { name: 'preferred-saturated', packs: 'preferred', load: 8, backlog: BACKLOG },
  { name: 'required-saturated', packs: 'required', load: 8, backlog: BACKLOG },
  { name: 'required-90', packs: 'required', load: 0.9, backlog: null },
]

/**
 * GPU occupancy over a day of virtual time on `--nodes` nodes in NVLink domains of 18, with gangs of 1 to 256 pods that
 * come and go: the scheduler's own loop beside a scheduler that knows no topology and a greedy one on the same stream.
 */
export function* run(seed: number, options: RunOptions): Generator<Line> {
  const only = options['only']?.split(',') ?? null
  for (const setting of SETTINGS) {
    if (only === null || only.includes(setting.name)) yield measured(setting, seed, Number(options['nodes'] ?? NODES))
  }
}

function measured({ name, packs, load, backlog }: Setting, seed: number, count: number): Line {
  const nodes = nodesOf({ cluster: gridOf(count) } as unknown as Scenario).slice(0, count)
  const horizonMs = HOURS * HOUR_MS
  const stream = streamOf(seed, count, load, horizonMs)
  const common = { stream, nodes, horizonMs, warmUpMs: WARM_UP_HOURS * HOUR_MS, backlog }
  const on = (rival: Rival<StreamGang>, judgedBy: Course['judgedBy']): Measured =>
    course(rival, { ...common, judgedBy })
  const startMs = performance.now()
  const own = on(new Espalier(nodes, packs), packs)
  const ms = Math.round(performance.now() - startMs)
  const others = [on(blind(count), null), ...(packs === 'required' ? [on(greedy(count), packs)] : [])]
  const lossPercent = Math.round(1_000 * (others[0]!.occupancyPercent - own.occupancyPercent)) / 1_000
  const facts = Object.fromEntries(
    [own, ...others].flatMap((each) =>
      Object.entries(each).flatMap(([key, value]) => (key === 'name' ? [] : [[`${each.name}.${key}`, value]])),
    ),
  ) as Record<string, number>
  const isReached = lossPercent <= (packs === 'preferred' ? 0.1 : LOSS_MAX_PERCENT)
  return {
    scenario: `occupancy-${name}`,
    ms,
    ok: true,
    seed,
    facts: { nodes: count, lossPercent, reached: `${isReached}`, ...facts },
  }
}
