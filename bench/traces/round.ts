import type { Words } from '../peers/adapter.ts'
import { podGang } from '../peers/pod-gang.ts'
import { messageOf } from '../../cli/command.ts'
import { type Figures, type Outcome, rounded, type TraceFigures } from '../runs/result.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { runCourse } from './course.ts'
import { jobsOf } from './jobs.ts'
import { rivalOf } from './rivals.ts'
import { worldOf } from './world.ts'

/** A blind scheduler cannot be told a level; the others are judged by it. */
export const BLIND: Words = { gang: true, required: 'nothing', preferred: false }

/** Virtual time: the same each time, so a round tells as much as ten. */
export async function runTrace(scenario: Scenario, rival: string): Promise<Outcome> {
  const { workload, cluster } = scenario
  if (workload.kind !== 'trace') throw new Error(`${scenario.name} is no trace`)
  const { trace } = workload
  const world = worldOf(trace, cluster)
  const jobs = jobsOf(trace, world.nodes.length * world.gpusANode)
  const startMs = performance.now()
  try {
    const course = { world, jobs, packs: trace.packs, words: rival === 'blind' ? BLIND : podGang.words }
    const figures = runCourse(rivalOf(rival, world, trace.packs), course)
    if (figures.started < jobs.length)
      return { kind: 'unbound', bound: figures.started, of: jobs.length, seconds: 0, words: 'jobs that never started' }
    return { kind: 'measured', figures: aroundTrace(figures, world.nodes.length, performance.now() - startMs) }
  } catch (error) {
    return { kind: 'wrong', faults: [messageOf(error)] }
  }
}

/** Of a trace the figures of a control plane mean nothing. */
export const aroundTrace = (trace: TraceFigures, nodes: number, ms: number): Figures => ({
  pods: trace.started,
  nodes,
  ms: rounded(ms),
  podsPerSecond: 0,
  firstMs: 0,
  gangMs: null,
  schedulerCpuMs: null,
  apiServerCpuMs: null,
  etcdCpuMs: null,
  schedulerMegabytes: null,
  apiServerMegabytes: null,
  writes: null,
  writesPerPod: null,
  domainsPerGang: {},
  domainCounts: {},
  brokenPreferences: trace.brokenPreferences,
  partialGangs: 0,
  brokenUntold: 0,
  curve: [],
  trace,
})
