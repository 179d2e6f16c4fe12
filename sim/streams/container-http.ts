import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { SimulatedResponse } from '../nodes/responses.ts'

const BODY_BYTES_MAX = 1024 * 1024

export type Answerer = (method: string, path: string, body: string) => SimulatedResponse

/** An HTTP server without a socket of its own: connections are handed to it. */
export function containerServer(answer: Answerer): Server {
  return createServer((message, response) => {
    reply(message, response, answer).catch(() => response.destroy())
  })
}

async function reply(message: IncomingMessage, response: ServerResponse, answer: Answerer): Promise<void> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of message as AsyncIterable<Buffer>) {
    size += piece.length
    if (size <= BODY_BYTES_MAX) pieces.push(piece)
  }
  const { status, headers, body } = answer(
    message.method ?? 'GET',
    message.url ?? '/',
    Buffer.concat(pieces).toString(),
  )
  response.writeHead(status, headers)
  response.end(message.method === 'HEAD' ? undefined : body)
}
