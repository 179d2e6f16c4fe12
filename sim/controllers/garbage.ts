import type { KubeObject, OwnerReference } from '../../api/kinds/kubernetes.ts'
import { CRDS, EVENTS, type ResourceType } from '../../kube/resources.ts'
import { isSame } from '../../kube/reflector/deltas.ts'
import type { Delta } from '../../kube/reflector/types.ts'
import type { WorkQueue } from '../../kube/work-queue.ts'
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  valueUnlessGone,
  valueUnlessMissing,
} from './controller.ts'
import { type Item, OwnerGraph } from './owner-graph.ts'
import { discoverTypes } from './resource-types.ts'

/**
 * What an owner is taken for that this cluster has never had. `gone`, as a real one does: its dependents are deleted.
 * `elsewhere`: the cluster is a part of another one that was not copied whole; they stay.
 */
export type UnknownOwners = 'gone' | 'elsewhere'

const FOREGROUND = 'foregroundDeletion'
const ORPHAN = 'orphan'
const DISCOVERY_KEY = 'discovery'

const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '')

/**
 * Deletes what its owners have left behind, for every kind that discovery lists. Background: dependents go once the
 * owner is gone. Foreground: the owner stays until no dependent blocks it. Orphan: dependents lose their reference.
 * An owner that was never there counts as gone once a read has said so.
 */
export class GarbageCollector implements Controller {
  readonly #context: ControllerContext
  readonly #graph = new OwnerGraph()
  readonly #unknownOwners: UnknownOwners
  readonly #watched = new Map<string, ResourceType>()
  /** uids that a read has shown to be absent. */
  readonly #absent = new Set<string>()
  readonly #queue: WorkQueue<string>

  constructor(context: ControllerContext, unknownOwners: UnknownOwners) {
    this.#context = context
    this.#unknownOwners = unknownOwners
    this.#queue = controllerQueue('garbage', context, (key) =>
      key === DISCOVERY_KEY ? this.#discover() : this.#reconcile(key),
    )
    context.informers.watch(CRDS, () => this.#queue.add(DISCOVERY_KEY))
  }

  start(): void {
    this.#queue.start()
    this.#queue.add(DISCOVERY_KEY)
  }

  stop(): Promise<void> {
    return this.#queue.stop()
  }

  /** Watches kinds that have come since the last look. */
  async #discover(): Promise<void> {
    for (const type of await discoverTypes(this.#context.client)) {
      const id = `${type.group}/${type.plural}`
      if (this.#watched.has(id) || type.plural === EVENTS.plural) continue
      this.#watched.set(id, type)
      this.#context.informers.watch<KubeObject>(type, (delta) => this.#take(type, delta))
    }
  }

  #take(type: ResourceType, delta: Delta<KubeObject>): void {
    const { uid } = delta.object.metadata
    if (delta.kind === 'deleted') {
      this.#graph.remove(uid)
      const dependents = this.#graph.dependentsOf(uid)
      if (dependents.length > 0) this.#absent.add(uid)
      for (const dependent of dependents) this.#queue.add(dependent.uid)
      for (const owner of delta.object.metadata.ownerReferences ?? []) this.#dependentLeft(owner.uid)
      return
    }
    this.#absent.delete(uid)
    const standing = this.#graph.get(uid)
    this.#graph.put({ uid, type, object: delta.object })
    if (standing !== undefined && !isNews(standing.object, delta.object)) return
    const before = standing?.object.metadata.ownerReferences ?? []
    this.#queue.add(uid)
    const owners = new Set((delta.object.metadata.ownerReferences ?? []).map((owner) => owner.uid))
    for (const owner of before) if (!owners.has(owner.uid)) this.#dependentLeft(owner.uid)
  }

  #dependentLeft(owner: string): void {
    if (!this.#graph.hasDependents(owner)) this.#absent.delete(owner)
    this.#queue.add(owner)
  }

  async #reconcile(uid: string): Promise<void> {
    const item = this.#graph.get(uid)
    if (item === undefined) return
    const finalizers = item.object.metadata.finalizers ?? []
    if (item.object.metadata.deletionTimestamp === undefined) return this.#collect(item)
    if (finalizers.includes(ORPHAN)) return this.#orphan(item)
    if (finalizers.includes(FOREGROUND)) return this.#finishForeground(item)
  }

  /** Deletes the item if none of its owners is left; takes off references to absent ones if some are. */
  async #collect(item: Item): Promise<void> {
    const references = item.object.metadata.ownerReferences ?? []
    if (references.length === 0) return
    const absent: OwnerReference[] = []
    const waiting: OwnerReference[] = []
    for (const reference of references) {
      if (await this.#isAbsent(item, reference)) absent.push(reference)
      else if (this.#isInForeground(reference.uid)) waiting.push(reference)
    }
    const solid = references.length - absent.length - waiting.length
    if (absent.length + waiting.length === 0) return
    if (solid > 0) return this.#dropReferences(item, [...absent, ...waiting])
    await this.#delete(item, waiting.length > 0 && this.#graph.hasDependents(item.uid) ? 'Foreground' : 'Background')
  }

  #isInForeground(uid: string): boolean {
    const metadata = this.#graph.get(uid)?.object.metadata
    return metadata?.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(FOREGROUND)
  }

  async #isAbsent(item: Item, reference: OwnerReference): Promise<boolean> {
    const owner = this.#graph.get(reference.uid)
    if (owner !== undefined)
      return owner.type.namespaced && owner.object.metadata.namespace !== item.object.metadata.namespace
    if (this.#absent.has(reference.uid)) return true
    if (this.#unknownOwners === 'elsewhere') return false
    const type = this.#typeOf(reference)
    if (type === null) return false
    const namespace = type.namespaced ? (item.object.metadata.namespace ?? '') : ''
    const found = valueUnlessGone(await this.#context.client.get<KubeObject>(type, { namespace, name: reference.name }))
    const isAbsent = found?.metadata.uid !== reference.uid
    if (isAbsent) this.#absent.add(reference.uid)
    return isAbsent
  }

  #typeOf({ apiVersion, kind }: OwnerReference): ResourceType | null {
    for (const type of this.#watched.values()) {
      if (type.kind === kind && type.group === groupOf(apiVersion)) return type
    }
    return null
  }

  async #orphan(item: Item): Promise<void> {
    for (const dependent of this.#graph.dependentsOf(item.uid)) {
      const references = dependent.object.metadata.ownerReferences ?? []
      await this.#dropReferences(
        dependent,
        references.filter((reference) => reference.uid === item.uid),
      )
    }
    await this.#dropFinalizer(item, ORPHAN)
  }

  async #finishForeground(item: Item): Promise<void> {
    const dependents = this.#graph.dependentsOf(item.uid)
    const blocking = dependents.filter(({ object }) =>
      (object.metadata.ownerReferences ?? []).some((r) => r.uid === item.uid && r.blockOwnerDeletion === true),
    )
    if (blocking.length === 0) return this.#dropFinalizer(item, FOREGROUND)
    for (const dependent of dependents) this.#queue.add(dependent.uid)
  }

  async #delete({ type, object }: Item, propagationPolicy: 'Background' | 'Foreground'): Promise<void> {
    const { uid, name, namespace = '' } = object.metadata
    const options = { uid, propagationPolicy }
    valueUnlessGone(await this.#context.client.delete(type, { namespace, name }, options))
  }

  async #dropReferences({ type, object }: Item, dropped: readonly OwnerReference[]): Promise<void> {
    const { uid, name, namespace = '', resourceVersion } = object.metadata
    const gone = new Set(dropped.map((reference) => reference.uid))
    const ownerReferences = (object.metadata.ownerReferences ?? []).filter((reference) => !gone.has(reference.uid))
    const patch = { metadata: { uid, resourceVersion, ownerReferences } }
    valueUnlessMissing(await this.#context.client.mergePatch(type, { namespace, name }, patch))
  }

  async #dropFinalizer({ type, object }: Item, finalizer: string): Promise<void> {
    const { uid, name, namespace = '', resourceVersion } = object.metadata
    const finalizers = (object.metadata.finalizers ?? []).filter((one) => one !== finalizer)
    const patch = { metadata: { uid, resourceVersion, finalizers } }
    valueUnlessMissing(await this.#context.client.mergePatch(type, { namespace, name }, patch))
  }
}

/** Something changed by which it is told what goes. */
function isNews({ metadata: a }: KubeObject, { metadata: b }: KubeObject): boolean {
  if (a.deletionTimestamp !== b.deletionTimestamp) return true
  return !isSame([a.ownerReferences, a.finalizers], [b.ownerReferences, b.finalizers])
}
