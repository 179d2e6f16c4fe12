/** What a pod says of itself. */
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { GPU_RESOURCE } from '../../api/names.ts'

export const gpusOf = ({ spec }: Pod): number =>
  spec.containers.reduce((sum, { resources }) => sum + Number(resources?.requests?.[GPU_RESOURCE] ?? 0), 0)

export const isGoing = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined
export const isGated = ({ spec }: Pod): boolean => (spec.schedulingGates ?? []).length > 0
export const hasEnded = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'
export const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
