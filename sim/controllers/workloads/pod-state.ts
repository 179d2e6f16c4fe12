import type { KubeObject, OwnerReference, Pod } from '../../../api/kinds/kubernetes.ts'

/** What workload controllers ask of a pod. Pure. */

export const isFinished = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'
export const isTerminating = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined
/** Counts towards replicas: neither finished nor on its way out. */
export const isActive = (pod: Pod): boolean => !isFinished(pod) && !isTerminating(pod)

const readyCondition = ({ status }: Pod) => status?.conditions?.find(({ type }) => type === 'Ready')

export const isReady = (pod: Pod): boolean => readyCondition(pod)?.status === 'True'

/** Milliseconds until the pod has been Ready for `minReadySeconds`; 0: it has been; null: it is not Ready. */
export function availableInMs(pod: Pod, minReadySeconds: number, nowMs: number): number | null {
  const ready = readyCondition(pod)
  if (ready?.status !== 'True') return null
  if (minReadySeconds === 0) return 0
  const sinceMs = Date.parse(ready.lastTransitionTime ?? '')
  return Number.isNaN(sinceMs) ? null : Math.max(0, sinceMs + minReadySeconds * 1_000 - nowMs)
}

export const isAvailable = (pod: Pod, minReadySeconds: number, nowMs: number): boolean =>
  availableInMs(pod, minReadySeconds, nowMs) === 0

/** When the next Ready pod becomes available; null: none is on its way. */
export function nextAvailableInMs(pods: readonly Pod[], minReadySeconds: number, nowMs: number): number | null {
  const waits = pods.map((pod) => availableInMs(pod, minReadySeconds, nowMs)).filter((ms) => ms !== null && ms > 0)
  return waits.length === 0 ? null : Math.min(...(waits as number[]))
}

export const controllerOf = ({ metadata }: KubeObject): OwnerReference | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true)

export const controllerReference = ({ apiVersion, kind, metadata }: KubeObject): OwnerReference => ({
  apiVersion,
  kind,
  name: metadata.name,
  uid: metadata.uid,
  controller: true,
  blockOwnerDeletion: true,
})

const order = (a: number, b: number): number => a - b
const flag = (value: boolean): number => (value ? 1 : 0)
const PHASES = ['Pending', 'Unknown', 'Running']
const costOf = ({ metadata }: Pod): number =>
  Number(metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0) || 0

/** The order in which a ReplicaSet or Job gives pods up: unplaced, not started, not Ready, cheap and young ones first. */
export function byWorth(a: Pod, b: Pod): number {
  const phase = ({ status }: Pod): number => PHASES.indexOf(status?.phase ?? 'Pending')
  return (
    order(flag(Boolean(a.spec.nodeName)), flag(Boolean(b.spec.nodeName))) ||
    order(phase(a), phase(b)) ||
    order(flag(isReady(a)), flag(isReady(b))) ||
    order(costOf(a), costOf(b)) ||
    Date.parse(b.metadata.creationTimestamp) - Date.parse(a.metadata.creationTimestamp) ||
    byName(a, b)
  )
}

export const byName = (a: KubeObject, b: KubeObject): number =>
  a.metadata.name < b.metadata.name ? -1 : a.metadata.name > b.metadata.name ? 1 : 0
