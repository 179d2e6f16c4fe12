import type { KubeObject } from '../../api/kinds/kubernetes.ts'

/** One write, as it is kept. */
export interface Change {
  /** The store's version after it: the resourceVersion that it gave. */
  readonly version: number
  /** `group/plural`. */
  readonly collection: string
  /** `namespace/name`. */
  readonly key: string
  /** Null: the object is gone. */
  readonly object: KubeObject | null
}

export interface Stored {
  readonly version: number
  readonly objects: readonly { readonly collection: string; readonly key: string; readonly object: KubeObject }[]
}

/** Where a store's content outlives its process. A simulation in process has none. */
export interface Persistence {
  /** What was kept; null: nothing yet, the store is new. */
  readonly stored: Stored | null
  /** Keeps a write before it is answered. What it throws refuses the write. */
  append(change: Change): void
  /** A new store has all that it begins with. Killed before, it is begun again. */
  begun(): void
}
