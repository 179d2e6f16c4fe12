import type { AutoScalingConfig } from '../../api/generated/kinds.ts'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { PCS_REPLICA_INDEX } from '../../api/names.ts'
import { indices } from './identity.ts'
import { metadataOf } from './metadata.ts'
import { cliqueName, scalingGroupName } from './names.ts'
import type { SetShape } from './shape.ts'

/** Kubernetes' own. Written out, so that metrics that a template no longer has go. */
const DEFAULT_METRICS: AutoScalingConfig['metrics'] = [
  { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
]

interface Target {
  readonly kind: 'PodClique' | 'PodCliqueScalingGroup'
  readonly name: string
  readonly index: number
  readonly config: AutoScalingConfig
  /** What `minReplicas` is where the configuration does not say. */
  readonly replicas: number
}

/** The HorizontalPodAutoscalers of the first `replicas` replicas of a set: each is called what it scales. */
export const expandAutoscalers = (shape: SetShape, replicas: number): NewObject[] =>
  indices(replicas).flatMap((index) => targetsOf(shape, index).map((target) => expandAutoscaler(shape, target)))

function targetsOf(shape: SetShape, index: number): Target[] {
  const cliques = shape.standalone.flatMap(({ name, replicas, template }): Target[] => {
    const config = template.spec.autoScalingConfig
    if (config === undefined) return []
    return [{ kind: 'PodClique', name: cliqueName(shape.name, index, name), index, config, replicas }]
  })
  const groups = shape.groups.flatMap(({ name, replicas, template }): Target[] => {
    const config = template.scaleConfig
    if (config === undefined) return []
    return [{ kind: 'PodCliqueScalingGroup', name: scalingGroupName(shape.name, index, name), index, config, replicas }]
  })
  return [...cliques, ...groups]
}

function expandAutoscaler(shape: SetShape, { kind, name, index, config, replicas }: Target): NewObject {
  const { metrics = [] } = config
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: metadataOf(shape, shape.set, name, 'pcs-hpa', { [PCS_REPLICA_INDEX]: String(index) }),
    spec: {
      scaleTargetRef: { apiVersion: 'grove.io/v1alpha1', kind, name },
      minReplicas: config.minReplicas ?? replicas,
      maxReplicas: config.maxReplicas,
      metrics: metrics.length === 0 ? DEFAULT_METRICS : metrics,
    },
  }
}
