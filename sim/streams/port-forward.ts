import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Container, Pod } from '../../api/kinds/kubernetes.ts'
import type { Clock } from '../../kube/clock.ts'
import type { Kubelet } from '../nodes/kubelet.ts'
import { respond } from '../nodes/responses.ts'
import type { StreamRefusal } from '../server/pod-streams.ts'
import { containerServer } from './container-http.ts'
import { SpdySession, type SpdyStream } from './spdy/session.ts'
import { acceptUpgrade, upgradeKind } from './upgrade.ts'

export interface ForwardSource {
  readonly clock: Clock
  readonly kubelet: Kubelet
}

/** Two streams make a connection: `error` carries a sentence if it fails, `data` the bytes. */
interface Pair {
  error?: Duplex
  data?: Duplex
}

/**
 * Forwards connections to the simulated containers of a pod: SPDY/3.1 over the raw socket, or tunnelled in a
 * WebSocket. What comes in is HTTP; what goes out is what sim/nodes/responses says.
 */
export function forwardPorts(
  source: ForwardSource,
  pod: Pod,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): StreamRefusal | null {
  const kind = upgradeKind(request)
  if (kind === null)
    return refusal('want SPDY/3.1 with portforward.k8s.io, or a WebSocket with SPDY/3.1+portforward.k8s.io')
  const trouble = notRunning(source, pod)
  if (trouble !== null) return refusal(trouble)
  acceptUpgrade(kind, request, socket, head, (wire) => serve(source, pod, wire))
  return null
}

const refusal = (message: string): StreamRefusal => ({ kind: 'refusal', code: 400, message })

function notRunning({ kubelet }: ForwardSource, pod: Pod): string | null {
  const phase = kubelet.podOf(pod.metadata.uid)?.status?.phase ?? 'gone'
  return phase === 'Running' ? null : `unable to forward port because pod is not running. Current status=${phase}`
}

function serve(source: ForwardSource, pod: Pod, wire: Duplex): void {
  const server = containerServer((method, path, body) => {
    const now = source.kubelet.podOf(pod.metadata.uid) ?? pod
    return respond({ method, path, body }, now, source.kubelet.pods(), source.clock.nowMs())
  })
  const pairs = new Map<string, Pair>()
  const connect = (requestId: string, port: number, { error, data }: Pair): void => {
    if (error === undefined || data === undefined) return
    pairs.delete(requestId)
    const trouble = notRunning(source, pod) ?? refusedPort(pod, port)
    if (trouble === null) server.emit('connection', data)
    else {
      error.write(trouble)
      data.end()
    }
    // The sentence is complete once the stream ends; without one the connection stands.
    error.end()
  }
  const onStream = ({ headers, duplex }: SpdyStream): void => {
    const requestId = headers.get('requestid') ?? ''
    const type = headers.get('streamtype')
    if (type !== 'error' && type !== 'data') {
      duplex.destroy(new Error('not a stream of a port-forward'))
      return
    }
    const pair = { ...pairs.get(requestId), [type]: duplex }
    pairs.set(requestId, pair)
    if (type === 'error') duplex.resume()
    connect(requestId, Number(headers.get('port')), pair)
  }
  new SpdySession({ wire, onStream, onClose: () => server.closeAllConnections() })
}

/** Null: something listens there. A pod that declares no port at all answers on every one. */
function refusedPort(pod: Pod, port: number): string | null {
  const open = pod.spec.containers.flatMap(portsOf)
  if (open.length === 0 || open.includes(port)) return null
  return `failed to connect to localhost:${port} inside the pod: connection refused`
}

function portsOf(container: Container): readonly number[] {
  const probes = [container.livenessProbe, container.readinessProbe, container.startupProbe]
  const probed = probes.map((probe) => Number(probe?.httpGet?.port ?? probe?.tcpSocket?.port))
  return [
    ...(container.ports ?? []).map((port) => port.containerPort),
    ...probed.filter((port) => Number.isInteger(port)),
  ]
}
