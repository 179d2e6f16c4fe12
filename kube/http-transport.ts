import { type Dispatcher, Pool, ProxyAgent } from 'undici'
import { BodyStream } from './body-stream.ts'
import type { ClusterConfig, Credentials, TlsMaterial } from './config.ts'
import { Exchange } from './exchange.ts'
import { linesOf } from './lines.ts'
import { type HttpAnswer, type HttpRequest, type HttpStream, type Transport, TransportError } from './transport.ts'

export interface HttpTransportOptions {
  /** Connections for requests, at most. Every open watch has one of its own beside them. */
  readonly connections?: number
  /** How long credentials are used before their source is asked again; asking costs files and, rarely, a plugin. */
  readonly credentialsMs?: number
}

/** A writer has up to 128 writes under way, and others ask beside it. */
const CONNECTIONS = 144
const CONNECT_DEADLINE_MS = 10_000
/** Idle connections are dropped before the server does it (Go: 90 s), unless the server announces less. */
const KEEP_ALIVE_MS = 30_000
const CREDENTIALS_MS = 5_000

/** Keep-alive HTTP/1.1: one bounded pool for requests, and beside it connections that open watches hold. */
export function httpTransport(config: ClusterConfig, options: HttpTransportOptions = {}): Transport {
  return new HttpTransport(config, options)
}

/** Connections live as long as the key material that they were opened with. */
interface Pools {
  readonly material: TlsMaterial
  readonly tls: string
  readonly requests: Dispatcher
  readonly streams: Dispatcher
}

class HttpTransport implements Transport {
  readonly #config: ClusterConfig
  readonly #connections: number
  readonly #credentialsMs: number
  readonly #origin: string
  readonly #prefix: string
  #credentials: Promise<Credentials> | null = null
  /** What `#credentials` resolved to. */
  #known: Credentials | null = null
  #readMs = 0
  #pools: Pools | null = null
  #isClosed = false

  constructor(config: ClusterConfig, { connections, credentialsMs }: HttpTransportOptions) {
    const url = new URL(config.server)
    this.#config = config
    this.#connections = connections ?? CONNECTIONS
    this.#credentialsMs = credentialsMs ?? CREDENTIALS_MS
    this.#origin = url.origin
    this.#prefix = url.pathname.replace(/\/+$/, '')
  }

  async request(request: HttpRequest): Promise<HttpAnswer> {
    const exchange = new Exchange(request)
    try {
      const credentials = this.#knownCredentials() ?? (await exchange.during(this.#currentCredentials()))
      const { dispatcher, options } = this.#prepare(request, credentials, 'requests')
      dispatcher.dispatch(options, exchange)
      const answer = await exchange.answer
      if (answer.status === 401) this.#credentials = null // a token that was revoked early is read again
      return answer
    } catch (error) {
      throw asTransportError(error)
    } finally {
      exchange.end()
    }
  }

  async stream(request: HttpRequest): Promise<HttpStream> {
    const stream = new BodyStream(request)
    try {
      const credentials = this.#knownCredentials() ?? (await stream.during(this.#currentCredentials()))
      const { dispatcher, options } = this.#prepare(request, credentials, 'streams')
      dispatcher.dispatch(options, stream)
      const head = await stream.answer
      return { ...head, lines: linesOf(stream.body), chunks: stream.body }
    } catch (error) {
      stream.end()
      throw asTransportError(error)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([this.#pools?.requests.close(), this.#pools?.streams.destroy()])
    this.#pools = null
  }

  #prepare(
    { method, path, headers, body }: HttpRequest,
    credentials: Credentials,
    use: 'requests' | 'streams',
  ): { dispatcher: Dispatcher; options: Dispatcher.DispatchOptions } {
    if (this.#isClosed) throw new TransportError('aborted', 'the transport is closed')
    const options: Dispatcher.DispatchOptions = {
      origin: this.#origin,
      path: `${this.#prefix}${path}`,
      method,
      headers: { ...headers, ...credentials.headers },
      body: body ?? null,
      headersTimeout: 0, // the deadline holds instead
      bodyTimeout: 0,
    }
    return { dispatcher: this.#poolsFor(credentials.tls)[use], options }
  }

  /** Read not long ago, and nothing newer is being read; null: they have to be waited for. */
  #knownCredentials(): Credentials | null {
    const isFresh = this.#credentials !== null && performance.now() - this.#readMs < this.#credentialsMs
    return isFresh ? this.#known : null
  }

  /** One reading at a time, shared by all who wait; one that failed is not kept. */
  #currentCredentials(): Promise<Credentials> {
    const nowMs = performance.now()
    if (this.#credentials !== null && nowMs - this.#readMs < this.#credentialsMs) return this.#credentials
    this.#readMs = nowMs
    const reading = this.#config.credentials()
    this.#credentials = reading
    this.#known = null
    const isLast = (): boolean => this.#credentials === reading
    reading.then(
      (credentials) => isLast() && (this.#known = credentials),
      () => isLast() && (this.#credentials = null),
    )
    return reading
  }

  /** New key material gets new connections; the old ones end with what runs over them. */
  #poolsFor(material: TlsMaterial): Pools {
    if (this.#pools?.material === material) return this.#pools
    const tls = JSON.stringify(material, (_, value: unknown) => (Buffer.isBuffer(value) ? value.toString() : value))
    if (this.#pools?.tls === tls) return (this.#pools = { ...this.#pools, material })
    const old = this.#pools
    void Promise.allSettled([old?.requests.close(), old?.streams.close()])
    const open = (connections: number | null): Dispatcher => this.#open(material, connections)
    this.#pools = { material, tls, requests: open(this.#connections), streams: open(null) }
    return this.#pools
  }

  #open(tls: TlsMaterial, connections: number | null): Dispatcher {
    const common = { connections, pipelining: 1, allowH2: false, keepAliveTimeout: KEEP_ALIVE_MS }
    const connect = { ...tls, timeout: CONNECT_DEADLINE_MS, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }
    const { proxyUrl } = this.#config
    if (proxyUrl !== null) return new ProxyAgent({ ...common, uri: proxyUrl, requestTls: connect })
    return new Pool(this.#origin, { ...common, connect })
  }
}

function asTransportError(error: unknown): TransportError {
  return error instanceof TransportError ? error : new TransportError('connection', messageOf(error))
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
