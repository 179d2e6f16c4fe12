import type { KubeObject, NewObject } from '../../api/kinds/kubernetes.ts'

/** A created object as a server would give it back. */
export const asObject = (object: NewObject, uid: string): KubeObject =>
  ({
    ...object,
    metadata: { resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', ...object.metadata, uid },
  }) as KubeObject
