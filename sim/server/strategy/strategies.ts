import type { ServedType } from '../served-type.ts'
import { CRD } from './crd.ts'
import { NAMESPACE } from './namespace.ts'
import { POD_STRATEGY } from './pod.ts'
import { SERVICE_STRATEGY } from './service.ts'
import { AUTOSCALER, BUDGET, CLAIM, CONFIG_MAP, NODE, PRIORITY_CLASS, ROLE_BINDING, SECRET } from './small.ts'
import type { Strategy } from './strategy.ts'
import { DAEMON_SET, DEPLOYMENT, JOB, REPLICA_SET, STATEFUL_SET } from './workload.ts'

const STRATEGIES: ReadonlyMap<string, Strategy> = new Map<string, Strategy>([
  ['/configmaps', CONFIG_MAP],
  ['/namespaces', NAMESPACE],
  ['/nodes', NODE],
  ['/persistentvolumeclaims', CLAIM],
  ['/pods', POD_STRATEGY],
  ['/secrets', SECRET],
  ['/services', SERVICE_STRATEGY],
  ['apiextensions.k8s.io/customresourcedefinitions', CRD],
  ['apps/daemonsets', DAEMON_SET],
  ['apps/deployments', DEPLOYMENT],
  ['apps/replicasets', REPLICA_SET],
  ['apps/statefulsets', STATEFUL_SET],
  ['autoscaling/horizontalpodautoscalers', AUTOSCALER],
  ['batch/jobs', JOB],
  ['policy/poddisruptionbudgets', BUDGET],
  ['rbac.authorization.k8s.io/clusterrolebindings', ROLE_BINDING],
  ['rbac.authorization.k8s.io/rolebindings', ROLE_BINDING],
  ['scheduling.k8s.io/priorityclasses', PRIORITY_CLASS],
])

const PLAIN: Strategy = {}
const CUSTOM: Strategy = { needsVersion: true }

/** What a kind does on its way into the store, in one visible table. */
export const strategyOf = (type: ServedType): Strategy =>
  type.crd === null ? (STRATEGIES.get(type.collection) ?? PLAIN) : CUSTOM
