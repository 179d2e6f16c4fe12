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
import { PODS, type ResourceType } from './resources.ts'
import { type HttpRequest, type Transport, TransportError } from './transport.ts'

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
    return this.#ask<T>('GET', objectPath(type, namespace, name, subresource))
  }

  async list<T extends KubeObject>(type: ResourceType, options: ListOptions = {}): Promise<Answer<ListPage<T>>> {
    const path = collectionPath(type, options.namespace ?? '')
    const answer = await this.#ask<RawList<T>>('GET', `${path}${listQuery(options)}`)
    return isOk(answer) ? pageOf(type, answer.value) : answer
  }

  async watch(
    type: ResourceType,
    options: WatchOptions,
    signal: AbortSignal,
  ): Promise<Answer<AsyncIterable<WatchEvent>>> {
    const path = `${collectionPath(type, options.namespace ?? '')}${watchQuery(options)}`
    try {
      const request: HttpRequest = { method: 'GET', path, headers: this.#headers, deadlineMs: this.#deadlineMs, signal }
      const stream = await this.#transport.stream(request)
      if (stream.status < 300) return ok(watchEvents(stream.lines))
      return refusal('GET', { status: stream.status, headers: stream.headers, body: await textOf(stream.lines) })
    } catch (error) {
      return lost('GET', asTransportError(error))
    }
  }

  create<T extends KubeObject>(type: ResourceType, object: NewObject, options?: WriteOptions): Promise<Answer<T>> {
    const path = collectionPath(type, object.metadata.namespace ?? '')
    return this.#ask<T>('POST', `${path}${writeQuery(options)}`, object, options)
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
    const path = objectPath(PODS, namespace, name, 'binding')
    return this.#ask<Status>('POST', `${path}${writeQuery(options)}`, binding, options)
  }

  delete(type: ResourceType, key: ObjectKey, options: DeleteOptions = {}): Promise<Answer<KubeObject | Status>> {
    const { uid, resourceVersion, gracePeriodSeconds, propagationPolicy } = options
    const preconditions = uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion }
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, gracePeriodSeconds, propagationPolicy }
    return this.#ask<KubeObject | Status>('DELETE', objectPath(type, key.namespace, key.name), body)
  }

  raw<T>(path: string): Promise<Answer<T>> {
    return this.#ask<T>('GET', path)
  }

  #patch<T>(
    patchType: PatchType,
    type: ResourceType,
    { namespace, name }: ObjectKey,
    patch: object,
    options?: WriteOptions,
    extra: Readonly<Record<string, string | boolean>> = {},
  ): Promise<Answer<T>> {
    const path = `${objectPath(type, namespace, name, options?.subresource)}${writeQuery(options, extra)}`
    return this.#ask<T>('PATCH', path, patch, options, `application/${patchType}`)
  }

  async #ask<T>(
    method: HttpRequest['method'],
    path: string,
    body?: object,
    options?: WriteOptions,
    contentType = 'application/json',
  ): Promise<Answer<T>> {
    const headers = body === undefined ? this.#headers : { ...this.#headers, 'content-type': contentType }
    const deadlineMs = options?.timeoutMs === undefined ? this.#deadlineMs : options.timeoutMs + ANSWER_MARGIN_MS
    const text = body === undefined ? null : JSON.stringify(body)
    try {
      const answer = await this.#transport.request({ method, path, headers, body: text, deadlineMs })
      return answer.status < 300 ? parsed<T>(method, answer.status, answer.body) : refusal(method, answer)
    } catch (error) {
      return lost(method, asTransportError(error))
    }
  }
}

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
    limit,
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

const writeQuery = (options?: WriteOptions, extra: Readonly<Record<string, string | boolean>> = {}): string =>
  query({ ...extra, timeout: options?.timeoutMs === undefined ? undefined : `${options.timeoutMs}ms` })

/** Items of built-in lists carry neither kind nor apiVersion; here every object says what it is. */
function pageOf<T extends KubeObject>(type: ResourceType, list: RawList<T>): Answer<ListPage<T>> {
  const resourceVersion = list.metadata?.resourceVersion
  if (resourceVersion === undefined) return malformed('GET', 200, `no list of ${type.plural} came back`)
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

/** Throws TransportError when the stream breaks or a line cannot be read; what was read before it has been told. */
async function* watchEvents(lines: AsyncIterable<string>): AsyncGenerator<WatchEvent> {
  for await (const line of lines) {
    if (line !== '') yield watchEvent(line)
  }
}

function watchEvent(line: string): WatchEvent {
  let event: { type?: unknown; object?: { metadata?: unknown } | null } | null
  try {
    event = JSON.parse(line) as typeof event
  } catch {
    throw new TransportError('connection', `a watch line is not JSON: ${line.slice(0, 200)}`)
  }
  const isWhole = typeof event?.object === 'object' && event.object !== null && EVENT_TYPES.has(event.type)
  if (isWhole && (event?.type === 'ERROR' || typeof event?.object?.metadata === 'object')) return event as WatchEvent
  throw new TransportError('connection', `a watch line is no event: ${line.slice(0, 200)}`)
}

const REFUSAL_MAX = 65_536

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
