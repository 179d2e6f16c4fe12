import type { KubeObject } from '../api/kinds/kubernetes.ts'
import { type Key, keyOf } from './reconciler.ts'

/**
 * What the server refuses to make of a set, and nothing that was made can tell: the set's conditions tell it. Kept in
 * memory, since who starts anew is refused anew.
 */
export class Refusals {
  /** Set uid → name of what is refused → the refusal. */
  readonly #bySet = new Map<string, Map<string, string>>()
  #tell: (key: Key) => void = () => {}

  /** `tell` gets the key of a set whose refusals change. */
  listen(tell: (key: Key) => void): void {
    this.#tell = tell
  }

  refused(set: KubeObject, name: string, message: string): void {
    const known = this.#bySet.get(set.metadata.uid) ?? new Map<string, string>()
    this.#bySet.set(set.metadata.uid, known)
    if (known.get(name) === message) return
    known.set(name, message)
    this.#tell(keyOf(set))
  }

  /** It was made, or nobody asks for it any more. */
  passed(set: KubeObject, name: string): void {
    const known = this.#bySet.get(set.metadata.uid)
    if (known?.delete(name) !== true) return
    if (known.size === 0) this.#bySet.delete(set.metadata.uid)
    this.#tell(keyOf(set))
  }

  forget({ metadata: { uid } }: KubeObject): void {
    this.#bySet.delete(uid)
  }

  /** The first by name, or null. */
  of({ metadata: { uid } }: KubeObject): string | null {
    const known = [...(this.#bySet.get(uid) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
    return known[0]?.[1] ?? null
  }
}
