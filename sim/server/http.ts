import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Clock, sleep } from '../../kube/clock.ts'
import { ApiError } from './api-error.ts'
import type { Core } from './core.ts'
import type { ApiAnswer, ApiRequest } from './exchange.ts'
import { fromProtobuf } from './protobuf.ts'
import { portForward } from './pods/port-forward.ts'
import type { WatchStream } from './watch-stream.ts'

/** A server that listens. `close` ends its watches and sockets at once. */
export interface Listening {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf'

interface ListenOptions {
  readonly core: Core
  readonly serve: (request: ApiRequest) => Promise<ApiAnswer | null>
  readonly port: number
  readonly host: string
}

const NO_BODY = Buffer.alloc(0)

/** Reads a body up to the limit; null when it is longer (the rest is read and thrown away). Rejects when it breaks off. */
function readBody(message: IncomingMessage, limit: number): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let size = 0
    message.on('data', (piece: Buffer) => {
      size += piece.length
      if (size > limit) resolve(null)
      else pieces.push(piece)
    })
    message.on('end', () => resolve(pieces.length < 2 ? (pieces[0] ?? NO_BODY) : Buffer.concat(pieces)))
    message.on('error', reject)
    message.on('close', () => {
      if (!message.complete) reject(new Error('the connection ended inside a body'))
    })
  })
}

function headersOf(message: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of Object.keys(message.headers)) {
    const value = message.headers[name]
    headers[name] = Array.isArray(value) ? value.join(', ') : (value ?? '')
  }
  return headers
}

/** Waits until the socket has taken what was written, so that a slow reader holds no memory here. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
  })
}

function write(response: ServerResponse, text: string): boolean {
  return response.write(text, encodingOf(text, Buffer.byteLength(text)))
}

async function sendStream(response: ServerResponse, pieces: AsyncIterable<string>): Promise<void> {
  response.flushHeaders()
  try {
    for await (const piece of pieces) {
      if (response.destroyed) return
      if (!write(response, piece)) await drained(response)
    }
    response.end()
  } catch {
    response.destroy()
  }
}

/** Text as long in bytes as in characters is ASCII, which latin1 writes without encoding it. */
const encodingOf = (text: string, bytes: number): 'latin1' | 'utf8' => (bytes === text.length ? 'latin1' : 'utf8')

/**
 * Characters of watch lines that go out in one piece, about: a write for every line would cost a system call each. A turn of a
 * busy server makes a hundred changes, and pieces that hold fewer would fall behind by seconds, for there is one every other turn.
 */
const BATCH_LENGTH = 1_048_576

/** Between two pieces of one watch: a change after a rest is told at once, a row of changes a hundred times a second. */
const PIECE_MS = 10

/**
 * The lines of a watch, those that are ready together in one piece: all requests that have come by now are served before
 * anybody is told, so that under load a watcher costs a system call every PIECE_MS and not one a change.
 */
async function* batches(stream: WatchStream, clock: Clock): AsyncGenerator<string> {
  let notBeforeMs = 0
  for await (const line of stream) {
    const restMs = notBeforeMs - clock.monotonicMs()
    await (restMs > 0 ? sleep(clock, restMs, 'background') : new Promise((resolve) => setImmediate(resolve)))
    notBeforeMs = clock.monotonicMs() + PIECE_MS
    let text = `${line}\n`
    for (let next = stream.ready(); next !== null; next = stream.ready()) {
      text += `${next}\n`
      if (text.length > BATCH_LENGTH) break
    }
    yield text
  }
}

async function send(response: ServerResponse, found: ApiAnswer, clock: Clock): Promise<void> {
  if (found.kind === 'answer') {
    const bytes = Buffer.byteLength(found.body)
    response.writeHead(found.status, { ...found.headers, 'content-length': bytes })
    response.end(found.body, encodingOf(found.body, bytes))
    return
  }
  response.writeHead(found.status, found.headers)
  await sendStream(response, found.kind === 'watch' ? batches(found.stream, clock) : found.pieces)
}

function refuse(response: ServerResponse, error: ApiError): void {
  response.writeHead(error.code, { 'content-type': 'application/json', connection: 'close' })
  response.end(JSON.stringify(error.status))
}

/** Bodies in protobuf are turned into JSON here: the core knows only texts. */
function requestOf(message: IncomingMessage, body: Buffer, gone: AbortController | null): ApiRequest {
  const headers = headersOf(message)
  const isProtobuf = body.length > 0 && (headers['content-type'] ?? '').startsWith(PROTOBUF)
  const text = isProtobuf ? JSON.stringify(fromProtobuf(body)) : body.toString('utf8')
  if (isProtobuf) headers['content-type'] = 'application/json'
  const request = {
    method: message.method ?? 'GET',
    path: message.url ?? '/',
    headers,
    body: text === '' ? null : text,
  }
  return gone === null ? request : { ...request, signal: gone.signal }
}

async function exchange(o: ListenOptions, message: IncomingMessage, response: ServerResponse): Promise<void> {
  // Only what is read can last, as a watch; and an answer that was sent in full has nobody left to tell.
  const gone = message.method === 'GET' ? new AbortController() : null
  if (gone !== null) {
    response.on('close', () => {
      if (!response.writableFinished) gone.abort()
    })
  }
  const body = await readBody(message, o.core.bodyLimit)
  if (body === null) {
    refuse(
      response,
      new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${o.core.bodyLimit}`),
    )
    return
  }
  const request = requestOf(message, body, gone)
  const found = await o.serve(request)
  // A lost answer: the asker waits until its own deadline.
  if (found !== null) await send(response, found, o.core.clock)
}

/** The core behind node's HTTP server: port-forward needs the raw socket of an upgrade. */
export async function listenHttp(o: ListenOptions): Promise<Listening> {
  const server = createServer({ keepAliveTimeout: 60_000 }, (message, response) => {
    exchange(o, message, response).catch((error: unknown) => {
      if (error instanceof ApiError && !response.headersSent) refuse(response, error)
      else response.destroy()
    })
  })
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    socket.setNoDelay(true)
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (message: IncomingMessage, socket: Duplex, head: Buffer) => {
    portForward(o.core, message, socket, head)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(o.port, o.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${o.host}:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
