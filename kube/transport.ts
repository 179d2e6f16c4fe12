import type { WatchEvent } from './client.ts'

/**
 * The seam under the client: one request, one answer; or one request, many lines. kube/http-transport.ts sends them
 * over one undici pool; sim/ answers them in process, so that a simulated run has no socket and no real clock in it.
 */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With the query string: `/api/v1/pods?limit=500`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** JSON text, or null. */
  readonly body?: string | null
  /** Milliseconds until the request is given up. For a stream: until its answer's head has come. */
  readonly deadlineMs: number
  readonly signal?: AbortSignal
  /** Asked when there is a connection for it, however long that took. False: it is not sent, and rejected as `unsent`. */
  readonly maySend?: () => boolean
}

export interface HttpAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** What `body` is the text of, as the server holds it, where both ends are one process. Nothing of it may be changed. */
  readonly held?: () => unknown
}

export interface HttpStream {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** One JSON text a line, as watches send. Ends when the server closes; throws TransportError when it breaks. */
  readonly lines: AsyncIterable<string>
  /** The same body as it comes; absent where only JSON is spoken. Either this or `lines` is read, once. */
  readonly chunks?: AsyncIterable<Uint8Array>
  /**
   * The same lines as the server holds them, where both ends are one process, or as text: read instead of `lines`.
   * Nothing of them may be changed.
   */
  readonly events?: AsyncIterable<WatchEvent | string>
}

/** No answer came: but for `unsent`, the write may or may not have happened. */
export class TransportError extends Error {
  readonly kind: 'timeout' | 'connection' | 'aborted' | 'unsent'
  constructor(kind: TransportError['kind'], message: string) {
    super(message)
    this.name = 'TransportError'
    this.kind = kind
  }
}

export interface Transport {
  /** Resolves for every status code; rejects with TransportError only. */
  request(request: HttpRequest): Promise<HttpAnswer>
  /** Resolves once the head is there; aborting the request's signal ends `lines`. */
  stream(request: HttpRequest): Promise<HttpStream>
  close(): Promise<void>
}
