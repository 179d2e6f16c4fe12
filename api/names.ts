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
/** Annotation of a set, a group or a clique: whose pods share a ComputeDomain; `none` opts out. */
export const MNNVL_GROUP = 'grove.io/mnnvl-group'
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
/**
 * Annotation of a PodClique and of its pods: for which update or recovery the clique's pods were made anew. Pods that
 * differ from their clique in it go.
 */
export const RECREATED_FOR = 'espalier.io/recreated-for'
/** A set's choice of waiter credentials: `secret` makes the token Secret that the published system makes. */
export const WAITER_TOKEN = 'espalier.io/waiter-token'

export const HOSTNAME_LABEL = 'kubernetes.io/hostname'
export const ZONE_LABEL = 'topology.kubernetes.io/zone'
export const GPU_RESOURCE = 'nvidia.com/gpu'
export const GPU_CLIQUE_LABEL = 'nvidia.com/gpu.clique'

/** Labels that a Dynamo graph's pods and Services carry; runtimes and dashboards select on them. */
export const DYNAMO_SELECTOR = 'nvidia.com/selector'
export const DYNAMO_GRAPH = 'nvidia.com/dynamo-graph-deployment-name'
export const DYNAMO_COMPONENT = 'nvidia.com/dynamo-component'
export const DYNAMO_COMPONENT_TYPE = 'nvidia.com/dynamo-component-type'
export const DYNAMO_SUB_COMPONENT_TYPE = 'nvidia.com/dynamo-sub-component-type'
export const DYNAMO_NAMESPACE = 'nvidia.com/dynamo-namespace'
export const DYNAMO_METRICS_ENABLED = 'nvidia.com/metrics-enabled'
export const DYNAMO_DISCOVERY_ENABLED = 'nvidia.com/dynamo-discovery-enabled'
export const DYNAMO_BASE_MODEL_HASH = 'nvidia.com/dynamo-base-model-hash'
export const DYNAMO_BASE_MODEL = 'nvidia.com/dynamo-base-model'
export const DYNAMO_MANAGED_BY = 'nvidia.com/managed-by'
/** Value of the managed-by labels of what a graph has beside its set. */
export const DYNAMO_OPERATOR = 'dynamo-operator'
/** A label and an annotation. */
export const DYNAMO_DISCOVERY_BACKEND = 'nvidia.com/dynamo-discovery-backend'
/** Annotations of a graph that switch something; the first five reach its pods. */
export const DYNAMO_ENABLE_METRICS = 'nvidia.com/enable-metrics'
export const DYNAMO_DISCOVERY_MODE = 'nvidia.com/dynamo-kube-discovery-mode'
export const DYNAMO_ORIGIN_VERSION = 'nvidia.com/dynamo-operator-origin-version'
export const VLLM_EXECUTOR = 'nvidia.com/vllm-distributed-executor-backend'
export const DYNAMO_ENABLE_GROVE = 'nvidia.com/enable-grove'
export const GROVE_UPDATE_STRATEGY = 'nvidia.com/grove-update-strategy'
export const KAI_QUEUE_ANNOTATION = 'nvidia.com/kai-scheduler-queue'
export const KAI_QUEUE_LABEL = 'kai.scheduler/queue'
export const KAI_SCHEDULER_NAME = 'kai-scheduler'
/** Annotations of a graph's set: what was last written to it, and the generation that this made. */
export const LAST_APPLIED_HASH = 'nvidia.com/last-applied-hash'
export const LAST_APPLIED_GENERATION = 'nvidia.com/last-applied-generation'

/** On an autoscaler of a simulated cluster: the load that it sees, `cpu=90%,queue=120`. */
export const SIMULATED_METRICS = 'espalier.io/simulated-metrics'
