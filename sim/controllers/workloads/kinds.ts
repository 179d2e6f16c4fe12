import type { Condition, KubeObject, ObjectMeta, PodSpec } from '../../../api/kinds/kubernetes.ts'
import type { ResourceType } from '../../../kube/resources.ts'

/** The workload kinds as far as their controllers read them. Defaults have been filled in by the API server. */

const appsType = (plural: string, kind: string): ResourceType => ({
  group: 'apps',
  version: 'v1',
  plural,
  kind,
  namespaced: true,
})

export const DEPLOYMENTS: ResourceType = appsType('deployments', 'Deployment')
export const REPLICA_SETS: ResourceType = appsType('replicasets', 'ReplicaSet')
export const STATEFUL_SETS: ResourceType = appsType('statefulsets', 'StatefulSet')
export const CONTROLLER_REVISIONS: ResourceType = appsType('controllerrevisions', 'ControllerRevision')
export const JOBS: ResourceType = { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', namespaced: true }

export interface PodTemplate {
  metadata?: Partial<ObjectMeta>
  spec: PodSpec
}

/** A count, or a percentage of the replicas. */
export type CountOrShare = number | string

export interface ReplicaSet extends KubeObject {
  spec: { replicas: number; selector: object; template: PodTemplate; minReadySeconds?: number }
  status?: {
    replicas: number
    fullyLabeledReplicas?: number
    readyReplicas?: number
    availableReplicas?: number
    observedGeneration?: number
    conditions?: Condition[]
  }
}

export interface Deployment extends KubeObject {
  spec: {
    replicas: number
    selector: { matchLabels?: Record<string, string>; matchExpressions?: unknown[] }
    template: PodTemplate
    strategy?: { type?: string; rollingUpdate?: { maxSurge?: CountOrShare; maxUnavailable?: CountOrShare } }
    minReadySeconds?: number
    revisionHistoryLimit?: number
    progressDeadlineSeconds?: number
    paused?: boolean
  }
  status?: {
    observedGeneration?: number
    replicas?: number
    updatedReplicas?: number
    readyReplicas?: number
    availableReplicas?: number
    unavailableReplicas?: number
    collisionCount?: number
    conditions?: Condition[]
  }
}

export interface StatefulSet extends KubeObject {
  spec: {
    replicas: number
    selector: object
    template: PodTemplate
    serviceName?: string
    podManagementPolicy?: string
    updateStrategy?: { type?: string; rollingUpdate?: { partition?: number } }
    minReadySeconds?: number
    revisionHistoryLimit?: number
    ordinals?: { start?: number }
    volumeClaimTemplates?: { metadata: Partial<ObjectMeta>; spec: object }[]
  }
  status?: {
    replicas: number
    readyReplicas?: number
    availableReplicas?: number
    currentReplicas?: number
    updatedReplicas?: number
    currentRevision?: string
    updateRevision?: string
    observedGeneration?: number
    collisionCount?: number
  }
}

export interface ControllerRevision extends KubeObject {
  revision: number
  data?: { spec?: { template?: PodTemplate } }
}

export interface JobCondition extends Condition {
  lastProbeTime?: string
}

export interface Job extends KubeObject {
  spec: {
    parallelism: number
    completions?: number
    backoffLimit: number
    completionMode?: string
    activeDeadlineSeconds?: number
    ttlSecondsAfterFinished?: number
    suspend?: boolean
    template: PodTemplate
  }
  status?: JobStatus
}

export interface JobStatus {
  active?: number
  ready?: number
  terminating?: number
  succeeded?: number
  failed?: number
  startTime?: string
  completionTime?: string
  completedIndexes?: string
  uncountedTerminatedPods?: { succeeded?: string[]; failed?: string[] }
  conditions?: JobCondition[]
}
