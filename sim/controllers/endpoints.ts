import type { NewObject, Pod, Service } from '../../api/kinds/kubernetes.ts'
import { isOk, valueOrThrow } from '../../kube/answers.ts'
import type { Cache } from '../../kube/reflector/types.ts'
import { PODS, type ResourceType, SERVICES } from '../../kube/resources.ts'
import type { WorkQueue } from '../../kube/work-queue.ts'
import { type Controller, type ControllerContext, controllerQueue, keyOf, splitKey } from './controller.ts'
import { type Endpoint, endpointObjects, endpointOf, isSelected } from './endpoint-objects.ts'

export const ENDPOINTS: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'endpoints',
  kind: 'Endpoints',
  namespaced: true,
}
export const ENDPOINT_SLICES: ResourceType = {
  group: 'discovery.k8s.io',
  version: 'v1',
  plural: 'endpointslices',
  kind: 'EndpointSlice',
  namespaced: true,
}

/** Larger services are written at most once in so long: each write carries all of their endpoints. */
const BATCH_ABOVE = 50
const BATCH_MS = 200

/** Keeps the Endpoints and the one EndpointSlice of each Service with a selector. Nothing is placed by them. */
export class EndpointController implements Controller {
  readonly #context: ControllerContext
  readonly #services: Cache<Service>
  readonly #pods: Cache<Pod>
  readonly #queue: WorkQueue<string>
  /** By service: what was last written. */
  readonly #written = new Map<string, string>()

  constructor(context: ControllerContext) {
    this.#context = context
    this.#queue = controllerQueue('endpoints', context, (key) => this.#reconcile(key))
    this.#services = context.informers.watch<Service>(SERVICES, ({ kind, object }) => {
      if (kind === 'deleted') this.#written.delete(keyOf(object))
      else this.#queue.add(keyOf(object))
    })
    this.#pods = context.informers.watch<Pod>(PODS, ({ kind, object, before }) => {
      const isSame = kind === 'updated' && JSON.stringify(endpointOf(object)) === JSON.stringify(endpointOf(before))
      if (!isSame) this.#queueServicesOf(object)
    })
  }

  start(): void {
    this.#queue.start()
  }

  stop(): Promise<void> {
    return this.#queue.stop()
  }

  #queueServicesOf(pod: Pod): void {
    for (const service of this.#services.values()) {
      if (!isSelected(service, pod)) continue
      const key = keyOf(service)
      const isLarge = (this.#written.get(key)?.length ?? 0) > BATCH_ABOVE * 200
      if (isLarge) this.#queue.addAfter(key, BATCH_MS, 'background')
      else this.#queue.add(key)
    }
  }

  async #reconcile(key: string): Promise<void> {
    const { namespace, name } = splitKey(key)
    const service = this.#services.get(namespace, name)
    if (service === undefined || Object.keys(service.spec?.selector ?? {}).length === 0) return
    const endpoints = [...this.#pods.values()]
      .filter((pod) => isSelected(service, pod))
      .map(endpointOf)
      .filter((endpoint): endpoint is Endpoint => endpoint !== null)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    const objects = endpointObjects(service, endpoints)
    const text = JSON.stringify(objects)
    if (this.#written.get(key) === text) return
    await this.#put(ENDPOINTS, objects.endpoints)
    await this.#put(ENDPOINT_SLICES, objects.slice)
    this.#written.set(key, text)
  }

  async #put(type: ResourceType, object: NewObject): Promise<void> {
    const { client } = this.#context
    const { namespace = '', name = '' } = object.metadata
    const patched = await client.mergePatch(type, { namespace, name }, object)
    if (isOk(patched)) return
    if (patched.status !== 404) valueOrThrow(patched)
    const created = await client.create(type, object)
    // The service's namespace is on its way out.
    if (!isOk(created) && created.status !== 403 && created.status !== 404) valueOrThrow(created)
  }
}
