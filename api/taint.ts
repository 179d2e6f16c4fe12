import type { Taint, Toleration } from './kinds/kubernetes.ts'

/** Whether one toleration bears a taint: an empty effect bears every effect, an empty key with Exists every key. */
export function bears(toleration: Toleration, taint: Taint): boolean {
  const { key = '', operator = 'Equal', value = '', effect = '' } = toleration
  if (effect !== '' && effect !== taint.effect) return false
  if (key !== '' && key !== taint.key) return false
  switch (operator === '' ? 'Equal' : operator) {
    case 'Exists':
      return true
    case 'Equal':
      return key !== '' && value === (taint.value ?? '')
    default:
      return false
  }
}

/** Whether a pod with these tolerations bears the taint. PreferNoSchedule taints keep nobody away, but are not borne. */
export const tolerates = (tolerations: readonly Toleration[], taint: Taint): boolean =>
  tolerations.some((toleration) => bears(toleration, taint))

/** The first taint that keeps the pod off the node; null where none does. */
export function repellingTaint(taints: readonly Taint[], tolerations: readonly Toleration[]): Taint | null {
  const keepsAway = (taint: Taint): boolean => taint.effect === 'NoSchedule' || taint.effect === 'NoExecute'
  return taints.find((taint) => keepsAway(taint) && !tolerates(tolerations, taint)) ?? null
}
