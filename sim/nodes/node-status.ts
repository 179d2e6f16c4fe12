import type { Condition, Node } from '../../api/kinds/kubernetes.ts'

/** What a kubelet reports of a healthy machine, in its order. `at` is RFC 3339. */
export function healthyConditions(at: string): Condition[] {
  const healthy = (type: string, status: 'True' | 'False', reason: string, message: string): Condition => ({
    type,
    status,
    reason,
    message,
    lastTransitionTime: at,
  })
  return [
    healthy('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    healthy('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    healthy('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    healthy('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
  ]
}

export const isNodeReady = (node: Node): boolean =>
  (node.status?.conditions ?? []).some((c) => c.type === 'Ready' && c.status === 'True')

export const hasReadyCondition = (node: Node): boolean =>
  (node.status?.conditions ?? []).some((c) => c.type === 'Ready')

/** What a kubelet reports of a machine that its taints call unready. */
export function unreadyConditions(at: string): Condition[] {
  const ready: Condition = {
    type: 'Ready',
    status: 'False',
    reason: 'KubeletNotReady',
    message: 'the node carries a taint that says so',
    lastTransitionTime: at,
  }
  return healthyConditions(at).map((condition) => (condition.type === 'Ready' ? ready : condition))
}

const UNREADY_TAINTS: ReadonlySet<string> = new Set(['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'])

export const isTaintedUnready = (node: Node): boolean =>
  (node.spec?.taints ?? []).some((taint) => UNREADY_TAINTS.has(taint.key))

/** What a simulated machine says of itself where its object does not: nothing here is measured. */
export const SIMULATED_NODE_INFO: Readonly<Record<string, string>> = {
  architecture: 'arm64',
  bootID: '',
  containerRuntimeVersion: 'simulated://1.0',
  kernelVersion: 'simulated',
  kubeProxyVersion: 'v1.34.0',
  kubeletVersion: 'v1.34.0',
  machineID: '',
  operatingSystem: 'linux',
  osImage: 'Simulated Linux',
  systemUUID: '',
}

/** The address that pods of the node report as theirs; 0.0.0.0 where the node names none. */
export const hostIpOf = (node: Node): string =>
  (node.status?.addresses ?? []).find((address) => address.type === 'InternalIP')?.address ?? '0.0.0.0'
