/** The API server that a round runs on: the embedded one, a control plane of our own, or the cluster of a kubeconfig. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KubeObject, NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import { SYSTEM_NAMESPACE } from '../../api/names.ts'
import { Refused } from '../../cli/command.ts'
import { installCrds } from '../../cli/serve.ts'
import type { KubeClient } from '../../kube/client.ts'
import { type ClusterConfig, loadConfig, openServer } from '../../kube/config.ts'
import { realClock } from '../../kube/clock.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { NAMESPACES, NODES, PODS, SERVICE_ACCOUNTS } from '../../kube/resources.ts'
import type { Transport } from '../../kube/transport.ts'
import { kubeconfigText } from '../../sim/kubeconfig.ts'
import { type ControlPlane, NATIVE_GANGS, startControlPlane } from '../../test/controlplane/control-plane.ts'
import { createAll, inParallel, take } from '../load.ts'
import { startEmbedded } from '../servers.ts'
import type { Adapter } from '../peers/adapter.ts'
import { type MeasuredScheduler, startEspalier } from './processes.ts'

export interface Connection {
  readonly kubeconfig: string
  readonly config: ClusterConfig
  readonly transport: Transport
  readonly client: KubeClient
}

export interface TestServer extends Connection {
  /** Null where the process is not one of ours. */
  pids(): { readonly apiServer: number | null; readonly etcd: number | null }
  /** It ends with the run, and all that it holds with it. A Ctrl-C at a terminal ends its programs at the same time. */
  readonly isOurs: boolean
  /** Its own request metric can be read. */
  readonly countsRequests: boolean
  startKubeScheduler(): Promise<MeasuredScheduler>
  stop(): Promise<void>
}

const noKubeScheduler = (): never => {
  throw new Refused('kube-scheduler is run on a control plane only', 1)
}

/** Null, after a loud line, where the programs of a control plane are not to be had. */
export async function startPlane(adapters: readonly Adapter[], isKubeNeeded: boolean): Promise<TestServer | null> {
  const control = await startControlPlane({ controllers: false, scheduler: isKubeNeeded, ...featuresFor(adapters) })
  if (control === null) return null
  if (isKubeNeeded) await endKubeScheduler(control)
  const connection = await connect(control.kubeconfig)
  return {
    ...connection,
    isOurs: true,
    countsRequests: true,
    pids: () => {
      const { 'kube-apiserver': apiServer = null, etcd = null } = control.pids()
      return { apiServer, etcd }
    },
    startKubeScheduler: () => beginKubeScheduler(control),
    async stop() {
      await connection.transport.close()
      await control.stop()
    },
  }
}

/** Gates are on only where a peer of the run needs them. */
function featuresFor(adapters: readonly Adapter[]): Partial<typeof NATIVE_GANGS> {
  const versions = new Set(adapters.flatMap(({ types }) => types).map(({ group, version }) => `${group}/${version}`))
  const serves = [...versions].filter((each) => each.startsWith('scheduling.k8s.io/'))
  if (serves.length === 0) return {}
  const isComposite = versions.has('scheduling.k8s.io/v1alpha3')
  return {
    featureGates: { ...NATIVE_GANGS.featureGates, ...(isComposite ? { CompositePodGroup: true } : {}) },
    serves: [...new Set([...NATIVE_GANGS.serves, ...serves])],
  }
}

const LOOK_MS = 20

async function kubeSchedulerPid(control: ControlPlane): Promise<number> {
  for (;;) {
    control.checkAlive()
    const pid = control.pids()['kube-scheduler']
    if (pid !== undefined) return pid
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

/** It begins again when its turn comes. */
async function endKubeScheduler(control: ControlPlane): Promise<void> {
  await kubeSchedulerPid(control)
  await control.end('kube-scheduler')
}

async function beginKubeScheduler(control: ControlPlane): Promise<MeasuredScheduler> {
  await control.begin('kube-scheduler')
  const pid = await kubeSchedulerPid(control)
  return { pid, said: () => `see ${control.folder}/kube-scheduler.log`, stop: () => control.end('kube-scheduler') }
}

export async function startEmbeddedServer(seed: number): Promise<TestServer> {
  const server = await startEmbedded(seed)
  const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'))
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, kubeconfigText(server.address[1] ?? ''))
  const connection = await connect(kubeconfig, openServer(server.address[1] ?? ''))
  return {
    ...connection,
    isOurs: true,
    countsRequests: false,
    pids: () => ({ apiServer: server.pid, etcd: null }),
    startKubeScheduler: noKubeScheduler,
    async stop() {
      await connection.transport.close()
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The cluster of a kubeconfig. Nothing of it is ended. */
export async function reachCluster(kubeconfig: string): Promise<TestServer> {
  const connection = await connect(kubeconfig).catch((error: unknown) => {
    throw new Refused(`--kubeconfig ${kubeconfig}: ${error instanceof Error ? error.message : String(error)}`, 2)
  })
  return {
    ...connection,
    isOurs: false,
    countsRequests: true,
    pids: () => ({ apiServer: null, etcd: null }),
    startKubeScheduler: noKubeScheduler,
    stop: () => connection.transport.close(),
  }
}

async function connect(kubeconfig: string, known: ClusterConfig | null = null): Promise<Connection> {
  const config = known ?? (await loadConfig({ kubeconfig }))
  const transport = httpTransport(config)
  return { kubeconfig, config, transport, client: kubeClient(transport) }
}

/** Our CRDs, the nodes, and a namespace for each peer with the account that pods need. */
export async function furnish(
  { client }: Connection,
  nodes: readonly NewObject[],
  namespaces: readonly string[],
): Promise<void> {
  const missing = await installCrds(client, realClock)
  if (missing.length > 0) throw new Refused(`CRDs that cannot be installed: ${missing.join(', ')}`, 1)
  for (const name of [SYSTEM_NAMESPACE, ...namespaces]) await makeNamespace(client, name)
  await createAll(client, NODES, nodes)
}

async function makeNamespace(client: KubeClient, name: string): Promise<void> {
  const made = await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  if (made.kind === 'failure' && made.reason !== 'AlreadyExists') throw new Error(`namespace ${name}: ${made.message}`)
  const metadata = { name: 'default', namespace: name }
  const account = await client.create(SERVICE_ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata })
  if (account.kind === 'failure' && account.reason !== 'AlreadyExists') throw new Error(account.message)
}

export const listNodes = async ({ client }: Connection): Promise<readonly NewObject[]> =>
  take(await client.list<KubeObject>(NODES)).items

export const listPods = async ({ client }: Connection): Promise<readonly Pod[]> =>
  take(await client.list<Pod>(PODS)).items

/** Those that are left when `isOver` stay. */
export async function deletePods(
  { client }: Connection,
  namespace: string,
  names: readonly string[],
  isOver: () => boolean = () => false,
): Promise<void> {
  await inParallel(names.length, async (i) => {
    if (isOver()) return
    await client.delete(PODS, { namespace, name: names[i]! }, { gracePeriodSeconds: 0 })
  })
}

export const startOurs = ({ kubeconfig }: Connection, checkout: string | null): MeasuredScheduler =>
  startEspalier(kubeconfig, checkout, 'scheduler')
