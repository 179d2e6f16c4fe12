import type { Clock } from '../../kube/clock.ts'
import type { Kubelet } from '../nodes/kubelet.ts'
import type { PodStreams } from '../server/pod-streams.ts'
import { logOf } from './logs.ts'
import { forwardPorts } from './port-forward.ts'

export interface StreamOptions {
  readonly clock: Clock
  readonly kubelet: Kubelet
}

/** What the simulated kubelets answer to `kubectl logs` and `kubectl port-forward`. */
export const simulatedStreams = (options: StreamOptions): PodStreams => ({
  log: (pod, asked) => logOf(options, pod, asked),
  portForward: (pod, request, socket, head) => forwardPorts(options, pod, request, socket, head),
})
