import type { ConfigMap, KubeObject } from '../../api/kinds/kubernetes.ts'
import { isOk, valueOrThrow } from '../../kube/answers.ts'
import type { Cache } from '../../kube/reflector/types.ts'
import { CONFIG_MAPS, NAMESPACES, type ResourceType, SERVICE_ACCOUNTS } from '../../kube/resources.ts'
import type { Reconciled, WorkQueue } from '../../kube/work-queue.ts'
import { type Controller, type ControllerContext, controllerQueue } from './controller.ts'
import { discoverTypes } from './resource-types.ts'
import { SIMULATED_CA } from './token.ts'

export const ROOT_CA_CONFIG_MAP = 'kube-root-ca.crt'
/** While something in a namespace is on its way out it is looked at again after so long. */
const EMPTYING_AGAIN_MS = 200
const DEADLINE_MS = 10_000

/**
 * Gives each namespace the default service account and the cluster's certificate, and empties it when it is
 * deleted: every object of every kind is deleted, and the namespace goes when none is left.
 */
export class NamespaceController implements Controller {
  readonly #context: ControllerContext
  readonly #namespaces: Cache<KubeObject>
  readonly #queue: WorkQueue<string>

  constructor(context: ControllerContext) {
    this.#context = context
    this.#queue = controllerQueue('namespace', context, (name) => this.#reconcile(name))
    this.#namespaces = context.informers.watch(NAMESPACES, ({ kind, object }) => {
      if (kind !== 'deleted') this.#queue.add(object.metadata.name)
    })
    const restore = ({ kind, object }: { kind: string; object: KubeObject }): void => {
      const isOurs = object.metadata.name === 'default' || object.metadata.name === ROOT_CA_CONFIG_MAP
      if (kind === 'deleted' && isOurs) this.#queue.add(object.metadata.namespace ?? '')
    }
    context.informers.watch(SERVICE_ACCOUNTS, restore)
    context.informers.watch(CONFIG_MAPS, restore)
  }

  start(): void {
    this.#queue.start()
  }

  stop(): Promise<void> {
    return this.#queue.stop()
  }

  async #reconcile(name: string): Promise<Reconciled | void> {
    const namespace = this.#namespaces.get('', name)
    if (namespace === undefined) return
    return namespace.metadata.deletionTimestamp === undefined ? this.#furnish(name) : this.#empty(namespace)
  }

  async #furnish(namespace: string): Promise<void> {
    await this.#ensure(SERVICE_ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount' }, namespace, 'default')
    const certificate = { apiVersion: 'v1', kind: 'ConfigMap', data: { 'ca.crt': SIMULATED_CA } }
    await this.#ensure(CONFIG_MAPS, certificate, namespace, ROOT_CA_CONFIG_MAP)
  }

  async #ensure(
    type: ResourceType,
    object: Pick<ConfigMap, 'apiVersion' | 'kind' | 'data'>,
    namespace: string,
    name: string,
  ): Promise<void> {
    if (this.#context.informers.watch(type).get(namespace, name) !== undefined) return
    const answer = await this.#context.client.create(type, { ...object, metadata: { name, namespace } })
    const isSettled =
      isOk(answer) || answer.reason === 'AlreadyExists' || answer.status === 404 || answer.status === 403
    if (!isSettled) valueOrThrow(answer)
  }

  async #empty(namespace: KubeObject): Promise<Reconciled | void> {
    const { name } = namespace.metadata
    let left = 0
    for (const type of await discoverTypes(this.#context.client)) {
      if (type.namespaced) left += await this.#deleteAll(type, name)
    }
    if (left > 0) return { again: EMPTYING_AGAIN_MS }
    await this.#finalize(namespace)
  }

  /** How many were found: those that are gone at once count too, so that one more look proves the kind empty. */
  async #deleteAll(type: ResourceType, namespace: string): Promise<number> {
    const listed = await this.#context.client.list<KubeObject>(type, { namespace })
    if (!isOk(listed) && (listed.status === 404 || listed.status === 405)) return 0
    const { items } = valueOrThrow(listed)
    for (const { metadata } of items) {
      if (metadata.deletionTimestamp !== undefined) continue
      const options = { uid: metadata.uid, propagationPolicy: 'Background' } as const
      const answer = await this.#context.client.delete(type, { namespace, name: metadata.name }, options)
      if (!isOk(answer) && answer.status !== 404 && answer.status !== 409) valueOrThrow(answer)
    }
    return items.length
  }

  async #finalize({ metadata, apiVersion, kind }: KubeObject): Promise<void> {
    const { name, uid } = metadata
    const body = JSON.stringify({ apiVersion, kind, metadata: { name, uid }, spec: { finalizers: [] } })
    const path = `/api/v1/namespaces/${name}/finalize`
    const headers = { 'content-type': 'application/json' }
    const answer = await this.#context.transport.request({
      method: 'PUT',
      path,
      headers,
      body,
      deadlineMs: DEADLINE_MS,
    })
    if (answer.status >= 300 && answer.status !== 404)
      throw new Error(`finalize ${name}: ${answer.status} ${answer.body}`)
  }
}
