import type { DynamoGraphDeployment } from '../../api/generated/kinds.ts'
import type { KubeObject, NewObject, OwnerReference } from '../../api/kinds/kubernetes.ts'
import { DYNAMO_MANAGED_BY, DYNAMO_OPERATOR } from '../../api/names.ts'
import {
  CONFIG_MAPS,
  PERSISTENT_VOLUME_CLAIMS,
  type ResourceType,
  ROLE_BINDINGS,
  ROLES,
  SERVICE_ACCOUNTS,
  SERVICES,
} from '../../kube/resources.ts'
import type { Desired } from '../expansion/dynamo/translate.ts'
import { type Key, type OperatorContext, type Watch, watch } from '../reconciler.ts'
import type { Store } from '../store.ts'
import type { Writer } from '../writer.ts'

const labelSelector = `${DYNAMO_MANAGED_BY}=${DYNAMO_OPERATOR}`
const KINDS: readonly ResourceType[] = [SERVICES, SERVICE_ACCOUNTS, ROLES, ROLE_BINDINGS, CONFIG_MAPS]

/** The graphs that own an object, together or alone. */
const owningGraphs = ({ metadata }: KubeObject): Key[] =>
  (metadata.ownerReferences ?? [])
    .filter(({ kind }) => kind === 'DynamoGraphDeployment')
    .map(({ name }) => `${metadata.namespace ?? ''}/${name}` as const)

/** What is deleted or changed by hand beside a graph's set is brought back at once. */
export const besideWatches: readonly Watch[] = KINDS.map((type) => watch(type, owningGraphs, { labelSelector }))

/** The objects beside a graph's set. They are found by label, so that no others are read or kept. */
export class SideObjects {
  readonly #context: OperatorContext
  readonly #writer: Writer
  readonly #stores: ReadonlyMap<string, Store<KubeObject>>

  constructor(context: OperatorContext, writer: Writer) {
    this.#context = context
    this.#writer = writer
    const stores = KINDS.map((type) => [type.kind, context.view.observe(type, { labelSelector })] as const)
    const claims = context.view.observe(PERSISTENT_VOLUME_CLAIMS)
    this.#stores = new Map([...stores, [PERSISTENT_VOLUME_CLAIMS.kind, claims]])
  }

  /** Makes what is missing, corrects what differs, and deletes Services that are no longer wanted. */
  async sync(graph: DynamoGraphDeployment, desired: Desired): Promise<void> {
    for (const object of [...desired.access, ...desired.configMaps, ...desired.services])
      await this.#ensure(graph, object)
    for (const claim of desired.claims) await this.#ensureClaim(graph, claim)
    const wanted = new Set(desired.services.map(({ metadata }) => metadata.name))
    const store = this.#storeOf('Service')
    for (const service of store.owned(graph.metadata.uid)) {
      if (wanted.has(service.metadata.name) || service.metadata.deletionTimestamp !== undefined) continue
      if (await this.#writer.delete(store, service)) this.#event(graph, 'Deleted', service)
    }
  }

  /** A claim that is there is left as it is, whoever made it: it is never resized nor deleted. */
  async #ensureClaim(graph: DynamoGraphDeployment, claim: NewObject): Promise<void> {
    const store = this.#storeOf(claim.kind)
    if (store.get(graph.metadata.namespace ?? '', claim.metadata.name ?? '') !== undefined) return
    const { kind } = await this.#writer.create(store, claim)
    if (kind === 'created') this.#event(graph, 'Created', claim)
  }

  async #ensure(graph: DynamoGraphDeployment, object: NewObject): Promise<void> {
    const store = this.#storeOf(object.kind)
    const held = store.get(graph.metadata.namespace ?? '', object.metadata.name ?? '')
    if (held === undefined) return this.#create(graph, store, object)
    if (held.metadata.deletionTimestamp !== undefined) return // its deletion brings us back
    const isShared = object.metadata.ownerReferences?.[0]?.controller !== true
    if (!isShared && !isOwnedBy(held, graph)) throw takenError(object)
    if (isShared && !isOwnedBy(held, graph)) await this.#join(store, held, object)
    if (await this.#writer.update(store, object, held)) this.#event(graph, 'Updated', object)
  }

  async #create(graph: DynamoGraphDeployment, store: Store<KubeObject>, object: NewObject): Promise<void> {
    const created = await this.#writer.create(store, object)
    if (created.kind === 'created') this.#event(graph, 'Created', object)
    if (created.kind !== 'taken') return
    const isOursToShare = created.by.metadata.labels?.[DYNAMO_MANAGED_BY] === DYNAMO_OPERATOR
    if (isOursToShare || created.by.metadata.deletionTimestamp !== undefined) return // a watch tells it soon
    throw takenError(object)
  }

  /** Becomes one of several owners. */
  async #join(store: Store<KubeObject>, held: KubeObject, object: NewObject): Promise<void> {
    const { ownerReferences = [], resourceVersion } = held.metadata
    const ours: readonly OwnerReference[] = object.metadata.ownerReferences ?? []
    const all = [...ownerReferences, ...ours]
    await this.#writer.patch(store, held, { metadata: { ownerReferences: all } }, { resourceVersion })
  }

  #event(graph: DynamoGraphDeployment, what: string, { kind, metadata }: NewObject | KubeObject): void {
    this.#context.events.event(graph, 'Normal', `${what}${kind}`, `${what} ${kind} ${metadata.name}`)
  }

  #storeOf(kind: string): Store<KubeObject> {
    const store = this.#stores.get(kind)
    if (store === undefined) throw new Error(`no store of ${kind}`)
    return store
  }
}

const isOwnedBy = (object: KubeObject, { metadata }: KubeObject): boolean =>
  (object.metadata.ownerReferences ?? []).some(({ uid }) => uid === metadata.uid)

/** Told in the graph's status, and tried again: whoever has the name may give it up. */
export class NameTaken extends Error {}

const takenError = ({ kind, metadata }: NewObject): NameTaken =>
  new NameTaken(`${kind} ${metadata.name} is there already and is not of this graph`)
