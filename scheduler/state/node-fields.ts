import { metadataOf } from '../../kube/protobuf/metadata.ts'
import { FLAG, listOf, message, type Message, QUANTITIES, TEXT, TIME } from '../../kube/protobuf/projection.ts'

const TAINTS = listOf(message({ 1: ['key', TEXT], 2: ['value', TEXT], 3: ['effect', TEXT], 4: ['timeAdded', TIME] }))

/** What `projectNode` reads of a node in protobuf form; numbers are those of core/v1 of Kubernetes 1.37. */
export const NODE_FIELDS: Message = message({
  1: ['metadata', metadataOf()],
  2: ['spec', message({ 4: ['unschedulable', FLAG], 5: ['taints', TAINTS] })],
  3: ['status', message({ 1: ['capacity', QUANTITIES], 2: ['allocatable', QUANTITIES] })],
})
