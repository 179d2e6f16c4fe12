/** Where a kind lives in the API: enough to build its paths. */
export interface ResourceType {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
}

const core = (plural: string, kind: string, namespaced = true): ResourceType => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
})
const of = (group: string, version: string, plural: string, kind: string, namespaced = true): ResourceType => ({
  group,
  version,
  plural,
  kind,
  namespaced,
})

export const PODS: ResourceType = core('pods', 'Pod')
export const NODES: ResourceType = core('nodes', 'Node', false)
export const NAMESPACES: ResourceType = core('namespaces', 'Namespace', false)
export const SERVICES: ResourceType = core('services', 'Service')
export const SECRETS: ResourceType = core('secrets', 'Secret')
export const CONFIG_MAPS: ResourceType = core('configmaps', 'ConfigMap')
export const EVENTS: ResourceType = core('events', 'Event')
export const SERVICE_ACCOUNTS: ResourceType = core('serviceaccounts', 'ServiceAccount')
export const PERSISTENT_VOLUME_CLAIMS: ResourceType = core('persistentvolumeclaims', 'PersistentVolumeClaim')
export const ROLES: ResourceType = of('rbac.authorization.k8s.io', 'v1', 'roles', 'Role')
export const ROLE_BINDINGS: ResourceType = of('rbac.authorization.k8s.io', 'v1', 'rolebindings', 'RoleBinding')
export const LEASES: ResourceType = of('coordination.k8s.io', 'v1', 'leases', 'Lease')
export const PRIORITY_CLASSES: ResourceType = of('scheduling.k8s.io', 'v1', 'priorityclasses', 'PriorityClass', false)
export const AUTOSCALERS: ResourceType = of('autoscaling', 'v2', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler')
export const BUDGETS: ResourceType = of('policy', 'v1', 'poddisruptionbudgets', 'PodDisruptionBudget')
export const CRDS: ResourceType = of(
  'apiextensions.k8s.io',
  'v1',
  'customresourcedefinitions',
  'CustomResourceDefinition',
  false,
)
export const POD_CLIQUE_SETS: ResourceType = of('grove.io', 'v1alpha1', 'podcliquesets', 'PodCliqueSet')
export const POD_CLIQUES: ResourceType = of('grove.io', 'v1alpha1', 'podcliques', 'PodClique')
export const SCALING_GROUPS: ResourceType = of(
  'grove.io',
  'v1alpha1',
  'podcliquescalinggroups',
  'PodCliqueScalingGroup',
)
export const POD_GANG_SETS: ResourceType = of('grove.io', 'v1alpha1', 'podgangsets', 'PodGangSet')
export const TOPOLOGY_BINDINGS: ResourceType = of(
  'grove.io',
  'v1alpha1',
  'clustertopologybindings',
  'ClusterTopologyBinding',
  false,
)
export const POD_GANGS: ResourceType = of('scheduler.grove.io', 'v1alpha1', 'podgangs', 'PodGang')
export const DYNAMO_GRAPHS: ResourceType = of(
  'nvidia.com',
  'v1alpha1',
  'dynamographdeployments',
  'DynamoGraphDeployment',
)
