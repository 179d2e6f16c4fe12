import type { Pod } from '../../api/kinds/kubernetes.ts'

/**
 * What a pod may carry that we do not evaluate yet. Such a pod is never bound as if the field were absent. Only what
 * must hold is here: preferences (preferred affinity, ScheduleAnyway, PreferNoSchedule) are not weighed, and
 * scheduler/README.md says so.
 */
export const GPU_FRACTION_ANNOTATIONS = ['gpu-fraction', 'gpu-memory', 'gpu-fraction-num-devices'] as const

/** Volumes that tie a pod to nodes through another object, or exclude each other on a node. */
const TYING_VOLUMES = [
  'persistentVolumeClaim',
  'ephemeral',
  'awsElasticBlockStore',
  'azureDisk',
  'gcePersistentDisk',
  'iscsi',
  'rbd',
] as const

/** The path of the first field that is not evaluated, or null. */
export function unsupportedPath(pod: Pod): string | null {
  return claims(pod) ?? volumes(pod) ?? affinity(pod) ?? spread(pod) ?? scheduling(pod) ?? gpuFraction(pod)
}

function claims(pod: Pod): string | null {
  if ((pod.spec.resourceClaims ?? []).length > 0) return 'spec.resourceClaims[0]'
  const at = pod.spec.containers.findIndex((container) => (container.resources?.claims ?? []).length > 0)
  return at < 0 ? null : `spec.containers[${at}].resources.claims[0]`
}

function volumes(pod: Pod): string | null {
  for (const [at, volume] of (pod.spec.volumes ?? []).entries()) {
    const kind = TYING_VOLUMES.find((name) => volume[name] !== undefined && volume[name] !== null)
    if (kind !== undefined) return `spec.volumes[${at}].${kind}`
  }
  return null
}

function affinity(pod: Pod): string | null {
  for (const field of ['podAffinity', 'podAntiAffinity'] as const) {
    const required = pod.spec.affinity?.[field]?.['requiredDuringSchedulingIgnoredDuringExecution']
    if (Array.isArray(required) && required.length > 0) {
      return `spec.affinity.${field}.requiredDuringSchedulingIgnoredDuringExecution[0]`
    }
  }
  return null
}

function spread(pod: Pod): string | null {
  const constraints = (pod.spec.topologySpreadConstraints ?? []) as readonly { whenUnsatisfiable?: string }[]
  const at = constraints.findIndex((constraint) => constraint?.whenUnsatisfiable !== 'ScheduleAnyway')
  return at < 0 ? null : `spec.topologySpreadConstraints[${at}]`
}

function scheduling(pod: Pod): string | null {
  const field = ['schedulingGroup', 'workloadRef'].find(
    (name) => pod.spec[name] !== undefined && pod.spec[name] !== null,
  )
  return field === undefined ? null : `spec.${field}`
}

function gpuFraction(pod: Pod): string | null {
  const key = GPU_FRACTION_ANNOTATIONS.find((name) => pod.metadata.annotations?.[name] !== undefined)
  return key === undefined ? null : `metadata.annotations[${key}]`
}
