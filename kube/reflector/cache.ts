import type { Change, Entry, Known } from './deltas.ts'
import type { Cache } from './types.ts'

/** Projected objects by uid and by name. Only its reflector writes it. */
export class ObjectCache<T> implements Cache<T>, Known<T> {
  readonly #byUid = new Map<string, Entry<T>>()
  /** Namespace → name: joined keys would be one more string an object. */
  readonly #byName = new Map<string, Map<string, Entry<T>>>()

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
    return this.#byName.get(namespace)?.get(name)
  }

  entries(): Iterable<Entry<T>> {
    return this.#byUid.values()
  }

  apply(change: Change<T>): void {
    const { entry } = change
    if (change.kind === 'deleted') {
      this.#byUid.delete(entry.uid)
      this.#forgetName(entry)
      return
    }
    this.#byUid.set(entry.uid, entry)
    const names = this.#byName.get(entry.namespace)
    if (names === undefined) this.#byName.set(entry.namespace, new Map([[entry.name, entry]]))
    else names.set(entry.name, entry)
  }

  #forgetName({ namespace, name, uid }: Entry<T>): void {
    const names = this.#byName.get(namespace)
    if (names?.get(name)?.uid !== uid) return
    names.delete(name)
    if (names.size === 0) this.#byName.delete(namespace)
  }
}
