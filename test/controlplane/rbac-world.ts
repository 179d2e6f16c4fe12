/** A control plane on which both halves run as their service accounts, each behind a wire of its own. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { KubeObject, NewObject } from '../../api/kinds/kubernetes.ts'
import { SYSTEM_NAMESPACE } from '../../api/names.ts'
import { OPERATOR_PERMISSIONS, type Permissions, SCHEDULER_PERMISSIONS } from '../../api/rbac/permissions.ts'
import { ResourceFinder } from '../../cli/resource-of.ts'
import { createMissing, installCrds } from '../../cli/serve.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import type { KubeClient } from '../../kube/client.ts'
import { realClock } from '../../kube/clock.ts'
import { loadConfig } from '../../kube/config.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { type ResourceType, SERVICE_ACCOUNTS } from '../../kube/resources.ts'
import type { Transport } from '../../kube/transport.ts'
import { gb200Nvl72 } from '../../sim/shapes.ts'
import { ROOT } from '../cli/espalier.ts'
import type { ControlPlane } from './control-plane.ts'
import { Half, kubeconfigWith, tokenOf } from './half.ts'
import { type Proxy, startProxy } from './proxy.ts'
import { TORN_LABEL, TORN_TAINT } from './rbac-workloads.ts'
import { type SimulatedNodes, startSimulatedNodes } from './simulated-nodes.ts'

const PATIENCE_MS = 90_000
export type HalfName = 'scheduler' | 'operator'
const PERMISSIONS: Readonly<Record<HalfName, Permissions>> = {
  scheduler: SCHEDULER_PERMISSIONS,
  operator: OPERATOR_PERMISSIONS,
}

/** With all that asks for permissions of its own. */
const FLAGS: Readonly<Record<HalfName, readonly string[]>> = { scheduler: [], operator: ['--disruption-budgets'] }

export interface Actor {
  readonly half: Half
  readonly wire: Proxy
  readonly permissions: Permissions
  readonly kubeconfig: string
}

const manifestsIn = (text: string): NewObject[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as NewObject | null)
    .filter((object) => object !== null)

export class RbacWorld {
  readonly plane: ControlPlane
  readonly transport: Transport
  /** A cluster administrator's. */
  readonly client: KubeClient
  readonly actors: Map<HalfName, Actor> = new Map<HalfName, Actor>()
  readonly #finder: ResourceFinder
  #nodes: SimulatedNodes | null = null

  private constructor(plane: ControlPlane, transport: Transport) {
    this.plane = plane
    this.transport = transport
    this.client = kubeClient(transport)
    this.#finder = new ResourceFinder(this.client)
  }

  static async start(plane: ControlPlane): Promise<RbacWorld> {
    const world = new RbacWorld(plane, httpTransport(await loadConfig({ kubeconfig: plane.kubeconfig })))
    const refused = await installCrds(world.client, realClock)
    if (refused.length > 0) throw new Error(refused.join('\n'))
    for (const name of ['namespace', 'operator', 'scheduler'])
      await world.create(readFileSync(join(ROOT, 'deploy/rbac', `${name}.yaml`), 'utf8'), '')
    const [torn1, torn2, ...rest] = gb200Nvl72({ racks: 2, racksPerBlock: 2 })
    if (torn1 === undefined || torn2 === undefined) throw new Error('no nodes')
    const nodes = [torn1, torn2].map(({ metadata, spec, ...node }) => ({
      ...node,
      spec: { ...spec, taints: [TORN_TAINT] },
      metadata: { ...metadata, labels: { ...metadata.labels, [TORN_LABEL]: 'true' } },
    }))
    world.#nodes = await startSimulatedNodes(world.client, [...nodes, ...rest])
    for (const half of ['scheduler', 'operator'] as const) await world.#startHalf(half)
    return world
  }

  async stop(): Promise<void> {
    for (const { half, wire } of this.actors.values()) {
      await half.stop()
      await wire.stop()
    }
    await this.#nodes?.stop()
    await this.transport.close()
    await this.plane.stop()
  }

  actor(name: HalfName): Actor {
    const actor = this.actors.get(name)
    if (actor === undefined) throw new Error(`${name} does not run`)
    return actor
  }

  async until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
    const endMs = performance.now() + PATIENCE_MS
    while (!(await holds())) {
      if (performance.now() > endMs) {
        const said = [...this.actors].map(([name, { half }]) => `${name} said:\n${half.said.slice(-3_000)}`)
        throw new Error(`gave up waiting for ${what}; ${said.join('\n')}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  untilSaid(name: HalfName, text: string, from = 0): Promise<void> {
    return this.until(`${name} to say ${text}`, () => this.actor(name).half.said.indexOf(text, from) >= 0)
  }

  /** Creates what a YAML text holds; objects that name no namespace go into `namespace`. */
  async create(text: string, namespace: string): Promise<void> {
    for (const object of manifestsIn(text)) {
      const type = await this.#finder.find(object.apiVersion, object.kind)
      const placed = type?.namespaced === true ? { namespace, ...object.metadata } : object.metadata
      const refused = await createMissing(this.client, [{ ...object, metadata: placed }], () => type)
      if (refused.length > 0) throw new Error(refused.join('\n'))
    }
  }

  async namespace(name: string): Promise<void> {
    await this.create(`apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}}\n`, '')
    await this.until(`the account of ${name}`, () => this.isThere(SERVICE_ACCOUNTS, name, 'default'))
  }

  async list<T extends KubeObject>(type: ResourceType, namespace: string): Promise<readonly T[]> {
    return valueOrThrow(await this.client.list<T>(type, { namespace })).items
  }

  async get<T extends KubeObject>(type: ResourceType, namespace: string, name: string): Promise<T> {
    return valueOrThrow(await this.client.get<T>(type, { namespace, name }))
  }

  async isThere(type: ResourceType, namespace: string, name: string): Promise<boolean> {
    return (await this.client.get(type, { namespace, name })).kind === 'ok'
  }

  async patch(
    type: ResourceType,
    namespace: string,
    name: string,
    patch: object,
    subresource?: 'status' | 'scale',
  ): Promise<KubeObject> {
    const options = subresource === undefined ? {} : { subresource }
    return valueOrThrow(await this.client.mergePatch(type, { namespace, name }, patch, options))
  }

  async delete(type: ResourceType, namespace: string, name: string): Promise<void> {
    valueOrThrow(await this.client.delete(type, { namespace, name }))
  }

  /** Streaming lists are refused, as servers before 1.34 do: the halves list and then watch, and use both verbs. */
  async #startHalf(name: HalfName): Promise<void> {
    const permissions = PERMISSIONS[name]
    const wire = await startProxy(this.plane)
    wire.refuse = withoutStreamingLists
    const token = await tokenOf(this.transport, SYSTEM_NAMESPACE, permissions.account)
    const kubeconfig = kubeconfigWith(this.plane, name, token, wire.url)
    const half = new Half([name, '--kubeconfig', kubeconfig, ...FLAGS[name]])
    this.actors.set(name, { half, wire, permissions, kubeconfig })
    await this.untilSaid(name, '"leading"')
  }
}

export const withoutStreamingLists: Proxy['refuse'] = ({ path }) =>
  path.includes('sendInitialEvents=true') ? { status: 422, reason: 'Invalid' } : null
