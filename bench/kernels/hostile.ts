import { plan } from '../../scheduler/planner/plan.ts'
import type { Line, RunOptions } from '../harness.ts'
import { hostileQuestion } from '../planner/hostile.ts'

const COUNT = 200
const NODES = 5_000
/** What a lease, a probe and a watch can wait for. */
const BLOCK_MAX_MS = 250

/**
 * How long the planner blocks at worst on `--count` questions that are as hard as a tenant can make them, in clusters of
 * up to `--nodes` nodes. `ms` is processor time of the worst one; what answered by its steps is told apart from what the
 * explanation of a refusal takes.
 */
export function run(seed: number, options: RunOptions): Line {
  const count = Number(options['count'] ?? COUNT)
  const nodes = Number(options['nodes'] ?? NODES)
  const kinds = { plan: 0, unplaceable: 0, undecided: 0 }
  let worst = { ms: 0, steps: 0, seed: 0 }
  let worstSearch = { ms: 0, steps: 0, seed: 0 }
  for (let i = 0; i < count; i++) {
    const at = seed * 1_000_000 + i
    const { request, view } = hostileQuestion(at, nodes)
    const before = process.threadCpuUsage()
    const verdict = plan(request, view)
    const { user, system } = process.threadCpuUsage(before)
    const asked = { ms: (user + system) / 1_000, steps: verdict.steps, seed: at }
    kinds[verdict.kind]++
    if (asked.ms > worst.ms) worst = asked
    if (verdict.kind !== 'unplaceable' && asked.ms > worstSearch.ms) worstSearch = asked
  }
  return {
    scenario: 'hostile',
    ms: Math.round(worst.ms),
    ok: worst.ms <= BLOCK_MAX_MS,
    seed,
    facts: {
      count,
      ...kinds,
      worstSeed: worst.seed,
      worstSteps: worst.steps,
      worstSearchMs: Math.round(worstSearch.ms),
      worstSearchSteps: worstSearch.steps,
      worstSearchSeed: worstSearch.seed,
    },
  }
}
