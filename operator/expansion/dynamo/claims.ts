import type { DynamoPvc } from '../../../api/generated/kinds.ts'
import type { NewObject } from '../../../api/kinds/kubernetes.ts'
import type { ComponentGraph } from './component.ts'
import { metaOf } from './owned.ts'

/** The volume claims that a graph asks us to make. They go with the graph, and what they hold with them. */
export const claimsToMake = (graph: ComponentGraph, claims: readonly DynamoPvc[]): NewObject[] =>
  claims
    .filter(({ create }) => create === true)
    .map(({ name, size, storageClass, volumeAccessMode }) => ({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: metaOf(graph, name, {}),
      spec: {
        ...(volumeAccessMode !== undefined && { accessModes: [volumeAccessMode] }),
        ...(storageClass !== undefined && { storageClassName: storageClass }),
        resources: { requests: { storage: String(size ?? '') } },
      },
    }))
