import { modelOf } from './model-name.ts'
import type { ServedType } from './served-type.ts'

/**
 * The built-in kinds: group, version, kind, plural, where it lives, short names, model, subresources. A kind whose
 * list of flags holds `generation` counts its spec's changes; `status` makes status a subresource; `asked` is answered
 * and never kept.
 */
type Row = readonly [gv: string, kind: string, plural: string, scope: 'ns' | 'cluster', short: string, subs: string]

const ROWS: readonly Row[] = [
  ['v1', 'Pod', 'pods', 'ns', 'po', 'status log portforward exec attach binding eviction ephemeralcontainers resize'],
  ['v1', 'Node', 'nodes', 'cluster', 'no', 'status'],
  ['v1', 'Namespace', 'namespaces', 'cluster', 'ns', 'status finalize'],
  ['v1', 'Service', 'services', 'ns', 'svc', 'status'],
  ['v1', 'Endpoints', 'endpoints', 'ns', 'ep', ''],
  ['v1', 'Secret', 'secrets', 'ns', '', ''],
  ['v1', 'ConfigMap', 'configmaps', 'ns', 'cm', ''],
  ['v1', 'Event', 'events', 'ns', 'ev', ''],
  ['v1', 'ServiceAccount', 'serviceaccounts', 'ns', 'sa', 'token'],
  ['v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', 'ns', 'pvc', 'status'],
  ['v1', 'PersistentVolume', 'persistentvolumes', 'cluster', 'pv', 'status'],
  ['v1', 'ResourceQuota', 'resourcequotas', 'ns', 'quota', 'status'],
  ['v1', 'LimitRange', 'limitranges', 'ns', 'limits', ''],
  ['apps/v1', 'Deployment', 'deployments', 'ns', 'deploy', 'status scale generation'],
  ['apps/v1', 'ReplicaSet', 'replicasets', 'ns', 'rs', 'status scale generation'],
  ['apps/v1', 'StatefulSet', 'statefulsets', 'ns', 'sts', 'status scale generation'],
  ['apps/v1', 'DaemonSet', 'daemonsets', 'ns', 'ds', 'status generation'],
  ['apps/v1', 'ControllerRevision', 'controllerrevisions', 'ns', '', ''],
  ['batch/v1', 'Job', 'jobs', 'ns', '', 'status generation'],
  ['batch/v1', 'CronJob', 'cronjobs', 'ns', 'cj', 'status generation'],
  ['discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', 'ns', '', 'generation'],
  ['rbac.authorization.k8s.io/v1', 'Role', 'roles', 'ns', '', ''],
  ['rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings', 'ns', '', ''],
  ['rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles', 'cluster', '', ''],
  ['rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings', 'cluster', '', ''],
  ['authorization.k8s.io/v1', 'SelfSubjectAccessReview', 'selfsubjectaccessreviews', 'cluster', '', 'asked'],
  ['authorization.k8s.io/v1', 'SelfSubjectRulesReview', 'selfsubjectrulesreviews', 'cluster', '', 'asked'],
  ['authorization.k8s.io/v1', 'SubjectAccessReview', 'subjectaccessreviews', 'cluster', '', 'asked'],
  ['authorization.k8s.io/v1', 'LocalSubjectAccessReview', 'localsubjectaccessreviews', 'ns', '', 'asked'],
  ['authentication.k8s.io/v1', 'SelfSubjectReview', 'selfsubjectreviews', 'cluster', '', 'asked'],
  ['coordination.k8s.io/v1', 'Lease', 'leases', 'ns', '', ''],
  ['autoscaling/v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', 'ns', 'hpa', 'status'],
  ['policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', 'ns', 'pdb', 'status generation'],
  ['scheduling.k8s.io/v1', 'PriorityClass', 'priorityclasses', 'cluster', 'pc', 'generation'],
  ['storage.k8s.io/v1', 'StorageClass', 'storageclasses', 'cluster', 'sc', ''],
  ['networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', 'ns', 'netpol', 'generation'],
  ['networking.k8s.io/v1', 'Ingress', 'ingresses', 'ns', 'ing', 'status generation'],
  ['resource.k8s.io/v1', 'ResourceClaim', 'resourceclaims', 'ns', '', 'status'],
  ['resource.k8s.io/v1', 'ResourceClaimTemplate', 'resourceclaimtemplates', 'ns', '', ''],
  ['resource.k8s.io/v1', 'DeviceClass', 'deviceclasses', 'cluster', '', 'generation'],
  ['resource.k8s.io/v1', 'ResourceSlice', 'resourceslices', 'cluster', '', 'generation'],
  [
    'apiextensions.k8s.io/v1',
    'CustomResourceDefinition',
    'customresourcedefinitions',
    'cluster',
    'crd crds',
    'status generation',
  ],
]

/** What `kubectl get all` shows. */
const IN_ALL = new Set(
  [
    'pods services deployments replicasets statefulsets daemonsets jobs cronjobs horizontalpodautoscalers'.split(' '),
  ].flat(),
)

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '')

function servedType([gv, kind, plural, scope, short, subs]: Row): ServedType {
  const [group, version] = gv.includes('/') ? (gv.split('/') as [string, string]) : ['', gv]
  const flags = words(subs)
  return {
    group,
    version,
    plural,
    kind,
    namespaced: scope === 'ns',
    singular: kind.toLowerCase(),
    listKind: `${kind}List`,
    shortNames: words(short),
    categories: IN_ALL.has(plural) ? ['all'] : kind === 'CustomResourceDefinition' ? ['api-extensions'] : [],
    subresources: flags.filter((flag) => flag !== 'generation' && flag !== 'asked'),
    isAsked: flags.includes('asked'),
    collection: `${group}/${plural}`,
    hasGeneration: flags.includes('generation') || kind === 'Pod',
    hasStatus: flags.includes('status'),
    model: modelOf(group, version, kind),
    crd: null,
  }
}

export const BUILT_IN_TYPES: readonly ServedType[] = ROWS.map(servedType)
