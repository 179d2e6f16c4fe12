import * as core from './columns/core.ts'
import { POD_COLUMNS } from './columns/pod.ts'
import * as policy from './columns/policy.ts'
import * as workloads from './columns/workloads.ts'
import type { TableColumns } from './table.ts'

const RBAC = 'rbac.authorization.k8s.io'

/** How the built-in kinds look in tables, by `group/plural`; what is not here shows its name and creation. */
export const builtInColumns: ReadonlyMap<string, TableColumns> = new Map([
  ['/pods', POD_COLUMNS],
  ['/nodes', core.NODE_COLUMNS],
  ['/namespaces', core.NAMESPACE_COLUMNS],
  ['/services', core.SERVICE_COLUMNS],
  ['/endpoints', core.ENDPOINTS_COLUMNS],
  ['/secrets', core.SECRET_COLUMNS],
  ['/configmaps', core.CONFIG_MAP_COLUMNS],
  ['/events', core.EVENT_COLUMNS],
  ['/serviceaccounts', core.SERVICE_ACCOUNT_COLUMNS],
  ['/persistentvolumeclaims', core.CLAIM_COLUMNS],
  ['/resourcequotas', policy.QUOTA_COLUMNS],
  ['/limitranges', policy.DATED_COLUMNS],
  ['apps/deployments', workloads.DEPLOYMENT_COLUMNS],
  ['apps/replicasets', workloads.REPLICA_SET_COLUMNS],
  ['apps/statefulsets', workloads.STATEFUL_SET_COLUMNS],
  ['apps/daemonsets', workloads.DAEMON_SET_COLUMNS],
  ['apps/controllerrevisions', policy.REVISION_COLUMNS],
  ['batch/jobs', workloads.JOB_COLUMNS],
  ['batch/cronjobs', workloads.CRON_JOB_COLUMNS],
  ['discovery.k8s.io/endpointslices', core.ENDPOINT_SLICE_COLUMNS],
  [`${RBAC}/roles`, policy.DATED_COLUMNS],
  [`${RBAC}/clusterroles`, policy.DATED_COLUMNS],
  [`${RBAC}/rolebindings`, policy.BINDING_COLUMNS],
  [`${RBAC}/clusterrolebindings`, policy.BINDING_COLUMNS],
  ['coordination.k8s.io/leases', policy.LEASE_COLUMNS],
  ['autoscaling/horizontalpodautoscalers', workloads.AUTOSCALER_COLUMNS],
  ['policy/poddisruptionbudgets', workloads.BUDGET_COLUMNS],
  ['scheduling.k8s.io/priorityclasses', policy.PRIORITY_CLASS_COLUMNS],
  ['storage.k8s.io/storageclasses', policy.STORAGE_CLASS_COLUMNS],
  ['networking.k8s.io/networkpolicies', policy.NETWORK_POLICY_COLUMNS],
  ['networking.k8s.io/ingresses', policy.INGRESS_COLUMNS],
  ['apiextensions.k8s.io/customresourcedefinitions', policy.DATED_COLUMNS],
])
