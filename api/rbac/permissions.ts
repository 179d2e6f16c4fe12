/**
 * The least that each half may do on a cluster, once: `deploy/rbac` is printed from this table, and the tests on a real
 * control plane hold it against what the halves were seen to ask for.
 */
import { OPERATOR_LEASE, SCHEDULER_LEASE } from '../names.ts'

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'patch' | 'delete' | 'update' | 'deletecollection'

export interface Rule {
  /** API group; '' is the core. */
  readonly group: string
  /** Plural, with the subresource after a slash. */
  readonly resources: readonly string[]
  readonly verbs: readonly Verb[]
  /** Only objects of these names; absent: all. A create cannot be limited so. */
  readonly names?: readonly string[]
}

/** One half of Espalier: its account and what that may do. */
export interface Permissions {
  /** Name of the ServiceAccount, and of all that grants it something. */
  readonly account: string
  /** In every namespace: a ClusterRole. */
  readonly everywhere: readonly Rule[]
  /** In the system namespace alone: a Role. */
  readonly inSystem: readonly Rule[]
  /**
   * Never asked for by the half itself: it makes Roles that hold these rules, and the API server lets nobody grant what
   * he may not do. Part of the ClusterRole.
   */
  readonly toGrant: readonly Rule[]
}

const READ: readonly Verb[] = ['get', 'list', 'watch']
const FOLLOW: readonly Verb[] = ['list', 'watch']
/** Made, read again where a watch is late, corrected by patch. Nothing is ever replaced, so nobody needs `update`. */
const KEEP: readonly Verb[] = ['create', ...READ, 'patch']
const OWN: readonly Verb[] = [...KEEP, 'delete']

const rule = (group: string, resources: string, verbs: readonly Verb[], names?: readonly string[]): Rule => ({
  group,
  resources: resources.split(' '),
  verbs,
  ...(names !== undefined && { names }),
})

const GROVE = 'grove.io'
const GANGS = 'scheduler.grove.io'
const DYNAMO = 'nvidia.com'
const RBAC = 'rbac.authorization.k8s.io'

const lease = (name: string): readonly Rule[] => [
  rule('coordination.k8s.io', 'leases', ['create']),
  rule('coordination.k8s.io', 'leases', ['get', 'patch'], [name]),
]

export const SCHEDULER_PERMISSIONS: Permissions = {
  account: 'espalier-scheduler',
  everywhere: [
    rule('', 'nodes', FOLLOW),
    // Deleted: the pods of a gang that was bound in part and cannot be completed.
    rule('', 'pods', [...READ, 'delete']),
    rule('', 'pods/binding', ['create']),
    rule('', 'pods/status', ['patch']),
    rule('', 'events', ['create', 'patch']),
    rule(GANGS, 'podgangs', READ),
    rule(GANGS, 'podgangs/status', ['patch']),
    rule(GROVE, 'clustertopologybindings', FOLLOW),
  ],
  inSystem: [rule('', 'configmaps', FOLLOW), ...lease(SCHEDULER_LEASE)],
  toGrant: [],
}

export const OPERATOR_PERMISSIONS: Permissions = {
  account: 'espalier-operator',
  everywhere: [
    rule(GROVE, 'podcliquesets', KEEP),
    rule(GROVE, 'podcliques podcliquescalinggroups', OWN),
    rule(GROVE, 'podcliques/scale podcliquescalinggroups/scale', ['patch']),
    rule(GROVE, 'podgangsets', READ),
    rule(GROVE, 'podcliquesets/status podcliques/status podcliquescalinggroups/status podgangsets/status', ['patch']),
    rule(GROVE, 'clustertopologybindings', READ),
    rule(GROVE, 'clustertopologybindings/status', ['patch']),
    rule(GANGS, 'podgangs', OWN),
    rule(GANGS, 'podgangs/status', ['patch']),
    // Patched: to take away a finalizer that another operator left.
    rule(DYNAMO, 'dynamographdeployments', [...READ, 'patch']),
    rule(DYNAMO, 'dynamographdeployments/status', ['patch']),
    rule('', 'nodes', FOLLOW),
    rule('', 'pods services', OWN),
    rule('', 'serviceaccounts configmaps secrets', KEEP),
    rule('', 'persistentvolumeclaims', ['create', ...READ]),
    rule('', 'events', ['create', 'patch']),
    rule(RBAC, 'roles rolebindings', KEEP),
    rule('autoscaling', 'horizontalpodautoscalers', OWN),
    rule('policy', 'poddisruptionbudgets', OWN),
  ],
  inSystem: [...lease(OPERATOR_LEASE)],
  toGrant: [
    // The start-up waiter.
    rule('', 'pods/status', READ),
    // Components of a Dynamo graph that find each other through the API server.
    rule('', 'endpoints', READ),
    rule('discovery.k8s.io', 'endpointslices', READ),
    rule(DYNAMO, 'dynamoworkermetadatas', [...READ, 'create', 'update', 'patch', 'delete', 'deletecollection']),
    // The planner of a Dynamo graph.
    rule(DYNAMO, 'dynamographdeployments', ['update']),
  ],
}
