import type { KubeObject, NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import type { KubeClient } from '../../kube/client.ts'
import { seededRandom } from '../../kube/random.ts'
import { PODS, type ResourceType } from '../../kube/resources.ts'
import { type Settled, VirtualClock } from '../../sim/clock.ts'
import { type Cluster, type ClusterOptions, createCluster } from '../../sim/cluster.ts'

/** A simulated cluster in virtual time, and what tests ask of it. */
export interface World {
  readonly clock: VirtualClock
  readonly cluster: Cluster
  readonly client: KubeClient
  /** Lets time pass while `work` waits for it. */
  during<T>(work: Promise<T>): Promise<T>
  settle(): Promise<Settled>
  create<T extends KubeObject>(type: ResourceType, object: NewObject): Promise<T>
  get<T extends KubeObject>(type: ResourceType, name: string, namespace?: string): Promise<T | null>
  list<T extends KubeObject>(type: ResourceType, namespace?: string): Promise<readonly T[]>
  pod(name: string): Promise<Pod>
  stop(): Promise<void>
}

const DAY_MS = 86_400_000

/** `loaded` is there before anything starts. */
export async function startWorld(
  options: Partial<ClusterOptions> = {},
  loaded: readonly NewObject[] = [],
): Promise<World> {
  const clock = new VirtualClock()
  const seed = Number(process.env['SEED'] ?? 1)
  const cluster = createCluster({ clock, random: seededRandom(seed), seed, nodes: [node('n1')], ...options })
  const { client } = cluster
  for (const object of loaded) {
    const refusal = await cluster.load(object)
    if (refusal !== null) throw new Error(refusal)
  }
  const during = <T>(work: Promise<T>): Promise<T> => clock.during(work, { maxVirtualMs: DAY_MS })
  await during(cluster.start())
  const get = async <T extends KubeObject>(
    type: ResourceType,
    name: string,
    namespace = 'default',
  ): Promise<T | null> => {
    const answer = await during(client.get<T>(type, { namespace: type.namespaced ? namespace : '', name }))
    return answer.kind === 'failure' && answer.status === 404 ? null : valueOrThrow(answer)
  }
  return {
    clock,
    cluster,
    client,
    during,
    settle: () => clock.runUntilSettled({ maxVirtualMs: DAY_MS }),
    create: async <T extends KubeObject>(type: ResourceType, object: NewObject) => {
      const namespace = type.namespaced ? { namespace: 'default' } : {}
      const placed = { ...object, metadata: { ...namespace, ...object.metadata } }
      return valueOrThrow(await during(client.create<T>(type, placed)))
    },
    get,
    list: async <T extends KubeObject>(type: ResourceType, namespace?: string) =>
      valueOrThrow(await during(client.list<T>(type, namespace === undefined ? {} : { namespace }))).items,
    pod: async (name) => {
      const found = await get<Pod>(PODS, name)
      if (found === null) throw new Error(`no pod ${name}`)
      return found
    },
    stop: () => during(cluster.stop()),
  }
}

export const node = (name: string, allocatable: Record<string, string> = {}): NewObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'kubernetes.io/hostname': name } },
  status: { allocatable: { cpu: '8', memory: '32Gi', pods: '110', 'nvidia.com/gpu': '4', ...allocatable } },
})

/** A pod on n1 with one container `main`; `spec` and `container` are laid over it. */
export const podObject = (name: string, spec: object = {}, container: object = {}): NewObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: 'test' } },
  spec: { nodeName: 'n1', containers: [{ name: 'main', image: 'example/image:1', ...container }], ...spec },
})

export const conditionOf = (pod: Pod, type: string): string | undefined =>
  pod.status?.conditions?.find((condition) => condition.type === type)?.status

export const waitingOf = (pod: Pod): { reason?: string; message?: string } | undefined =>
  pod.status?.containerStatuses?.[0]?.state?.waiting

/** A field that no type names, as the test knows it to be; throws if there is no object. */
export function partOf<T>(object: KubeObject | null, field: string): T {
  if (object === null) throw new Error(`no object, so no ${field}`)
  return object[field] as T
}
