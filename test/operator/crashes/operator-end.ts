import {
  type HttpAnswer,
  type HttpRequest,
  type HttpStream,
  type Transport,
  TransportError,
} from '../../../kube/transport.ts'
import { isListEnd, listEnd, readLine, type Told, writeLine } from './told-lines.ts'

/** A write of the operator that the server carried out. */
export interface Done {
  readonly method: string
  readonly path: string
  readonly requestBody: string
  readonly status: number
}

/** What becomes of one run of the operator. */
export interface Fate {
  /** It ends right after so many writes from the beginning of the scenario; what the last one came to it never hears. */
  readonly crashAfter: number | null
  /** It is not told of that event of its watches, only of the next of the same object. Counted from the same beginning. */
  readonly hide: number | null
  /** Whoever takes over sees the cluster at first as it was before the last `older` writes, or before the first of them. */
  readonly older: number
}

export const UNDISTURBED: Fate = { crashAfter: null, hide: null, older: 0 }

/** An event of a watch that another one of the same object followed soon after. */
export interface Pair {
  readonly event: number
  readonly what: string
}

/** Two events that lie further apart are no pair that a busy server would fold into one. */
const PAIR_MS = 2_000
/** What is hidden, and followed by nothing because the operator would have had to do it, is told after so long, with the rest. */
const LATE_MS = 3_000

interface Heard {
  readonly stream: string
  readonly told: Told
  /** Writes carried out before it was heard. */
  readonly writes: number
}

/** Stands between the operator and the server, for all operators of one scenario. */
export class OperatorEnd {
  readonly done: Done[] = []
  readonly pairs: Pair[] = []
  readonly #fate: Fate
  readonly #nowMs: () => number
  readonly #crash: () => void
  readonly #later: (ms: number, then: () => void) => void
  readonly #heard: Heard[] = []
  readonly #last = new Map<string, { event: number; atMs: number }>()
  #isCounting = false
  #events = 0
  #isOver = false

  constructor(fate: Fate, nowMs: () => number, later: (ms: number, then: () => void) => void, crash: () => void) {
    this.#later = later
    this.#fate = fate
    this.#nowMs = nowMs
    this.#crash = crash
  }

  /** From now on writes and events count. */
  begin(): void {
    this.#isCounting = true
  }

  get hasStruck(): boolean {
    return this.#isOver
  }

  /** For the next operator that is started. */
  through(transport: Transport): Transport {
    const life = { isOver: false }
    const isSecond = this.#isOver
    return {
      request: (request) => this.#request(transport, request, life),
      stream: (request) => this.#stream(transport, request, life, isSecond),
      close: () => transport.close(),
    }
  }

  async #request(transport: Transport, request: HttpRequest, life: { isOver: boolean }): Promise<HttpAnswer> {
    if (life.isOver) throw new TransportError('unsent', 'the operator has crashed')
    const answer = await transport.request(request)
    const { method, path, body } = request
    const isWrite = method !== 'GET' && !path.includes('/events')
    if (this.#isCounting && isWrite) this.done.push({ method, path, requestBody: body ?? '', status: answer.status })
    if (life.isOver) throw new TransportError('connection', 'the operator has crashed')
    if (!this.#isCounting || !isWrite) return answer
    if (this.#fate.crashAfter !== this.done.length || this.#isOver) return answer
    this.#isOver = true
    life.isOver = true
    this.#crash()
    throw new TransportError('connection', 'the operator has crashed')
  }

  async #stream(
    transport: Transport,
    request: HttpRequest,
    life: { isOver: boolean },
    isSecond: boolean,
  ): Promise<HttpStream> {
    const answer = await transport.stream(request)
    if (answer.status >= 300) return answer
    const stream = streamOf(request.path)
    const isAged = isSecond && this.#fate.older > 0 && request.path.includes('sendInitialEvents')
    const lines = isAged ? this.#aged(answer.lines, stream) : answer.lines
    return { status: answer.status, headers: answer.headers, lines: this.#told(lines, stream, life) }
  }

  /**
   * Events as they come, but for a hidden one. What follows it waits for the next of the same object, and where that does
   * not come the watch is only late: a watch tells in order.
   */
  async *#told(lines: AsyncIterable<string>, stream: string, life: { isOver: boolean }): AsyncGenerator<string> {
    const queue: string[] = []
    const state = { isEnded: false, error: null as unknown, tell: (): void => {} }
    const push = (line: string): void => {
      queue.push(line)
      state.tell()
    }
    void this.#sort(lines, stream, push)
      .catch((error: unknown) => (state.error = error))
      .finally(() => {
        state.isEnded = true
        state.tell()
      })
    for (;;) {
      const next = queue.shift()
      if (life.isOver) return
      if (next !== undefined) yield next
      else if (state.error !== null) throw state.error
      else if (state.isEnded) return
      else await new Promise<void>((resolve) => (state.tell = resolve))
    }
  }

  async #sort(lines: AsyncIterable<string>, stream: string, push: (line: string) => void): Promise<void> {
    let behind: { readonly uid: string; readonly lines: string[] } | null = null
    const goOn = (from: number): void => {
      const rest = behind?.lines.slice(from) ?? []
      behind = null
      rest.forEach(push)
    }
    for await (const line of lines) {
      const told = readLine(line)
      const { uid } = told.object.metadata
      this.#heard.push({ stream, told, writes: this.done.length })
      const event = this.#isCounting && told.type !== 'BOOKMARK' ? ++this.#events : 0
      if (event > 0) this.#pair(stream, told, event)
      if (behind !== null) behind.lines.push(line)
      else if (event === 0 || event !== this.#fate.hide) push(line)
      else {
        behind = { uid, lines: [line] }
        this.#later(LATE_MS, () => goOn(0))
        continue
      }
      if (behind?.uid === uid) goOn(1)
    }
    goOn(0)
  }

  #pair(stream: string, { type, object }: Told, event: number): void {
    const key = `${stream}/${object.metadata.uid}`
    const last = this.#last.get(key)
    const atMs = this.#nowMs()
    this.#last.set(key, { event, atMs })
    if (last === undefined || atMs - last.atMs > PAIR_MS) return
    this.pairs.push({ event: last.event, what: `${object.kind} ${object.metadata.name} before ${type}` })
  }

  /** The list as it was, then what has changed since, as events. */
  async *#aged(lines: AsyncIterable<string>, stream: string): AsyncGenerator<string> {
    const old = this.#asItWas(stream)
    const now = new Map<string, Told>()
    for await (const line of lines) {
      const told = readLine(line)
      if (!isListEnd(told)) {
        now.set(told.object.metadata.uid, told)
        continue
      }
      for (const each of old.values()) yield writeLine({ ...each, type: 'ADDED' })
      const oldest = [...old.values()].map(({ object }) => Number(object.metadata.resourceVersion))
      yield writeLine(listEnd(String(Math.max(1, ...oldest)), told.object))
      yield* changes(old, now, told.object.metadata.resourceVersion).map(writeLine)
      yield* lines
      return
    }
  }

  #asItWas(stream: string): ReadonlyMap<string, Told> {
    const until = Math.max(0, this.done.length - this.#fate.older)
    const objects = new Map<string, Told>()
    for (const { stream: of, told, writes } of this.#heard) {
      if (of !== stream || told.type === 'BOOKMARK' || writes > until) continue
      if (told.type === 'DELETED') objects.delete(told.object.metadata.uid)
      else objects.set(told.object.metadata.uid, told)
    }
    return objects
  }
}

function changes(old: ReadonlyMap<string, Told>, now: ReadonlyMap<string, Told>, version: string): Told[] {
  const gone = [...old]
    .filter(([uid]) => !now.has(uid))
    .map(([, { object }]): Told => {
      return { type: 'DELETED', object: { ...object, metadata: { ...object.metadata, resourceVersion: version } } }
    })
  const news = [...now].filter(([uid, { object }]) => {
    return old.get(uid)?.object.metadata.resourceVersion !== object.metadata.resourceVersion
  })
  const told = news.map(([uid, each]): Told => ({ ...each, type: old.has(uid) ? 'MODIFIED' : 'ADDED' }))
  const versionOf = ({ object }: Told): number => Number(object.metadata.resourceVersion)
  return [...told, ...gone].sort((a, b) => versionOf(a) - versionOf(b))
}

/** Kind, namespace and selector of a watch, whenever it is opened. */
const streamOf = (path: string): string =>
  path.replace(/(resourceVersion|timeoutSeconds|sendInitialEvents|resourceVersionMatch)=[^&]*&?/g, '')
