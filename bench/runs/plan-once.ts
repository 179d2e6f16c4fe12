import type { KubeObject, NewObject } from '../../api/kinds/kubernetes.ts'
import { seededRandom } from '../../kube/random.ts'
import { projectGang } from '../../scheduler/state/gang-facts.ts'
import { type NodeFacts, projectNode } from '../../scheduler/state/node-facts.ts'
import { projectPod } from '../../scheduler/state/pod-facts.ts'
import type { TopologyDeclaration } from '../../topology/index.ts'
import type { Place } from '../peers/adapter.ts'
import { podGang } from '../peers/pod-gang.ts'
import type { Arrivals } from '../planner/objects.ts'
import { createCutOffLoop, turnClock } from '../planner/cut-off-loop.ts'
import { LEVEL_KEYS, type Level, type Scenario } from '../scenario/scenario.ts'
import { gangsOf, nodeObjects, write, type Written } from './work.ts'

export interface PlanOrder {
  readonly scenario: Scenario
  readonly round: number
}

export interface Planned {
  /** From the first arrival to the last commitment, one thread. */
  readonly ms: number
  /** The same in code that ran for the first time. */
  readonly coldMs: number
  readonly cpuMs: number
  readonly residentMegabytes: number
  /** Pod → node. */
  readonly placed: Readonly<Record<string, string>>
}

export const PLACE: Place = { namespace: 'bench', schedulerName: podGang.schedulerName }

/** As an API server hands it out. */
const served = (object: NewObject): KubeObject => {
  const { name = '' } = object.metadata
  const given = { name, uid: `${object.kind}-${name}`, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
  return { ...object, metadata: { ...object.metadata, ...given } }
}

export const declarationFor = (levels: readonly Level[]): TopologyDeclaration => ({
  name: 'default',
  levels: [...levels, 'host' as const].map((name) => ({ name, key: LEVEL_KEYS[name], within: 'parent' as const })),
  nodes: [],
})

export const nodeFactsOf = (node: NewObject): NodeFacts => projectNode(served(node)).facts

/** What reaches the scheduler's state. */
export const factsOf = (works: readonly Written[]): Arrivals => ({
  gangs: works.flatMap(({ objects }) => objects.map(({ object }) => projectGang(served(object)).facts)),
  pods: works.flatMap(({ pods }) =>
    pods.map((pod) => projectPod(served({ ...pod, status: { phase: 'Pending' } })).facts),
  ),
})

/** The gangs of a round, in the order in which they arrive. */
export const workOfRound = ({ scenario: { workload, seed }, round }: PlanOrder): ReturnType<typeof gangsOf> =>
  workload.kind === 'gangs' ? gangsOf(workload.gangs, `r${round}-`, seededRandom(seed + round)) : []

export function planOnce(order: PlanOrder): Omit<Planned, 'coldMs' | 'residentMegabytes'> {
  const { cluster: shape } = order.scenario
  const { gangs, pods } = factsOf(workOfRound(order).map((gang) => write(gang, podGang, PLACE)))
  const nodes = nodeObjects(shape).map(nodeFactsOf)
  const turns: (() => void)[] = []
  const { cluster, loop } = createCutOffLoop(
    turnClock(turns),
    nodes,
    declarationFor(shape.levels.map(({ name }) => name)),
  )
  loop.start()
  const run = (): void => {
    for (let turn = turns.pop(); turn !== undefined; turn = turns.pop()) turn()
  }
  run()
  const cpu = process.threadCpuUsage()
  const startMs = performance.now()
  for (const gang of gangs) cluster.setGang(gang)
  for (const pod of pods) cluster.setPod(pod)
  loop.notify()
  run()
  const ms = performance.now() - startMs
  const { user, system } = process.threadCpuUsage(cpu)
  const placed = pods.flatMap((pod) => {
    const node = cluster.nodeOf(pod)
    return node === null ? [] : [[pod.name, node] as const]
  })
  return { ms, cpuMs: (user + system) / 1_000, placed: Object.fromEntries(placed) }
}
