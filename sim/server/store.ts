import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { byteOrder } from './json.ts'
import type { Persistence, Stored } from './persistence.ts'

/** One revision of one object. The object is never changed; its JSON text is made once, when first asked for. */
export interface Entry {
  /** `namespace/name`, or `/name`: the order of a list. */
  readonly key: string
  readonly object: KubeObject
  /** Store version of the write that made this revision. */
  readonly version: number
  json: string | null
}

export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly version: number
  /** For DELETED: the last state, with the deletion's resourceVersion. */
  readonly entry: Entry
  readonly before: Entry | null
}

export const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`

export function jsonOf(entry: Entry): string {
  entry.json ??= JSON.stringify(entry.object)
  return entry.json
}

/** All objects of one group and plural, sorted on demand, with a bounded memory of what changed. */
export class Collection {
  readonly #entries = new Map<string, Entry>()
  readonly #listeners = new Set<(event: StoreEvent) => void>()
  readonly #historyLimit: number
  #history: StoreEvent[] = []
  #floor: number
  #sorted: readonly Entry[] | null = []

  constructor(historyLimit: number, version: number) {
    this.#historyLimit = historyLimit
    this.#floor = version
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key)
  }

  /** In key order. The array is never changed afterwards. */
  sorted(): readonly Entry[] {
    this.#sorted ??= [...this.#entries.values()].sort((a, b) => byteOrder(a.key, b.key))
    return this.#sorted
  }

  /** Changes after this version are remembered; older ones are gone. */
  get floor(): number {
    return this.#floor
  }

  /** Events after `version`, oldest first; null when some of them are no longer remembered. */
  since(version: number): readonly StoreEvent[] | null {
    if (version < this.#floor) return null
    let low = 0
    let high = this.#history.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#history[middle]!.version <= version) low = middle + 1
      else high = middle
    }
    return this.#history.slice(low)
  }

  /** The objects as they were at `version`, in key order; null when that is no longer known. */
  at(version: number): readonly Entry[] | null {
    const events = this.since(version)
    if (events === null) return null
    if (events.length === 0) return this.sorted()
    const entries = new Map(this.#entries)
    for (const { entry, before } of [...events].reverse()) {
      if (before === null) entries.delete(entry.key)
      else entries.set(entry.key, before)
    }
    return [...entries.values()].sort((a, b) => byteOrder(a.key, b.key))
  }

  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Puts an entry in from before this process: nobody is told, and no history remembers it. */
  restore(entry: Entry): void {
    this.#entries.set(entry.key, entry)
    this.#sorted = null
  }

  apply(event: StoreEvent): void {
    if (event.type === 'DELETED') this.#entries.delete(event.entry.key)
    else this.#entries.set(event.entry.key, event.entry)
    this.#sorted = null
    this.#history.push(event)
    // Forgetting in halves keeps a write's cost constant on average.
    if (this.#history.length > this.#historyLimit * 2) this.forget(this.#historyLimit)
    for (const listener of this.#listeners) listener(event)
  }

  /** Forgets all but the newest `keep` changes, as compaction does. */
  forget(keep: number): void {
    const drop = this.#history.length - keep
    if (drop <= 0) return
    this.#floor = this.#history[drop - 1]!.version
    this.#history = this.#history.slice(drop)
  }

  /** Forgets all up to a version of the whole store, though nothing here may have changed since long before. */
  forgetTo(version: number): void {
    this.forget(this.#history.filter((event) => event.version > version).length)
    this.#floor = Math.max(this.#floor, version)
  }
}

/** Every collection, under one version that grows by one with each write. */
export class Store {
  readonly #collections = new Map<string, Collection>()
  readonly #historyLimit: number
  readonly #persistence: Persistence | null
  #version = 1

  constructor(historyLimit: number, persistence: Persistence | null = null) {
    this.#historyLimit = historyLimit
    this.#persistence = persistence
    if (persistence !== null && persistence.stored !== null) this.#restore(persistence.stored)
  }

  /** Versions go on where they were; changes before are forgotten, so resuming watches are told 410. */
  #restore({ version, objects }: Stored): void {
    this.#version = version
    for (const { collection, key, object } of objects) {
      this.collection(collection).restore({ key, object, version: Number(object.metadata.resourceVersion), json: null })
    }
  }

  get version(): number {
    return this.#version
  }

  collection(id: string): Collection {
    let found = this.#collections.get(id)
    if (found === undefined) {
      found = new Collection(this.#historyLimit, this.#version)
      this.#collections.set(id, found)
    }
    return found
  }

  drop(id: string): void {
    this.#collections.delete(id)
  }

  /** Writes a revision; its resourceVersion is filled in here. */
  put(id: string, key: string, object: KubeObject): Entry {
    const collection = this.collection(id)
    const before = collection.get(key) ?? null
    const version = this.#version + 1
    const stamped = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
    const entry: Entry = { key, object: stamped, version, json: null }
    this.#persistence?.append({ version, collection: id, key, object: stamped })
    this.#version = version
    collection.apply({ type: before === null ? 'ADDED' : 'MODIFIED', version, entry, before })
    return entry
  }

  remove(id: string, key: string): Entry | null {
    const collection = this.collection(id)
    const before = collection.get(key)
    if (before === undefined) return null
    const version = this.#version + 1
    this.#persistence?.append({ version, collection: id, key, object: null })
    this.#version = version
    const { object } = before
    const stamped = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
    const entry: Entry = { key, object: stamped, version, json: null }
    collection.apply({ type: 'DELETED', version, entry, before })
    return entry
  }

  /** Forgets history everywhere: the next watch from an old version is told 410. */
  compact(keep: number): void {
    for (const collection of this.#collections.values()) collection.forget(keep)
  }

  /** As etcd does every few minutes: a watch from before that version is told 410, whatever it watches. */
  compactTo(version: number): void {
    for (const collection of this.#collections.values()) collection.forgetTo(version)
  }
}
