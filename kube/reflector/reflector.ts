import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { refusalOf } from '../answers.ts'
import type { Failure, WatchEvent, WatchOptions } from '../client.ts'
import { sleep } from '../clock.ts'
import { INITIAL_EVENTS_END } from '../protobuf/metadata.ts'
import { ObjectCache } from './cache.ts'
import { type Change, changesOfEvent, changesOfList, deltaOf, type Entry } from './deltas.ts'
import { Listing } from './listing.ts'
import { Silence } from './silence.ts'
import { FIRST, type Input, restMs, type State, step } from './step.ts'
import type { Cache, Reflector, ReflectorOptions } from './types.ts'
import { isOlder } from './versions.ts'

/** A stream that was silent so long is taken for dead: API servers send a bookmark every 60 to 75 s. */
const SILENCE_MAX_MS = 80_000
/** A streaming list is sent from the server's memory, so one that pauses so long does not go on. */
const LIST_SILENCE_MAX_MS = 30_000
/** A watch that ends sooner did not end in good order, whatever the server says. */
const WATCH_MIN_MS = 1_000
/** A watch is asked to last 240 to 480 s, drawn anew each time, so that many reflectors do not come back at once. */
const WATCH_LASTS_S = 240
/** After so many failures in a row nobody waits for us any more: retries go on, but as background. */
const WORK_RETRIES = 8
/** Events and bookmarks in a row that are older than what the same watch brought before. */
const OLD_NEWS_MAX = 3
/** Changes of a list that are told in one turn of the event loop, and for how long at most. */
const SLICE = 500
const SLICE_MS = 10

/** Lists and watches one kind, keeps what its reader needs, and tells every change once. */
export function reflector<T extends KubeObject>(options: ReflectorOptions<T>): Reflector<T> {
  return new Loop(options)
}

class Loop<T extends KubeObject> implements Reflector<T> {
  readonly #options: ReflectorOptions<T>
  readonly #cache = new ObjectCache<T>()
  readonly #aborter = new AbortController()
  /** The pages or first events of a list that is not complete yet. */
  #listing = new Listing<T>()
  /** What the newest whole list changes, until it is told. */
  #listChanges: Iterator<Change<T>, void> | null = null
  #state: State = FIRST
  #oldNews = 0
  #isSynced = false
  #run: Promise<void> | null = null
  #tellSynced: () => void = () => {}
  readonly synced: Promise<void>

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.synced = new Promise((resolve) => {
      this.#tellSynced = resolve
    })
  }

  get cache(): Cache<T> {
    return this.#cache
  }

  get isSynced(): boolean {
    return this.#isSynced
  }

  start(): void {
    this.#run ??= this.#loop()
  }

  async stop(): Promise<void> {
    this.#take({ kind: 'stop' })
    this.#aborter.abort()
    this.#tellSynced()
    await this.#run
  }

  /** Does what the state says until it says stop. Every round waits for an answer, a stream or a rest. */
  async #loop(): Promise<void> {
    for (let state = this.#state; state.kind !== 'stopped'; state = this.#state) {
      if (state.kind === 'resting') await this.#rest(state.failures, state.atLeastMs)
      else if (state.kind === 'listing') this.#take(await this.#page(state.page, state.pageLimit))
      else this.#take(await this.#stream(state.kind === 'watching' ? state.from : null))
      await this.#tellList()
    }
  }

  /** Null: the state says already what comes next. */
  #take(input: Input | null): void {
    if (input === null) return
    const before = this.#state
    this.#state = step(before, input)
    const isListed = (input.kind === 'page' && input.next === '') || input.kind === 'listed'
    if (isListed && this.#state.kind === 'watching') {
      const mayGoBack = before.kind !== 'stopped' && isOlder(this.#state.from, before.floor)
      this.#listChanges = changesOfList(this.#cache, this.#listing, mayGoBack)
    }
    const isOver = this.#state.kind !== 'listing' || this.#state.page === ''
    if (isOver && !this.#listing.isEmpty) this.#listing = new Listing<T>()
  }

  async #rest(failures: number, atLeastMs: number): Promise<void> {
    const { clock, random } = this.#options
    const delayMs = restMs(failures, atLeastMs, random())
    await sleep(clock, delayMs, failures <= WORK_RETRIES ? 'work' : 'background', this.#aborter.signal)
    this.#take({ kind: 'rested' })
  }

  async #page(page: string, limit: number): Promise<Input> {
    try {
      return await this.#askPage(page, limit)
    } catch (error) {
      return this.#broke('list', String(error), null) // what came is no list, whoever sent it
    }
  }

  async #askPage(page: string, limit: number): Promise<Input> {
    const options = { ...this.#selection(), limit, continue: page, signal: this.#aborter.signal }
    const answer = await this.#options.client.list(this.#options.type, options)
    if (answer.kind === 'failure') return this.#refused('list', answer)
    for (const item of answer.value.items) this.#collect(item)
    return { kind: 'page', version: answer.value.resourceVersion, next: answer.value.continue }
  }

  /** Reads one watch to its end. From null it is a streaming list: the objects that there are come first. */
  async #stream(from: string | null): Promise<Input | null> {
    const { client, type, clock } = this.#options
    this.#oldNews = 0
    const silence = new Silence(clock, from === null ? LIST_SILENCE_MAX_MS : SILENCE_MAX_MS, this.#aborter.signal)
    const beganMs = clock.monotonicMs()
    try {
      const answer = await client.watch(type, this.#watchOptions(from), silence.signal)
      if (answer.kind === 'failure') return this.#refused(from === null ? 'streaming list' : 'watch', answer)
      const end = await this.#read(answer.value, silence)
      if (end !== 'ended') return end
    } catch (error) {
      if (!silence.isBroken) return this.#broke('watch', String(error), null)
    } finally {
      silence.end()
    }
    return this.#ended(clock.monotonicMs() - beganMs)
  }

  /** Tells what comes. Throws what the stream throws. */
  async #read(events: AsyncIterable<WatchEvent>, silence: Silence): Promise<Input | null | 'ended'> {
    for await (const event of events) {
      if (this.#state.kind === 'stopped') return null
      silence.heard()
      const input = this.#heard(event)
      if (input === null) continue
      if (input.kind !== 'heard' && input.kind !== 'listed') return input
      if (input.kind === 'listed') silence.allow(SILENCE_MAX_MS)
      this.#take(input)
      await this.#tellList()
      if (this.#state.kind !== 'watching') return null
    }
    return 'ended'
  }

  #ended(lastedMs: number): Input {
    if (this.#state.kind === 'streaming') {
      this.#trouble('the streaming list ended before it was complete')
      return { kind: 'incomplete' }
    }
    if (lastedMs >= WATCH_MIN_MS) return { kind: 'closed' }
    return this.#broke('watch', 'the server ended it at once', null)
  }

  #heard(event: WatchEvent): Input | null {
    if (event.type === 'ERROR') {
      const operation = this.#state.kind === 'streaming' ? 'streaming list' : 'watch'
      return this.#refused(operation, refusalOf(event.object))
    }
    return this.#state.kind === 'streaming' ? this.#listEvent(event) : this.#watchEvent(event)
  }

  #listEvent({ type, object }: Exclude<WatchEvent, { type: 'ERROR' }>): Input | null {
    const { uid, resourceVersion, annotations } = object.metadata
    if (type === 'DELETED') this.#listing.delete(uid)
    else if (type !== 'BOOKMARK') this.#collect(object)
    else if (annotations?.[INITIAL_EVENTS_END] === 'true') return { kind: 'listed', version: resourceVersion }
    else return this.#unsupported() // the end of the list would never be told
    return null
  }

  /** Tells an event of a watch. Old news is dropped; nothing but old news means that the server went back in time. */
  #watchEvent({ type, object }: Exclude<WatchEvent, { type: 'ERROR' }>): Input | null {
    const since = this.#state.kind === 'watching' ? this.#state.from : null
    const version = object.metadata.resourceVersion
    this.#oldNews = isOlder(version, since) ? this.#oldNews + 1 : 0
    if (this.#oldNews >= OLD_NEWS_MAX) return { kind: 'gone' }
    const entry = type === 'BOOKMARK' ? null : this.#entryOf(object)
    if (entry !== null)
      changesOfEvent(this.#cache, entry, type === 'DELETED', since).forEach((change) => this.#tell(change))
    return { kind: 'heard', version }
  }

  #collect(raw: KubeObject): void {
    const entry = this.#entryOf(raw)
    if (entry !== null) this.#listing.add(entry)
  }

  /** Tells what a whole list has changed, a slice a turn, so that thousands of objects block nobody. */
  async #tellList(): Promise<void> {
    const changes = this.#listChanges
    if (changes === null) return
    this.#listChanges = null
    while (this.#tellSlice(changes) && this.#state.kind !== 'stopped') {
      await sleep(this.#options.clock, 0, 'work', this.#aborter.signal)
    }
    if (this.#state.kind === 'stopped') return
    this.#isSynced = true
    this.#tellSynced()
  }

  /** True: there may be more to tell. */
  #tellSlice(changes: Iterator<Change<T>, void>): boolean {
    const { clock } = this.#options
    const endMs = clock.monotonicMs() + SLICE_MS
    for (let told = 0; told < SLICE && clock.monotonicMs() < endMs; told++) {
      const next = changes.next()
      if (next.done === true) return false
      this.#tell(next.value)
    }
    return true
  }

  #tell(change: Change<T>): void {
    if (this.#state.kind === 'stopped') return
    this.#cache.apply(change)
    const delta = deltaOf(change)
    if (delta === null) return
    try {
      this.#options.onDelta?.(delta)
    } catch (error) {
      this.#trouble(`the handler of a ${delta.kind} ${change.entry.name} threw: ${String(error)}`)
    }
  }

  /** Null: the projection threw, and nothing was known of the object before. */
  #entryOf(raw: KubeObject): Entry<T> | null {
    const { uid, namespace = '', name, resourceVersion } = raw.metadata
    try {
      const object = this.#options.project === undefined ? (raw as T) : this.#options.project(raw)
      return { uid, namespace, name, resourceVersion, object }
    } catch (error) {
      this.#trouble(`${namespace}/${name} cannot be read: ${String(error)}`)
      return this.#cache.entryOfUid(uid) ?? null
    }
  }

  #refused(operation: string, failure: Failure): Input {
    const { status, reason, message, retryAfterMs } = failure
    if (operation === 'streaming list' && (status === 400 || status === 422)) return this.#unsupported()
    if (status !== 410 && reason !== 'Expired' && reason !== 'Gone') {
      return this.#broke(operation, `${reason}: ${message}`, retryAfterMs)
    }
    this.#trouble(`${operation}: ${reason}: listing anew`)
    return { kind: 'gone' }
  }

  #unsupported(): Input {
    this.#trouble('the server, perhaps an older one, has no streaming lists: they are asked for in pages')
    return { kind: 'unsupported' }
  }

  #broke(operation: string, why: string, retryAfterMs: number | null): Input {
    this.#trouble(`${operation} broke and is tried again: ${why}`)
    return { kind: 'broken', retryAfterMs }
  }

  #trouble(message: string): void {
    if (this.#state.kind !== 'stopped') this.#options.onTrouble?.(`${this.#options.type.plural}: ${message}`)
  }

  #watchOptions(from: string | null): WatchOptions {
    const timeoutSeconds = WATCH_LASTS_S + Math.floor(this.#options.random() * WATCH_LASTS_S)
    const resourceVersion = from ?? ''
    const { projection } = this.#options
    const form = projection === undefined ? {} : { projection }
    return { ...this.#selection(), ...form, resourceVersion, timeoutSeconds, sendInitialEvents: from === null }
  }

  #selection(): Readonly<{ namespace?: string; labelSelector?: string; fieldSelector?: string }> {
    const { namespace, labelSelector, fieldSelector } = this.#options
    return {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    }
  }
}
