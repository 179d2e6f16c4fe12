import type { KubeObject } from '../api/kinds/kubernetes.ts'
import type { Delta } from '../kube/reflector/types.ts'
import { compareVersions } from '../kube/reflector/versions.ts'
import type { ResourceType } from '../kube/resources.ts'
import { controllerOf } from './writer.ts'

/** Uids that were seen deleted are remembered, so that a late answer of ours does not bring an object back. */
const GONE_MAX = 20_000

/**
 * The objects of one kind as the cluster last told, together with our own writes that it has not told yet. A
 * reconciler that looks here never does the same thing twice because its cache is behind: a created object is there
 * from the moment that the create was answered, a deleted one is terminating from the moment of the delete.
 */
export class Store<T extends KubeObject> {
  readonly type: ResourceType
  readonly project: (raw: KubeObject) => T
  readonly #byUid = new Map<string, T>()
  readonly #byName = new Map<string, T>()
  readonly #byOwner = new Map<string, Owned<T>>()
  /** Written by us and not yet told by a watch: uid → when. */
  readonly #unseen = new Map<string, number>()
  /** Deleted by us while the cluster still shows them alive: uid → the deletion timestamp that we assume. */
  readonly #deleting = new Map<string, string>()
  readonly #gone = new Set<string>()
  /** Uids of what the watch shows, and of those that the server no longer has → the uid of their controller. */
  readonly #shown = new Set<string>()
  readonly #goneBefore = new Map<string, string>()
  /** Found to be gone by an answer or a read, while the watch may be behind: what it tells of them before their end is old. */
  readonly #goneUntold = new Set<string>()

  constructor(type: ResourceType, project: (raw: KubeObject) => T) {
    this.type = type
    this.project = project
  }

  get size(): number {
    return this.#byUid.size
  }

  get(namespace: string, name: string): T | undefined {
    return this.#byName.get(`${namespace}/${name}`)
  }

  byUid(uid: string): T | undefined {
    return this.#byUid.get(uid)
  }

  values(): Iterable<T> {
    return this.#byUid.values()
  }

  /**
   * What has `uid` as its controller, by name in byte order; terminating objects included. O(owned × log) after a change
   * of one of them, else O(1).
   */
  owned(uid: string): readonly T[] {
    const found = this.#byOwner.get(uid)
    return found === undefined ? [] : (found.inOrder ??= [...found.byUid.values()].sort(byName))
  }

  /** Objects of ours that no watch has told for `ageMs`, to be read from the server. */
  unseenSince(nowMs: number, ageMs: number): T[] {
    const late: T[] = []
    for (const [uid, sinceMs] of this.#unseen) {
      const object = this.#byUid.get(uid)
      if (object !== undefined && nowMs - sinceMs >= ageMs) late.push(object)
    }
    return late
  }

  get hasUnseen(): boolean {
    return this.#unseen.size > 0
  }

  /**
   * Something of that controller is gone at the server and still there for the watch: what came after it, its replacement for
   * one, is not known of either. O(such objects), which are few.
   */
  isBehind(controllerUid: string): boolean {
    for (const uid of this.#goneBefore.values()) if (uid === controllerUid) return true
    return false
  }

  /** What the reflector tells. */
  apply(delta: Delta<T>): void {
    const { uid } = delta.object.metadata
    if (delta.kind === 'deleted') {
      this.#shown.delete(uid)
      this.#goneUntold.delete(uid)
      this.#end(uid)
      this.#goneBefore.delete(uid)
      return
    }
    this.#shown.add(uid)
    if (this.#goneUntold.has(uid)) {
      // A watch that was silent tells all that has happened meanwhile, from the beginning.
      this.#goneBefore.set(uid, controllerOf(delta.object) ?? '')
      return
    }
    const held = this.#byUid.get(uid)
    // Only an answer to a write of ours may be ahead of the watch; else the watch is right, even when a restored
    // server goes back in time.
    if (held !== undefined && this.#unseen.has(uid) && isNewer(held, delta.object)) return
    this.#unseen.delete(uid)
    if (delta.object.metadata.deletionTimestamp !== undefined) this.#deleting.delete(uid)
    this.#put(this.#asDeleting(delta.object))
  }

  /** The answer to a create or a patch of ours. */
  wrote(raw: KubeObject, nowMs: number): void {
    const object = this.project(raw)
    const { uid } = object.metadata
    const held = this.#byUid.get(uid)
    if (this.#gone.has(uid) || (held !== undefined && !isNewer(object, held))) return
    this.#unseen.set(uid, nowMs)
    this.#put(this.#asDeleting(object))
  }

  /** It was read and is there. Null: the watch knows the object, so its end will be told; else look again. */
  looked(uid: string, nowMs: number | null): void {
    if (nowMs === null) this.#unseen.delete(uid)
    else if (this.#unseen.has(uid)) this.#unseen.set(uid, nowMs)
  }

  /**
   * A delete of ours is under way: from now on it counts as terminating, because what it owned may be seen to go before
   * the answer comes. Gives the way to take that back, where it was not deleted after all: to what it is again and what it
   * passed for, or to null where nothing is changed by that.
   */
  deleting(uid: string, at: string): () => TakenBack<T> | null {
    const held = this.#byUid.get(uid)
    if (held === undefined || held.metadata.deletionTimestamp !== undefined) return () => null
    this.#deleting.set(uid, at)
    this.#put(this.#asDeleting(held))
    return () => this.#takeBackDelete(uid)
  }

  /** Where the cluster says meanwhile that it is terminating there is nothing to be taken back. */
  #takeBackDelete(uid: string): TakenBack<T> | null {
    const before = this.#byUid.get(uid)
    if (!this.#deleting.delete(uid) || before === undefined) return null
    const { deletionTimestamp: _, ...metadata } = before.metadata
    const object = { ...before, metadata }
    this.#put(object)
    return { object, before }
  }

  /** It is known to be gone, whatever the watch has yet to tell of it. */
  forget(uid: string): void {
    remember(this.#goneUntold, uid)
    this.#end(uid)
  }

  #end(uid: string): void {
    const held = this.#byUid.get(uid)
    remember(this.#gone, uid)
    this.#unseen.delete(uid)
    this.#deleting.delete(uid)
    if (held === undefined) return
    if (this.#shown.has(uid)) this.#goneBefore.set(uid, controllerOf(held) ?? '')
    this.#drop(held)
  }

  #asDeleting(object: T): T {
    const at = this.#deleting.get(object.metadata.uid)
    if (at === undefined || object.metadata.deletionTimestamp !== undefined) return object
    return { ...object, metadata: { ...object.metadata, deletionTimestamp: at } }
  }

  #put(object: T): void {
    const held = this.#byUid.get(object.metadata.uid)
    if (held !== undefined) this.#drop(held)
    this.#byUid.set(object.metadata.uid, object)
    this.#byName.set(nameOf(object), object)
    for (const { uid, controller } of object.metadata.ownerReferences ?? []) {
      if (controller !== true) continue
      const siblings = this.#byOwner.get(uid) ?? { byUid: new Map(), inOrder: null }
      siblings.byUid.set(object.metadata.uid, object)
      siblings.inOrder = null
      this.#byOwner.set(uid, siblings)
    }
  }

  #drop(held: T): void {
    const { uid } = held.metadata
    this.#byUid.delete(uid)
    if (this.#byName.get(nameOf(held))?.metadata.uid === uid) this.#byName.delete(nameOf(held))
    for (const owner of held.metadata.ownerReferences ?? []) {
      const siblings = this.#byOwner.get(owner.uid)
      if (siblings === undefined) continue
      siblings.byUid.delete(uid)
      siblings.inOrder = null
      if (siblings.byUid.size === 0) this.#byOwner.delete(owner.uid)
    }
  }
}

function remember(uids: Set<string>, uid: string): void {
  if (uids.size >= GONE_MAX) uids.delete(uids.values().next().value ?? '')
  uids.add(uid)
}

export interface TakenBack<T> {
  readonly object: T
  readonly before: T
}

interface Owned<T> {
  readonly byUid: Map<string, T>
  /** Null: to be sorted anew. */
  inOrder: readonly T[] | null
}

const nameOf = (object: KubeObject): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`

const byName = (a: KubeObject, b: KubeObject): number =>
  a.metadata.name < b.metadata.name ? -1 : a.metadata.name > b.metadata.name ? 1 : 0

const isNewer = (a: KubeObject, b: KubeObject): boolean =>
  (compareVersions(a.metadata.resourceVersion, b.metadata.resourceVersion) ?? 0) > 0
