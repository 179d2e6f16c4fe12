import type { KubeObject, Pod } from '../api/kinds/kubernetes.ts'

/** Of a pod only what the operator reads: a pod is 4 kB on the wire, and most of it is its template. */
export function projectPod(raw: KubeObject): Pod {
  const { apiVersion, kind, metadata, spec, status } = raw as Pod
  const { managedFields: _, ...kept } = metadata
  return {
    apiVersion,
    kind,
    metadata: kept,
    spec: {
      containers: [],
      ...(spec.nodeName === undefined ? {} : { nodeName: spec.nodeName }),
      ...(spec.schedulingGates === undefined ? {} : { schedulingGates: spec.schedulingGates }),
    },
    ...(status === undefined ? {} : { status: projectStatus(status) }),
  }
}

function projectStatus({
  phase,
  conditions = [],
  initContainerStatuses,
  containerStatuses,
}: NonNullable<Pod['status']>) {
  return {
    ...(phase === undefined ? {} : { phase }),
    conditions: conditions.map(({ type, status, reason = '' }) => ({ type, status, reason })),
    ...(initContainerStatuses === undefined ? {} : { initContainerStatuses }),
    ...(containerStatuses === undefined ? {} : { containerStatuses }),
  }
}

const condition = (pod: Pod, type: string) => pod.status?.conditions?.find((each) => each.type === type)

export const isTerminating = (object: KubeObject): boolean => object.metadata.deletionTimestamp !== undefined
export const isFinished = ({ status }: Pod): boolean => status?.phase === 'Failed' || status?.phase === 'Succeeded'
/** Counts towards replicas: it runs, or it will. */
export const isActive = (pod: Pod): boolean => !isTerminating(pod) && !isFinished(pod)
export const isReady = (pod: Pod): boolean => condition(pod, 'Ready')?.status === 'True'
export const isScheduled = (pod: Pod): boolean =>
  condition(pod, 'PodScheduled')?.status === 'True' || !!pod.spec.nodeName

export const hasGate = (pod: Pod, gate: string): boolean =>
  pod.spec.schedulingGates?.some(({ name }) => name === gate) ?? false

/** A container of it, or one that prepared it, ended with an error the last time that it ended. */
export const hasCrashed = ({ status }: Pod): boolean =>
  [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].some(({ state, lastState }) => {
    const last = lastState?.['terminated'] as { exitCode?: number } | undefined
    return (state?.terminated?.exitCode ?? 0) !== 0 || (last?.exitCode ?? 0) !== 0
  })

/** A container of it runs, and it does not say that it is ready. */
export const isStartedNotReady = ({ status }: Pod): boolean =>
  status?.containerStatuses?.some(({ started, ready }) => started === true && !ready) ?? false
