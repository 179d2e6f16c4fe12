import type { Container, NodeSelectorTerm, Pod, PodSpec, PodStatus, Toleration } from '../../api/kinds/kubernetes.ts'
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

/** Pods of one class share one object: less memory, and comparing two of them is mostly comparing identity. */
const SHARED_MAX = 10_000
const shared = new Map<string, Demand>()

/** What was asked as it is written, in so many ways at most: adding amounts up takes ten times as long as writing them down. */
const asked = new Map<string, Demand>()
const ASKED_TEXT_MAX = 4_096

/** Per pod: the amounts with in-place resize at the larger of what is asked and what the kubelet has allocated. */
export function demandOf(pod: Pod): Demand {
  const text = textOf(pod)
  const known = asked.get(text)
  if (known !== undefined) return known
  const demand = added(pod)
  if (asked.size >= SHARED_MAX) asked.clear()
  if (text.length <= ASKED_TEXT_MAX) asked.set(text, demand)
  return demand
}

function added(pod: Pod): Demand {
  const requests = bare({ ...podRequests(pod.spec, pod.status), ...hostPorts(pod.spec), pods: 1 })
  const nodeSelector = pod.spec.nodeSelector ?? {}
  const nodeAffinity = requiredTerms(pod.spec)
  const tolerations = pod.spec.tolerations ?? []
  const key = JSON.stringify([sorted(requests), sorted(nodeSelector), nodeAffinity, tolerations])
  const known = shared.get(key)
  if (known !== undefined) return known
  if (shared.size >= SHARED_MAX) shared.clear()
  const demand = { requests, nodeSelector, nodeAffinity, tolerations, key }
  shared.set(key, demand)
  return demand
}

const requiredTerms = ({ affinity }: PodSpec): readonly NodeSelectorTerm[] | null =>
  affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? null

/** All that a demand is made of. Whoever reads one field more for it writes that down here, too. */
const textOf = ({ spec, status }: Pod): string =>
  JSON.stringify([
    asks(spec.containers),
    asks(spec.initContainers ?? []),
    spec.resources,
    spec.overhead,
    spec.hostNetwork,
    spec.nodeSelector,
    requiredTerms(spec),
    spec.tolerations,
    status === undefined ? null : given(status),
  ])

const asks = (containers: readonly Container[]): unknown[] =>
  containers.map(({ name, resources, ports, restartPolicy }) => [
    name,
    resources?.requests,
    resources?.limits,
    ports?.map(({ hostPort, containerPort, protocol }) => [hostPort, containerPort, protocol]),
    restartPolicy,
  ])

/** What the kubelet has allocated, as far as it says anything of it, and whether a resize is refused. */
function given({ containerStatuses, initContainerStatuses, resize, conditions, ...ofPod }: PodStatus): unknown {
  const held = [...(initContainerStatuses ?? []), ...(containerStatuses ?? [])].map(({ name, ...of }) => [
    name,
    of.allocatedResources,
    of.resources?.requests,
  ])
  held.push(['', ofPod.allocatedResources, ofPod.resources?.requests])
  if (!held.some(([, allocated, requests]) => allocated !== undefined || requests !== undefined)) return 0
  return [held, resize, conditions?.filter(({ type }) => type === 'PodResizePending').map(({ reason }) => reason)]
}

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
