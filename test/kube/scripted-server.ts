import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import {
  type HttpAnswer,
  type HttpRequest,
  type HttpStream,
  type Transport,
  TransportError,
} from '../../kube/transport.ts'

interface Past {
  readonly version: number
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: KubeObject
}

export const statusBody = (code: number, reason: string, details?: object): string =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: reason, details })

/** One open watch: lines go in here and come out at the reader. */
export class OpenWatch {
  readonly #waiting: string[] = []
  #end: 'open' | 'closed' | Error = 'open'
  #wake: () => void = () => {}
  /** Half-open: the server thinks that it sends. */
  isMute = false
  /** Every event comes twice, the second time late, behind the next one. */
  repeats = false
  #late: string | null = null

  push(line: string): void {
    if (this.isMute) return
    this.#waiting.push(line)
    if (this.repeats) {
      if (this.#late !== null) this.#waiting.push(this.#late)
      this.#late = line
    }
    this.#wake()
  }

  end(how: 'closed' | Error): void {
    if (this.#end === 'open') this.#end = how
    this.#wake()
  }

  get isOpen(): boolean {
    return this.#end === 'open'
  }

  async *lines(): AsyncGenerator<string> {
    try {
      for (;;) {
        const line = this.#waiting.shift()
        if (line !== undefined) yield line
        else if (this.#end === 'closed') return
        else if (this.#end !== 'open') throw this.#end
        else await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      this.end('closed')
    }
  }
}

/** A server of ConfigMaps in one namespace, told by its test what to do and what to get wrong. */
export class ScriptedServer implements Transport {
  readonly objects: Map<string, KubeObject> = new Map()
  readonly watches: OpenWatch[] = []
  /** Path and query of every request, in order. */
  readonly asked: string[] = []
  /** Streaming lists are refused with 422 when false. */
  streams = true
  /** Continue tokens are too old. */
  expireTokens = false
  /** Answers to give instead of the real ones, first in first out. `wait` never answers until the signal aborts. */
  readonly faults: (HttpAnswer | TransportError | 'wait')[] = []
  /** Lists answer as of this version: a server that lags. */
  lagAt: Map<string, KubeObject> | null = null
  lagVersion: number | null = null
  repeats: boolean = false
  version = 10
  /** Changes up to here are forgotten: a watch from before gets a 410. */
  forgottenUpTo = 0
  /** Called inside a streaming list, before its end is told. */
  duringList: (watch: OpenWatch) => void = () => {}
  onChange: (type: Past['type'], object: KubeObject) => void = () => {}
  #past: Past[] = []
  #uids = 0

  put(name: string, value: string): void {
    const before = this.objects.get(name)
    const uid = before?.metadata.uid ?? `uid-${++this.#uids}`
    this.#change(before === undefined ? 'ADDED' : 'MODIFIED', name, uid, value)
  }

  remove(name: string): void {
    const before = this.objects.get(name)
    if (before !== undefined) this.#change('DELETED', name, before.metadata.uid, String(valueOf(before)))
  }

  recreate(name: string, value: string): void {
    this.remove(name)
    this.put(name, value)
  }

  bookmark(annotations?: Record<string, string>, version: number = this.version): void {
    for (const watch of this.#open()) watch.push(bookmarkLine(version, annotations))
  }

  error(code: number, reason: string): void {
    for (const watch of this.#open()) watch.push(`{"type":"ERROR","object":${statusBody(code, reason)}}`)
  }

  end(how: 'closed' | 'broken'): void {
    const error = new TransportError('connection', 'reset by the script')
    for (const watch of this.#open()) watch.end(how === 'closed' ? 'closed' : error)
  }

  /** A watch from any version until now is too old. */
  forget(): void {
    this.forgottenUpTo = this.version
    this.#past = []
  }

  /** A backup is put back: older objects, older versions. */
  restore(objects: ReadonlyMap<string, KubeObject>, version: number): void {
    this.objects.clear()
    for (const [name, object] of objects) this.objects.set(name, object)
    this.version = version
    this.#past = []
  }

  lists(): number {
    return this.asked.filter((path) => !path.includes('watch=true') || path.includes('sendInitialEvents')).length
  }

  async request(request: HttpRequest): Promise<HttpAnswer> {
    this.asked.push(request.path)
    return (await this.#fault(request)) ?? this.#list(new URL(request.path, 'http://server').searchParams)
  }

  async stream(request: HttpRequest): Promise<HttpStream> {
    this.asked.push(request.path)
    const fault = await this.#fault(request)
    if (fault !== null) return { ...refusedStream(fault.status, fault.body), headers: fault.headers }
    const query = new URL(request.path, 'http://server').searchParams
    const isList = query.get('sendInitialEvents') === 'true'
    if (isList && !this.streams) return refusedStream(422, statusBody(422, 'Invalid'))
    const from = Number(query.get('resourceVersion') ?? 0)
    if (!isList && from < this.forgottenUpTo) return refusedStream(410, statusBody(410, 'Expired'))
    const watch = new OpenWatch()
    watch.repeats = this.repeats
    this.watches.push(watch)
    request.signal?.addEventListener('abort', () => watch.end('closed'))
    if (isList) this.#sendList(watch)
    else this.#sendPast(watch, from)
    return { status: 200, headers: {}, lines: watch.lines() }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #sendList(watch: OpenWatch): void {
    const { objects, version } = this.#listed()
    for (const object of objects) watch.push(line('ADDED', object))
    this.duringList(watch)
    watch.push(bookmarkLine(version, { 'k8s.io/initial-events-end': 'true' }))
    if (version >= this.forgottenUpTo) this.#sendPast(watch, version)
    else watch.push(`{"type":"ERROR","object":${statusBody(410, 'Expired')}}`)
  }

  #sendPast(watch: OpenWatch, from: number): void {
    for (const { version, type, object } of this.#past) if (version > from) watch.push(line(type, object))
  }

  #open(): OpenWatch[] {
    return this.watches.filter(({ isOpen }) => isOpen)
  }

  #change(type: Past['type'], name: string, uid: string, value: string): void {
    const version = ++this.version
    const metadata = { name, namespace: 'default', uid, resourceVersion: String(version), creationTimestamp: '' }
    const object: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { value } }
    if (type === 'DELETED') this.objects.delete(name)
    else this.objects.set(name, object)
    this.#past.push({ version, type, object })
    this.onChange(type, object)
    for (const watch of this.#open()) watch.push(line(type, object))
  }

  async #fault({ signal }: HttpRequest): Promise<HttpAnswer | null> {
    const fault = this.faults.shift()
    if (fault === undefined) return null
    if (fault instanceof TransportError) throw fault
    if (fault !== 'wait') return fault
    await new Promise((resolve) => signal?.addEventListener('abort', resolve))
    throw new TransportError('aborted', 'given up')
  }

  #listed(): { objects: KubeObject[]; version: number } {
    const objects = [...(this.lagAt ?? this.objects).values()].sort((a, b) =>
      a.metadata.name < b.metadata.name ? -1 : 1,
    )
    return { objects, version: this.lagVersion ?? this.version }
  }

  #list(query: URLSearchParams): HttpAnswer {
    const token = query.get('continue')
    const limit = Number(query.get('limit') ?? 0)
    if (token !== null && this.expireTokens) return { status: 410, headers: {}, body: statusBody(410, 'Expired') }
    const { objects, version } = this.#listed()
    const begin = Number(token?.split(':')[1] ?? 0)
    const end = limit === 0 ? objects.length : Math.min(objects.length, begin + limit)
    const resourceVersion = token?.split(':')[0] ?? String(version)
    const next = end < objects.length ? `${resourceVersion}:${end}` : undefined
    const items = objects.slice(begin, end).map(({ metadata, data }) => ({ metadata, data })) // as built-in lists are
    const body = JSON.stringify({ kind: 'ConfigMapList', metadata: { resourceVersion, continue: next }, items })
    return { status: 200, headers: {}, body }
  }
}

export const valueOf = (object: KubeObject): string | undefined =>
  (object['data'] as { value?: string } | undefined)?.value

const line = (type: string, object: KubeObject): string => JSON.stringify({ type, object })

const bookmarkLine = (version: number, annotations: Record<string, string> = {}): string =>
  JSON.stringify({
    type: 'BOOKMARK',
    object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { resourceVersion: String(version), annotations } },
  })

async function* one(text: string): AsyncGenerator<string> {
  yield text
}

const refusedStream = (status: number, body: string): HttpStream => ({ status, headers: {}, lines: one(body) })
