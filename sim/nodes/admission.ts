import type { Node, Pod } from '../../api/kinds/kubernetes.ts'
import { mayBeOn } from '../../api/node-affinity.ts'
import { podRequests } from '../../api/pod-resources.ts'
import { toMilli, toUnits } from '../../api/quantity.ts'
import { tolerates } from '../../api/taint.ts'
import type { Verdict } from './pod-run.ts'

/**
 * What a kubelet checks again when a pod arrives, in its order and words: resources, node selector and affinity,
 * taints with effect NoExecute. Null: admitted. `others` are the pods that the node already runs.
 */
export function refuse(pod: Pod, node: Node, others: Iterable<Pod>): Verdict | null {
  return refuseResources(pod, node, others) ?? refuseSelection(pod, node) ?? refuseTaints(pod, node)
}

function refuseResources(pod: Pod, node: Node, others: Iterable<Pod>): Verdict | null {
  const used = new Map<string, number>()
  let pods = 0
  for (const other of others) {
    pods++
    for (const [name, amount] of Object.entries(podRequests(other.spec, other.status)))
      used.set(name, (used.get(name) ?? 0) + amount)
  }
  const maxPods = allocatable(node, 'pods')
  if (pods + 1 > maxPods) return outOf('pods', 1, pods, maxPods)
  const wanted = Object.entries(podRequests(pod.spec)).sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [name, amount] of wanted) {
    const capacity = allocatable(node, name)
    const inUse = used.get(name) ?? 0
    if (amount > 0 && inUse + amount > capacity) return outOf(name, amount, inUse, capacity)
  }
  return null
}

function allocatable(node: Node, resource: string): number {
  const text = node.status?.allocatable?.[resource] ?? node.status?.capacity?.[resource]
  if (text === undefined) return resource === 'pods' ? 110 : 0
  return resource === 'cpu' ? toMilli(text) : toUnits(text)
}

const outOf = (resource: string, requested: number, used: number, capacity: number): Verdict => ({
  reason: `OutOf${resource}`,
  message:
    `Pod was rejected: Node didn't have enough resource: ${resource}, ` +
    `requested: ${requested}, used: ${used}, capacity: ${capacity}`,
})

function refuseSelection(pod: Pod, node: Node): Verdict | null {
  const { name, labels = {} } = node.metadata
  if (mayBeOn(pod.spec, { name, labels })) return null
  const message = "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
  return { reason: 'NodeAffinity', message }
}

function refuseTaints(pod: Pod, node: Node): Verdict | null {
  const taint = (node.spec?.taints ?? []).find(
    (candidate) => candidate.effect === 'NoExecute' && !tolerates(pod.spec.tolerations ?? [], candidate),
  )
  if (taint === undefined) return null
  return {
    reason: 'TaintToleration',
    message: `Pod was rejected: Predicate TaintToleration failed: node had untolerated taint {${taint.key}: ${taint.value ?? ''}}`,
  }
}
