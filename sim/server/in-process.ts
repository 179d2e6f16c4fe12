import type { Clock } from '../../kube/clock.ts'
import {
  TransportError,
  type HttpAnswer,
  type HttpRequest,
  type HttpStream,
  type Transport,
} from '../../kube/transport.ts'
import type { ApiAnswer, ApiRequest } from './exchange.ts'

const aborted = (): TransportError => new TransportError('aborted', 'the request was aborted')

async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const piece of pieces) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

async function textOf(found: ApiAnswer): Promise<string> {
  if (found.kind === 'answer') return found.body
  const pieces = found.kind === 'watch' ? found.stream : found.pieces
  let text = ''
  for await (const piece of pieces) text += found.kind === 'watch' ? `${piece}\n` : piece
  return text
}

/** Lower-case names, as the core expects them; JSON both ways unless the caller says otherwise. */
function asApiRequest({ method, path, headers = {}, body = null, signal }: HttpRequest): ApiRequest {
  const lower: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) lower[name.toLowerCase()] = value
  return { method, path, headers: lower, body, ...(signal === undefined ? {} : { signal }) }
}

/**
 * The server as a Transport without sockets: promises only, so that a simulated run knows when it is settled. An
 * answer that a fault has lost is given up at the request's deadline, on the injected clock. `holdsObjects`: objects are
 * told without their text as well, and no text is made that nobody reads, which spares a cluster that is at work much.
 */
export function inProcess(
  clock: Clock,
  serve: (request: ApiRequest) => Promise<ApiAnswer | null>,
  holdsObjects = false,
): Transport {
  let isClosed = false
  const exchange = (request: HttpRequest): Promise<ApiAnswer> => {
    if (isClosed) return Promise.reject(new TransportError('connection', 'the transport is closed'))
    if (request.signal?.aborted) return Promise.reject(aborted())
    return new Promise((resolve, reject) => {
      const giveUp = (error: TransportError): void => {
        timer?.cancel()
        timer = null
        reject(error)
      }
      let timer: ReturnType<Clock['after']> | null = null
      const onAbort = (): void => giveUp(aborted())
      request.signal?.addEventListener('abort', onAbort, { once: true })
      const settle = (found: ApiAnswer | null): void => {
        if (found === null) {
          // Lost for good: only the deadline ends the waiting.
          timer ??= clock.after(request.deadlineMs, 'work', () =>
            giveUp(new TransportError('timeout', 'no answer came')),
          )
          return
        }
        request.signal?.removeEventListener('abort', onAbort)
        resolve(found)
      }
      serve(asApiRequest(request)).then(settle, (error: unknown) =>
        giveUp(error instanceof TransportError ? error : new TransportError('connection', String(error))),
      )
    })
  }
  return {
    async request(request: HttpRequest): Promise<HttpAnswer> {
      const found = await exchange(request)
      if (!holdsObjects || found.kind !== 'answer')
        return { status: found.status, headers: found.headers, body: await textOf(found) }
      await Promise.resolve() // comes no sooner than as text
      return found
    },
    async stream(request: HttpRequest): Promise<HttpStream> {
      const found = await exchange(request)
      const { status, headers } = found
      if (found.kind === 'watch') {
        const events = holdsObjects ? { events: found.stream.events() } : {}
        return { status, headers, lines: found.stream, ...events }
      }
      if (found.kind === 'text') return { status, headers, lines: linesOf(found.pieces) }
      const { body } = found
      return {
        status,
        headers,
        lines: linesOf(
          (async function* () {
            yield body
          })(),
        ),
      }
    },
    close(): Promise<void> {
      isClosed = true
      return Promise.resolve()
    },
  }
}
