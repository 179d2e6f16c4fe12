import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { shortened } from '../../api/shortened.ts'
import { Allowance } from '../allowance.ts'
import type { Answer, KubeClient } from '../client.ts'
import { type Clock, timestamp } from '../clock.ts'
import { EVENTS } from '../resources.ts'
import type { Writer } from '../writer.ts'
import { note, type Seen } from './aggregate.ts'

export interface EventRecorderOptions {
  readonly client: KubeClient
  readonly clock: Clock
  /** The source component, unless an event names another. */
  readonly component: string
  /** Events go behind everything else in it. Without it they have a queue of their own. */
  readonly writer?: Writer
  /** Shared with whom the 50 writes a second are shared. */
  readonly allowance?: Allowance
}

/** What an event is about: enough of any object. */
export interface EventTarget {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly namespace?: string; readonly name: string; readonly uid: string }
}

export interface EventRecorder {
  /** Never blocks, never throws: an event that cannot be written is lost. */
  event(
    object: EventTarget,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    options?: { readonly component?: string },
  ): void
  /** Not written because too many waited, or because the server refused. */
  readonly lost: number
  /** Drops what waits; resolves when no write is under way. */
  stop(): Promise<void>
}

const WRITES_PER_SECOND = 50
const WAITING_MAX = 1_000
const MESSAGE_MAX = 1_000
/** Each twice as long after the one before, from a second to half a minute: two minutes in all. */
const TRIES_MAX = 8
const RETRY_FIRST_MS = 1_000
const RETRY_MAX_MS = 30_000
/** A server that turned one away, or from which no answer came, is sent the next no sooner. */
const BUSY_REST_MS = 1_000
const BEHIND_ALL_ELSE = -100
/** Something that is said over and over is written so often at most, with its count. */
const COUNT_REST_MS = 1_000

export function eventRecorder(options: EventRecorderOptions): EventRecorder {
  return new Recorder(options)
}

interface Write {
  readonly namespace: string
  readonly eventName: string
  /** What to send when there is no such Event. */
  readonly event: Readonly<Record<string, unknown>>
  readonly isNew: boolean
  /** On the monotonic clock. */
  readonly notBeforeMs: number
  /** How often it was sent. */
  readonly tries: number
}

class Recorder implements EventRecorder {
  readonly #options: EventRecorderOptions
  readonly #allowance: Allowance
  readonly #seen = new Map<string, Seen>()
  /** By the Event's name, in the order in which they go: what is said anew before it was written is written once. */
  readonly #waiting = new Map<string, Write>()
  /** By the Event's name, oldest first: when it was written last, of those written in the last COUNT_REST_MS. */
  readonly #writtenMs = new Map<string, number>()
  #made = 0
  #lost = 0
  #isStopped = false
  /** Everything that waits has to wait on: what is said now may be due before it. */
  #isIdle = false
  #run: Promise<void> | null = null
  #wake: () => void = () => {}

  constructor(options: EventRecorderOptions) {
    this.#options = options
    this.#allowance = options.allowance ?? new Allowance(options.clock, WRITES_PER_SECOND)
  }

  get lost(): number {
    return this.#lost
  }

  event(
    object: EventTarget,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    options?: { readonly component?: string },
  ): void {
    if (this.#isStopped) return
    if (this.#waiting.size >= WAITING_MAX) {
      this.#lost++
      return
    }
    const component = options?.component ?? this.#options.component
    const said = { uid: object.metadata.uid, component, reason, message: shortened(message, MESSAGE_MAX) }
    const { clock } = this.#options
    const nowMs = clock.nowMs()
    const verdict = note(this.#seen, said, clock.monotonicMs(), () => this.#nameFor(object.metadata.name, nowMs))
    if (verdict === null) return
    const count = verdict.kind === 'new' ? 1 : verdict.count
    const { eventName } = verdict
    const before = this.#waiting.get(eventName)
    const { firstTimestamp } = before?.event ?? {}
    const since = firstTimestamp === undefined ? {} : { firstTimestamp }
    const event = { ...eventBody(object, type, said, nowMs), count, ...since }
    const isNew = before?.isNew ?? verdict.kind === 'new'
    const restMs = isNew ? 0 : COUNT_REST_MS
    const notBeforeMs = before?.notBeforeMs ?? (this.#writtenMs.get(eventName) ?? Number.NEGATIVE_INFINITY) + restMs
    const tries = before?.tries ?? 0
    this.#waiting.set(eventName, { namespace: namespaceOf(object), eventName, event, isNew, notBeforeMs, tries })
    if (this.#isIdle) this.#wake()
    this.#run ??= this.#drain().finally(() => {
      this.#run = null
    })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#waiting.clear()
    this.#wake()
    await this.#run
  }

  /** Unique in this process by its counter, and between processes by the time; the same in a run that is replayed. */
  #nameFor(objectName: string, nowMs: number): string {
    const stamp = (BigInt(nowMs) * 1_000_000n + BigInt(this.#made++ % 1_000_000)).toString(16)
    return `${objectName.slice(0, 230).replace(/[-.]+$/, '')}.${stamp}`
  }

  /** One after the other: an event is not worth a second connection. */
  async #drain(): Promise<void> {
    await Promise.resolve() // whatever is being done now, its own writes come first
    while (this.#waiting.size > 0) {
      for (let delayMs = this.#nextMs(); delayMs > 0; delayMs = this.#nextMs()) {
        this.#isIdle = true
        await this.#rest(delayMs)
        this.#isIdle = false
        if (this.#isStopped) return
      }
      const next = this.#due()
      if (next === undefined) return
      this.#waiting.delete(next.eventName)
      this.#note(next)
      if (!(await this.#write(next))) await this.#rest(BUSY_REST_MS)
    }
  }

  /** The first whose time has come. */
  #due(): Write | undefined {
    const nowMs = this.#options.clock.monotonicMs()
    for (const write of this.#waiting.values()) if (write.notBeforeMs <= nowMs) return write
    return undefined
  }

  /** 0: one may be written, and is counted. Else ask again in that many milliseconds, or when something is said. */
  #nextMs(): number {
    if (this.#waiting.size === 0 || this.#due() !== undefined) return this.#allowance.take()
    const first = Math.min(...[...this.#waiting.values()].map(({ notBeforeMs }) => notBeforeMs))
    return Math.max(1, first - this.#options.clock.monotonicMs())
  }

  #note({ eventName }: Write): void {
    const nowMs = this.#options.clock.monotonicMs()
    for (const [name, atMs] of this.#writtenMs) {
      if (nowMs - atMs < COUNT_REST_MS) break
      this.#writtenMs.delete(name)
    }
    this.#writtenMs.delete(eventName)
    this.#writtenMs.set(eventName, nowMs)
  }

  #rest(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(delayMs, 'background', resolve)
      this.#wake = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  /** False: it may come through later, and others do not wait for it: a server may turn away those of one namespace only. */
  async #write(write: Write): Promise<boolean> {
    const { writer } = this.#options
    const send = (): Promise<Answer<KubeObject>> => this.#send(write)
    const turn = { priority: BEHIND_ALL_ELSE, triesMax: 1 }
    const answer = await (writer === undefined ? send() : writer.write(send, turn))
    // Sent twice under one name it exists once: after a lost answer that is what was wanted.
    if (answer.kind === 'ok' || answer.reason === 'AlreadyExists') return true
    const tries = write.tries + 1
    if (answer.retryable && tries < TRIES_MAX && !this.#isStopped) {
      const restMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** write.tries)
      this.#later({ ...write, tries }, Math.max(restMs, answer.retryAfterMs ?? 0)) // a busy server says a second each time
    } else this.#lost++
    return !answer.retryable
  }

  /** What was said anew meanwhile goes in its place. */
  #later(write: Write, restMs: number): void {
    const { firstTimestamp } = write.event
    const newer = this.#waiting.get(write.eventName)
    const event = newer === undefined ? write.event : { ...newer.event, firstTimestamp }
    const notBeforeMs = this.#options.clock.monotonicMs() + restMs
    this.#waiting.set(write.eventName, { ...write, event, notBeforeMs })
  }

  async #send({ namespace, eventName, event, isNew }: Write): Promise<Answer<KubeObject>> {
    const { client } = this.#options
    if (!isNew) {
      const { count, message, lastTimestamp, type } = event
      const key = { namespace, name: eventName }
      const answer = await client.mergePatch(EVENTS, key, { count, message, lastTimestamp, type }, UNREAD)
      if (answer.kind === 'ok' || answer.status !== 404) return answer
    }
    const made = { apiVersion: 'v1', kind: 'Event', metadata: { namespace, name: eventName }, ...event }
    return client.create(EVENTS, made, UNREAD)
  }
}

const UNREAD = { ignoresReply: true } as const

/** Events about cluster-scoped objects live in `default`, as kubectl expects. */
const namespaceOf = ({ metadata }: EventTarget): string => metadata.namespace || 'default'

function eventBody(
  { apiVersion, kind, metadata }: EventTarget,
  type: 'Normal' | 'Warning',
  { component, reason, message }: { readonly component: string; readonly reason: string; readonly message: string },
  nowMs: number,
): Readonly<Record<string, unknown>> {
  const { namespace, name, uid } = metadata
  const involvedObject = { apiVersion, kind, name, uid, ...(namespace ? { namespace } : {}) }
  const atTime = timestamp(nowMs)
  const source = { component }
  const times = { firstTimestamp: atTime, lastTimestamp: atTime }
  return {
    involvedObject,
    type,
    reason,
    message,
    source,
    ...times,
    reportingComponent: component,
    reportingInstance: '',
  }
}
