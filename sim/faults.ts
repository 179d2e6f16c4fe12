import type { Kubelet } from './nodes/kubelet.ts'
import { evicted } from './nodes/kubelet.ts'
import type { NodeAgent } from './nodes/node-agent.ts'
import { type ContainerRun, terminate } from './nodes/container-run.ts'
import type { PodRun, Verdict } from './nodes/pod-run.ts'
import type { KubeClient, ObjectKey } from '../kube/client.ts'
import { valueOrThrow } from '../kube/answers.ts'
import { PODS } from '../kube/resources.ts'

/** What can happen to pods and nodes of a simulated cluster, on request. Faults of the API: ApiServer.setIntercept. */
export interface Faults {
  /** The node evicts the pod: phase Failed for good, whatever the restart policy. */
  failPod(pod: ObjectKey, verdict?: Verdict): void
  /** Every container ends with exit code 0; under restart policy Always they are started again. */
  finishPod(pod: ObjectKey): void
  /** A container (default: the first) ends with an exit code (default 1) and is restarted as its policy says. */
  crashPod(pod: ObjectKey, options?: { readonly container?: string; readonly exitCode?: number }): void
  /** The pod's object is gone at once, without a kubelet's farewell. */
  vanishPod(pod: ObjectKey): Promise<void>
  /** The node's kubelet falls silent; 40 s later the node counts as lost. */
  killNode(node: string): void
  reviveNode(node: string): void
}

const EVICTED: Verdict = { reason: 'Evicted', message: 'The node was low on resource: memory.' }

export const faultsOf = (kubelet: Kubelet, agent: NodeAgent, client: KubeClient): Faults => ({
  failPod: ({ namespace, name }, verdict = EVICTED) => kubelet.alter(namespace, name, evicted(verdict)),
  finishPod: ({ namespace, name }) =>
    kubelet.alter(namespace, name, (run, _pod, nowMs) => endContainers(run, null, 0, nowMs)),
  crashPod: ({ namespace, name }, { container, exitCode = 1 } = {}) =>
    kubelet.alter(namespace, name, (run, _pod, nowMs) =>
      endContainers(run, container ?? run.main[0]?.name ?? '', exitCode, nowMs),
    ),
  vanishPod: async (pod) => void valueOrThrow(await client.delete(PODS, pod, { gracePeriodSeconds: 0 })),
  killNode: (node) => agent.kill(node),
  reviveNode: (node) => agent.revive(node),
})

/** Null: every ordinary container. Throws if the named one is not there. */
function endContainers(run: PodRun, name: string | null, exitCode: number, nowMs: number): PodRun {
  const isMeant = (container: ContainerRun): boolean => container.name === name
  if (name !== null && ![...run.init, ...run.main].some(isMeant)) throw new Error(`no container ${name}`)
  const reason = exitCode === 0 ? 'Completed' : 'Error'
  const end = (container: ContainerRun): ContainerRun => terminate(container, exitCode, reason, nowMs)
  return {
    ...run,
    init: run.init.map((container) => (isMeant(container) ? end(container) : container)),
    main: run.main.map((container) => (name === null || isMeant(container) ? end(container) : container)),
  }
}
