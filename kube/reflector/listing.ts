import type { Entry } from './deltas.ts'
import { isOldNews } from './versions.ts'

/**
 * A list while it comes, page by page or event by event. Pages of one list can repeat an object, and hold two of one
 * name when a server is careless: the newest counts. Kept up entry by entry, so that its end costs nothing.
 */
export class Listing<T> {
  readonly #byUid = new Map<string, Entry<T>>()
  /** Namespace → name. */
  readonly #byName = new Map<string, Map<string, Entry<T>>>()

  get isEmpty(): boolean {
    return this.#byName.size === 0
  }

  add(entry: Entry<T>): void {
    let names = this.#byName.get(entry.namespace)
    if (names === undefined) this.#byName.set(entry.namespace, (names = new Map()))
    const other = names.get(entry.name)
    if (other !== undefined && isOldNews(entry.resourceVersion, other.resourceVersion)) return
    if (other !== undefined) this.#byUid.delete(other.uid)
    names.set(entry.name, entry)
    this.#byUid.set(entry.uid, entry)
  }

  delete(uid: string): void {
    const entry = this.#byUid.get(uid)
    if (entry === undefined) return
    this.#byUid.delete(uid)
    this.#byName.get(entry.namespace)?.delete(entry.name)
  }

  has(uid: string): boolean {
    return this.#byUid.has(uid)
  }

  entries(): Iterable<Entry<T>> {
    return this.#byUid.values()
  }

  static of<T>(entries: Iterable<Entry<T>>): Listing<T> {
    const listing = new Listing<T>()
    for (const entry of entries) listing.add(entry)
    return listing
  }
}
