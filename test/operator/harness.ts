import { parse } from 'yaml'
import { crdOf } from '../../api/crd.ts'
import { KINDS } from '../../api/kinds/all.ts'
import type { KubeObject, NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import type { KubeClient } from '../../kube/client.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { silentLog } from '../../kube/log.ts'
import { seededRandom } from '../../kube/random.ts'
import { reflector } from '../../kube/reflector/reflector.ts'
import { CRDS, NODES, PODS, type ResourceType } from '../../kube/resources.ts'
import type { HttpRequest, Transport } from '../../kube/transport.ts'
import type { OperatorConfig } from '../../operator/config.ts'
import type { MakeReconciler } from '../../operator/reconciler.ts'
import { createOperator, type Operator } from '../../operator/operator.ts'
import { createScheduler } from '../../scheduler/scheduler.ts'
import { VirtualClock } from '../../sim/clock.ts'
import { createCluster, type Cluster } from '../../sim/cluster.ts'

/**
 * Operator and embedded cluster in virtual time; pods without a gate go to nodes in turn, `mayBind` permitting, or are
 * placed by our own scheduler.
 */
export interface Harness {
  readonly cluster: Cluster
  readonly clock: VirtualClock
  readonly client: KubeClient
  /** Requests of the operator that are no reads, in order: `POST /api/v1/namespaces/default/pods`. */
  readonly writes: string[]
  readonly trouble: string[]
  /** Pods that the binder may bind; default all. */
  mayBind: (pod: Pod) => boolean
  create(type: ResourceType, object: NewObject): Promise<KubeObject>
  apply(type: ResourceType, yaml: string): Promise<KubeObject>
  patch(type: ResourceType, name: string, patch: object, subresource?: 'status' | 'scale'): Promise<void>
  remove(type: ResourceType, name: string): Promise<void>
  list<T extends KubeObject>(type: ResourceType): Promise<T[]>
  get<T extends KubeObject>(type: ResourceType, name: string): Promise<T>
  settle(): Promise<void>
  restartOperator(): Promise<void>
  /** Another takes over at once; the one before is given no more time than its transport gives it. Never awaited. */
  replaceOperator(): void
  stopOperator(): Promise<void>
  stop(): Promise<void>
}

const NAMESPACE = 'default'
const SETTLE_MS = 3_600_000

export async function startHarness(
  options: {
    nodes?: readonly NewObject[]
    config?: Partial<OperatorConfig>
    seed?: number
    hasScheduler?: boolean
    reconcilers?: readonly MakeReconciler[]
    /** What each operator that is started sees the API through. */
    through?: (transport: Transport) => Transport
  } = {},
): Promise<Harness> {
  const clock = new VirtualClock()
  const cluster = createCluster({
    clock,
    random: seededRandom(options.seed ?? 1),
    seed: options.seed ?? 1,
    nodes: options.nodes ?? plainNodes(8),
  })
  const { client } = cluster
  const { through = (transport) => transport } = options
  const writes: string[] = []
  const trouble: string[] = []
  const log = {
    ...silentLog,
    warn: (message: string, facts?: object) => trouble.push(`${message} ${JSON.stringify(facts)}`),
  }
  const during = <T>(work: Promise<T>): Promise<T> => clock.during(work, { maxVirtualMs: SETTLE_MS })
  const makeOperator = (): Operator =>
    createOperator({
      client: kubeClient(through(recording(cluster.transport, writes))),
      clock,
      random: seededRandom(options.seed ?? 1),
      log,
      ...(options.config === undefined ? {} : { config: options.config }),
      ...(options.reconcilers === undefined ? {} : { reconcilers: options.reconcilers }),
    })
  await during(cluster.start())
  for (const kind of KINDS) valueOrThrow(await during(client.create(CRDS, crdOf(kind))))
  let operator = makeOperator()
  const ends: Promise<void>[] = []
  const scheduler =
    options.hasScheduler === true ? createScheduler({ client, clock, random: seededRandom(5), log: silentLog }) : null
  const binder = scheduler ?? startBinder(clock, client, (pod) => harness.mayBind(pod))
  scheduler?.start()
  operator.start()
  await during(operator.ready)
  const harness: Harness = {
    cluster,
    clock,
    client,
    writes,
    trouble,
    mayBind: () => true,
    create: async (type, object) => {
      const metadata = { ...(type.namespaced ? { namespace: NAMESPACE } : {}), ...object.metadata }
      return valueOrThrow(await during(client.create(type, { ...object, metadata })))
    },
    apply: (type, yaml) => harness.create(type, parse(yaml) as NewObject),
    patch: async (type, name, patch, subresource) => {
      const write = subresource === undefined ? {} : { subresource }
      valueOrThrow(await during(client.mergePatch(type, { namespace: NAMESPACE, name }, patch, write)))
    },
    remove: async (type, name) => {
      valueOrThrow(await during(client.delete(type, { namespace: NAMESPACE, name })))
    },
    list: async <T extends KubeObject>(type: ResourceType) => {
      const page = valueOrThrow(await during(client.list<T>(type, type.namespaced ? { namespace: NAMESPACE } : {})))
      return [...page.items].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    },
    get: async <T extends KubeObject>(type: ResourceType, name: string) =>
      valueOrThrow(await during(client.get<T>(type, { namespace: NAMESPACE, name }))),
    settle: async () => {
      const { isSettled } = await clock.runUntilSettled({ maxVirtualMs: SETTLE_MS })
      if (!isSettled)
        throw new Error(`not settled: ${JSON.stringify(clock.pending().slice(0, 5))} ${trouble.slice(-3)}`)
    },
    restartOperator: async () => {
      await during(operator.stop())
      operator = makeOperator()
      operator.start()
      await during(operator.ready)
    },
    replaceOperator: () => {
      ends.push(operator.stop())
      operator = makeOperator()
      operator.start()
    },
    stopOperator: () => during(operator.stop()),
    stop: async () => {
      await during(Promise.all(ends))
      await during(operator.stop())
      await during(binder.stop())
      await during(cluster.stop())
    },
  }
  return harness
}

function recording(transport: Transport, writes: string[]): Transport {
  return {
    ...transport,
    stream: (request) => transport.stream(request),
    close: () => transport.close(),
    request: (request: HttpRequest) => {
      if (request.method !== 'GET' && !request.path.includes('/events'))
        writes.push(`${request.method} ${request.path}`)
      return transport.request(request)
    },
  }
}

function startBinder(
  clock: VirtualClock,
  client: KubeClient,
  mayBind: (pod: Pod) => boolean,
): { stop(): Promise<void> } {
  const nodes: string[] = []
  let turn = 0
  const bind = (pod: Pod): void => {
    const isWaiting = !pod.spec.nodeName && (pod.spec.schedulingGates ?? []).length === 0
    if (!isWaiting || pod.metadata.deletionTimestamp !== undefined || !mayBind(pod)) return
    const { name, namespace = '', uid } = pod.metadata
    const target = { apiVersion: 'v1', kind: 'Node', name: nodes[turn++ % nodes.length] ?? '' } as const
    void client.bind({ apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace, uid }, target })
  }
  const common = { client, clock, random: seededRandom(7) }
  const nodeFeed = reflector<KubeObject>({
    ...common,
    type: NODES,
    onDelta: ({ kind, object }) => {
      if (kind === 'added') nodes.push(object.metadata.name)
    },
  })
  const podFeed = reflector<Pod>({
    ...common,
    type: PODS,
    onDelta: ({ kind, object }) => {
      if (kind !== 'deleted') bind(object)
    },
  })
  nodeFeed.start()
  podFeed.start()
  return {
    stop: async () => {
      await Promise.all([nodeFeed.stop(), podFeed.stop()])
    },
  }
}

export function plainNodes(count: number, labels: Readonly<Record<string, string>> = {}): NewObject[] {
  return Array.from({ length: count }, (_, at) => {
    const name = `n${String(at + 1).padStart(2, '0')}`
    const resources = { cpu: '64', memory: '256Gi', pods: '110', 'ephemeral-storage': '100Gi', 'nvidia.com/gpu': '8' }
    return {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
      spec: {},
      status: { capacity: resources, allocatable: resources },
    }
  })
}

export const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false

export const names = (objects: readonly KubeObject[]): string[] => objects.map(({ metadata }) => metadata.name)
