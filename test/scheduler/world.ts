/** The embedded cluster with the scheduler alone: manifests in, placements out, in virtual time. */
import type { KubeObject, NewObject, Node, Pod } from '../../api/kinds/kubernetes.ts'
import type { PodGang } from '../../api/generated/kinds.ts'
import { installCrds } from '../../cli/serve.ts'
import type { KubeClient } from '../../kube/client.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { type Log, silentLog } from '../../kube/log.ts'
import { seededRandom } from '../../kube/random.ts'
import { NODES, POD_GANGS, PODS, type ResourceType } from '../../kube/resources.ts'
import type { Transport } from '../../kube/transport.ts'
import type { Memory } from '../../scheduler/memory.ts'
import type { SchedulerMetrics } from '../../scheduler/counted.ts'
import { createScheduler, type Scheduler } from '../../scheduler/scheduler.ts'
import { VirtualClock } from '../../sim/clock.ts'
import { type Cluster, createCluster } from '../../sim/cluster.ts'

export interface WorldOptions {
  readonly nodes: readonly NewObject[]
  readonly schedulerNames?: readonly string[]
  readonly gatherMs?: number
  /** What schedulers on this cluster hand on. */
  readonly memory?: Memory
  /** Default: none is written. */
  readonly log?: Log
  /** Default: nothing is counted. */
  readonly metrics?: SchedulerMetrics
  /** Default: true. */
  readonly hasCrds?: boolean
  /** What stands between the scheduler and the server: faults. */
  readonly wrap?: (transport: Transport, clock: VirtualClock) => Transport
}

export interface World {
  readonly clock: VirtualClock
  readonly cluster: Cluster
  /** The tests' own client, without faults. */
  readonly client: KubeClient
  readonly scheduler: Scheduler
  create(...objects: readonly NewObject[]): Promise<void>
  during<T>(work: Promise<T>): Promise<T>
  settle(): Promise<void>
  pass(ms: number): Promise<void>
  pods(): Promise<readonly Pod[]>
  gang(name: string): Promise<PodGang>
  /** name → node, for pods with a node. */
  placed(): Promise<Record<string, string>>
  /** Stops the scheduler and starts another on the same cluster. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startWorld(options: WorldOptions): Promise<World> {
  const clock = new VirtualClock()
  const random = seededRandom(Number(process.env['SEED'] ?? 1))
  const cluster = createCluster({ clock, random, nodes: [...options.nodes] as Node[] })
  const { client } = cluster
  const transport = options.wrap?.(cluster.transport, clock) ?? cluster.transport
  const start = (): Scheduler => {
    const { schedulerNames, gatherMs, memory, metrics } = options
    const scheduler = createScheduler({
      client: kubeClient(transport),
      clock,
      random,
      log: options.log ?? silentLog,
      ...(metrics === undefined ? {} : { metrics }),
      ...(schedulerNames === undefined ? {} : { schedulerNames }),
      ...(gatherMs === undefined ? {} : { gatherMs }),
      ...(memory === undefined ? {} : { memory }),
    })
    scheduler.start()
    return scheduler
  }
  const during = <T>(work: Promise<T>): Promise<T> => clock.during(work)
  await during(cluster.start())
  const refused = options.hasCrds === false ? [] : await during(installCrds(client, clock))
  if (refused.length > 0) throw new Error(refused.join('\n'))
  let scheduler = start()
  const list = async <T extends KubeObject>(type: ResourceType): Promise<readonly T[]> => {
    const answer = await during(client.list<T>(type))
    if (answer.kind === 'failure') throw new Error(answer.message)
    return answer.value.items
  }
  return {
    clock,
    cluster,
    client,
    get scheduler() {
      return scheduler
    },
    during,
    async create(...objects) {
      for (const object of objects) {
        const type = { Pod: PODS, PodGang: POD_GANGS, Node: NODES }[object.kind]
        if (type === undefined) throw new Error(`no type for ${object.kind}`)
        const answer = await during(client.create(type, object))
        if (answer.kind === 'failure') throw new Error(`${object.kind} ${object.metadata.name}: ${answer.message}`)
      }
    },
    async settle() {
      const { isSettled } = await clock.runUntilSettled({ maxVirtualMs: 24 * 3_600_000 })
      if (!isSettled) throw new Error(`not settled: ${JSON.stringify(clock.pending().slice(0, 5))}`)
    },
    async pass(ms) {
      const until = clock.monotonicMs() + ms
      await clock.runUntil(() => clock.monotonicMs() >= until, { maxVirtualMs: ms })
    },
    pods: () => list<Pod>(PODS),
    async gang(name) {
      const found = (await list<PodGang>(POD_GANGS)).find(({ metadata }) => metadata.name === name)
      if (found === undefined) throw new Error(`no PodGang ${name}`)
      return found
    },
    async placed() {
      const pods = await list<Pod>(PODS)
      return Object.fromEntries(
        pods.flatMap(({ metadata, spec }) => (spec.nodeName ? [[metadata.name, spec.nodeName] as const] : [])),
      )
    },
    async restart() {
      await during(scheduler.stop())
      scheduler = start()
    },
    async stop() {
      await during(scheduler.stop())
      await during(cluster.stop())
    },
  }
}
