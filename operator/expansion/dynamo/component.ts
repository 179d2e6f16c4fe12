import type { DynamoVolumeMount } from '../../../api/generated/kinds.ts'
import type { Container, EnvVar, PodSpec } from '../../../api/kinds/kubernetes.ts'

/** Where a field stands in the graph that the user wrote. */
export type FieldPath = readonly (string | number)[]

/** Engines whose multi-node start-up we know how to write. */
export type Engine = 'vllm' | 'sglang' | 'trtllm'

/**
 * One part of a graph, free of the dialect it was written in: every API version becomes a list of these, and
 * everything is rendered from them alone.
 */
export interface Component {
  /** As written: labels keep the case. */
  readonly name: string
  /** As used in the names of objects. */
  readonly lowerName: string
  readonly path: FieldPath
  /** `frontend`, `worker`, `prefill`, `decode`, `planner`, anything else, or ''. */
  readonly type: string
  /** `prefill`, `decode`, anything else, or ''. */
  readonly subType: string
  /** null: the graph leaves the number to others. */
  readonly replicas: number | null
  readonly minAvailable: number
  /** Nodes that one replica spans; more than one makes a leader, workers and a scaling group of them. */
  readonly nodeCount: number
  readonly isWorker: boolean
  readonly isGlobalNamespace: boolean
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly podLabels: Readonly<Record<string, string>>
  readonly podAnnotations: Readonly<Record<string, string>>
  /** The user's engine container, with the service's own fields merged over it. */
  readonly main: Readonly<Partial<Container>>
  readonly sidecars: readonly Container[]
  /** The rest of the user's pod spec: neither containers nor the main container. */
  readonly podSpec: Readonly<Partial<PodSpec>>
  /** Claims to mount, beside the main container's own mounts. */
  readonly mounts: readonly DynamoVolumeMount[]
  /** Size of /dev/shm, or null for none. */
  readonly sharedMemory: string | null
  /** The resource that counts as a GPU. */
  readonly gpuResource: string
  readonly modelName: string | null
  readonly packDomain: string | null
  /** [major, minor, patch] of the runtime image; null when its tag does not tell. */
  readonly runtimeVersion: readonly [number, number, number] | null
}

/** A graph in the internal form. */
export interface ComponentGraph {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly apiVersion: string
  /** The graph object's own annotations: switches for the operator. */
  readonly switches: Readonly<Record<string, string>>
  readonly engine: string
  readonly env: readonly EnvVar[]
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly priorityClassName: string
  readonly topologyName: string
  readonly packDomain: string
  /** In the order in which their cliques are written. */
  readonly components: readonly Component[]
}

/** What one clique's pods do within their component. */
export type Role = 'single' | 'leader' | 'worker'

export const isMultinode = (component: Component): boolean => component.nodeCount > 1
export const rolesOf = (component: Component): readonly Role[] =>
  isMultinode(component) ? ['leader', 'worker'] : ['single']
