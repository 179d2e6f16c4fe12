import { RECREATED_FOR } from '../api/names.ts'
import { metadataOf } from '../kube/protobuf/metadata.ts'
import { FLAG, INT, listOf, message, type Message, TEXT } from '../kube/protobuf/projection.ts'

/** What the operator reads of a pod in protobuf form; numbers are those of core/v1 of Kubernetes 1.37. */

const STATE = message({ 3: ['terminated', message({ 1: ['exitCode', INT], 3: ['reason', TEXT] })] })

const CONTAINER_STATUSES = listOf(
  message({
    1: ['name', TEXT],
    2: ['state', STATE],
    3: ['lastState', STATE],
    4: ['ready', FLAG],
    9: ['started', FLAG],
  }),
)

export const POD_FIELDS: Message = message({
  1: ['metadata', metadataOf(RECREATED_FOR)],
  2: ['spec', message({ 10: ['nodeName', TEXT], 38: ['schedulingGates', listOf(message({ 1: ['name', TEXT] }))] })],
  3: [
    'status',
    message({
      1: ['phase', TEXT],
      2: ['conditions', listOf(message({ 1: ['type', TEXT], 2: ['status', TEXT], 5: ['reason', TEXT] }))],
      8: ['containerStatuses', CONTAINER_STATUSES],
      10: ['initContainerStatuses', CONTAINER_STATUSES],
    }),
  ],
})
