import type { KubeObject, ObjectMeta, OwnerReference } from '../../api/kinds/kubernetes.ts'
import { COMPONENT, GROVE_OPERATOR, MANAGED_BY, NAME, PART_OF } from '../../api/names.ts'
import { asLabelValue } from './names.ts'
import type { SetShape } from './shape.ts'

/** The values of `app.kubernetes.io/component`. */
export type Component =
  | 'pcs-headless-service'
  | 'pod-role'
  | 'pod-role-binding'
  | 'pod-service-account'
  | 'pod-sa-token-secret'
  | 'pcs-podcliquescalinggroup'
  | 'pcs-hpa'
  | 'podgang'
  | 'pcs-podclique'
  | 'pcsg-podclique'
  | 'pclq-pdb'

export const controllerReference = (owner: KubeObject): OwnerReference => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  controller: true,
  blockOwnerDeletion: true,
})

/** What everything managed carries. */
export const managedLabels = (setName: string): Record<string, string> => ({
  [MANAGED_BY]: GROVE_OPERATOR,
  [PART_OF]: setName,
})

/** Metadata of an object that belongs to `owner` and is named. */
export function metadataOf(
  shape: SetShape,
  owner: KubeObject,
  name: string,
  component: Component,
  labels: Readonly<Record<string, string>> = {},
): Partial<ObjectMeta> {
  return {
    name,
    namespace: shape.namespace,
    labels: { ...managedLabels(shape.name), [NAME]: asLabelValue(name), [COMPONENT]: component, ...labels },
    ownerReferences: [controllerReference(owner)],
  }
}
