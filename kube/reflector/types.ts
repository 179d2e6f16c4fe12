import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import type { Clock } from '../clock.ts'
import type { KubeClient } from '../client.ts'
import type { Random } from '../random.ts'
import type { Message } from '../protobuf/projection.ts'
import type { ResourceType } from '../resources.ts'

/**
 * One change, told exactly once and in order per object. Differences are by uid: an object deleted and made again
 * under one name is a `deleted` and an `added`, also when both happened unseen between two lists.
 */
export type Delta<T> =
  | Readonly<{ kind: 'added'; object: T; before: null }>
  | Readonly<{ kind: 'updated'; object: T; before: T }>
  | Readonly<{ kind: 'deleted'; object: T; before: T }>

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: KubeClient
  readonly type: ResourceType
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly clock: Clock
  readonly random: Random
  /** Keeps what its reader needs. An update that changes no projected field is not told. Default: everything. */
  readonly project?: (raw: KubeObject) => T
  /** What `project` reads, for servers that have the kind in protobuf form: a watch then costs both sides far less. */
  readonly projection?: Message
  /** Called synchronously, once a change, with the cache already changed. What it throws is reported and dropped. */
  readonly onDelta?: (delta: Delta<T>) => void
  /** For the log: what broke, and that it is retried. */
  readonly onTrouble?: (message: string) => void
}

/** Read-only: what a reflector knows at this moment. */
export interface Cache<T> {
  readonly size: number
  get(namespace: string, name: string): T | undefined
  byUid(uid: string): T | undefined
  /** Unordered. */
  values(): Iterable<T>
}

export interface Reflector<T> {
  readonly cache: Cache<T>
  start(): void
  /** Resolves when the first list is in the cache (rejects never; a stopped reflector resolves). */
  readonly synced: Promise<void>
  readonly isSynced: boolean
  /** Resolves when nothing of it runs any more. No delta is told after the call. */
  stop(): Promise<void>
}
