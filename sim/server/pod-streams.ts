import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Pod } from '../../api/kinds/kubernetes.ts'

/**
 * What only a kubelet can answer. The API server finds the pod and checks the container's name; these say the rest.
 * Refusals are answered as a Status of `code` (400 for a container that has not started, 404, 500 …).
 */
export interface StreamRefusal {
  readonly kind: 'refusal'
  readonly code: number
  readonly message: string
}

export interface LogOptions {
  readonly container: string
  readonly follow: boolean
  readonly previous: boolean
  readonly timestamps: boolean
  readonly tailLines: number | null
  readonly sinceSeconds: number | null
  readonly limitBytes: number | null
  /** Aborted when the reader has gone. */
  readonly signal: AbortSignal
}

export interface PodStreams {
  /** Text as it is logged; pieces need not be whole lines. A stream without `follow` must end. */
  log(pod: Pod, options: LogOptions): AsyncIterable<string> | StreamRefusal
  /**
   * Takes over the socket of an HTTP upgrade request for `pods/x/portforward` (nothing has been answered yet) and
   * answers it: WebSocket (`v4.channel.k8s.io`, `SPDY/3.1+portforward.k8s.io` tunnelled) or SPDY, as asked. Only over
   * `listen`, never in process. Returns a refusal without touching the socket, or null when it has taken it over.
   */
  portForward(pod: Pod, request: IncomingMessage, socket: Duplex, head: Buffer): StreamRefusal | null
}
