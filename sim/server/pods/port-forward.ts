import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Pod } from '../../../api/kinds/kubernetes.ts'
import { ApiError, methodNotAllowed } from '../api-error.ts'
import type { Core } from '../core.ts'
import { entryOf } from '../list.ts'
import { resolveTarget, splitPath } from '../target.ts'

function refuse(socket: Duplex, error: ApiError): void {
  const body = JSON.stringify(error.status)
  const head = [
    `HTTP/1.1 ${error.code} ${STATUS_CODES[error.code] ?? ''}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function podOf(core: Core, message: IncomingMessage): Pod {
  const path = splitPath(message.url ?? '/')
  const request = { method: 'GET', path: message.url ?? '/', headers: {}, body: null }
  const target = path === null ? null : resolveTarget(core.types, path, request)
  if (target === null || target.type.collection !== '/pods') {
    throw new ApiError(404, 'NotFound', 'the server could not find the requested resource')
  }
  if (target.subresource === 'exec' || target.subresource === 'attach') {
    throw new ApiError(
      501,
      'NotImplemented',
      `${target.subresource} is not possible: the containers of this cluster are simulated`,
    )
  }
  if (target.subresource !== 'portforward') throw methodNotAllowed()
  return entryOf(core, target).object as Pod
}

/** Hands the socket of an upgrade request to the simulated kubelet, or refuses it. */
export function portForward(core: Core, message: IncomingMessage, socket: Duplex, head: Buffer): void {
  socket.on('error', () => socket.destroy())
  try {
    const pod = podOf(core, message)
    const streams = core.podStreams
    if (streams === null) throw new ApiError(501, 'NotImplemented', 'no kubelet serves streams of pods')
    const refusal = streams.portForward(pod, message, socket, head)
    if (refusal !== null) refuse(socket, new ApiError(refusal.code, 'BadRequest', refusal.message))
  } catch (error) {
    if (error instanceof ApiError) refuse(socket, error)
    else socket.destroy()
  }
}
