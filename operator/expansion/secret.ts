import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { metadataOf } from './metadata.ts'
import { serviceAccountName, tokenSecretName } from './names.ts'
import type { SetShape } from './shape.ts'

/** The token Secret of the waiter; its data is filled in by the cluster's token controller. */
export function expandTokenSecret(shape: SetShape): NewObject {
  const metadata = metadataOf(shape, shape.set, tokenSecretName(shape.name), 'pod-sa-token-secret')
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/service-account-token',
    metadata: {
      ...metadata,
      annotations: { 'kubernetes.io/service-account.name': serviceAccountName(shape.name) },
    },
  }
}
