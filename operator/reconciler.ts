import type { KubeObject } from '../api/kinds/kubernetes.ts'
import type { KubeClient } from '../kube/client.ts'
import type { Clock } from '../kube/clock.ts'
import type { Log } from '../kube/log.ts'
import type { Random } from '../kube/random.ts'
import type { ResourceType } from '../kube/resources.ts'
import type { Reconciled } from '../kube/work-queue.ts'
import type { OperatorConfig } from './config.ts'
import type { Refusals } from './refusals.ts'
import type { View } from './view.ts'
import type { Writer } from './writer.ts'

/** `namespace/name` of the object that a reconciler looks after; `/name` for a cluster-scoped one. */
export type Key = `${string}/${string}`

export const keyOf = (object: KubeObject): Key => `${object.metadata.namespace ?? ''}/${object.metadata.name}`

/** The two parts of a key. Neither can contain a slash. */
export function splitKey(key: Key): { namespace: string; name: string } {
  const slash = key.indexOf('/')
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** Which changes of one kind concern a reconciler, and whom. */
export interface Watch {
  readonly type: ResourceType
  /** As in a list request. One reflector serves all watches of the same kind and selector. */
  readonly labelSelector: string
  /** '' for all. */
  readonly namespace: string
  /**
   * The keys to look at after a change; none when the change does not matter. `before` is null for an object that is
   * new; for a deleted one `object` is its last state and `isDeleted` is true.
   */
  readonly keys: (object: KubeObject, before: KubeObject | null, isDeleted: boolean) => readonly Key[]
  /** Looks this much later, so that a row of changes is looked at once. 0: at once. */
  readonly afterMs: (key: Key, isDeleted: boolean) => number
}

/** A watch over objects of one type; the caller vouches that `type` holds `T`s. */
export function watch<T extends KubeObject>(
  type: ResourceType,
  keys: (object: T, before: T | null, isDeleted: boolean) => readonly Key[],
  options: {
    readonly labelSelector?: string
    readonly namespace?: string
    readonly afterMs?: number | Watch['afterMs']
  } = {},
): Watch {
  const { afterMs = 0 } = options
  return {
    type,
    labelSelector: options.labelSelector ?? '',
    namespace: options.namespace ?? '',
    keys: (object, before, isDeleted) => keys(object as T, before as T | null, isDeleted),
    afterMs: typeof afterMs === 'number' ? () => afterMs : afterMs,
  }
}

/** One kind looked after: its queue is the operator's, what it thinks is its own. */
export interface Reconciler {
  readonly name: string
  readonly watches: readonly Watch[]
  /** How many keys are looked at at once. */
  readonly concurrency: number
  /** Hands over the way to have a key looked at of which no watch tells. */
  listen?(look: (key: Key) => void): void
  /** Looks at what is, never at which event came; idempotent. What it throws is tried again after a back-off. */
  reconcile(key: Key): Promise<Reconciled | void>
}

export interface Events {
  event(object: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string): void
}

/** What every reconciler is made from. `view.observe` may be called only while it is made. */
export interface OperatorContext {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly config: OperatorConfig
  readonly view: View
  /** Puts every write into the view as soon as it is answered. */
  readonly writer: Writer
  readonly events: Events
  readonly refusals: Refusals
}

export type MakeReconciler = (context: OperatorContext) => Reconciler
