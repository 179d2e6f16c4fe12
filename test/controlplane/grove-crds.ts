/**
 * CustomResourceDefinitions as Grove's own operator (August 2026) installs them: the same groups, kinds, versions,
 * subresources and field sets, written from a description of its API. What is not there: descriptions, and the pod
 * template in full, which is left open here, so that nothing but our own schema can lose a field of it.
 */
import type { NewObject } from '../../api/kinds/kubernetes.ts'

type Schema = Readonly<Record<string, unknown>>

const text: Schema = { type: 'string' }
const int: Schema = { type: 'integer', format: 'int32' }
const long: Schema = { type: 'integer', format: 'int64' }
const flag: Schema = { type: 'boolean' }
const time: Schema = { type: 'string', format: 'date-time' }
const open: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
const list = (items: Schema): Schema => ({ type: 'array', items })
const keyed = (items: Schema, key: string): Schema => ({
  ...list(items),
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': [key],
})
const texts = list(text)
const map: Schema = { type: 'object', additionalProperties: text }
const withDefault = (schema: Schema, value: unknown): Schema => ({ ...schema, default: value })
const oneOf = (...values: string[]): Schema => ({ ...text, enum: values })

/** Names that end in `!` are required. */
function object(fields: Readonly<Record<string, Schema>>): Schema {
  const required = Object.keys(fields).filter((name) => name.endsWith('!'))
  const properties = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name.replace('!', ''), field]))
  return {
    type: 'object',
    properties,
    ...(required.length === 0 ? {} : { required: required.map((name) => name.slice(0, -1)) }),
  }
}

const condition = object({
  'type!': text,
  'status!': text,
  'lastTransitionTime!': time,
  'reason!': text,
  'message!': text,
  observedGeneration: long,
})
const conditions = keyed(condition, 'type')
const lastErrors = list(object({ 'code!': text, 'description!': text, 'observedAt!': time }))
const base = { observedGeneration: long, lastErrors, conditions }

const pack = object({ required: text, preferred: text })
const topologyConstraint = object({ topologyName: text, pack, packDomain: text })
const scope = oneOf('AllReplicas', 'PerReplica')
const sharing = (filter: Readonly<Record<string, Schema>> | null): Schema =>
  list(
    object({ 'name!': text, namespace: text, 'scope!': scope, ...(filter === null ? {} : { filter: object(filter) }) }),
  )

const autoScalingConfig = object({ minReplicas: int, 'maxReplicas!': int, metrics: list(open) })
const cliqueSpec = object({
  'roleName!': text,
  'podSpec!': open,
  'replicas!': int,
  minAvailable: int,
  startsAfter: texts,
  autoScalingConfig,
})
const clique = object({
  'name!': text,
  labels: map,
  annotations: map,
  topologyConstraint,
  resourceSharing: sharing(null),
  'spec!': cliqueSpec,
})
const scalingGroup = object({
  'name!': text,
  'cliqueNames!': texts,
  annotations: map,
  replicas: withDefault(int, 1),
  minAvailable: withDefault(int, 1),
  scaleConfig: autoScalingConfig,
  resourceSharing: sharing({ childCliqueNames: texts }),
  topologyConstraint,
})
const updateTimes = { updateStartedAt: time, updateEndedAt: time }
const updateCounts = {
  updatedPodCliquesCount: int,
  totalPodCliquesCount: int,
  updatedPodCliqueScalingGroupsCount: int,
  totalPodCliqueScalingGroupsCount: int,
}

const podCliqueSet = {
  spec: object({
    replicas: withDefault(int, 0),
    updateStrategy: object({ type: withDefault(oneOf('RollingRecreate', 'OnDelete'), 'RollingRecreate') }),
    'template!': object({
      'cliques!': keyed(clique, 'name'),
      cliqueStartupType: withDefault(
        oneOf('CliqueStartupTypeAnyOrder', 'CliqueStartupTypeInOrder', 'CliqueStartupTypeExplicit'),
        'CliqueStartupTypeAnyOrder',
      ),
      priorityClassName: text,
      headlessServiceConfig: object({ 'publishNotReadyAddresses!': withDefault(flag, true) }),
      topologyConstraint,
      terminationDelay: text,
      resourceClaimTemplates: list(object({ 'name!': text, 'templateSpec!': open })),
      resourceSharing: sharing({ childCliqueNames: texts, childScalingGroupNames: texts }),
      podCliqueScalingGroups: keyed(scalingGroup, 'name'),
    }),
  }),
  status: object({
    ...base,
    replicas: int,
    updatedReplicas: withDefault(int, 0),
    availableReplicas: int,
    hpaPodSelector: text,
    podGangStatuses: list(open),
    currentGenerationHash: text,
    updateProgress: object({
      ...updateTimes,
      ...updateCounts,
      currentlyUpdating: list(object({ 'replicaIndex!': int, ...updateTimes })),
    }),
  }),
}

const podClique = {
  spec: cliqueSpec,
  status: object({
    ...base,
    replicas: int,
    readyReplicas: withDefault(int, 0),
    updatedReplicas: withDefault(int, 0),
    scheduleGatedReplicas: withDefault(int, 0),
    scheduledReplicas: withDefault(int, 0),
    hpaPodSelector: text,
    currentPodCliqueSetGenerationHash: text,
    currentPodTemplateHash: text,
    updateProgress: object({
      ...updateTimes,
      'podCliqueSetGenerationHash!': text,
      'podTemplateHash!': text,
      readyPodsSelectedToUpdate: object({ 'current!': text, completed: texts }),
    }),
  }),
}

const podCliqueScalingGroup = {
  spec: object({ 'replicas!': withDefault(int, 1), minAvailable: withDefault(int, 1), 'cliqueNames!': texts }),
  status: object({
    ...base,
    replicas: int,
    scheduledReplicas: withDefault(int, 0),
    availableReplicas: withDefault(int, 0),
    updatedReplicas: withDefault(int, 0),
    selector: text,
    currentPodCliqueSetGenerationHash: text,
    updateProgress: object({
      'updateStartedAt!': time,
      updateEndedAt: time,
      'podCliqueSetGenerationHash!': text,
      updatedPodCliquesCount: int,
      totalPodCliquesCount: int,
      readyReplicaIndicesSelectedToUpdate: object({ 'current!': int, completed: list(int) }),
    }),
  }),
}

const clusterTopologyBinding = {
  spec: object({
    'levels!': list(object({ 'domain!': text, 'key!': text })),
    schedulerTopologyBindings: list(object({ 'schedulerName!': text, 'topologyReference!': text })),
  }),
  status: object({
    observedGeneration: long,
    conditions,
    schedulerTopologyStatuses: list(
      object({
        schedulerName: text,
        topologyReference: text,
        'inSync!': flag,
        schedulerBackendTopologyObservedGeneration: long,
        message: text,
      }),
    ),
  }),
}

const reference = object({ 'namespace!': text, 'name!': text })
const gangConstraint = object({ packConstraint: pack })
const podGang = {
  spec: object({
    'podgroups!': list(
      object({
        'name!': text,
        'podReferences!': list(reference),
        'minReplicas!': int,
        topologyConstraint: gangConstraint,
      }),
    ),
    topologyConstraint: gangConstraint,
    topologyConstraintGroupConfigs: list(
      object({ 'name!': text, 'podGroupNames!': texts, topologyConstraint: gangConstraint }),
    ),
    priorityClassName: text,
    reuseReservationRef: reference,
  }),
  status: object({ 'phase!': text, conditions, placementScore: { type: 'number', format: 'double' } }),
}

interface Kind {
  readonly group: string
  readonly kind: string
  readonly shortName: string
  readonly isClusterWide?: boolean
  readonly selector?: string
  readonly schema: { readonly spec: Schema; readonly status: Schema }
}

const HPA_SELECTOR = '.status.hpaPodSelector'
const KINDS: readonly Kind[] = [
  { group: 'grove.io', kind: 'PodCliqueSet', shortName: 'pcs', selector: HPA_SELECTOR, schema: podCliqueSet },
  { group: 'grove.io', kind: 'PodClique', shortName: 'pclq', selector: HPA_SELECTOR, schema: podClique },
  {
    group: 'grove.io',
    kind: 'PodCliqueScalingGroup',
    shortName: 'pcsg',
    selector: '.status.selector',
    schema: podCliqueScalingGroup,
  },
  {
    group: 'grove.io',
    kind: 'ClusterTopologyBinding',
    shortName: 'ct',
    isClusterWide: true,
    schema: clusterTopologyBinding,
  },
  { group: 'scheduler.grove.io', kind: 'PodGang', shortName: 'pg', schema: podGang },
]

function crdOf({ group, kind, shortName, isClusterWide = false, selector, schema }: Kind): NewObject {
  const singular = kind.toLowerCase()
  const scale = {
    specReplicasPath: '.spec.replicas',
    statusReplicasPath: '.status.replicas',
    labelSelectorPath: selector,
  }
  const version = {
    name: 'v1alpha1',
    served: true,
    storage: true,
    additionalPrinterColumns: [{ name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }],
    subresources: { status: {}, ...(selector === undefined ? {} : { scale }) },
    schema: { openAPIV3Schema: object({ apiVersion: text, kind: text, metadata: { type: 'object' }, ...schema }) },
  }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${singular}s.${group}`, annotations: { 'controller-gen.kubebuilder.io/version': 'v0.19.0' } },
    spec: {
      group,
      scope: isClusterWide ? 'Cluster' : 'Namespaced',
      names: { kind, listKind: `${kind}List`, plural: `${singular}s`, singular, shortNames: [shortName] },
      versions: [version],
    },
  }
}

export const GROVE_CRDS: readonly NewObject[] = KINDS.map(crdOf)
