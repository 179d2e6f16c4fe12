import type { NodeSelectorTerm, Pod, PodSpec, Toleration } from '../../api/kinds/kubernetes.ts'
import { podRequests } from '../../api/pod-resources.ts'
import { bare } from './record.ts'

/**
 * What a pod asks of a node: the amounts, and what the predicates look at. Pods with the same key are one pod class.
 */
export interface Demand {
  /** Amount by resource name: cpu in milli-cpu, memory in bytes, the rest in units; `pods` is 1; host ports too. */
  readonly requests: Readonly<Record<string, number>>
  readonly nodeSelector: Readonly<Record<string, string>>
  /** Required terms, any of which must match; null: no required node affinity. */
  readonly nodeAffinity: readonly NodeSelectorTerm[] | null
  readonly tolerations: readonly Toleration[]
  /** Canonical text of all the above. */
  readonly key: string
}

/** A host port is a resource of which every node has one. Ports on different addresses count as one: never too many. */
export const HOST_PORT_PREFIX = 'espalier.io/host-port.'

/** Per pod: the amounts with in-place resize at the larger of what is asked and what the kubelet has allocated. */
export function demandOf(pod: Pod): Demand {
  const requests = bare({ ...podRequests(pod.spec, pod.status), ...hostPorts(pod.spec), pods: 1 })
  const nodeSelector = pod.spec.nodeSelector ?? {}
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const nodeAffinity = required?.nodeSelectorTerms ?? null
  const tolerations = pod.spec.tolerations ?? []
  const key = JSON.stringify([sorted(requests), sorted(nodeSelector), nodeAffinity, tolerations])
  const known = shared.get(key)
  if (known !== undefined) return known
  if (shared.size >= SHARED_MAX) shared.clear()
  const demand = { requests, nodeSelector, nodeAffinity, tolerations, key }
  shared.set(key, demand)
  return demand
}

/** Pods of one class share one object: less memory, and comparing two of them is mostly comparing identity. */
const SHARED_MAX = 10_000
const shared = new Map<string, Demand>()

/** Byte order of names, so that equal records make equal text. */
function sorted<V>(record: Readonly<Record<string, V>>): [string, V][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

function hostPorts(spec: PodSpec): Record<string, number> {
  const taken: Record<string, number> = {}
  const sidecars = (spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always')
  for (const container of [...spec.containers, ...sidecars]) {
    for (const port of container.ports ?? []) {
      const number = port.hostPort ?? (spec.hostNetwork === true ? port.containerPort : 0)
      if (number > 0) taken[`${HOST_PORT_PREFIX}${port.protocol ?? 'TCP'}.${number}`] = 1
    }
  }
  return taken
}
