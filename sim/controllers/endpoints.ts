import type { NewObject, Pod, Service } from '../../api/kinds/kubernetes.ts'
import { isOk, valueOrThrow } from '../../kube/answers.ts'
import type { Failure } from '../../kube/client.ts'
import type { Cache, Delta } from '../../kube/reflector/types.ts'
import { PODS, type ResourceType, SERVICES } from '../../kube/resources.ts'
import type { WorkQueue } from '../../kube/work-queue.ts'
import { type Controller, type ControllerContext, controllerQueue, keyOf, splitKey } from './controller.ts'
import { endpointObjects, endpointOf } from './endpoint-objects.ts'
import { SelectedPods } from './selected-pods.ts'

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

/** Pods change together: what they change is written once in so long. Nothing is placed by it, so nobody waits. */
const BATCH_MS = 500

/** Keeps the Endpoints and the one EndpointSlice of each Service with a selector. */
export class EndpointController implements Controller {
  readonly #context: ControllerContext
  readonly #services: Cache<Service>
  readonly #pods: Cache<Pod>
  readonly #selected = new SelectedPods()
  readonly #queue: WorkQueue<string>
  /** By service: what was last written. */
  readonly #written = new Map<string, string>()

  constructor(context: ControllerContext) {
    this.#context = context
    this.#queue = controllerQueue('endpoints', context, (key) => this.#reconcile(key))
    this.#services = context.informers.watch<Service>(SERVICES, (delta) => this.#takeService(delta))
    this.#pods = context.informers.watch<Pod>(PODS, (delta) => this.#takePod(delta))
  }

  start(): void {
    this.#queue.start()
  }

  stop(): Promise<void> {
    return this.#queue.stop()
  }

  #takeService({ kind, object, before }: Delta<Service>): void {
    if (kind === 'deleted') {
      this.#selected.removeService(object)
      this.#written.delete(keyOf(object))
      return
    }
    this.#selected.putService(object, before, this.#pods.values())
    this.#queue.add(keyOf(object))
  }

  #takePod({ kind, object, before }: Delta<Pod>): void {
    const keys = this.#selected.movePod(before, kind === 'deleted' ? null : object)
    const isSame = kind === 'updated' && JSON.stringify(endpointOf(object)) === JSON.stringify(endpointOf(before))
    if (!isSame) for (const key of keys) this.#queue.addAfter(key, BATCH_MS, 'background')
  }

  async #reconcile(key: string): Promise<void> {
    const { namespace, name } = splitKey(key)
    const service = this.#services.get(namespace, name)
    if (service === undefined || Object.keys(service.spec?.selector ?? {}).length === 0) return
    const endpoints = this.#selected
      .of(key)
      .map(endpointOf)
      .filter((endpoint) => endpoint !== null)
    const objects = endpointObjects(service, endpoints)
    const text = JSON.stringify(objects)
    const written = this.#written.get(key)
    if (written === text) return
    await this.#put(ENDPOINTS, objects.endpoints, written !== undefined)
    await this.#put(ENDPOINT_SLICES, objects.slice, written !== undefined)
    this.#written.set(key, text)
  }

  /** `isThere`: it was written before, so that it is more likely to be there than not. */
  async #put(type: ResourceType, object: NewObject, isThere: boolean): Promise<void> {
    const { client } = this.#context
    const { namespace = '', name = '' } = object.metadata
    const create = () => client.create(type, object, IGNORED)
    const patch = () => client.mergePatch(type, { namespace, name }, object, IGNORED)
    const first = await (isThere ? patch() : create())
    if (isOk(first)) return
    if (first.status !== (isThere ? 404 : 409)) return throwUnlessLeaving(first)
    const second = await (isThere ? create() : patch())
    if (!isOk(second)) throwUnlessLeaving(second)
  }
}

const IGNORED = { ignoresReply: true } as const

/** The service's namespace may be on its way out, where nothing can be made. */
function throwUnlessLeaving(failure: Failure): void {
  if (failure.status !== 403 && failure.status !== 404) valueOrThrow(failure)
}
