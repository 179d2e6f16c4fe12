import type { Binding, KubeObject, NewObject, Status } from '../api/kinds/kubernetes.ts'
import type { Message } from './protobuf/projection.ts'
import type { ResourceType } from './resources.ts'

/** Which object: a namespace is '' for cluster-scoped kinds. */
export interface ObjectKey {
  readonly namespace: string
  readonly name: string
}

/**
 * Why a request did not succeed. `outcome` says whether a write can have happened: a refusal is certain, a time-out,
 * a broken connection or a 5xx is not. `retryable`: the same request may succeed later without anything else changing.
 */
export interface Failure {
  readonly kind: 'failure'
  /** HTTP status, or 0 when no answer came. */
  readonly status: number
  /**
   * Status.reason (`NotFound`, `Conflict`, `AlreadyExists`, `Expired`, …). Without an answer `Timeout`, `Connection`
   * or `Aborted`; with one that cannot be read `Malformed`.
   */
  readonly reason: string
  readonly message: string
  readonly retryable: boolean
  readonly retryAfterMs: number | null
  readonly outcome: 'refused' | 'unknown'
  readonly details: Status['details'] | null
}

export type Answer<T> = Readonly<{ kind: 'ok'; value: T }> | Failure

export interface ListOptions {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** Objects a page; 0 or absent: all at once. */
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersion?: string
  readonly signal?: AbortSignal
}

export interface ListPage<T> {
  readonly items: readonly T[]
  readonly resourceVersion: string
  /** '' on the last page. */
  readonly continue: string
}

export interface WatchOptions {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly resourceVersion: string
  readonly timeoutSeconds: number
  readonly sendInitialEvents?: boolean
  /** The objects come in protobuf form where the server has it, and of them what this names. Else in JSON, whole. */
  readonly projection?: Message
}

export type WatchEvent =
  | Readonly<{ type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; object: KubeObject }>
  | Readonly<{ type: 'ERROR'; object: Status }>

export interface DeleteOptions {
  readonly uid?: string
  readonly resourceVersion?: string
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  /** Sent as `?timeout=`: the server gives up before we do. */
  readonly timeoutMs?: number
  /** Asked right before it is sent, which can be long after the call. False: it is answered `NotSent`, refused. */
  readonly maySend?: () => boolean
}

export interface WriteOptions {
  readonly subresource?: 'status' | 'scale'
  /** Of what was written the server tells the metadata alone, and nobody reads it: the answer's `value` is empty. */
  readonly ignoresReply?: boolean
  /** Sent as `?timeout=`: the server gives up before we do. */
  readonly timeoutMs?: number
  /** As of DeleteOptions. */
  readonly maySend?: () => boolean
}

/** Every request to the Kubernetes API goes through one of these. Nothing here throws for what a server can answer. */
export interface KubeClient {
  get<T extends KubeObject>(type: ResourceType, key: ObjectKey, subresource?: 'status' | 'scale'): Promise<Answer<T>>
  list<T extends KubeObject>(type: ResourceType, options?: ListOptions): Promise<Answer<ListPage<T>>>
  /** The stream of one watch. Ends when the server closes it or `signal` aborts. */
  watch(type: ResourceType, options: WatchOptions, signal: AbortSignal): Promise<Answer<AsyncIterable<WatchEvent>>>
  create<T extends KubeObject>(type: ResourceType, object: NewObject, options?: WriteOptions): Promise<Answer<T>>
  /** Server-side apply as field manager `manager`. */
  apply<T extends KubeObject>(
    type: ResourceType,
    object: NewObject,
    manager: string,
    options?: WriteOptions & { force?: boolean },
  ): Promise<Answer<T>>
  /** application/merge-patch+json. Put `metadata.resourceVersion` or `metadata.uid` in the patch to make it conditional. */
  mergePatch<T extends KubeObject>(
    type: ResourceType,
    key: ObjectKey,
    patch: object,
    options?: WriteOptions,
  ): Promise<Answer<T>>
  /** application/strategic-merge-patch+json, for built-in kinds only: lists of conditions merge by type. */
  strategicPatch<T extends KubeObject>(
    type: ResourceType,
    key: ObjectKey,
    patch: object,
    options?: WriteOptions,
  ): Promise<Answer<T>>
  bind(binding: Binding, options?: WriteOptions): Promise<Answer<Status>>
  delete(type: ResourceType, key: ObjectKey, options?: DeleteOptions): Promise<Answer<KubeObject | Status>>
  /** GET of any path, for /version and discovery. */
  raw<T>(path: string): Promise<Answer<T>>
}
