/**
 * The built-in kinds as they travel: raw JSON, dates as strings, unknown fields kept. Only what some room reads is
 * named here; everything else stays in the object untouched, because nothing is ever replaced through these types.
 */

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

export interface ObjectMeta {
  name: string
  namespace?: string
  generateName?: string
  uid: string
  resourceVersion: string
  generation?: number
  creationTimestamp: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  finalizers?: string[]
  ownerReferences?: OwnerReference[]
  managedFields?: unknown[]
}

/** Any object of the API. */
export interface KubeObject {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  [field: string]: unknown
}

/** What a writer sends: the server fills in the rest of the metadata. */
export interface NewObject {
  apiVersion: string
  kind: string
  metadata: Partial<ObjectMeta>
  [field: string]: unknown
}

export interface Condition {
  type: string
  status: 'True' | 'False' | 'Unknown'
  reason?: string
  message?: string
  lastTransitionTime?: string
  lastProbeTime?: string | null
  observedGeneration?: number
}

export type ResourceList = Record<string, string>

export interface EnvVar {
  name: string
  value?: string
  valueFrom?: {
    fieldRef?: { fieldPath: string; apiVersion?: string }
    secretKeyRef?: { name: string; key: string; optional?: boolean }
    configMapKeyRef?: { name: string; key: string; optional?: boolean }
    [other: string]: unknown
  }
}

export interface EnvFromSource {
  prefix?: string
  secretRef?: { name: string; optional?: boolean }
  configMapRef?: { name: string; optional?: boolean }
}

export interface ContainerPort {
  name?: string
  containerPort: number
  hostPort?: number
  hostIP?: string
  protocol?: string
}

export interface Probe {
  httpGet?: { path?: string; port: number | string; scheme?: string; host?: string }
  tcpSocket?: { port: number | string }
  grpc?: { port: number; service?: string }
  exec?: { command?: string[] }
  initialDelaySeconds?: number
  periodSeconds?: number
  timeoutSeconds?: number
  failureThreshold?: number
  successThreshold?: number
  [other: string]: unknown
}

export interface Container {
  name: string
  image?: string
  command?: string[]
  args?: string[]
  workingDir?: string
  env?: EnvVar[]
  envFrom?: EnvFromSource[]
  ports?: ContainerPort[]
  resources?: { requests?: ResourceList; limits?: ResourceList; claims?: { name: string; request?: string }[] }
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean; subPath?: string }[]
  restartPolicy?: string
  livenessProbe?: Probe
  readinessProbe?: Probe
  startupProbe?: Probe
  securityContext?: Record<string, unknown>
  [other: string]: unknown
}

export interface Toleration {
  key?: string
  operator?: string
  value?: string
  effect?: string
  tolerationSeconds?: number
}

export interface Taint {
  key: string
  value?: string
  effect: string
  timeAdded?: string
}

export interface NodeSelectorRequirement {
  key: string
  operator: string
  values?: string[]
}

export interface NodeSelectorTerm {
  matchExpressions?: NodeSelectorRequirement[]
  matchFields?: NodeSelectorRequirement[]
}

export interface Affinity {
  nodeAffinity?: {
    requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms: NodeSelectorTerm[] }
    preferredDuringSchedulingIgnoredDuringExecution?: { weight: number; preference: NodeSelectorTerm }[]
  }
  podAffinity?: Record<string, unknown>
  podAntiAffinity?: Record<string, unknown>
}

export interface Volume {
  name: string
  secret?: { secretName: string; optional?: boolean; defaultMode?: number; items?: unknown[] }
  configMap?: { name: string; optional?: boolean; [other: string]: unknown }
  persistentVolumeClaim?: { claimName: string; readOnly?: boolean }
  emptyDir?: Record<string, unknown>
  downwardAPI?: Record<string, unknown>
  projected?: Record<string, unknown>
  ephemeral?: Record<string, unknown>
  [other: string]: unknown
}

export interface PodSpec {
  nodeName?: string
  schedulerName?: string
  schedulingGates?: { name: string }[]
  containers: Container[]
  initContainers?: Container[]
  ephemeralContainers?: unknown[]
  volumes?: Volume[]
  nodeSelector?: Record<string, string>
  affinity?: Affinity
  tolerations?: Toleration[]
  topologySpreadConstraints?: unknown[]
  priority?: number
  priorityClassName?: string
  preemptionPolicy?: string
  overhead?: ResourceList
  resources?: { requests?: ResourceList; limits?: ResourceList }
  resourceClaims?: unknown[]
  hostNetwork?: boolean
  hostname?: string
  subdomain?: string
  restartPolicy?: string
  terminationGracePeriodSeconds?: number
  serviceAccountName?: string
  securityContext?: Record<string, unknown>
  imagePullSecrets?: { name: string }[]
  [other: string]: unknown
}

export interface ContainerStatus {
  name: string
  ready: boolean
  started?: boolean | null
  restartCount: number
  image: string
  imageID: string
  containerID?: string
  state?: {
    waiting?: { reason?: string; message?: string }
    running?: { startedAt?: string }
    terminated?: { exitCode: number; reason?: string; message?: string; startedAt?: string; finishedAt?: string }
  }
  lastState?: Record<string, unknown>
  allocatedResources?: ResourceList
  resources?: { requests?: ResourceList; limits?: ResourceList }
}

export interface PodStatus {
  phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'
  conditions?: Condition[]
  nominatedNodeName?: string
  reason?: string
  message?: string
  hostIP?: string
  podIP?: string
  podIPs?: { ip: string }[]
  startTime?: string
  qosClass?: string
  initContainerStatuses?: ContainerStatus[]
  containerStatuses?: ContainerStatus[]
  resize?: string
  allocatedResources?: ResourceList
  resources?: { requests?: ResourceList; limits?: ResourceList }
  [other: string]: unknown
}

export interface Pod extends KubeObject {
  spec: PodSpec
  status?: PodStatus
}

export interface Node extends KubeObject {
  spec?: { unschedulable?: boolean; taints?: Taint[]; podCIDR?: string; providerID?: string; [other: string]: unknown }
  status?: {
    capacity?: ResourceList
    allocatable?: ResourceList
    conditions?: Condition[]
    addresses?: { type: string; address: string }[]
    nodeInfo?: Record<string, string>
    [other: string]: unknown
  }
}

export interface ConfigMap extends KubeObject {
  data?: Record<string, string>
}

export interface Secret extends KubeObject {
  type?: string
  data?: Record<string, string>
}

export interface Service extends KubeObject {
  spec?: {
    type?: string
    clusterIP?: string
    selector?: Record<string, string>
    ports?: { name?: string; port: number; targetPort?: number | string; protocol?: string; appProtocol?: string }[]
    publishNotReadyAddresses?: boolean
    [other: string]: unknown
  }
}

export interface PriorityClass extends KubeObject {
  value: number
  globalDefault?: boolean
  preemptionPolicy?: string
}

export interface Binding {
  apiVersion: 'v1'
  kind: 'Binding'
  metadata: { name: string; namespace: string; uid?: string; annotations?: Record<string, string> }
  target: { apiVersion: 'v1'; kind: 'Node'; name: string }
}

/** The body of every refusal. */
export interface Status {
  kind: 'Status'
  apiVersion: 'v1'
  status: 'Success' | 'Failure'
  code?: number
  reason?: string
  message?: string
  details?: {
    name?: string
    group?: string
    kind?: string
    uid?: string
    retryAfterSeconds?: number
    causes?: { reason?: string; message?: string; field?: string }[]
  }
}
