import type { Change, Entry, Known } from './deltas.ts'
import type { Cache } from './types.ts'

/** Projected objects by uid and by name. Only its reflector writes it. */
export class ObjectCache<T> implements Cache<T>, Known<T> {
  readonly #byUid = new Map<string, Entry<T>>()
  readonly #byName = new Map<string, Entry<T>>()

  get size(): number {
    return this.#byUid.size
  }

  get(namespace: string, name: string): T | undefined {
    return this.entryOfName(namespace, name)?.object
  }

  byUid(uid: string): T | undefined {
    return this.#byUid.get(uid)?.object
  }

  *values(): Iterable<T> {
    for (const entry of this.#byUid.values()) yield entry.object
  }

  entryOfUid(uid: string): Entry<T> | undefined {
    return this.#byUid.get(uid)
  }

  entryOfName(namespace: string, name: string): Entry<T> | undefined {
    return this.#byName.get(nameKey(namespace, name))
  }

  entries(): Iterable<Entry<T>> {
    return this.#byUid.values()
  }

  apply(change: Change<T>): void {
    const { entry } = change
    const name = nameKey(entry.namespace, entry.name)
    if (change.kind === 'deleted') {
      this.#byUid.delete(entry.uid)
      if (this.#byName.get(name)?.uid === entry.uid) this.#byName.delete(name)
      return
    }
    this.#byUid.set(entry.uid, entry)
    this.#byName.set(name, entry)
  }
}

/** No name holds a slash. */
const nameKey = (namespace: string, name: string): string => `${namespace}/${name}`
