import type { NewObject, ObjectMeta, OwnerReference } from '../../../api/kinds/kubernetes.ts'
import { DYNAMO_MANAGED_BY, DYNAMO_OPERATOR } from '../../../api/names.ts'
import type { ComponentGraph } from './component.ts'

/** The graph as the owner of what is made for it: deleting the graph deletes that. */
export const ownerOf = (graph: ComponentGraph): OwnerReference => ({
  apiVersion: graph.apiVersion,
  kind: 'DynamoGraphDeployment',
  name: graph.name,
  uid: graph.uid,
  controller: true,
  blockOwnerDeletion: true,
})

/** Several graphs of a namespace own it together; the last to go takes it along. */
export const shared = (object: NewObject): NewObject => ({
  ...object,
  metadata: {
    ...object.metadata,
    ownerReferences: (object.metadata.ownerReferences ?? []).map(({ controller: _controller, ...owner }) => owner),
  },
})

/** Metadata of an object beside the set: found again by its label, deleted with its graph. */
export const metaOf = (
  graph: ComponentGraph,
  name: string,
  labels: Readonly<Record<string, string>>,
): Partial<ObjectMeta> => ({
  name,
  namespace: graph.namespace,
  labels: { ...labels, [DYNAMO_MANAGED_BY]: DYNAMO_OPERATOR },
  ownerReferences: [ownerOf(graph)],
})
