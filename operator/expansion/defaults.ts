import type { PodSpec } from '../../api/kinds/kubernetes.ts'

/**
 * Defaults that depend on another field, or that only the generated objects show. They are computed whenever they are
 * needed and never written into what the user wrote.
 */

interface CliqueCounts {
  readonly replicas?: number
  readonly minAvailable?: number
}

/** A template asks for at least one: 0 means 1, as it always has. */
export const templateReplicas = ({ replicas }: CliqueCounts): number => Math.max(1, replicas ?? 1)

/** All of a clique, unless it says otherwise. */
export const cliqueMinAvailable = (counts: CliqueCounts): number => counts.minAvailable ?? templateReplicas(counts)

/** One replica of a scaling group, unless it says otherwise. */
export const groupMinAvailable = ({ minAvailable }: CliqueCounts): number => minAvailable ?? 1

const GRACE_SECONDS = 30

/** The user's pod spec as pods get it. A priority class of the set goes before the clique's own. */
export function withPodDefaults(podSpec: PodSpec, setPriorityClass: string | undefined): PodSpec {
  const priorityClassName = setPriorityClass || podSpec.priorityClassName
  return {
    ...podSpec,
    restartPolicy: podSpec.restartPolicy || 'Always',
    terminationGracePeriodSeconds: podSpec.terminationGracePeriodSeconds ?? GRACE_SECONDS,
    ...(priorityClassName ? { priorityClassName } : {}),
  }
}
