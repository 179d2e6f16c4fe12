/** `espalier run` on a real control plane whose nodes are kwok's, for tests that other clusters run too. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { KubeObject, NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import { demoObjects } from '../../cli/demo.ts'
import { parseManifests } from '../../cli/input.ts'
import { ResourceFinder } from '../../cli/resource-of.ts'
import { createMissing } from '../../cli/serve.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import type { KubeClient } from '../../kube/client.ts'
import { loadConfig } from '../../kube/config.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { POD_CLIQUE_SETS, POD_GANGS, PODS, type ResourceType, SERVICE_ACCOUNTS } from '../../kube/resources.ts'
import type { Transport } from '../../kube/transport.ts'
import { gb200Nvl72 } from '../../sim/shapes.ts'
import { type Finished, ROOT, runToEnd } from '../cli/espalier.ts'
import type { ExampleCluster } from '../cli/published-example.ts'
import type { SampleWorld } from '../cli/samples.ts'
import { isReady } from '../in-process.ts'
import type { ControlPlane } from './control-plane.ts'
import { createNodes } from './nodes.ts'
import { startTurns, type Turns } from './turns.ts'

const PATIENCE_MS = 60_000
/** Without a change for so long, what is Ready is taken for settled. */
const QUIET_MS = 1_000

interface Judged extends KubeObject {
  readonly status?: { readonly phase?: string; readonly conditions?: readonly { type: string; status: string }[] }
}

const isJudgedReady = ({ status }: Judged): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true

export class ProductWorld implements ExampleCluster {
  readonly client: KubeClient
  readonly #plane: ControlPlane
  readonly #transport: Transport
  readonly #finder: ResourceFinder
  #turns: Turns | null = null
  #espalier: ChildProcess | null = null
  #said = ''
  #samples = 0

  private constructor(plane: ControlPlane, transport: Transport) {
    this.#plane = plane
    this.#transport = transport
    this.client = kubeClient(transport)
    this.#finder = new ResourceFinder(this.client)
  }

  static async start(
    plane: ControlPlane,
    nodes: readonly NewObject[] = gb200Nvl72({ racks: 4, racksPerBlock: 2 }),
  ): Promise<ProductWorld> {
    const world = new ProductWorld(plane, httpTransport(await loadConfig({ kubeconfig: plane.kubeconfig })))
    await createNodes(world.client, nodes)
    world.#turns = await startTurns(world.client, (message) => (world.#said += `turn: ${message}\n`))
    await world.#startEspalier()
    await world.#apply(
      JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'espalier-system' } }),
      'default',
    )
    await world.#apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: demoObjects() }), 'default')
    return world
  }

  get env(): NodeJS.ProcessEnv {
    return { ...process.env, HOME: this.#plane.folder, KUBECONFIG: this.#plane.kubeconfig }
  }

  kubectl(...args: readonly string[]): Promise<Finished> {
    return runToEnd('kubectl', args, { env: this.env })
  }

  kubectlWith(input: string, ...args: readonly string[]): Promise<Finished> {
    return runToEnd('kubectl', args, { env: this.env, input })
  }

  async waitFor(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
    if (!(await this.#comesTrue(holds)))
      throw new Error(`gave up waiting for ${what}; espalier said:\n${this.#said.slice(-4_000)}`)
  }

  /** A namespace of its own on the same cluster: the samples before it have been deleted. */
  async sample(): Promise<SampleWorld> {
    const namespace = `sample-${++this.#samples}`
    await this.#apply(JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }), 'default')
    const account = { namespace, name: 'default' }
    await this.waitFor(async () => (await this.client.get(SERVICE_ACCOUNTS, account)).kind === 'ok', 'the account')
    const applied: { type: ResourceType; name: string }[] = []
    const list = <T extends KubeObject>(type: ResourceType): Promise<readonly T[]> => this.#list<T>(type, namespace)
    return {
      apply: async (yaml) => void applied.push(...(await this.#apply(yaml, namespace))),
      settle: () => this.#settle(list),
      list,
      stop: async () => {
        for (const { type, name } of applied) await this.client.delete(type, { namespace, name })
        await this.waitFor(async () => (await list(PODS)).length === 0, 'the pods of the sample to be gone')
      },
    }
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#espalier?.once('exit', resolve))
    if (this.#espalier?.kill('SIGTERM') === true) await ended
    await this.#turns?.stop()
    await this.#transport.close()
    await this.#plane.stop()
  }

  async #startEspalier(): Promise<void> {
    const args = [join(ROOT, 'cli/main.ts'), 'run', '--kubeconfig', this.#plane.kubeconfig, '--install-crds']
    this.#espalier = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#espalier.stdout, this.#espalier.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#said += text))
    const holdsBoth = (): boolean =>
      this.#said.includes('espalier-scheduler') && this.#said.includes('espalier-operator')
    await this.waitFor(holdsBoth, 'the leases')
  }

  async #comesTrue(holds: () => boolean | Promise<boolean>): Promise<boolean> {
    const endMs = performance.now() + PATIENCE_MS
    while (!(await holds())) {
      if (performance.now() > endMs) return false
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return true
  }

  async #list<T extends KubeObject>(type: ResourceType, namespace: string): Promise<readonly T[]> {
    const { items } = valueOrThrow(await this.client.list<T>(type, type.namespaced ? { namespace } : {}))
    return items
  }

  /** Creates what a text holds: what the samples keep in `default` in the namespace. Gives what has gone there. */
  async #apply(yaml: string, namespace: string): Promise<{ type: ResourceType; name: string }[]> {
    const input = parseManifests('test', yaml)
    if (input.kind === 'unreadable') throw new Error(input.errors.join('\n'))
    const made: { type: ResourceType; name: string }[] = []
    for (const { object } of input.manifests) {
      const type = await this.#finder.find(object.apiVersion, object.kind)
      const { namespace: wanted = 'default' } = object.metadata
      const place = wanted === 'default' ? namespace : wanted
      const metadata = type?.namespaced === true ? { ...object.metadata, namespace: place } : object.metadata
      const refused = await createMissing(this.client, [{ ...object, metadata }], () => type)
      if (refused.length > 0) throw new Error(refused.join('\n'))
      if (type?.namespaced === true && place === namespace) made.push({ type, name: object.metadata.name ?? '' })
    }
    return made
  }

  /** Until all is Ready and stays as it is for a while, or patience ends: then the test says what is not. */
  async #settle(list: <T extends KubeObject>(type: ResourceType) => Promise<readonly T[]>): Promise<void> {
    let last = ''
    let sinceMs = performance.now()
    await this.#comesTrue(async () => {
      const pods = await list<Pod>(PODS)
      const gangs = await list<Judged>(POD_GANGS)
      const sets = await list<Judged>(POD_CLIQUE_SETS)
      const isWhole =
        pods.length > 0 &&
        pods.every(isReady) &&
        sets.every(isJudgedReady) &&
        gangs.every(({ status }) => status?.phase === 'Running')
      const now = [...pods, ...gangs, ...sets].map(({ metadata }) => metadata.resourceVersion).join()
      if (now !== last) sinceMs = performance.now()
      last = now
      return isWhole && performance.now() - sinceMs > QUIET_MS
    })
  }
}
