import type { Pod } from '../../api/kinds/kubernetes.ts'
import { GPU_RESOURCE } from '../../api/names.ts'

/** That a pod's containers ask for in sum. */
export const gpusOf = ({ spec }: Pod): number =>
  spec.containers.reduce((sum, { resources }) => sum + Number(resources?.requests?.[GPU_RESOURCE] ?? 0), 0)
