import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { createWebSocketStream, WebSocketServer } from 'ws'

/** What a client speaks over the socket of its upgrade request; null: nothing that a port-forward can be. */
export type UpgradeKind = 'spdy' | 'websocket' | null

const PROTOCOL = 'portforward.k8s.io'
const TUNNEL_PROTOCOL = 'SPDY/3.1+portforward.k8s.io'

const listed = (header: string | string[] | undefined): readonly string[] =>
  (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').map((part) => part.trim())

export function upgradeKind({ headers }: IncomingMessage): UpgradeKind {
  const upgrade = (headers.upgrade ?? '').toLowerCase()
  if (upgrade === 'spdy/3.1') return listed(headers['x-stream-protocol-version']).includes(PROTOCOL) ? 'spdy' : null
  return upgrade === 'websocket' && listed(headers['sec-websocket-protocol']).includes(TUNNEL_PROTOCOL)
    ? 'websocket'
    : null
}

/** Answers the upgrade; `open` gets the bytes of the SPDY session, raw or out of the WebSocket's messages. */
export function acceptUpgrade(
  kind: 'spdy' | 'websocket',
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  open: (wire: Duplex) => void,
): void {
  if (kind === 'websocket') {
    const server = new WebSocketServer({ noServer: true, handleProtocols: () => TUNNEL_PROTOCOL })
    server.handleUpgrade(request, socket, head, (webSocket) => open(createWebSocketStream(webSocket)))
    return
  }
  const answer = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: SPDY/3.1']
  socket.write(`${[...answer, `X-Stream-Protocol-Version: ${PROTOCOL}`].join('\r\n')}\r\n\r\n`)
  if (head.length > 0) socket.unshift(head)
  open(socket)
}
