import type { NewObject, Node } from '../api/kinds/kubernetes.ts'
import { SYSTEM_NAMESPACE } from '../api/names.ts'
import type { KubeClient } from '../kube/client.ts'
import { type Clock, timestamp } from '../kube/clock.ts'
import { eventRecorder } from '../kube/events/recorder.ts'
import { kubeClient } from '../kube/kube-client.ts'
import { type Random, seededRandom } from '../kube/random.ts'
import type { Transport } from '../kube/transport.ts'
import type { Controller } from './controllers/controller.ts'
import { EndpointController } from './controllers/endpoints.ts'
import { GarbageCollector, type UnknownOwners } from './controllers/garbage.ts'
import { AutoscalerController, type Metrics } from './controllers/autoscaler.ts'
import { BudgetController } from './controllers/budget.ts'
import { NamespaceController, ROOT_CA_CONFIG_MAP } from './controllers/namespace.ts'
import { NodeLifecycle } from './controllers/node-lifecycle.ts'
import { PodGarbage } from './controllers/pod-garbage.ts'
import { TaintEviction } from './controllers/taint-eviction.ts'
import { TokenController } from './controllers/token.ts'
import { DeploymentController } from './controllers/workloads/deployment.ts'
import { JobController } from './controllers/workloads/job.ts'
import { ReplicaSetController } from './controllers/workloads/replica-set.ts'
import { StatefulSetController } from './controllers/workloads/stateful-set.ts'
import { type Faults, faultsOf } from './faults.ts'
import { Informers } from './informers.ts'
import { kubeconfigText } from './kubeconfig.ts'
import { seededDelays } from './nodes/delays.ts'
import { Kubelet } from './nodes/kubelet.ts'
import { NodeAgent } from './nodes/node-agent.ts'
import { missingStatus } from './nodes/node-status.ts'
import { ApiError } from './server/api-error.ts'
import { type ApiServer, createApiServer } from './server/api-server.ts'
import type { Persistence } from './server/persistence.ts'
import { simulatedStreams } from './streams/streams.ts'

export interface ClusterOptions {
  readonly clock: Clock
  readonly random: Random
  /** Where the cluster's objects outlive the process. What is stored there stands in place of `nodes`. */
  readonly persistence?: Persistence
  /** Delays of simulated nodes are drawn from it and the pods' names. Default 1. */
  readonly seed?: number
  readonly nodes?: readonly NewObject[]
  /** What autoscalers read. Default: the annotation `espalier.io/simulated-metrics` of the scaled object. */
  readonly metrics?: Metrics
  readonly onTrouble?: (message: string) => void
  /** Default true. False: pods and nodes are only what is written of them, and nobody minds that no kubelet runs. */
  readonly kubelets?: boolean
  /** Default `gone`: what names an owner that is not there is deleted. */
  readonly unknownOwners?: UnknownOwners
}

/** A Kubernetes cluster in this process: API server, controllers and simulated nodes. */
export interface Cluster {
  readonly server: ApiServer
  readonly transport: Transport
  readonly client: KubeClient
  readonly faults: Faults
  /** Resolves when every controller has seen the cluster once. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Serves HTTP on 127.0.0.1; port 0 takes a free one. */
  listen(port: number): Promise<{ readonly url: string; readonly port: number; close(): Promise<void> }>
  /** A kubeconfig for this cluster at `url`; it holds no credential, as the server asks for none. */
  kubeconfig(url: string): string
  /**
   * Puts an object in as it stands: uid, creationTimestamp and status are kept. Null, or why the API would refuse it.
   * Fields that the kind does not know are left out and named in `warnings`.
   */
  load(object: NewObject, warnings?: string[]): Promise<string | null>
}

export function createCluster(options: ClusterOptions): Cluster {
  const { clock, random, nodes = [], persistence } = options
  const server = createApiServer({ clock, random, ...(persistence && { persistence }) })
  const client = kubeClient(server.transport)
  const parts = new Parts(options, server, kubeClient(server.held))
  server.registerPodStreams(simulatedStreams({ clock, kubelet: parts.kubelet }))
  const boot: NewObject[] = [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM_NAMESPACE } }, ...nodes]
  const isNew = (persistence?.stored ?? null) === null
  if (isNew) {
    for (const object of boot) seedBare(server, object, clock)
    persistence?.begun()
  }
  return {
    server,
    transport: server.transport,
    client,
    faults: parts.faults,
    start: () => parts.start(),
    stop: async () => {
      await parts.stop()
      server.stop()
    },
    listen: (port) => server.listen({ port }),
    kubeconfig: kubeconfigText,
    load: (object, warnings) => Promise.resolve(refusalOfSeed(server, object, options, warnings ?? [])),
  }
}

/** Nodes come registered; generated objects leave to the server what only it can know. */
function seedBare(server: ApiServer, object: NewObject, clock: Clock, warnings: string[] = []): void {
  const { uid, resourceVersion: _, creationTimestamp, ...metadata } = object.metadata
  const given = { ...(uid ? { uid } : {}), ...(creationTimestamp ? { creationTimestamp } : {}) }
  const at = timestamp(clock.nowMs())
  const registered =
    object.kind === 'Node' ? { status: { ...(object as Node).status, ...missingStatus(object as Node, at) } } : {}
  server.seed({ ...object, ...registered, metadata: { ...metadata, ...given } }, warnings)
}

function refusalOfSeed(
  server: ApiServer,
  object: NewObject,
  { clock, onTrouble }: ClusterOptions,
  warnings: string[],
): string | null {
  try {
    seedBare(server, object, clock, warnings)
    return null
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    if (isFurniture(object, error.status.reason)) return null
    onTrouble?.(error.message)
    return error.message
  }
}

/** What every cluster has from the start may come in a file as well. */
function isFurniture({ kind, metadata: { name, namespace } }: NewObject, reason: string | undefined): boolean {
  if (kind === 'Service') return name === 'kubernetes' && namespace === 'default' // its address is taken
  if (reason !== 'AlreadyExists') return false
  if (kind === 'Namespace') return true
  return kind === 'ServiceAccount' ? name === 'default' : kind === 'ConfigMap' && name === ROOT_CA_CONFIG_MAP
}

/** Everything that acts on the cluster's objects, through its client, started and stopped together. */
class Parts {
  readonly kubelet: Kubelet
  readonly faults: Faults
  readonly #informers: Informers
  readonly #controllers: readonly Controller[]

  constructor(options: ClusterOptions, server: ApiServer, client: KubeClient) {
    const { clock, random, seed = 1, metrics, persistence, onTrouble, kubelets = true } = options
    const trouble = onTrouble === undefined ? {} : { onTrouble }
    // A generator of its own: what the controllers draw does not move anybody else's numbers.
    // Names that outlive the process must not be drawn again by the next one.
    const own = persistence === undefined ? seededRandom(seed) : random
    const common = { client, clock, random: own, ...trouble }
    this.#informers = new Informers(common)
    const context = { ...common, informers: this.#informers, transport: server.held }
    const recorder = eventRecorder({ client, clock, component: 'kubelet' })
    const lifecycle = new NodeLifecycle(context, (node) => agent.isAlive(node))
    const agent: NodeAgent = new NodeAgent({
      ...context,
      onLife: (node, isAlive) => {
        lifecycle.heard(node)
        if (isAlive) this.kubelet.refreshNode(node)
      },
    })
    this.kubelet = new Kubelet({
      ...context,
      delays: seededDelays(seed),
      tell: (pod, type, reason, message) => recorder.event(pod, type, reason, message),
      isAlive: (node) => agent.isAlive(node),
    })
    this.faults = faultsOf(this.kubelet, agent, client)
    this.#controllers = [
      new NamespaceController(context),
      new TokenController(context),
      new GarbageCollector(context, options.unknownOwners ?? 'gone'),
      new PodGarbage(context),
      ...(kubelets ? [lifecycle, new TaintEviction(context)] : []),
      new BudgetController(context),
      new EndpointController(context),
      new AutoscalerController(context, metrics),
      new ReplicaSetController(context),
      new DeploymentController(context),
      new StatefulSetController(context),
      new JobController(context),
      ...(kubelets ? [agent, this.kubelet] : []),
      { start: () => {}, stop: () => recorder.stop() },
    ]
  }

  async start(): Promise<void> {
    this.#informers.start()
    await this.#informers.synced()
    for (const controller of this.#controllers) controller.start()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#controllers.map((controller) => controller.stop()))
    await this.#informers.stop()
  }
}
