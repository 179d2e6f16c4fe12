/** A real API server, a wire that counts bindings, and schedulers in processes of their own that can be killed. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PodGang } from '../../../api/generated/kinds.ts'
import type { KubeObject, NewObject, Pod } from '../../../api/kinds/kubernetes.ts'
import { installCrds } from '../../../cli/serve.ts'
import type { Answer, KubeClient } from '../../../kube/client.ts'
import { realClock } from '../../../kube/clock.ts'
import { loadConfig } from '../../../kube/config.ts'
import { httpTransport } from '../../../kube/http-transport.ts'
import { kubeClient } from '../../../kube/kube-client.ts'
import { NODES, POD_GANGS, PODS, type ResourceType, SERVICE_ACCOUNTS } from '../../../kube/resources.ts'
import type { Transport } from '../../../kube/transport.ts'
import { node, simpleGang } from '../../scheduler/objects.ts'
import { type ControlPlane, startControlPlane } from '../control-plane.ts'
import { type Proxy, startProxy } from '../proxy.ts'
import { type SchedulerProcess, startScheduler } from '../scheduler-process.ts'

const NODE_COUNT = 64
/** Room for every gang that is there at once, so that all of them have to end whole. */
const GPUS_PER_NODE = 16
const WITHIN_MS = 120_000
/** Looking costs the server a list. */
const LOOK_MS = 200

export const isBinding = ({ method, path }: { readonly method: string; readonly path: string }): boolean =>
  method === 'POST' && path.includes('/binding')

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function take<T>(answer: Answer<T>): T {
  if (answer.kind === 'failure') throw new Error(`${answer.status} ${answer.reason}: ${answer.message}`)
  return answer.value
}

async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const rest = [...items]
  const lane = async (): Promise<void> => {
    for (let item = rest.pop(); item !== undefined; item = rest.pop()) await work(item)
  }
  await Promise.all(Array.from({ length: 16 }, lane))
}

/** Gangs that were created, with the uids of their pods. */
export interface Gangs {
  readonly names: readonly string[]
  readonly uids: ReadonlySet<string>
}

export class KillWorld {
  readonly plane: ControlPlane
  readonly wire: Proxy
  readonly client: KubeClient
  readonly #transport: Transport
  readonly #kubeconfig: string
  readonly #processes = new Set<SchedulerProcess>()
  /** Bindings that the server has taken, by path. */
  readonly bound: Map<string, number> = new Map()
  #gangs = 0

  constructor(plane: ControlPlane, wire: Proxy, transport: Transport) {
    this.plane = plane
    this.wire = wire
    this.#transport = transport
    this.client = kubeClient(transport)
    this.#kubeconfig = join(plane.folder, 'through-the-wire')
    const config = JSON.parse(readFileSync(plane.kubeconfig, 'utf8')) as { clusters: { cluster: { server: string } }[] }
    for (const { cluster } of config.clusters) cluster.server = wire.url
    writeFileSync(this.#kubeconfig, JSON.stringify(config), { mode: 0o600 })
    this.listen(() => 'tell')
  }

  /** Null, after a loud line, where the programs are not to be had. */
  static async start(): Promise<KillWorld | null> {
    const plane = await startControlPlane({ controllers: false })
    if (plane === null) return null
    const transport = httpTransport(await loadConfig({ kubeconfig: plane.kubeconfig }))
    const world = new KillWorld(plane, await startProxy(plane), transport)
    const refused = await installCrds(world.client, realClock)
    if (refused.length > 0) throw new Error(refused.join('\n'))
    await world.#makeAccount()
    const nodes = Array.from({ length: NODE_COUNT }, (_, i) => node(`n${i}`, { gpus: GPUS_PER_NODE }))
    await inLanes(nodes, async (each) => take(await world.client.create(NODES, each)))
    return world
  }

  scheduler(flags: readonly string[] = ['--no-leader-elect']): SchedulerProcess {
    const process = startScheduler(this.#kubeconfig, flags)
    this.#processes.add(process)
    void process.ended.then(() => this.#processes.delete(process))
    return process
  }

  /** The scheduler that runs, or a new one where none does: a successor is the next victim, so that each kill costs one start. */
  current(): SchedulerProcess {
    const running = [...this.#processes].find((process) => !process.isOver)
    return running ?? this.scheduler()
  }

  /** What is done with each binding that the server has taken, before its sender is told. */
  listen(onBound: (path: string) => 'tell' | 'cut'): void {
    this.wire.answered = (request) => {
      if (!isBinding(request) || request.status !== 201) return 'tell'
      const path = request.path.split('?')[0] ?? ''
      this.bound.set(path, (this.bound.get(path) ?? 0) + 1)
      return onBound(path)
    }
  }

  async createGangs(count: number, size: number): Promise<Gangs> {
    const names = Array.from({ length: count }, () => `g${this.#gangs++}`)
    const objects = names.map((name) => simpleGang(name, size, size))
    const uids = new Set<string>()
    const create = async (type: ResourceType, object: NewObject): Promise<string> =>
      take(await this.client.create<KubeObject>(type, object)).metadata.uid
    await inLanes(objects, ([gang]) => create(POD_GANGS, gang!))
    await inLanes(
      objects.flatMap(([, ...pods]) => pods),
      async (pod) => uids.add(await create(PODS, pod)),
    )
    return { names, uids }
  }

  pods(): Promise<readonly Pod[]> {
    return this.#list<Pod>(PODS)
  }

  /**
   * Waits for the state at rest: every gang recorded whole, all its pods bound. Throws what is wrong with the way
   * there: a pod lost, one bound twice, a node over-committed.
   */
  async untilAtRest({ names, uids }: Gangs): Promise<void> {
    await this.until(`${names.length} whole gangs`, async () => {
      const gangs = await this.#list<PodGang & KubeObject>(POD_GANGS)
      return names.every((name) => gangs.some((gang) => gang.metadata.name === name && isWhole(gang)))
    })
    const pods = (await this.pods()).filter(({ metadata }) => uids.has(metadata.uid))
    if (pods.length !== uids.size) throw new Error(`${uids.size - pods.length} pods are gone`)
    if (pods.some(({ spec }) => !spec.nodeName)) throw new Error('a whole gang has a pod without a node')
    this.#checkNodes(await this.pods())
    const twice = [...this.bound].filter(([, times]) => times > 1)
    if (twice.length > 0) throw new Error(`bound twice: ${twice.map(([path]) => path).join()}`)
  }

  async until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
    const endMs = performance.now() + WITHIN_MS
    while (!(await holds())) {
      if (performance.now() > endMs) throw new Error(`gave up waiting for ${what}:\n${this.#said()}`)
      await pause(LOOK_MS)
    }
  }

  /** Makes room again. */
  async remove({ names }: Gangs): Promise<void> {
    const mine = new Set(names)
    const pods = (await this.pods()).filter(({ metadata }) => mine.has(metadata.labels?.['grove.io/podgang'] ?? ''))
    await inLanes(pods, ({ metadata: { namespace = '', name } }) =>
      this.client.delete(PODS, { namespace, name }, { gracePeriodSeconds: 0 }),
    )
    await inLanes(names, (name) => this.client.delete(POD_GANGS, { namespace: 'default', name }))
    this.bound.clear()
  }

  async stop(): Promise<void> {
    for (const process of this.#processes) {
      process.signal('SIGCONT')
      process.signal('SIGKILL')
    }
    await this.wire.stop()
    await this.#transport.close()
    await this.plane.stop()
  }

  #checkNodes(pods: readonly Pod[]): void {
    const used = new Map<string, number>()
    for (const { spec } of pods) if (spec.nodeName) used.set(spec.nodeName, (used.get(spec.nodeName) ?? 0) + 1)
    const over = [...used].filter(([, gpus]) => gpus > GPUS_PER_NODE)
    if (over.length > 0) throw new Error(`over-committed: ${over.map(([name]) => name).join()}`)
  }

  async #makeAccount(): Promise<void> {
    const metadata = { name: 'default', namespace: 'default' }
    await this.until('the default account', async () => {
      const made = await this.client.create(SERVICE_ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata })
      return made.kind === 'ok' || made.reason === 'AlreadyExists'
    })
  }

  /** Of an API server that may be down for the moment. */
  async #list<T extends KubeObject>(type: ResourceType): Promise<readonly T[]> {
    for (;;) {
      const answer = await this.client.list<T>(type, { namespace: 'default' })
      if (answer.kind === 'ok') return answer.value.items
      if (!answer.retryable) throw new Error(answer.message)
      await pause(LOOK_MS)
    }
  }

  #said(): string {
    return [...this.#processes].map((process) => process.said().slice(-2_000)).join('\n')
  }
}

const isWhole = ({ status }: PodGang): boolean =>
  (status?.conditions ?? []).some(({ type, status: is }) => type === 'PlacementComplete' && is === 'True')
