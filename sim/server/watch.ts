import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import type { WatchEvent } from '../../kube/client.ts'
import type { Timer } from '../../kube/clock.ts'
import { TransportError } from '../../kube/transport.ts'
import { formOf, type Form } from './accept.ts'
import { ApiError, expired, type FieldFault, invalid } from './api-error.ts'
import type { Core } from './core.ts'
import type { WatchAnswer } from './exchange.ts'
import { askedVersion, entryText, inVersion, selectionOf, tooLarge } from './list.ts'
import { selects, type Selection } from './selection.ts'
import { apiVersionOf } from './served-type.ts'
import type { Entry, StoreEvent } from './store.ts'
import { tableOf } from './table.ts'
import { isTrue, type Target } from './target.ts'
import { WatchStream } from './watch-stream.ts'

/** How often a quiet watch is told how far it has come. */
const BOOKMARK_MS = 60_000
/** Without `timeoutSeconds` the server ends a watch after 30 to 60 minutes. */
const LONGEST_WATCH_MS = 1_800_000

export interface OpenWatch {
  readonly target: Target
  readonly stream: WatchStream
  /** Events come this much later, in order; 0: at once. */
  delayMs: number
}

/** All open watches, so that faults can break or delay them and a stopping server can end them. */
export class OpenWatches {
  readonly #open = new Set<OpenWatch>()

  get size(): number {
    return this.#open.size
  }

  add(watch: OpenWatch): void {
    this.#open.add(watch)
  }

  delete(watch: OpenWatch): void {
    this.#open.delete(watch)
  }

  /** Breaks the connections of those that match, without a word. */
  drop(matches: (target: Target) => boolean): number {
    const hit = [...this.#open].filter(({ target }) => matches(target))
    for (const { stream } of hit) stream.break(new TransportError('connection', 'the watch was dropped'))
    return hit.length
  }

  /** From now on, events of those that match come `delayMs` late. */
  delay(matches: (target: Target) => boolean, delayMs: number): void {
    for (const watch of this.#open) if (matches(watch.target)) watch.delayMs = delayMs
  }

  endAll(): void {
    for (const { stream } of [...this.#open]) stream.end()
  }
}

/** What a change means to one selection: an object that stops matching is deleted for it. */
function seen(selection: Selection, event: StoreEvent): { type: StoreEvent['type']; entry: Entry } | null {
  const isIn = event.type !== 'DELETED' && selects(selection, event.entry.object)
  const wasIn = event.before !== null && selects(selection, event.before.object)
  if (!isIn && !wasIn) return null
  if (isIn) return { type: wasIn ? 'MODIFIED' : 'ADDED', entry: event.entry }
  if (event.type === 'DELETED') return { type: 'DELETED', entry: event.entry }
  const { object } = event.before!
  const { resourceVersion } = event.entry.object.metadata
  const last = { ...object, metadata: { ...object.metadata, resourceVersion } }
  return { type: 'DELETED', entry: { key: event.entry.key, object: last, version: event.version, json: null } }
}

class Watcher {
  readonly #core: Core
  readonly #target: Target
  readonly #form: Form
  readonly #selection: Selection
  readonly #timers: Timer[] = []
  readonly #open: OpenWatch
  readonly #hasBookmarks: boolean
  #unsubscribe: (() => void) | null = null
  #isFirstTable = true
  #bookmarkTimer: Timer | null = null
  /** Monotonic time before which a delayed event must not overtake an earlier one. */
  #dueMs = 0

  constructor(core: Core, target: Target) {
    this.#core = core
    this.#target = target
    this.#form = formOf(target)
    this.#selection = selectionOf(target)
    this.#hasBookmarks = isTrue(target.query, 'allowWatchBookmarks')
    const stream = new WatchStream(core.watchBuffer, () => this.#ended())
    this.#open = { target, stream, delayMs: 0 }
  }

  start(timeoutMs: number): WatchStream {
    const { stream } = this.#open
    this.#core.watches.add(this.#open)
    this.#timers.push(this.#core.clock.after(timeoutMs, 'background', () => this.#finish()))
    this.#begin()
    if (this.#hasBookmarks && !stream.isEnded) this.#bookmarkLater()
    const signal = this.#target.request.signal
    if (signal?.aborted) stream.end()
    else signal?.addEventListener('abort', () => stream.end(), { once: true })
    return stream
  }

  #begin(): void {
    const { query, type } = this.#target
    const collection = this.#core.store.collection(type.collection)
    const version = askedVersion(query)
    const isStreamingList = isTrue(query, 'sendInitialEvents')
    if (isStreamingList && version !== null && version > this.#core.store.version) {
      this.#sendError(tooLarge(version, this.#core.store.version))
      return
    }
    if (isStreamingList || (version ?? 0) === 0) {
      if (query.get('sendInitialEvents') !== 'false') {
        const entries = collection.sorted().filter((entry) => selects(this.#selection, entry.object))
        this.#open.stream.allow(entries.length)
        for (const entry of entries) this.#send('ADDED', entry)
      }
      if (isStreamingList && this.#hasBookmarks) this.#sendBookmark(true)
    } else {
      const events = collection.since(version!)
      if (events === null) {
        this.#sendError(expired(`too old resource version: ${version} (${collection.floor})`))
        return
      }
      this.#open.stream.allow(events.length)
      for (const event of events) this.#tell(event)
    }
    const from = version ?? 0
    this.#unsubscribe = collection.subscribe((event) => {
      if (event.version > from) this.#tell(event)
    })
  }

  #tell(event: StoreEvent): void {
    const change = seen(this.#selection, event)
    if (change === null) return
    const { clock } = this.#core
    const { delayMs } = this.#open
    if (delayMs === 0 && this.#dueMs <= clock.monotonicMs()) {
      this.#send(change.type, change.entry)
      return
    }
    this.#dueMs = Math.max(this.#dueMs, clock.monotonicMs() + delayMs)
    const waitMs = this.#dueMs - clock.monotonicMs()
    this.#timers.push(clock.after(waitMs, 'work', () => this.#send(change.type, change.entry)))
  }

  #send(type: StoreEvent['type'], entry: Entry): void {
    const form = this.#form
    if (form.kind !== 'table') {
      const text = (): string => `{"type":"${type}","object":${entryText(this.#core, this.#target, form, entry)}}`
      const held = (): WatchEvent => ({ type, object: inVersion(this.#target, entry) })
      this.#open.stream.push(text, form.kind === 'object' ? held : null)
      return
    }
    const hasColumns = this.#isFirstTable
    this.#isFirstTable = false
    const nowMs = this.#core.clock.nowMs()
    const metadata = { resourceVersion: entry.object.metadata.resourceVersion }
    const { include, table } = form
    const text = (): unknown => tableOf([entry], table, { include, nowMs, metadata, hasColumns })
    this.#open.stream.push(() => JSON.stringify({ type, object: text() }))
  }

  #sendBookmark(isEndOfList: boolean): void {
    const { type } = this.#target
    const annotations = isEndOfList ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}
    const metadata = { resourceVersion: String(this.#core.store.version), creationTimestamp: null, ...annotations }
    const bookmark = { kind: type.kind, apiVersion: apiVersionOf(type), metadata } as unknown as KubeObject
    const text = JSON.stringify({ type: 'BOOKMARK', object: this.#bookmarkForm(bookmark) })
    this.#open.stream.push(() => text)
  }

  #bookmarkForm(bookmark: KubeObject): unknown {
    if (this.#form.kind === 'object') return bookmark
    if (this.#form.kind === 'metadata') {
      return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: bookmark.metadata }
    }
    return { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: bookmark.metadata, columnDefinitions: [], rows: [] }
  }

  #bookmarkLater(): void {
    this.#bookmarkTimer = this.#core.clock.after(BOOKMARK_MS, 'background', () => {
      if (this.#open.stream.isEnded) return
      if (this.#dueMs <= this.#core.clock.monotonicMs()) this.#sendBookmark(false)
      this.#bookmarkLater()
    })
  }

  #sendError(error: ApiError): void {
    const text = JSON.stringify({ type: 'ERROR', object: error.status })
    this.#open.stream.push(() => text)
    this.#open.stream.end()
  }

  /** The last word of a watch whose time is over is how far it has come. */
  #finish(): void {
    if (this.#hasBookmarks && this.#dueMs <= this.#core.clock.monotonicMs()) this.#sendBookmark(false)
    this.#open.stream.end()
  }

  #ended(): void {
    this.#unsubscribe?.()
    this.#bookmarkTimer?.cancel()
    for (const timer of this.#timers) timer.cancel()
    this.#core.watches.delete(this.#open)
  }
}

const listFault = (field: string, detail: string): ApiError => listFaults([{ type: 'Forbidden', field, detail }])

const listFaults = (faults: readonly FieldFault[]): ApiError =>
  invalid({ group: 'meta.k8s.io', plural: '', kind: 'ListOptions' }, '', faults)

const KNOWN_MATCH = 'supported values: "NotOlderThan"'

function checkOptions(query: URLSearchParams): void {
  const match = query.get('resourceVersionMatch') ?? ''
  const hasInitial = (query.get('sendInitialEvents') ?? '') !== ''
  if (hasInitial && match !== 'NotOlderThan') {
    const detail = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'
    const unknown = { type: 'NotSupported', field: 'resourceVersionMatch', value: match, detail: KNOWN_MATCH } as const
    throw listFaults([{ type: 'Forbidden', field: 'resourceVersionMatch', detail }, ...(match === '' ? [] : [unknown])])
  }
  if (!hasInitial && match !== '') {
    throw listFault(
      'resourceVersionMatch',
      'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    )
  }
}

export function watch(core: Core, target: Target): WatchAnswer {
  checkOptions(target.query)
  const seconds = Number(target.query.get('timeoutSeconds') ?? '0')
  const timeoutMs = seconds > 0 ? seconds * 1000 : LONGEST_WATCH_MS * (1 + core.random())
  const stream = new Watcher(core, target).start(timeoutMs)
  return { kind: 'watch', status: 200, headers: { 'content-type': 'application/json' }, stream }
}
