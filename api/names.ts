/** Every label, annotation, finalizer, gate, Lease and namespace that Espalier reads or writes, once. */

export const SCHEDULER_NAME = 'espalier'
export const SYSTEM_NAMESPACE = 'espalier-system'
export const TOPOLOGY_CONFIG_MAP = 'espalier-topology'
export const TOPOLOGY_CONFIG_KEY = 'topology.yaml'
export const SCHEDULER_LEASE = 'espalier-scheduler'
export const OPERATOR_LEASE = 'espalier-operator'

/** Labels that everything managed carries. */
export const MANAGED_BY = 'app.kubernetes.io/managed-by'
export const PART_OF = 'app.kubernetes.io/part-of'
export const NAME = 'app.kubernetes.io/name'
export const COMPONENT = 'app.kubernetes.io/component'
/** Tools select on this value, so it is Grove's and not ours. */
export const GROVE_OPERATOR = 'grove-operator'

export const PCS_REPLICA_INDEX = 'grove.io/podcliqueset-replica-index'
export const POD_CLIQUE = 'grove.io/podclique'
export const POD_INDEX = 'grove.io/podclique-pod-index'
export const POD_GANG = 'grove.io/podgang'
export const BASE_POD_GANG = 'grove.io/base-podgang'
export const SCALING_GROUP = 'grove.io/podcliquescalinggroup'
export const SCALING_GROUP_REPLICA_INDEX = 'grove.io/podcliquescalinggroup-replica-index'
export const POD_TEMPLATE_HASH = 'grove.io/pod-template-hash'
export const GROVE_SCHEDULER_NAME = 'grove.io/scheduler-name'
/** Annotation of a PodGang: the topology whose levels its keys name. */
export const TOPOLOGY_NAME = 'grove.io/topology-name'
export const RECONCILE_TRIGGER = 'grove.io/reconcile-trigger'

/** The one scheduling gate that the operator sets and lifts. */
export const GANG_GATE = 'grove.io/podgang-pending-creation'

export const SET_FINALIZER = 'grove.io/podcliqueset.grove.io'
export const CLIQUE_FINALIZER = 'grove.io/podclique.grove.io'
export const SCALING_GROUP_FINALIZER = 'grove.io/podcliquescalinggroup.grove.io'
export const DYNAMO_FINALIZER = 'nvidia.com/finalizer'

/** `<PodGang uid>/<seq>/<first|repair|surplus>/<count>`, copied to the pod by the write that binds it. */
export const ATTEMPT = 'espalier.io/attempt'
/** Prefix of the annotations that tell a bound pod its domain, one a level: `espalier.io/domain.rack: r07`. */
export const DOMAIN_PREFIX = 'espalier.io/domain.'
/** The spread constraint as JSON, for clusters whose CRDs have no `spread` field. */
export const SPREAD_ANNOTATION = 'espalier.io/spread'
/** A set's choice of waiter credentials: `secret` makes the token Secret that the published system makes. */
export const WAITER_TOKEN = 'espalier.io/waiter-token'

export const HOSTNAME_LABEL = 'kubernetes.io/hostname'
export const ZONE_LABEL = 'topology.kubernetes.io/zone'
export const GPU_RESOURCE = 'nvidia.com/gpu'
export const GPU_CLIQUE_LABEL = 'nvidia.com/gpu.clique'
