import { GCProfiler, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { youngGenerationLimit } from '../../cli/young-generation.ts'
import { seededRandom } from '../../kube/random.ts'
import type { NodeFacts } from '../../scheduler/state/node-facts.ts'
import type { PodFacts } from '../../scheduler/state/pod-facts.ts'
import type { Line } from '../harness.ts'
import { domainsPerGang, faultsOf } from './checker.ts'
import { createDesk, type Desk } from './desk.ts'
import { fencesOf, shutNodes } from './fences.ts'
import { type Arrivals, arrivalsOf, nodesOf } from './objects.ts'
import type { Level, Scenario } from './scenario.ts'

const levelsOf = ({ id }: Scenario): readonly Level[] =>
  id === 'domains-9600' ? ['rack', 'pair', 'host'] : ['zone', 'rack', 'host']

/**
 * Runs a scenario in fresh states and gives the median. Each state has seen pods of another shape before, so its node
 * table and topology stand; the class that is timed is cold unless the scenario says warm. Throws where the checker
 * finds a fault, so no figure is printed for work that was not done.
 */
export function measure(scenario: Scenario, seed: number, shapes: number, repetitions: number): Line {
  const nodes = nodesFor(scenario)
  const runs = Array.from({ length: repetitions }, () => {
    const run = runOnce(scenario, nodes, seed, shapes)
    return { ...run.timing, facts: judged(scenario, nodes, run) }
  })
  const ms = runs.map((run) => run.ms).sort((a, b) => a - b)[Math.floor(repetitions / 2)] ?? 0
  const cpuMs = runs.map((run) => run.cpuMs).sort((a, b) => a - b)[Math.floor(repetitions / 2)] ?? 0
  const { bytes, facts } = runs.at(-1)!
  const { peer, reachMs } = scenario
  return {
    scenario: scenario.id,
    ms: Math.round(ms * 1_000) / 1_000,
    ok: true,
    seed,
    facts: {
      ...(peer === null ? {} : { peer: peer.name, peerMs: peer.ms, timesFaster: round(peer.ms / ms) }),
      ...(reachMs === 0 ? {} : { reachMs, ofReach: round(ms / reachMs) }),
      cpuMs: round(cpuMs),
      bytes,
      ...facts,
    },
  }
}

/** Rehearsals and rows side by side have the same nodes. */
let lastNodes: { readonly grid: string; readonly nodes: readonly NodeFacts[] } | null = null

function nodesFor(scenario: Scenario): readonly NodeFacts[] {
  const grid = scenario.cluster.join('x')
  if (lastNodes?.grid !== grid) lastNodes = { grid, nodes: nodesOf(scenario) }
  return lastNodes.nodes
}

const round = (value: number): number => Math.round(value * 100) / 100

/**
 * A scheduler at work always knows some pods and gangs. Without any, V8 throws their hidden classes away, and with those the
 * code that was compiled for them: so the run before stays there while the next is made.
 */
const stays: { desk: Desk | null } = { desk: null }

interface Run {
  readonly timing: { readonly ms: number; readonly cpuMs: number; readonly bytes: number }
  readonly desk: Desk
  readonly arrivals: Arrivals
  readonly fences: readonly PodFacts[]
}

/** The same work, of which nothing is printed and which nobody judges. */
export function rehearse(scenario: Scenario, seed: number, shapes: number): void {
  runOnce(scenario, nodesFor(scenario), seed, shapes)
}

function runOnce(scenario: Scenario, nodes: readonly NodeFacts[], seed: number, shapes: number): Run {
  const random = seededRandom(seed)
  const desk = createDesk(nodes, levelsOf(scenario))
  const before = { ...scenario, gangs: 1, groups: scenario.groups.map((group) => ({ ...group, pods: 1 })) }
  // Another shape and another gang than what is timed: it only makes the node table and the index.
  const other = before.groups.map((group) => ({ ...group, cpu: group.cpu + 1 }))
  desk.timed(arrivalsOf({ ...before, groups: other, isHopeless: true }, 'before', 1, random), 1)
  if (scenario.isWarm) desk.timed(arrivalsOf(before, 'warm', shapes, random), 1)
  for (const { uid } of [...desk.cluster.pods()]) desk.cluster.deletePod(uid)
  const fences = scenario.isFenced ? fencesOf(nodes) : []
  for (const pod of fences) desk.cluster.setPod(pod)
  const arrivals = arrivalsOf(scenario, 'g', shapes, random)
  settleSetup()
  const counter = allocations()
  const cpu = process.threadCpuUsage()
  const ms = desk.timed(arrivals, scenario.gangs)
  const { user, system } = process.threadCpuUsage(cpu)
  const bytes = counter()
  stays.desk = desk
  return { timing: { ms, cpuMs: (user + system) / 1_000, bytes }, desk, arrivals, fences }
}

/** Throws where the checker finds a fault. */
function judged(scenario: Scenario, nodes: readonly NodeFacts[], run: Run): Record<string, number> {
  const { desk, arrivals, fences } = run
  const placed = nodeOfEach(desk, arrivals.pods)
  const all = [...desk.cluster.pods()]
  const faults = faultsOf(scenario, nodes, arrivals.pods, placed)
  // Beside others they must fit too; alone they are judged already.
  const isAlone = all.length === arrivals.pods.length
  if (!scenario.isHopeless && !isAlone) {
    faults.push(...faultsOf({ ...scenario, groups: [] }, nodes, all, nodeOfEach(desk, all)))
  }
  const shut = shutNodes(fences)
  for (const [pod, node] of placed) if (shut.has(node)) faults.push(`${pod} is on ${node}, where it is kept out`)
  if (faults.length > 0) throw new Error(`${scenario.id}: ${faults.slice(0, 5).join('; ')}`)
  const racks = round(domainsPerGang('rack', nodes, arrivals.pods, placed))
  return { pods: arrivals.pods.length, nodes: nodes.length, racksPerGang: racks }
}

function nodeOfEach({ cluster }: Desk, pods: readonly PodFacts[]): ReadonlyMap<string, string> {
  const placed = new Map<string, string>()
  for (const pod of pods) {
    const node = cluster.nodeOf(pod)
    if (node !== null) placed.set(pod.name, node)
  }
  return placed
}

/**
 * What set-up left behind is no work of the scheduler: pods that were made a moment ago, and stay, would be copied in
 * the first collection that falls into the time measured. Two scavenges make old objects of them. (A full collection
 * would also throw code and its feedback away, and what is timed then is how fast it comes back.)
 */
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (options: { readonly type: 'minor' }) => void

function settleSetup(): void {
  collect({ type: 'minor' })
  collect({ type: 'minor' })
  limitYoung()
}

/** As in the scheduler's own process. */
const limitYoung = youngGenerationLimit()

/** Bytes that came to the heap since, collected ones too. */
function allocations(): () => number {
  const profiler = new GCProfiler()
  profiler.start()
  const first = heapBytes()
  return () => {
    let allocated = 0
    let last = first
    const end = heapBytes()
    for (const { beforeGC, afterGC } of profiler.stop()?.statistics ?? []) {
      allocated += Math.max(0, sizeOf(beforeGC) - last)
      last = sizeOf(afterGC)
    }
    return allocated + Math.max(0, end - last)
  }
}

const heapBytes = (): number => {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const sizeOf = ({ heapStatistics }: { heapStatistics: { usedHeapSize: number; externalMemory: number } }): number =>
  heapStatistics.usedHeapSize + heapStatistics.externalMemory
