import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { PCS_REPLICA_INDEX } from '../../api/names.ts'
import { managedLabels, metadataOf } from './metadata.ts'
import { serviceName } from './names.ts'
import type { SetShape } from './shape.ts'

/** The headless Service that gives the pods of one replica of a set their DNS names. */
export function expandService(shape: SetShape, index: number): NewObject {
  const { headlessServiceConfig } = shape.set.spec.template
  const replicaIndex = { [PCS_REPLICA_INDEX]: String(index) }
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(shape, shape.set, serviceName(shape.name, index), 'pcs-headless-service', replicaIndex),
    spec: {
      clusterIP: 'None',
      selector: { ...managedLabels(shape.name), ...replicaIndex },
      publishNotReadyAddresses: headlessServiceConfig?.publishNotReadyAddresses ?? true,
    },
  }
}
