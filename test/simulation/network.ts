import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import type { WatchEvent } from '../../kube/client.ts'
import type { Clock } from '../../kube/clock.ts'
import { sleep } from '../../kube/clock.ts'
import {
  type HttpAnswer,
  type HttpRequest,
  type HttpStream,
  type Transport,
  TransportError,
} from '../../kube/transport.ts'
import type { History } from './history.ts'
import type { Life } from './life.ts'
import { malformed } from './malformed.ts'
import type { Kept } from './mirror.ts'
import type { Observer } from './observer.ts'
import type { ProcessClock } from './process-clock.ts'
import type { Ticket } from './ticket.ts'

/** What becomes of one request. */
export type Fate =
  | Readonly<{ kind: 'pass' }>
  /** An answer that the server never gave; nothing happened. */
  | Readonly<{ kind: 'refused'; status: number; reason: string; retryAfterSeconds: number | null; message?: string }>
  /** It happens, and a 500 is told. */
  | Readonly<{ kind: 'error-after' }>
  /** It happens, and the sender waits in vain. */
  | Readonly<{ kind: 'reply-lost'; afterMs?: number }>
  | Readonly<{ kind: 'reply-late'; ms: number }>
  | Readonly<{ kind: 'request-lost' }>
  | Readonly<{ kind: 'request-late'; ms: number }>
  /** The sender hears of a broken connection at once, and what it sent arrives later. */
  | Readonly<{ kind: 'cut-in-flight'; ms: number }>

/** What becomes of one line of a watch. */
export type LineFate =
  | Readonly<{ kind: 'pass' | 'twice' | 'dropped' | 'silent' | 'cut' | 'expired' | 'malformed' }>
  | Readonly<{ kind: 'late'; ms: number }>

export interface NetworkOptions {
  readonly server: Transport
  readonly clock: Clock
  readonly own: ProcessClock
  readonly life: Life
  readonly observer: Observer
  readonly history: History
  readonly latencyMs: number
  readonly fateOf: (request: HttpRequest, ticket: Ticket | null) => Fate
  /** `line`: its text. */
  readonly lineFateOf: (kept: Kept | null, line: () => string) => LineFate
  /** What the process is handed instead of a line of its watches. */
  readonly handedFor: (kept: Kept | null, line: Line) => Line
  /** Just before a write goes out; it may end the process. */
  readonly onSend: (ticket: Ticket) => void
}

/** The wire between one process and the API server. */
export class Network implements Transport {
  readonly #options: NetworkOptions
  /** Open watches, for the leak checker and for faults that break them. */
  readonly streams: Set<{ readonly kept: Kept | null; heardMs: number; breakOff(): void }> = new Set()
  inFlight = 0
  /** No socket can be opened. */
  isCut = false
  /** Its process is no more, and what has not reached the server never does. */
  isGone = false
  /** Every write but those of the lease is forbidden. */
  isForbidden = false
  /** The next list of these kinds is told as it was after so many writes: another server answers, and lags. */
  readonly olderList: Map<Kept, number> = new Map()
  /** The next event of the pod comes so much too late; null: of none. */
  lateNews: { readonly name: string; readonly ms: number } | null = null
  /** Watches of these kinds stand still until then. */
  readonly frozenUntilMs: Map<Kept, number> = new Map()

  constructor(options: NetworkOptions) {
    this.#options = options
  }

  async request(request: HttpRequest): Promise<HttpAnswer> {
    const { own, observer, life, onSend } = this.#options
    if (own.isDead) return new Promise(() => {})
    const isRead = request.method === 'GET'
    if (isRead) observer.asked(life, request)
    const ticket = isRead ? null : observer.sent(life, request)
    if (ticket !== null) onSend(ticket)
    if (own.isDead && ticket?.state === 'dead') return new Promise(() => {})
    this.inFlight++
    try {
      const answer = await this.#carry(request, ticket, this.#fateOf(request, ticket))
      await own.awake()
      if (ticket !== null) observer.answered(ticket, answer.status)
      else this.#heardAnswer(request, answer)
      return answer
    } catch (error) {
      await own.awake()
      if (ticket !== null) observer.answered(ticket, 0)
      throw error
    } finally {
      this.inFlight--
    }
  }

  async stream(request: HttpRequest): Promise<HttpStream> {
    const { own, server, latencyMs, clock, life, observer } = this.#options
    if (own.isDead) return new Promise(() => {})
    const fate = this.#fateOf(request, null)
    if (fate.kind === 'refused') return asStream(refusal(fate))
    if (fate.kind === 'request-lost') throw new TransportError('connection', 'the connection was cut')
    observer.asked(life, request)
    if (latencyMs > 0) await sleep(clock, latencyMs, 'work')
    const aborter = new AbortController()
    const { signal } = request
    const stop = (): void => aborter.abort('stopped')
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted) stop()
    const older = this.#olderList(request)
    const signed = { ...request, signal: aborter.signal, headers: this.#signed(request, life.id) }
    const found = older ?? (await server.stream(signed))
    await own.awake()
    const { status, headers } = found
    const events = this.#lines(request, found.events ?? found.lines, aborter)
    return { status, headers, lines: asText(events), ...(status < 300 ? { events } : {}) }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #fateOf(request: HttpRequest, ticket: Ticket | null): Fate {
    if (this.isCut) return { kind: 'request-lost' }
    if (this.isForbidden && ticket !== null && ticket.kind !== 'lease') return FORBIDDEN
    return this.#options.fateOf(request, ticket)
  }

  #signed({ headers }: HttpRequest, sender: string): Record<string, string> {
    return { ...headers, 'x-sender': sender }
  }

  async #carry(request: HttpRequest, ticket: Ticket | null, fate: Fate): Promise<HttpAnswer> {
    const { clock, observer, latencyMs } = this.#options
    const never = (): void => {
      if (ticket !== null) observer.impossible(ticket)
    }
    if (fate.kind === 'refused') {
      never()
      return refusal(fate)
    }
    if (fate.kind === 'request-lost') {
      never()
      throw new TransportError('connection', 'the connection was cut')
    }
    if (fate.kind === 'cut-in-flight') {
      void sleep(clock, fate.ms, 'work').then(() => this.#asked(request, ticket))
      throw new TransportError('connection', 'the connection was cut')
    }
    const lateMs = latencyMs + onTheWayMs(fate)
    if (lateMs > 0) await sleep(clock, lateMs, 'work')
    const answer = await this.#asked(request, ticket)
    if (fate.kind === 'reply-lost') return this.#silence(request.deadlineMs)
    if (fate.kind === 'reply-late') return this.#late(request.deadlineMs, fate.ms, answer)
    if (fate.kind === 'error-after') return refusal({ status: 500, reason: 'InternalError', retryAfterSeconds: null })
    return answer
  }

  async #asked(request: HttpRequest, ticket: Ticket | null): Promise<HttpAnswer> {
    const { server, life, observer } = this.#options
    if (this.isGone) {
      if (ticket !== null) observer.impossible(ticket)
      return new Promise(() => {})
    }
    const { signal: _, ...rest } = request
    const sender = ticket === null ? life.id : `${life.id}/${ticket.id}`
    const answer = await server.request({ ...rest, headers: this.#signed(request, sender) })
    if (ticket !== null) observer.impossible(ticket) // unless it has happened
    return answer
  }

  async #silence(deadlineMs: number): Promise<never> {
    await sleep(this.#options.clock, deadlineMs, 'work')
    throw new TransportError('timeout', 'no answer came')
  }

  async #late(deadlineMs: number, ms: number, answer: HttpAnswer): Promise<HttpAnswer> {
    if (ms >= deadlineMs) return this.#silence(deadlineMs)
    await sleep(this.#options.clock, ms, 'work')
    return answer
  }

  /** Reads and lists tell the process what is; the mirror is told with it. */
  #heardAnswer({ path }: HttpRequest, answer: HttpAnswer): void {
    const { status } = answer
    const { mirror } = this.#options.life
    const kept = keptOf(path)
    if (kept === null) return
    const name = nameIn(path)
    if (status === 404 && kept === 'pods' && name !== null) mirror.hearMissing(name)
    if (status !== 200) return
    const found = (answer.held?.() ?? JSON.parse(answer.body)) as KubeObject & {
      items?: KubeObject[]
      metadata: { continue?: string; resourceVersion: string }
    }
    if (found.items === undefined) mirror.hearRead(kept, found)
    else if (!path.includes('continue=') && !found.metadata.continue)
      mirror.hearListed(kept, found.items, found.metadata.resourceVersion)
    else {
      for (const item of found.items) mirror.hear(kept, item, false)
      if (!found.metadata.continue) mirror.listed.add(kept)
    }
  }

  async *#lines(request: HttpRequest, lines: AsyncIterable<Line>, aborter: AbortController): AsyncGenerator<Line> {
    const { own, clock, lineFateOf, handedFor, life } = this.#options
    const kept = keptOf(request.path)
    const listing = request.path.includes('sendInitialEvents=true') ? new Map<string, KubeObject>() : null
    let broken: TransportError | null = null
    const entry = {
      kept,
      /** When the last line came out of it. */
      heardMs: clock.monotonicMs(),
      breakOff: (): void => {
        broken = new TransportError('connection', 'the watch was cut')
        aborter.abort('cut')
      },
    }
    this.streams.add(entry)
    const heard = new Heard(this.#options, kept, listing)
    try {
      for await (const line of lines) {
        await this.#thaw(kept, aborter.signal)
        const fate = this.#lateNewsOf(kept, line) ?? lineFateOf(kept, () => textOf(line))
        if (fate.kind === 'late') await sleep(clock, fate.ms, 'work', aborter.signal)
        if (fate.kind === 'dropped') throw new TransportError('connection', 'the watch was cut')
        if (fate.kind === 'silent') await whenAborted(aborter.signal)
        await own.awake()
        if (aborter.signal.aborted) break
        if (fate.kind === 'expired') {
          yield EXPIRED
          return
        }
        if (fate.kind === 'cut') yield textOf(line).slice(0, textOf(line).length / 2)
        if (fate.kind === 'malformed') yield* this.#unreadable(malformed(kept, textOf(line)), aborter.signal)
        heard.hand(line)
        entry.heardMs = clock.monotonicMs()
        yield handedFor(kept, line)
        if (fate.kind === 'twice') yield line
        life.mirror.taken()
      }
      if (broken !== null) throw broken
    } finally {
      this.streams.delete(entry)
      aborter.abort('over')
    }
  }

  /** Whoever cannot read it reads on: nothing else of the stream is the worse for it. */
  *#unreadable(line: Line, signal: AbortSignal): Generator<Line> {
    const { own, life, observer } = this.#options
    let isReadOn = false
    try {
      yield line
      isReadOn = true
    } finally {
      if (!isReadOn && !signal.aborted && !own.isDead)
        observer.report('unreadable', `${life.id} ended a watch at an object that it could not read`)
    }
  }

  /** The list ends its stream: a watch from its version goes to a server that has all. */
  #olderList({ path }: HttpRequest): HttpStream | null {
    const kept = path.includes('sendInitialEvents=true') ? keptOf(path) : null
    const writes = kept === null ? undefined : this.olderList.get(kept)
    if (kept === null || writes === undefined) return null
    this.olderList.delete(kept)
    return streamOf(this.#options.history.listAfter(writes, kept))
  }

  #lateNewsOf(kept: Kept | null, line: Line): LineFate | null {
    if (this.lateNews === null || kept !== 'pods' || typeof line === 'string' || line.type === 'ERROR') return null
    const { name, ms } = this.lateNews
    if (line.object.metadata.name !== name) return null
    this.lateNews = null
    return { kind: 'late', ms }
  }

  async #thaw(kept: Kept | null, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    const untilMs = kept === null ? 0 : (this.frozenUntilMs.get(kept) ?? 0)
    const leftMs = untilMs - clock.monotonicMs()
    if (leftMs > 0) await sleep(clock, leftMs, 'work', signal)
  }
}

/** How much longer than usual it takes to get there. */
const onTheWayMs = (fate: Fate): number =>
  fate.kind === 'request-late' ? fate.ms : fate.kind === 'reply-lost' ? (fate.afterMs ?? 0) : 0

const whenAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Of a watch: as the server holds it, or its text where a fault has been at it. */
export type Line = WatchEvent | string

const textOf = (line: Line): string => (typeof line === 'string' ? line : JSON.stringify(line))

async function* asText(lines: AsyncIterable<Line>): AsyncGenerator<string> {
  for await (const line of lines) yield textOf(line)
}

/** Turns lines of a watch into what the mirror is told. */
class Heard {
  readonly #options: NetworkOptions
  readonly #kept: Kept | null
  #listing: Map<string, KubeObject> | null

  constructor(options: NetworkOptions, kept: Kept | null, listing: Map<string, KubeObject> | null) {
    this.#options = options
    this.#kept = kept
    this.#listing = listing
  }

  hand(line: Line): void {
    const kept = this.#kept
    if (kept === null) return
    const { mirror } = this.#options.life
    const event = typeof line === 'string' ? (JSON.parse(line) as WatchEvent) : line
    if (event.type === 'ERROR') return
    const { object } = event
    const { resourceVersion } = object.metadata
    if (event.type === 'BOOKMARK') {
      const listed = this.#listing
      const isEnd = object.metadata.annotations?.['k8s.io/initial-events-end'] !== undefined
      if (listed === null || !isEnd) return mirror.hand(() => mirror.hearVersion(kept, resourceVersion))
      this.#listing = null
      mirror.hand(() => mirror.hearListed(kept, [...listed.values()], resourceVersion))
      return
    }
    const isDeleted = event.type === 'DELETED'
    if (this.#listing === null)
      mirror.hand(() => {
        mirror.hear(kept, object, isDeleted)
        mirror.hearVersion(kept, resourceVersion)
      })
    else if (isDeleted) this.#listing.delete(object.metadata.uid)
    else this.#listing.set(object.metadata.uid, object)
  }
}

const KEPT = /^\/api(?:s\/scheduler\.grove\.io\/v1alpha1|\/v1)\/(?:namespaces\/[^/]+\/)?(pods|nodes|podgangs)(?:[/?]|$)/
export const keptOf = (path: string): Kept | null => (KEPT.exec(path)?.[1] as Kept | undefined) ?? null
const nameIn = (path: string): string | null => /\/(?:pods|nodes|podgangs)\/([^/?]+)/.exec(path)?.[1] ?? null

const FORBIDDEN: Fate = { kind: 'refused', status: 403, reason: 'Forbidden', retryAfterSeconds: null }

const EXPIRED = JSON.stringify({
  type: 'ERROR',
  object: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 410, reason: 'Expired', message: 'too old' },
})

interface Refusal {
  readonly status: number
  readonly reason: string
  readonly retryAfterSeconds: number | null
  readonly message?: string
}

function refusal({ status, reason, retryAfterSeconds, message = 'injected' }: Refusal): HttpAnswer {
  const details = retryAfterSeconds === null ? {} : { details: { retryAfterSeconds } }
  const body = {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code: status,
    reason,
    message,
    ...details,
  }
  const headers = retryAfterSeconds === null ? {} : { 'retry-after': String(retryAfterSeconds) }
  return { status, headers, body: JSON.stringify(body) }
}

const asStream = ({ status, headers, body }: HttpAnswer): HttpStream => ({ ...streamOf([body]), status, headers })

const streamOf = (lines: readonly string[]): HttpStream => ({
  status: 200,
  headers: {},
  lines: (async function* () {
    yield* lines
  })(),
})
