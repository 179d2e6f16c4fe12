import { ATTEMPT } from '../../api/names.ts'
import { metadataOf } from '../../kube/protobuf/metadata.ts'
import {
  FLAG,
  INT,
  listOf,
  message,
  type Message,
  POINTER,
  PRESENT,
  QUANTITIES,
  shared,
  TEXT,
  TEXTS,
} from '../../kube/protobuf/projection.ts'
import { GPU_FRACTION_ANNOTATIONS } from '../predicates/unsupported.ts'

/** What `projectPod` reads of a pod in protobuf form; numbers are those of core/v1 of Kubernetes 1.37. */

const RESOURCES = shared(
  message({ 1: ['limits', QUANTITIES], 2: ['requests', QUANTITIES], 3: ['claims', listOf(PRESENT)] }),
)

const CONTAINERS = listOf(
  message({
    1: ['name', TEXT],
    6: ['ports', listOf(shared(message({ 2: ['hostPort', INT], 3: ['containerPort', INT], 4: ['protocol', TEXT] })))],
    8: ['resources', RESOURCES],
    24: ['restartPolicy', TEXT],
  }),
)

/** Volumes that may keep a pod pending; of all others only that they are there. */
const VOLUMES = listOf(
  message({
    2: [
      '',
      message({
        3: ['gcePersistentDisk', PRESENT],
        4: ['awsElasticBlockStore', PRESENT],
        8: ['iscsi', PRESENT],
        10: ['persistentVolumeClaim', PRESENT],
        11: ['rbd', PRESENT],
        22: ['azureDisk', PRESENT],
        29: ['ephemeral', PRESENT],
      }),
    ],
  }),
)

const REQUIREMENTS = listOf(message({ 1: ['key', TEXT], 2: ['operator', TEXT], 3: ['values', listOf(TEXT)] }))
const NODE_SELECTOR = message({
  1: [
    'nodeSelectorTerms',
    listOf(message({ 1: ['matchExpressions', REQUIREMENTS], 2: ['matchFields', REQUIREMENTS] })),
  ],
})
const ANTI_AFFINITY_TERM = message({
  1: ['labelSelector', message({ 1: ['matchLabels', TEXTS], 2: ['matchExpressions', REQUIREMENTS] })],
  2: ['namespaces', listOf(TEXT)],
  3: ['topologyKey', TEXT],
  4: ['namespaceSelector', PRESENT],
})
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const AFFINITY = message({
  1: ['nodeAffinity', message({ 1: [REQUIRED, NODE_SELECTOR] })],
  2: ['podAffinity', message({ 1: [REQUIRED, listOf(PRESENT)] })],
  3: ['podAntiAffinity', message({ 1: [REQUIRED, listOf(ANTI_AFFINITY_TERM)] })],
})
const TOLERATIONS = listOf(
  shared(
    message({
      1: ['key', TEXT],
      2: ['operator', TEXT],
      3: ['value', TEXT],
      4: ['effect', TEXT],
      5: ['tolerationSeconds', POINTER],
    }),
  ),
)

const SPEC = message({
  1: ['volumes', VOLUMES],
  2: ['containers', CONTAINERS],
  7: ['nodeSelector', TEXTS],
  10: ['nodeName', TEXT],
  11: ['hostNetwork', FLAG],
  18: ['affinity', shared(AFFINITY)],
  19: ['schedulerName', TEXT],
  20: ['initContainers', CONTAINERS],
  22: ['tolerations', TOLERATIONS],
  25: ['priority', POINTER],
  32: ['overhead', QUANTITIES],
  33: ['topologySpreadConstraints', listOf(message({ 3: ['whenUnsatisfiable', TEXT] }))],
  38: ['schedulingGates', listOf(message({ 1: ['name', TEXT] }))],
  39: ['resourceClaims', listOf(PRESENT)],
  40: ['resources', RESOURCES],
  42: ['workloadRef', PRESENT], // Kubernetes 1.35 only
  43: ['schedulingGroup', PRESENT],
})

const CONTAINER_STATUSES = listOf(
  message({ 1: ['name', TEXT], 10: ['allocatedResources', QUANTITIES], 11: ['resources', RESOURCES] }),
)
const CONDITIONS = listOf(
  message({ 1: ['type', TEXT], 2: ['status', TEXT], 5: ['reason', TEXT], 6: ['message', TEXT] }),
)

const STATUS = message({
  1: ['phase', TEXT],
  2: ['conditions', CONDITIONS],
  4: ['reason', TEXT],
  8: ['containerStatuses', CONTAINER_STATUSES],
  10: ['initContainerStatuses', CONTAINER_STATUSES],
  11: ['nominatedNodeName', TEXT],
  14: ['resize', TEXT],
  19: ['allocatedResources', QUANTITIES],
  20: ['resources', RESOURCES],
})

export const POD_FIELDS: Message = message({
  1: ['metadata', metadataOf(ATTEMPT, ...GPU_FRACTION_ANNOTATIONS)],
  2: ['spec', SPEC],
  3: ['status', STATUS],
})
