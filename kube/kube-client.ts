import type { Binding, KubeObject, NewObject, Status } from '../api/kinds/kubernetes.ts'
import { isOk, lost, malformed, ok, refusal } from './answers.ts'
import type {
  Answer,
  DeleteOptions,
  KubeClient,
  ListOptions,
  ListPage,
  ObjectKey,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.ts'
import { apiVersionOf, collectionPath, objectPath, query } from './paths.ts'
import { PROTOBUF, protobufEvents, statusText } from './protobuf/watch-events.ts'
import { PODS, type ResourceType } from './resources.ts'
import { type HttpRequest, type HttpStream, type Transport, TransportError } from './transport.ts'

export interface KubeClientOptions {
  /** Sent with every request; its part before the '/' becomes the field manager of plain patches. */
  readonly userAgent?: string
  /** For requests that do not state their own time-out. */
  readonly requestDeadlineMs?: number
}

/** kube-apiserver itself gives up after 60 s; nothing that we ask for takes half of that. */
const REQUEST_DEADLINE_MS = 30_000
/** How much longer than the server we wait, so that its own "timed out" reaches us. */
const ANSWER_MARGIN_MS = 1_000

/** For writes of which only the outcome counts; a server that has no such form tells the whole object. */
const LEAST_REPLY = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json'

type PatchType = 'apply-patch+yaml' | 'merge-patch+json' | 'strategic-merge-patch+json'

/** The one door to the API, over any transport. */
export function kubeClient(transport: Transport, options: KubeClientOptions = {}): KubeClient {
  return new Client(transport, options)
}

class Client implements KubeClient {
  readonly #transport: Transport
  readonly #headers: Readonly<Record<string, string>>
  readonly #deadlineMs: number

  constructor(transport: Transport, { userAgent = 'espalier', requestDeadlineMs }: KubeClientOptions) {
    this.#transport = transport
    this.#headers = { accept: 'application/json', 'user-agent': userAgent }
    this.#deadlineMs = requestDeadlineMs ?? REQUEST_DEADLINE_MS
  }

  get<T extends KubeObject>(
    type: ResourceType,
    { namespace, name }: ObjectKey,
    subresource?: 'status' | 'scale',
  ): Promise<Answer<T>> {
    return this.#ask<T>({ method: 'GET', path: objectPath(type, namespace, name, subresource) })
  }

  async list<T extends KubeObject>(type: ResourceType, options: ListOptions = {}): Promise<Answer<ListPage<T>>> {
    const path = `${collectionPath(type, options.namespace ?? '')}${listQuery(options)}`
    const answer = await this.#ask<RawList<T>>({ method: 'GET', path, signal: options.signal })
    return isOk(answer) ? pageOf(type, answer.value) : answer
  }

  async watch(
    type: ResourceType,
    options: WatchOptions,
    signal: AbortSignal,
  ): Promise<Answer<AsyncIterable<WatchEvent>>> {
    const path = `${collectionPath(type, options.namespace ?? '')}${watchQuery(options)}`
    try {
      const accept = options.projection === undefined ? {} : { accept: `${PROTOBUF},application/json` }
      const headers = { ...this.#headers, ...accept }
      const request: HttpRequest = { method: 'GET', path, headers, deadlineMs: this.#deadlineMs, signal }
      const stream = await this.#transport.stream(request)
      if (stream.status < 300) return ok(eventsOf(stream, options))
      return refusal('GET', { status: stream.status, headers: stream.headers, body: await refusalBody(stream) })
    } catch (error) {
      return lost('GET', asTransportError(error))
    }
  }

  create<T extends KubeObject>(type: ResourceType, object: NewObject, options?: WriteOptions): Promise<Answer<T>> {
    const path = `${collectionPath(type, object.metadata.namespace ?? '')}${writeQuery(options)}`
    return this.#ask<T>({ method: 'POST', path, body: object, ...waysOf(options) })
  }

  apply<T extends KubeObject>(
    type: ResourceType,
    object: NewObject,
    manager: string,
    options?: WriteOptions & { force?: boolean },
  ): Promise<Answer<T>> {
    const key = { namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' }
    const extra = { fieldManager: manager, force: options?.force ?? false }
    return this.#patch<T>('apply-patch+yaml', type, key, object, options, extra)
  }

  mergePatch<T extends KubeObject>(
    type: ResourceType,
    key: ObjectKey,
    patch: object,
    options?: WriteOptions,
  ): Promise<Answer<T>> {
    return this.#patch<T>('merge-patch+json', type, key, patch, options)
  }

  strategicPatch<T extends KubeObject>(
    type: ResourceType,
    key: ObjectKey,
    patch: object,
    options?: WriteOptions,
  ): Promise<Answer<T>> {
    return this.#patch<T>('strategic-merge-patch+json', type, key, patch, options)
  }

  bind(binding: Binding, options?: WriteOptions): Promise<Answer<Status>> {
    const { namespace, name } = binding.metadata
    const path = `${objectPath(PODS, namespace, name, 'binding')}${writeQuery(options)}`
    return this.#ask<Status>({ method: 'POST', path, body: binding, ...waysOf(options) })
  }

  delete(type: ResourceType, key: ObjectKey, options: DeleteOptions = {}): Promise<Answer<KubeObject | Status>> {
    const { uid, resourceVersion, gracePeriodSeconds, propagationPolicy } = options
    const preconditions = uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion }
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, gracePeriodSeconds, propagationPolicy }
    const path = `${objectPath(type, key.namespace, key.name)}${writeQuery(options)}`
    return this.#ask<KubeObject | Status>({ method: 'DELETE', path, body, ...waysOf(options) })
  }

  raw<T>(path: string): Promise<Answer<T>> {
    return this.#ask<T>({ method: 'GET', path })
  }

  #patch<T>(
    patchType: PatchType,
    type: ResourceType,
    { namespace, name }: ObjectKey,
    body: object,
    options?: WriteOptions,
    extra: Readonly<Record<string, string | boolean>> = {},
  ): Promise<Answer<T>> {
    const path = `${objectPath(type, namespace, name, options?.subresource)}${writeQuery(options, extra)}`
    const contentType = `application/${patchType}`
    return this.#ask<T>({ method: 'PATCH', path, body, contentType, ...waysOf(options) })
  }

  async #ask<T>(ask: Ask): Promise<Answer<T>> {
    const { method } = ask
    try {
      const answer = await this.#transport.request(this.#requestOf(ask))
      if (answer.status >= 300) return refusal(method, answer)
      if (ask.ignoresReply === true) return ok({} as T)
      return answer.held === undefined ? parsed<T>(method, answer.status, answer.body) : ok(answer.held() as T)
    } catch (error) {
      return lost(method, asTransportError(error))
    }
  }

  #requestOf(ask: Ask): HttpRequest {
    const { method, path, body, contentType = 'application/json', timeoutMs, signal, maySend } = ask
    const deadlineMs = timeoutMs === undefined ? this.#deadlineMs : timeoutMs + ANSWER_MARGIN_MS
    const rest = { method, path, deadlineMs, ...(signal && { signal }), ...(maySend && { maySend }) }
    if (body === undefined) return { ...rest, headers: this.#headers }
    const accept = ask.ignoresReply === true ? { accept: LEAST_REPLY } : {}
    const headers = { ...this.#headers, ...accept, 'content-type': contentType }
    return { ...rest, headers, body: JSON.stringify(body) }
  }
}

interface Ask {
  readonly method: HttpRequest['method']
  readonly path: string
  readonly body?: object
  readonly contentType?: string
  readonly ignoresReply?: boolean | undefined
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly maySend?: (() => boolean) | undefined
}

type Ways = Pick<WriteOptions, 'timeoutMs' | 'maySend' | 'ignoresReply'>

const waysOf = (options?: Ways): Pick<Ask, keyof Ways> => ({
  timeoutMs: options?.timeoutMs,
  maySend: options?.maySend,
  ignoresReply: options?.ignoresReply,
})

interface RawList<T> {
  items?: T[] | null
  metadata?: { resourceVersion?: string; continue?: string }
}

function listQuery(options: ListOptions): string {
  const { labelSelector, fieldSelector, limit, resourceVersion } = options
  const fresh = resourceVersion !== undefined && resourceVersion !== '' && !options.continue
  return query({
    labelSelector,
    fieldSelector,
    limit: limit === 0 ? undefined : limit,
    continue: options.continue,
    resourceVersion: fresh ? resourceVersion : undefined,
    resourceVersionMatch: fresh ? 'NotOlderThan' : undefined,
  })
}

const watchQuery = (options: WatchOptions): string =>
  query({
    watch: true,
    allowWatchBookmarks: true,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    resourceVersion: options.resourceVersion,
    timeoutSeconds: options.timeoutSeconds,
    ...(options.sendInitialEvents ? { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' } : {}),
  })

const writeQuery = (
  options?: Pick<WriteOptions, 'timeoutMs'>,
  extra: Readonly<Record<string, string | boolean>> = {},
): string => query({ ...extra, timeout: options?.timeoutMs === undefined ? undefined : `${options.timeoutMs}ms` })

/** Items of built-in lists carry neither kind nor apiVersion; here every object says what it is. */
function pageOf<T extends KubeObject>(type: ResourceType, list: RawList<T>): Answer<ListPage<T>> {
  const resourceVersion = list.metadata?.resourceVersion
  if (!resourceVersion) return malformed('GET', 200, `no list of ${type.plural} came back`)
  const apiVersion = apiVersionOf(type)
  const items = (list.items ?? []).map((item) =>
    item.kind === undefined ? { ...item, apiVersion, kind: type.kind } : item,
  )
  return ok({ items, resourceVersion, continue: list.metadata?.continue ?? '' })
}

function parsed<T>(method: HttpRequest['method'], code: number, body: string): Answer<T> {
  try {
    return ok(JSON.parse(body) as T)
  } catch {
    return malformed(method, code, `the answer is not JSON: ${body}`)
  }
}

const EVENT_TYPES: ReadonlySet<unknown> = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'])

/** The form is the server's choice: kinds of CRDs and the embedded cluster have JSON only. */
const chunksOf = ({ headers, chunks }: HttpStream): AsyncIterable<Uint8Array> | null =>
  headers['content-type']?.startsWith(PROTOBUF) === true ? (chunks ?? null) : null

function eventsOf(stream: HttpStream, { projection }: WatchOptions): AsyncIterable<WatchEvent> {
  const chunks = chunksOf(stream)
  return chunks === null || projection === undefined
    ? watchEvents(stream.events ?? stream.lines)
    : protobufEvents(chunks, projection)
}

/** Throws TransportError when the stream breaks or a line cannot be read; what was read before it has been told. */
async function* watchEvents(lines: AsyncIterable<WatchEvent | string>): AsyncGenerator<WatchEvent> {
  for await (const line of lines) {
    if (line !== '') yield typeof line === 'string' ? watchEvent(line) : line
  }
}

function watchEvent(line: string): WatchEvent {
  let event: { type?: unknown; object?: { metadata?: { resourceVersion?: unknown } } | null } | null
  try {
    event = JSON.parse(line) as typeof event
  } catch {
    throw new TransportError('connection', `a watch line is not JSON: ${line.slice(0, 200)}`)
  }
  const object = event?.object
  const isVersioned = typeof object?.metadata?.resourceVersion === 'string' && object.metadata.resourceVersion !== ''
  const isError = event?.type === 'ERROR' && typeof object === 'object' && object !== null
  if (EVENT_TYPES.has(event?.type) && (isVersioned || isError)) return event as WatchEvent
  throw new TransportError('connection', `a watch line is no event: ${line.slice(0, 200)}`)
}

const REFUSAL_MAX = 65_536

async function refusalBody(stream: HttpStream): Promise<string> {
  const chunks = chunksOf(stream)
  if (chunks === null) return textOf(stream.lines)
  const parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    parts.push(chunk)
    length += chunk.byteLength
    if (length > REFUSAL_MAX) break
  }
  return statusText(Buffer.concat(parts))
}

async function textOf(lines: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const line of lines) {
    text += `${line}\n`
    if (text.length > REFUSAL_MAX) break
  }
  return text.trim()
}

function asTransportError(error: unknown): TransportError {
  if (error instanceof TransportError) return error
  throw error
}
