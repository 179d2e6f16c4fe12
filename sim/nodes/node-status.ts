import type { Condition, Node } from '../../api/kinds/kubernetes.ts'

interface NodeCondition extends Condition {
  lastHeartbeatTime: string
}

/** What a kubelet reports of a healthy machine, in its order. `at` is RFC 3339. */
export function healthyConditions(at: string): Condition[] {
  const healthy = (type: string, status: 'True' | 'False', reason: string, message: string): NodeCondition => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: at,
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

const hasReadyCondition = (status: Node['status']): boolean =>
  (status?.conditions ?? []).some((c) => c.type === 'Ready')

/** What a kubelet reports of a machine that its taints call unready. */
function unreadyConditions(at: string): Condition[] {
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

/** What a simulated machine says of itself where its object does not: nothing here is measured. */
const SIMULATED_NODE_INFO: Readonly<Record<string, string>> = {
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

/** What is missing in a node's status, as its kubelet would fill it in; null: nothing. What it says is never replaced. */
export function missingStatus(
  { spec, status }: Pick<Node, 'spec' | 'status'>,
  at: string,
): NonNullable<Node['status']> | null {
  const { capacity, allocatable } = status ?? {}
  const isUnready = (spec?.taints ?? []).some((taint) => UNREADY_TAINTS.has(taint.key))
  const missing = {
    ...(hasReadyCondition(status) ? {} : { conditions: isUnready ? unreadyConditions(at) : healthyConditions(at) }),
    ...(capacity === undefined && allocatable !== undefined ? { capacity: allocatable } : {}),
    ...(allocatable === undefined && capacity !== undefined ? { allocatable: capacity } : {}),
    ...(status?.nodeInfo?.['kubeletVersion'] ? {} : { nodeInfo: { ...SIMULATED_NODE_INFO } }),
  }
  return Object.keys(missing).length === 0 ? null : missing
}
