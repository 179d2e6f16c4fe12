// Printed from api/kinds by `npm run generate`; edit there.
import type { Condition, Container, EnvVar, KubeObject, PodSpec, Probe } from '../kinds/kubernetes.ts'

/** An inference system: cliques of pods that are placed together, and how many copies of it. */
export interface PodCliqueSet extends KubeObject {
  spec: PodCliqueSetSpec
  status?: PodCliqueSetStatus
}

/** Pods that play one role. Made from a PodCliqueSet; here startsAfter holds names of PodCliques, and the rules that tie fields of a set together do not hold. */
export interface PodClique extends KubeObject {
  spec: PodCliqueSpec
  status?: PodCliqueStatus
}

/** Cliques that are scaled together. Made from a PodCliqueSet; `replicas` is for autoscalers and people. */
export interface PodCliqueScalingGroup extends KubeObject {
  spec: PodCliqueScalingGroupSpec
  status?: PodCliqueScalingGroupStatus
}

/** Pods that are placed all or nothing. Made by the operator, read by the scheduler. */
export interface PodGang extends KubeObject {
  spec: PodGangSpec
  status?: PodGangStatus
}

/** A topology: names for levels, and the node labels that tell them. */
export interface ClusterTopologyBinding extends KubeObject {
  spec: ClusterTopologyBindingSpec
  status?: ClusterTopologyBindingStatus
}

/** The older name of PodCliqueSet, with the same fields. A PodCliqueSet of the same name is made from it. */
export interface PodGangSet extends KubeObject {
  spec: PodCliqueSetSpec
  status?: PodCliqueSetStatus
}

/** An inference graph: its services, from which a PodCliqueSet is made. */
export interface DynamoGraphDeployment extends KubeObject {
  spec: DynamoGraphDeploymentSpec
  status?: DynamoGraphDeploymentStatus
}

/** What is wanted. */
export interface PodCliqueSetSpec {
  /** How many copies of the whole system. */
  replicas?: number
  /** How pods are replaced when the template changes. */
  updateStrategy?: UpdateStrategy
  /** One replica of the system. */
  template: PodCliqueSetTemplate
}

/** How pods are replaced when the template changes. */
export interface UpdateStrategy {
  /** RollingRecreate replaces them in turn; OnDelete waits until somebody deletes them. */
  type?: 'RollingRecreate' | 'OnDelete'
}

/** One replica of the system. */
export interface PodCliqueSetTemplate {
  /** The cliques; at least one. */
  cliques: PodCliqueTemplate[]
  /** In which order cliques start. */
  cliqueStartupType?: 'CliqueStartupTypeAnyOrder' | 'CliqueStartupTypeInOrder' | 'CliqueStartupTypeExplicit'
  /** The priority class of the gangs and of their pods; it goes before one that a clique names. */
  priorityClassName?: string
  /** The Service that gives pods their DNS names. */
  headlessServiceConfig?: HeadlessServiceConfig
  /** Where the pods of one replica may lie. */
  topologyConstraint?: TopologyConstraint
  /** How long a gang may be below its minimum before it is made anew: 90s, 4h. */
  terminationDelay?: string
  /** Templates that resourceSharing refers to. */
  resourceClaimTemplates?: ResourceClaimTemplateConfig[]
  /** Claims that pods of the set share. */
  resourceSharing?: SetResourceSharing[]
  /** Cliques that are scaled together. */
  podCliqueScalingGroups?: ScalingGroupTemplate[]
}

/** One clique of the set: pods that play one role. */
export interface PodCliqueTemplate {
  /** Unique in the set; part of the names of its pods. */
  name: string
  /** Put on the PodClique and its pods. */
  labels?: Record<string, string>
  /** Put on the PodClique and its pods. */
  annotations?: Record<string, string>
  /** Where the pods of one such clique may lie. */
  topologyConstraint?: TopologyConstraint
  /** Claims that pods of the clique share. */
  resourceSharing?: CliqueResourceSharing[]
  /** Pods that play one role. */
  spec: PodCliqueSpec
}

export interface TopologyConstraint {
  /** The topology whose levels are named. Empty: that of what is around, else the only topology, else `default`. */
  topologyName?: string
  /** Keeps pods together. */
  pack?: PackConstraint
  /** Keeps the replicas of what it is written on apart: the replicas of a set, of a scaling group, the pods of a clique. */
  spread?: SpreadConstraint
  /** Deprecated spelling of `pack.required`; kept where it already stands. */
  packDomain?: string
}

/** Keeps pods together. */
export interface PackConstraint {
  /** All pods lie in one domain of this level, or none is placed. */
  required?: string
  /** One domain of this level is tried first, then broader ones up to `required`. */
  preferred?: string
}

/** Keeps the replicas of what it is written on apart: the replicas of a set, of a scaling group, the pods of a clique. */
export interface SpreadConstraint {
  /** The level whose domains they are spread over. */
  domain: string
  /** By how many replicas two domains may differ at most. */
  maxSkew?: number
  /** With fewer domains than this in use, the emptiest one counts as empty. */
  minDomains?: number
  /** DoNotSchedule keeps the rule; ScheduleAnyway only prefers it. */
  whenUnsatisfiable?: 'DoNotSchedule' | 'ScheduleAnyway'
}

/** One resource claim template, and which pods share a claim made from it. */
export interface CliqueResourceSharing {
  /** The template: one of this set, or a ResourceClaimTemplate of the cluster. */
  name: string
  /** Where that ResourceClaimTemplate is; empty for a template of this set. */
  namespace?: string
  /** One claim for all replicas, or one for each. */
  scope: 'AllReplicas' | 'PerReplica'
}

/** Pods that play one role. */
export interface PodCliqueSpec {
  /** The role that the pods play; unique in the set. */
  roleName: string
  /** The pods. Containers get the GROVE_ environment variables put before their own. */
  podSpec: PodSpec
  /** How many pods. In a template 0 means 1; on a PodClique it means none. */
  replicas?: number
  /** How many must be placed together or not at all; absent: all of `replicas`. */
  minAvailable?: number
  /** Cliques that must be ready before these pods start; read with Explicit only. */
  startsAfter?: string[]
  /** Bounds and metrics of the HorizontalPodAutoscaler that is made. */
  autoScalingConfig?: AutoScalingConfig
}

/** Bounds and metrics of the HorizontalPodAutoscaler that is made. */
export interface AutoScalingConfig {
  /** Never fewer than this; absent: what `replicas` says. */
  minReplicas?: number
  /** Never more than this. */
  maxReplicas: number
  /** autoscaling/v2 metrics to follow. */
  metrics?: Array<Record<string, unknown>>
}

/** The Service that gives pods their DNS names. */
export interface HeadlessServiceConfig {
  /** Pods are found before they are Ready. */
  publishNotReadyAddresses: boolean
}

/** A resource claim template that belongs to the set. */
export interface ResourceClaimTemplateConfig {
  /** Unique in the set. */
  name: string
  /** A resource.k8s.io/v1 ResourceClaimTemplateSpec. */
  templateSpec: {
    /** The claim. */
    spec: {
      /** The devices asked for. */
      devices: {
        /** The requests; at least one. */
        requests: Array<Record<string, unknown>>
        [other: string]: unknown
      }
      [other: string]: unknown
    }
    [other: string]: unknown
  }
}

/** One resource claim template, and which pods share a claim made from it. */
export interface SetResourceSharing {
  /** The template: one of this set, or a ResourceClaimTemplate of the cluster. */
  name: string
  /** Where that ResourceClaimTemplate is; empty for a template of this set. */
  namespace?: string
  /** One claim for all replicas, or one for each. */
  scope: 'AllReplicas' | 'PerReplica'
  /** Only these; absent: everything in the set. */
  filter?: SetSharingFilter
}

/** Only these; absent: everything in the set. */
export interface SetSharingFilter {
  /** Cliques outside of scaling groups. */
  childCliqueNames?: string[]
  /** Scaling groups. */
  childScalingGroupNames?: string[]
}

/** Cliques that are scaled together. */
export interface ScalingGroupTemplate {
  /** Unique in the set; part of the names of its pods. */
  name: string
  /** The members; a clique is in one group at most. */
  cliqueNames: string[]
  /** Switches for the group, such as grove.io/mnnvl-group; copied to no object. */
  annotations?: Record<string, string>
  /** How many copies of the members. */
  replicas?: number
  /** How many copies belong to the base gang; each further one is a gang of its own. */
  minAvailable?: number
  /** Bounds and metrics of the HorizontalPodAutoscaler that is made. */
  scaleConfig?: AutoScalingConfig
  /** Claims that pods of the group share. */
  resourceSharing?: ScalingGroupResourceSharing[]
  /** Where the pods of one copy may lie. */
  topologyConstraint?: TopologyConstraint
}

/** One resource claim template, and which pods share a claim made from it. */
export interface ScalingGroupResourceSharing {
  /** The template: one of this set, or a ResourceClaimTemplate of the cluster. */
  name: string
  /** Where that ResourceClaimTemplate is; empty for a template of this set. */
  namespace?: string
  /** One claim for all replicas, or one for each. */
  scope: 'AllReplicas' | 'PerReplica'
  /** Only these members; absent: all. */
  filter?: ScalingGroupSharingFilter
}

/** Only these members; absent: all. */
export interface ScalingGroupSharingFilter {
  /** Member cliques. */
  childCliqueNames?: string[]
}

/** What is. */
export interface PodCliqueSetStatus {
  /** The generation that the rest of the status speaks of. */
  observedGeneration?: number
  /** What is true of the object now, one entry a type. */
  conditions?: StatusCondition[]
  /** What went wrong in the newest round; empty at rest. */
  lastErrors?: LastError[]
  /** Copies asked for. */
  replicas?: number
  /** Copies that are available and up to date. */
  updatedReplicas?: number
  /** Copies in which every clique and group has its minimum ready. */
  availableReplicas?: number
  /** Selects the pods of the set, for autoscalers. */
  hpaPodSelector?: string
  /** The gangs of the set. */
  podGangStatuses?: SetPodGangStatus[]
  /** Names the template that pods are brought to. */
  currentGenerationHash?: string
  /** The update that runs, or the last one. */
  updateProgress?: SetUpdateProgress
}

/** One observation. */
export type StatusCondition = Condition

/** One error. */
export interface LastError {
  /** A code for machines. */
  code: string
  /** What happened. */
  description: string
  /** When it was seen. */
  observedAt: string
}

/** One gang. */
export interface SetPodGangStatus {
  /** Its name. */
  name: string
  /** Its phase. */
  phase?: string
  /** What is true of the object now, one entry a type. */
  conditions?: StatusCondition[]
}

/** The update that runs, or the last one. */
export interface SetUpdateProgress {
  /** When the update began. */
  updateStartedAt?: string
  /** When it ended; absent while it runs. */
  updateEndedAt?: string
  /** PodCliques that are up to date. */
  updatedPodCliquesCount?: number
  /** PodCliques in all. */
  totalPodCliquesCount?: number
  /** Scaling groups that are up to date. */
  updatedPodCliqueScalingGroupsCount?: number
  /** Scaling groups in all. */
  totalPodCliqueScalingGroupsCount?: number
  /** Replicas of the set that are being updated. */
  currentlyUpdating?: ReplicaUpdate[]
}

/** One replica. */
export interface ReplicaUpdate {
  /** Its index. */
  replicaIndex: number
  /** When the update began. */
  updateStartedAt?: string
  /** When it ended; absent while it runs. */
  updateEndedAt?: string
}

/** What is. */
export interface PodCliqueStatus {
  /** The generation that the rest of the status speaks of. */
  observedGeneration?: number
  /** What went wrong in the newest round; empty at rest. */
  lastErrors?: LastError[]
  /** Pods that are not terminating. */
  replicas?: number
  /** Pods that are Ready. */
  readyReplicas?: number
  /** Pods made from the newest template. */
  updatedReplicas?: number
  /** Pods that wait for their gate to be lifted. */
  scheduleGatedReplicas?: number
  /** Pods that have a node. */
  scheduledReplicas?: number
  /** Selects the pods, for autoscalers; only outside of scaling groups. */
  hpaPodSelector?: string
  /** What is true of the object now, one entry a type. */
  conditions?: StatusCondition[]
  /** Names the template of the set that was last applied in full. */
  currentPodCliqueSetGenerationHash?: string
  /** Names the pod template that was last applied in full. */
  currentPodTemplateHash?: string
  /** The update that runs, or the last one. */
  updateProgress?: CliqueUpdateProgress
}

/** The update that runs, or the last one. */
export interface CliqueUpdateProgress {
  /** When the update began. */
  updateStartedAt?: string
  /** When it ended; absent while it runs. */
  updateEndedAt?: string
  /** The template of the set that it leads to. */
  podCliqueSetGenerationHash: string
  /** The pod template that it leads to. */
  podTemplateHash: string
  /** Ready pods that are replaced, one at a time. */
  readyPodsSelectedToUpdate?: PodsSelectedToUpdate
}

/** Ready pods that are replaced, one at a time. */
export interface PodsSelectedToUpdate {
  /** The one being replaced. */
  current: string
  /** Its index, which its replacement has too. */
  currentPodIndex?: number
  /** Those that were. */
  completed?: string[]
}

/** What is wanted. */
export interface PodCliqueScalingGroupSpec {
  /** Copies of the members. */
  replicas?: number
  /** Copies that belong to the base gang. */
  minAvailable?: number
  /** The members, by their names in the set. */
  cliqueNames: string[]
}

/** What is. */
export interface PodCliqueScalingGroupStatus {
  /** Copies asked for. */
  replicas?: number
  /** Copies in which every member has its minimum placed. */
  scheduledReplicas?: number
  /** Copies in which every member has its minimum ready. */
  availableReplicas?: number
  /** Available copies that are up to date. */
  updatedReplicas?: number
  /** Selects the pods, for autoscalers. */
  selector?: string
  /** The generation that the rest of the status speaks of. */
  observedGeneration?: number
  /** What went wrong in the newest round; empty at rest. */
  lastErrors?: LastError[]
  /** What is true of the object now, one entry a type. */
  conditions?: StatusCondition[]
  /** Names the template of the set that was last applied in full. */
  currentPodCliqueSetGenerationHash?: string
  /** The update that runs, or the last one. */
  updateProgress?: ScalingGroupUpdateProgress
}

/** The update that runs, or the last one. */
export interface ScalingGroupUpdateProgress {
  /** When the update began. */
  updateStartedAt: string
  /** When it ended; absent while it runs. */
  updateEndedAt?: string
  /** The template of the set that it leads to. */
  podCliqueSetGenerationHash: string
  /** Member PodCliques that are up to date. */
  updatedPodCliquesCount?: number
  /** Member PodCliques in all. */
  totalPodCliquesCount?: number
  /** Copies that are replaced, one at a time. */
  readyReplicaIndicesSelectedToUpdate?: ReplicasSelectedToUpdate
}

/** Copies that are replaced, one at a time. */
export interface ReplicasSelectedToUpdate {
  /** The one being replaced. */
  current: number
  /** Those that were. */
  completed?: number[]
}

/** What is to be placed together. */
export interface PodGangSpec {
  /** The groups: the minimums of all are placed, or nothing is. */
  podgroups: PodGroup[]
  /** Where all pods of the gang may lie. */
  topologyConstraint?: GangTopologyConstraint
  /** Constraints on some of the groups together. */
  topologyConstraintGroupConfigs?: TopologyConstraintGroupConfig[]
  /** Orders gangs; the priority of the pods decides unless gangs are trusted. */
  priorityClassName?: string
  /** Prefer the nodes that this gang had. */
  reuseReservationRef?: NamespacedName
  /** This gang and another one of the namespace use one domain. */
  sameDomainAs?: SameDomainAs
}

/** Pods of one PodClique. */
export interface PodGroup {
  /** Name of the PodClique. */
  name: string
  /** The pods that exist. */
  podReferences: NamespacedName[]
  /** How many must be placed together with the minimums of the other groups; 0: none. A negative one is told of in the status. */
  minReplicas: number
  /** Where the pods of this group may lie. */
  topologyConstraint?: GangTopologyConstraint
}

export interface NamespacedName {
  /** Its namespace. */
  namespace: string
  /** Its name. */
  name: string
}

export interface GangTopologyConstraint {
  /** Keeps pods together. */
  packConstraint?: GangPackConstraint
  /** Keeps units apart. A unit is what it is written on: a gang, a constraint group; on a pod group, each of its pods. */
  spread?: GangSpreadConstraint
}

/** Keeps pods together. */
export interface GangPackConstraint {
  /** All pods lie on nodes with one value of this label, or none is placed. */
  required?: string
  /** One value of this label is tried first, then broader levels up to `required`. */
  preferred?: string
}

/** Keeps units apart. A unit is what it is written on: a gang, a constraint group; on a pod group, each of its pods. */
export interface GangSpreadConstraint {
  /** The node label whose values they are spread over. */
  key: string
  /** Units of the namespace with the same text are counted together; absent: those of this PodGang. */
  peers?: string
  /** By how many replicas two domains may differ at most. */
  maxSkew?: number
  /** With fewer domains than this in use, the emptiest one counts as empty. */
  minDomains?: number
  /** DoNotSchedule keeps the rule; ScheduleAnyway only prefers it. */
  whenUnsatisfiable?: 'DoNotSchedule' | 'ScheduleAnyway'
}

/** One constraint group. */
export interface TopologyConstraintGroupConfig {
  /** Its name. */
  name: string
  /** The groups in it. */
  podGroupNames: string[]
  /** Where the pods of these groups may lie. */
  topologyConstraint?: GangTopologyConstraint
}

/** This gang and another one of the namespace use one domain. */
export interface SameDomainAs {
  /** The other PodGang. */
  podGang: string
  /** The node label whose value they share. */
  key: string
}

/** What is. */
export interface PodGangStatus {
  /** The generation that the rest of the status speaks of. */
  observedGeneration?: number
  /** Pending, Starting or Running. */
  phase?: string
  /** What is true of the object now, one entry a type. */
  conditions?: StatusCondition[]
  /** How well preferences were met, 0 to 1. */
  placementScore?: number
}

/** The levels of the topology. */
export interface ClusterTopologyBindingSpec {
  /** From broad to narrow. */
  levels: TopologyLevel[]
  /** Schedulers whose own topology object is kept by somebody else. */
  schedulerTopologyBindings?: SchedulerTopologyBinding[]
}

/** One level. */
export interface TopologyLevel {
  /** The name that constraints use: zone, rack, host. */
  domain: string
  /** The node label whose value says which domain a node is in. */
  key: string
}

/** One scheduler. */
export interface SchedulerTopologyBinding {
  /** The scheduler. */
  schedulerName: string
  /** Name of its topology object. */
  topologyReference: string
}

/** What is. */
export interface ClusterTopologyBindingStatus {
  /** The generation that the rest of the status speaks of. */
  observedGeneration?: number
  /** What is true of the object now, one entry a type. */
  conditions?: StatusCondition[]
  /** One entry a scheduler. */
  schedulerTopologyStatuses?: SchedulerTopologyStatus[]
}

/** One scheduler. */
export interface SchedulerTopologyStatus {
  /** The scheduler. */
  schedulerName: string
  /** Name of its topology object. */
  topologyReference: string
  /** Its levels are those of this object. */
  inSync: boolean
  /** The generation of its object that was looked at. */
  schedulerBackendTopologyObservedGeneration?: number
  /** What differs. */
  message?: string
}

/** What is wanted. */
export interface DynamoGraphDeploymentSpec {
  /** The services by name; names differ in more than case. */
  services: Record<string, DynamoService>
  /** What runs the model, where the command does not tell. */
  backendFramework?: 'sglang' | 'vllm' | 'trtllm'
  /** Environment of the main container of every service. */
  envs?: EnvVar[]
  /** Claims that services mount. */
  pvcs?: DynamoPvc[]
  /** Put on the set and on all pods. */
  annotations?: Record<string, string>
  /** Put on the set and on all pods. */
  labels?: Record<string, string>
  /** The priority class of the gangs. */
  priorityClassName?: string
  /** Where the pods of the graph may lie. */
  topologyConstraint?: DynamoTopology
  /** A new id restarts the services. */
  restart?: DynamoRestart
  /** Previews. Accepted and kept; not acted on. */
  experimental?: Record<string, unknown>
  /** Overrides of the set. Accepted and kept; not acted on. */
  providerOverride?: Record<string, unknown>
}

/** One component of the graph. */
export interface DynamoService {
  /** What it is: frontend, worker, prefill, decode, planner, epp; anything else has no defaults. */
  componentType?: string
  /** What kind of worker: prefill or decode. */
  subComponentType?: string
  /** Kept, and not read. */
  serviceName?: string
  /** Pods, or with multinode groups of pods; absent: 1. */
  replicas?: number
  /** How many are placed together or not at all; absent: 1. */
  minAvailable?: number
  /** One replica is a leader and workers on several nodes. */
  multinode?: DynamoMultinode
  /** What the main container needs. */
  resources?: DynamoResources
  /** Environment of the main container; wins over that of the graph by name. */
  envs?: EnvVar[]
  /** A Secret whose keys become variables of the main container. */
  envFromSecret?: string
  /** Claims of the graph that are mounted. */
  volumeMounts?: DynamoVolumeMount[]
  /** The volume at /dev/shm; absent: 8Gi. */
  sharedMemory?: DynamoSharedMemory
  /** Replaces the type's own. */
  livenessProbe?: Probe
  /** Replaces the type's own. */
  readinessProbe?: Probe
  /** Labels and annotations of the pods; wins over every other place. */
  extraPodMetadata?: DynamoPodMetadata
  /** Laid over the pod that the type makes. */
  extraPodSpec?: DynamoPodSpec
  /** Put on the clique and its pods. */
  annotations?: Record<string, string>
  /** Put on the clique and its pods. */
  labels?: Record<string, string>
  /** A frontend container beside the main one: image, args, envFromSecret, envs. */
  frontendSidecar?: Record<string, unknown>
  /** Deprecated: accepted and not read. */
  dynamoNamespace?: string
  /** Uses the namespace `dynamo` of the runtime. */
  globalDynamoNamespace?: boolean
  /** Deprecated. Accepted and kept; not acted on. */
  autoscaling?: Record<string, unknown>
  /** Somebody else owns `replicas`. */
  scalingAdapter?: DynamoScalingAdapter
  /** How the frontend is reached from outside. */
  ingress?: DynamoIngress
  /** The model that is served. */
  modelRef?: DynamoModelRef
  /** Configuration of an endpoint picker. Accepted and kept; not acted on. */
  eppConfig?: Record<string, unknown>
  /** Where the pods of one replica may lie. */
  topologyConstraint?: DynamoServiceTopology
  /** Checkpoints. Accepted and kept; not acted on. */
  checkpoint?: Record<string, unknown>
  /** GPU memory service. Accepted and kept; not acted on. */
  gpuMemoryService?: Record<string, unknown>
  /** Fail-over. Accepted and kept; not acted on. */
  failover?: Record<string, unknown>
  /** Version of the runtime, where the image does not tell: 1.2.0. */
  runtimeVersionOverride?: string
  [other: string]: unknown
}

/** One replica is a leader and workers on several nodes. */
export interface DynamoMultinode {
  /** Nodes a replica. */
  nodeCount?: number
}

/** What the main container needs. */
export interface DynamoResources {
  /** What the scheduler sets aside. */
  requests?: DynamoAmounts
  /** What may be used at most. */
  limits?: DynamoAmounts
  /** Resource claims of the pod. */
  claims?: Array<Record<string, unknown>>
}

export interface DynamoAmounts {
  /** Processors. */
  cpu?: string | number
  /** Memory. */
  memory?: string | number
  /** GPUs, of `gpuType`. */
  gpu?: string | number
  /** Name of the resource that a GPU is; absent: nvidia.com/gpu. */
  gpuType?: string
  /** Further resources by name. */
  custom?: Record<string, string | number>
  [other: string]: unknown
}

/** A claim of the graph, mounted in the main container. */
export interface DynamoVolumeMount {
  /** Name of the PersistentVolumeClaim. */
  name: string
  /** Where it appears. */
  mountPoint?: string
  /** It holds the back-end's compilation cache; mountPoint may then be left out. */
  useAsCompilationCache?: boolean
}

/** The volume at /dev/shm; absent: 8Gi. */
export interface DynamoSharedMemory {
  /** There is none. */
  disabled?: boolean
  /** Its size. */
  size?: string | number
}

/** Labels and annotations of the pods; wins over every other place. */
export interface DynamoPodMetadata {
  /** Labels. */
  labels?: Record<string, string>
  /** Annotations. */
  annotations?: Record<string, string>
}

/** Laid over the pod that the type makes. */
export type DynamoPodSpec = Partial<PodSpec> & { mainContainer?: Partial<Container> }

/** Somebody else owns `replicas`. */
export interface DynamoScalingAdapter {
  /** It does. */
  enabled?: boolean
}

/** How the frontend is reached from outside. */
export interface DynamoIngress {
  /** There is an Ingress. */
  enabled?: boolean
  /** Its host name. */
  host?: string
  [other: string]: unknown
}

/** The model that is served. */
export interface DynamoModelRef {
  /** Its name. */
  name: string
  /** Its revision. */
  revision?: string
}

/** Where the pods of one replica may lie. */
export interface DynamoServiceTopology {
  /** All in one domain of this level. */
  packDomain: string
}

/** A PersistentVolumeClaim that services mount. */
export interface DynamoPvc {
  /** It is made; otherwise it must exist. */
  create?: boolean
  /** Its name. */
  name: string
  /** Its storage class. */
  storageClass?: string
  /** Its size. */
  size?: string | number
  /** ReadWriteOnce, ReadWriteMany. */
  volumeAccessMode?: string
}

/** Where the pods of the graph may lie. */
export interface DynamoTopology {
  /** The topology whose levels are named. */
  topologyProfile?: string
  /** All in one domain of this level. */
  packDomain?: string
}

/** A new id restarts the services. */
export interface DynamoRestart {
  /** Any text that was not here before. */
  id: string
  /** In which order. */
  strategy?: DynamoRestartStrategy
}

/** In which order. */
export interface DynamoRestartStrategy {
  /** One service after the other, or all at once. */
  type?: 'Sequential' | 'Parallel'
  /** All services, in the order to restart them. */
  order?: string[]
}

/** What is. */
export interface DynamoGraphDeploymentStatus {
  /** initializing, pending, successful or failed. */
  state?: string
  /** The generation that the rest of the status speaks of. */
  observedGeneration?: number
  /** What is true of the object now, one entry a type. */
  conditions?: StatusCondition[]
  /** The services by name. */
  services?: Record<string, DynamoServiceStatus>
  /** The newest restart. */
  restart?: DynamoRestartStatus
  /** Kept for readers of other pathways. */
  rollingUpdate?: Record<string, unknown>
  /** Kept for readers of that feature. */
  checkpoints?: Record<string, unknown>
  /** How well the pods are placed. */
  placement?: DynamoPlacementStatus
}

/** One service. */
export interface DynamoServiceStatus {
  /** PodClique or PodCliqueScalingGroup. */
  componentKind?: string
  /** The first of componentNames. */
  componentName?: string
  /** The objects that run it. */
  componentNames?: string[]
  /** Replicas that exist. */
  replicas?: number
  /** Replicas that are up to date. */
  updatedReplicas?: number
  /** Ready pods of a PodClique. */
  readyReplicas?: number
  /** Available copies of a PodCliqueScalingGroup. */
  availableReplicas?: number
  /** Replicas that are placed. */
  scheduledReplicas?: number
  /** The namespace of the runtime. */
  runtimeNamespace?: string
  /** GPUs of one engine. */
  gpusPerEngine?: number
  /** GPUs of one replica. */
  gpusPerReplica?: number
}

/** The newest restart. */
export interface DynamoRestartStatus {
  /** The id that was seen. */
  observedID?: string
  /** Pending, Restarting, Completed, Failed or Superseded. */
  phase?: string
  /** Services that are restarting. */
  inProgress?: string[]
}

/** How well the pods are placed. */
export interface DynamoPlacementStatus {
  /** 0 to 1. */
  score?: number
  /** Reported, Partial, Unsupported or Unknown. */
  state?: string
}
