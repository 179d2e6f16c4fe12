import type { KubeObject, NewObject } from '../../api/kinds/kubernetes.ts'
import { sleep, timestamp, type Clock } from '../../kube/clock.ts'
import type { Random } from '../../kube/random.ts'
import { TransportError, type Transport } from '../../kube/transport.ts'
import { ApiError } from './api-error.ts'
import type { Core, WriteRecord } from './core.ts'
import { answer, type ApiAnswer, type ApiRequest } from './exchange.ts'
import { handle } from './handle.ts'
import { listenHttp, type Listening } from './http.ts'
import { inProcess } from './in-process.ts'
import { REASON_OF_CODE, type Intercept } from './intercept.ts'
import type { Persistence } from './persistence.ts'
import type { PodStreams } from './pod-streams.ts'
import { bootObjects, seedObject, serveStoredKinds } from './seed.ts'
import { Store } from './store.ts'
import type { Target } from './target.ts'
import { TypeRegistry } from './type-registry.ts'
import { OpenWatches } from './watch.ts'

export interface ApiServerOptions {
  readonly clock: Clock
  readonly random: Random
  /** Changes remembered a kind, for watches that resume. Older ones are told 410. */
  readonly historyEvents?: number
  /** Largest body, in bytes. */
  readonly bodyLimitBytes?: number
  /** Changes that wait for one slow watcher before it is cut. */
  readonly watchBufferEvents?: number
  /** Decides before each request what becomes of it. */
  readonly intercept?: Intercept
  /** Whether `managedFields` are kept for a kind, by its group and plural (`/pods`); all are where this is not given. */
  readonly keepsOwners?: (collection: string) => boolean
  /** Where the store's content outlives the process. */
  readonly persistence?: Persistence
  /** Told of every write, after it. */
  readonly onWrite?: (record: WriteRecord) => void
}

/** The API server in memory. Everything asks it through `transport` or a socket; nobody reads its store. */
export interface ApiServer {
  /** In process: JSON text, promises only. */
  readonly transport: Transport
  /** The same, which tells answers and watches also as objects of the store, for readers who change nothing of them. */
  readonly held: Transport
  /** One request, one answer. Null: a fault has lost the answer. Rejects with TransportError for a dropped one. */
  handle(request: ApiRequest): Promise<ApiAnswer | null>
  /** HTTP on 127.0.0.1 (or `host`); port 0 takes a free one. */
  listen(o: { port: number; host?: string }): Promise<Listening>
  registerPodStreams(streams: PodStreams): void
  /**
   * Puts an object in as it stands: uid, creationTimestamp and status are kept when they are given. For inputs of a
   * simulation. Throws ApiError for what the API would refuse; unknown fields are left out and named in `warnings`.
   */
  seed(object: NewObject, warnings?: string[]): KubeObject
  /** Replaces the interception; null takes it away. */
  setIntercept(intercept: Intercept | null): void
  /** Breaks the open watches that match, without a word; says how many. */
  dropWatches(matches: (target: Target) => boolean): number
  /** From now on, the matching open watches hear of changes `delayMs` late. */
  delayWatches(matches: (target: Target) => boolean, delayMs: number): void
  /** Forgets changes older than the newest `keep` of each kind: resuming watches are told 410. */
  compact(keep?: number): void
  /** The same for a version of the whole store: also a watch of what has not changed since is told 410. */
  compactTo(version: number): void
  /** Ends all watches. Sockets are closed by their own `close`. */
  stop(): void
}

const HISTORY_EVENTS = 20_000
const BODY_LIMIT_BYTES = 3 * 1024 * 1024
const WATCH_BUFFER_EVENTS = 10_000

function coreOf(o: ApiServerOptions): Core {
  return {
    store: new Store(o.historyEvents ?? HISTORY_EVENTS, o.persistence ?? null),
    types: new TypeRegistry(),
    clock: o.clock,
    random: o.random,
    watches: new OpenWatches(),
    bodyLimit: o.bodyLimitBytes ?? BODY_LIMIT_BYTES,
    watchBuffer: o.watchBufferEvents ?? WATCH_BUFFER_EVENTS,
    podStreams: null,
    keepsOwners: o.keepsOwners ?? ((): boolean => true),
    onWrite: o.onWrite ?? ((): void => {}),
  }
}

/** Carries out what the interception says around the server itself. */
async function intercepted(core: Core, intercept: Intercept | null, request: ApiRequest): Promise<ApiAnswer | null> {
  const fate = intercept?.(request) ?? 'pass'
  if (fate === 'pass') return handle(core, request)
  if (fate === 'drop') throw new TransportError('connection', 'the connection was dropped')
  if (fate === 'lose-answer') {
    const lost = handle(core, request)
    if (lost.kind === 'watch') lost.stream.end()
    return null
  }
  if ('delayMs' in fate) {
    await sleep(core.clock, fate.delayMs, 'work', request.signal)
    return handle(core, request)
  }
  const { status, retryAfterSeconds } = fate
  const reason = fate.reason ?? REASON_OF_CODE[status] ?? 'Unknown'
  const details = retryAfterSeconds === undefined ? undefined : { retryAfterSeconds }
  const error = new ApiError(status, reason, `injected fault: ${reason}`, details)
  return answer(
    status,
    error.status,
    retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) },
  )
}

export function createApiServer(o: ApiServerOptions): ApiServer {
  const core = coreOf(o)
  let intercept = o.intercept ?? null
  const isNew = (o.persistence?.stored ?? null) === null
  if (isNew) for (const object of bootObjects(timestamp(o.clock.nowMs()))) seedObject(core, object)
  else serveStoredKinds(core)
  // Answered in a later microtask, so that nobody can come to depend on a write that is seen at once.
  const serve = async (request: ApiRequest): Promise<ApiAnswer | null> => {
    await Promise.resolve()
    return intercepted(core, intercept, request)
  }
  return {
    transport: inProcess(o.clock, serve),
    held: inProcess(o.clock, serve, true),
    handle: serve,
    listen: ({ port, host = '127.0.0.1' }) => listenHttp({ core, serve, port, host }),
    registerPodStreams: (streams) => {
      core.podStreams = streams
    },
    seed: (object, warnings) => seedObject(core, object, warnings),
    setIntercept: (next) => {
      intercept = next
    },
    dropWatches: (matches) => core.watches.drop(matches),
    delayWatches: (matches, delayMs) => core.watches.delay(matches, delayMs),
    compact: (keep = 0) => core.store.compact(keep),
    compactTo: (version) => core.store.compactTo(version),
    stop: () => core.watches.endAll(),
  }
}
