/** The whole product in one process and in virtual time: embedded cluster, operator, scheduler. */
import type { KubeObject, NewObject, Node, Pod } from '../api/kinds/kubernetes.ts'
import { SCHEDULER_NAME } from '../api/names.ts'
import { parseManifests } from '../cli/input.ts'
import { ResourceFinder } from '../cli/resource-of.ts'
import { createMissing, installCrds, type Running, startHalves } from '../cli/serve.ts'
import { createOperator } from '../operator/operator.ts'
import type { KubeClient } from '../kube/client.ts'
import { silentLog } from '../kube/log.ts'
import { seededRandom } from '../kube/random.ts'
import { PODS, type ResourceType } from '../kube/resources.ts'
import { VirtualClock } from '../sim/clock.ts'
import { type Cluster, createCluster } from '../sim/cluster.ts'

export interface InProcess {
  readonly clock: VirtualClock
  readonly cluster: Cluster
  readonly client: KubeClient
  readonly halves: Running
  /** Creates every object of a YAML text in `default`; throws what the server refused. */
  apply(yaml: string): Promise<void>
  /** Until nothing can change any more. Throws when that does not come to pass within a virtual day. */
  settle(): Promise<void>
  list<T extends KubeObject>(type: ResourceType): Promise<readonly T[]>
  stop(): Promise<void>
}

export const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true

export async function startInProcess(options: { nodes: readonly NewObject[]; seed?: number }): Promise<InProcess> {
  const clock = new VirtualClock()
  const random = seededRandom(options.seed ?? 1)
  const cluster = createCluster({ clock, random, nodes: [...options.nodes] as Node[] })
  const { client } = cluster
  const during = <T>(work: Promise<T>): Promise<T> => clock.during(work)
  await during(cluster.start())
  await during(installCrds(client, clock))
  const halves = startHalves(
    { client, clock, random, log: silentLog },
    { operator: createOperator, scheduler: true, schedulerNames: [SCHEDULER_NAME], defaultPack: 'narrowest' },
  )
  await during(halves.ready)
  return {
    clock,
    cluster,
    client,
    halves,
    apply: (yaml) => during(applyAll(client, yaml)),
    async settle() {
      const { isSettled } = await clock.runUntilSettled({ maxVirtualMs: 24 * 3_600_000 })
      if (!isSettled)
        throw new Error(`not settled within a virtual day: ${JSON.stringify(clock.pending().slice(0, 5))}`)
    },
    list: <T extends KubeObject>(type: ResourceType) => during(listAll<T>(client, type)),
    async stop() {
      await during(halves.stop())
      await during(cluster.stop())
    },
  }
}

async function applyAll(client: KubeClient, yaml: string): Promise<void> {
  const input = parseManifests('test', yaml)
  if (input.kind === 'unreadable') throw new Error(input.errors.join('\n'))
  const finder = new ResourceFinder(client)
  for (const { object } of input.manifests) {
    const type = await finder.find(object.apiVersion, object.kind)
    const placed = { ...object, metadata: { namespace: 'default', ...object.metadata } }
    const refused = await createMissing(client, [type?.namespaced === false ? object : placed], () => type)
    if (refused.length > 0) throw new Error(refused.join('\n'))
  }
}

async function listAll<T extends KubeObject>(client: KubeClient, type: ResourceType): Promise<readonly T[]> {
  const answer = await client.list<T>(type)
  if (answer.kind === 'failure') throw new Error(answer.message)
  return answer.value.items
}

export const podsOf = (world: InProcess): Promise<readonly Pod[]> => world.list<Pod>(PODS)
