import type { PodClique } from '../../api/generated/kinds.ts'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { COMPONENT, NAME, POD_CLIQUE } from '../../api/names.ts'
import { type Component, controllerReference, managedLabels } from './metadata.ts'
import { asLabelValue } from './names.ts'

const COMPONENT_OF_BUDGET: Component = 'pclq-pdb'

/**
 * The PodDisruptionBudget of a clique, called as the clique: evictions leave it the pods that its gang needs. Pods that
 * are not Ready may always be evicted, so that a clique that does not run stops no drain.
 */
export function expandBudget(setName: string, clique: PodClique): NewObject {
  const { name, namespace = '' } = clique.metadata
  const { minAvailable = 1, replicas = minAvailable } = clique.spec
  const managed = managedLabels(setName)
  const own = { [NAME]: asLabelValue(name), [COMPONENT]: COMPONENT_OF_BUDGET, [POD_CLIQUE]: name }
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace, labels: { ...managed, ...own }, ownerReferences: [controllerReference(clique)] },
    spec: {
      minAvailable: Math.min(minAvailable, replicas),
      selector: { matchLabels: { ...managed, [POD_CLIQUE]: name } },
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  }
}
