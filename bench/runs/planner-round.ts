/** A round at the planner's depth, of this checkout or of another: no server, one process, the same checker. */
import { strict as assert } from 'node:assert'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { podGang } from '../peers/pod-gang.ts'
import { nodesOf, type Scenario } from '../scenario/scenario.ts'
import { judge } from './checker.ts'
import { PLACE, type Planned, type PlanOrder, workOfRound } from './plan-once.ts'
import { type Figures, type Outcome, rounded } from './result.ts'
import { nodeObjects, write } from './work.ts'

const FILE = 'bench/processes/plan.ts'

export async function runPlannerRound(
  order: PlanOrder,
  checkout: string | null,
  signal: AbortSignal,
): Promise<Outcome> {
  const { scenario } = order
  const gangs = workOfRound(order)
  const planned = await plannedBy(order, checkout ?? join(import.meta.dirname, '../..'), signal)
  const pods = gangs
    .flatMap((gang) => write(gang, podGang, PLACE).pods)
    .map((pod) => ({
      ...pod,
      spec: { ...(pod['spec'] as object), nodeName: planned.placed[pod.metadata.name ?? ''] ?? '' },
    }))
  const judged = judge({
    nodes: nodeObjects(scenario.cluster),
    pods: pods as unknown as Pod[],
    namespace: PLACE.namespace,
    gangs,
    words: podGang.words,
  })
  const fitting = gangs
    .filter(({ fits }) => fits)
    .reduce((sum, { groups }) => sum + groups.reduce((all, group) => all + group.pods.length, 0), 0)
  const of = scenario.expect.bound === 'all' ? fitting : scenario.expect.bound
  if (judged.faults.length > 0) return { kind: 'wrong', faults: judged.faults }
  if (judged.boundPods < of)
    return { kind: 'unbound', bound: judged.boundPods, of, seconds: planned.ms / 1_000, words: '' }
  return { kind: 'measured', figures: figuresOf(scenario, planned, judged) }
}

async function plannedBy(order: PlanOrder, checkout: string, signal: AbortSignal): Promise<Planned> {
  const file = join(checkout, FILE)
  if (!existsSync(file)) throw new Error(`${checkout} has no ${FILE}: its commit cannot be run at depth planner`)
  const child = spawn(process.execPath, [file], { stdio: ['pipe', 'pipe', 'inherit'], signal, cwd: checkout })
  child.on('error', () => {}) // an abort is told by the exit code
  child.stdin.on('error', () => {})
  child.stdin.end(JSON.stringify(order))
  const said = await text(child.stdout)
  assert.ok(said !== '', 'the planner said nothing')
  return JSON.parse(said) as Planned
}

function figuresOf(scenario: Scenario, planned: Planned, judged: ReturnType<typeof judge>): Figures {
  const { ms, cpuMs, coldMs, residentMegabytes } = planned
  return {
    pods: judged.boundPods,
    nodes: nodesOf(scenario.cluster),
    ms: rounded(ms, 3),
    podsPerSecond: rounded((judged.boundPods / ms) * 1_000),
    firstMs: rounded(coldMs, 3),
    gangMs: null,
    schedulerCpuMs: rounded(cpuMs, 3),
    apiServerCpuMs: null,
    etcdCpuMs: null,
    schedulerMegabytes: residentMegabytes,
    apiServerMegabytes: null,
    writes: null,
    writesPerPod: null,
    domainsPerGang: judged.domainsPerGang,
    domainCounts: judged.domainCounts,
    brokenPreferences: judged.brokenPreferences,
    partialGangs: judged.partialGangs,
    brokenUntold: judged.brokenUntold,
    curve: [],
    trace: null,
  }
}
