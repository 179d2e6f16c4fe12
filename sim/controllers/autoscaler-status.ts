import type { Condition } from '../../api/kinds/kubernetes.ts'
import type { Autoscaler, Decision, Proposal } from './autoscale.ts'

export type Failure = 'FailedGetScale' | 'ScalingDisabled' | 'FailedGetMetric'

export interface Observation {
  readonly currentReplicas: number
  readonly proposals: readonly Proposal[]
  /** Null: no metric could be read. */
  readonly decision: Decision | null
  readonly failure: Failure | null
  /** RFC 3339. */
  readonly at: string
}

const MESSAGES: Readonly<Record<Failure, string>> = {
  FailedGetScale: "the HPA controller was unable to get the target's current scale",
  ScalingDisabled: 'scaling is disabled since the replica count of the target is zero',
  FailedGetMetric: 'no metric of this autoscaler has a value',
}

/** The status that says so; null: it is there already. */
export function autoscalerStatus(autoscaler: Autoscaler, seen: Observation): object | null {
  const conditions = conditionsOf(seen).map((condition) => dated(autoscaler, condition, seen.at))
  const status = {
    currentReplicas: seen.currentReplicas,
    desiredReplicas: seen.decision?.replicas ?? seen.currentReplicas,
    currentMetrics: seen.proposals.map((proposal) => proposal.current),
    conditions,
  }
  const { lastScaleTime: _, observedGeneration: __, ...before } = autoscaler.status ?? {}
  if (JSON.stringify(sorted(before)) === JSON.stringify(sorted(status))) return null
  const isScaled = seen.decision !== null && seen.decision.replicas !== seen.currentReplicas
  return { ...status, ...(isScaled ? { lastScaleTime: seen.at } : {}) }
}

const sorted = (object: object): object =>
  Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)))

function conditionsOf({ failure, decision }: Observation): Condition[] {
  const able: Condition =
    failure === 'FailedGetScale'
      ? { type: 'AbleToScale', status: 'False', reason: failure, message: MESSAGES[failure] }
      : decision?.limit === 'ScaleDownStabilized'
        ? {
            type: 'AbleToScale',
            status: 'True',
            reason: 'ScaleDownStabilized',
            message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
          }
        : {
            type: 'AbleToScale',
            status: 'True',
            reason: 'ReadyForNewScale',
            message: 'recommended size matches current size',
          }
  if (failure === 'FailedGetScale') return [able]
  if (failure !== null) {
    return [able, { type: 'ScalingActive', status: 'False', reason: failure, message: MESSAGES[failure] }]
  }
  const message = 'the HPA was able to successfully calculate a replica count from its metrics'
  return [able, { type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound', message }, limited(decision)]
}

function limited(decision: Decision | null): Condition {
  const limit = decision?.limit ?? null
  if (limit === null || limit === 'ScaleDownStabilized') {
    const message = 'the desired count is within the acceptable range'
    return { type: 'ScalingLimited', status: 'False', reason: 'DesiredWithinRange', message }
  }
  const message = {
    TooManyReplicas: 'the desired replica count is more than the maximum replica count',
    TooFewReplicas: 'the desired replica count is less than the minimum replica count',
    ScaleUpLimit: 'the desired replica count is increasing faster than the maximum scale rate',
  }[limit]
  return { type: 'ScalingLimited', status: 'True', reason: limit, message }
}

/** A condition keeps the time at which it took its status. */
function dated({ status }: Autoscaler, condition: Condition, at: string): Condition {
  const known = ((status?.['conditions'] ?? []) as readonly Condition[]).find(
    (before) => before.type === condition.type && before.status === condition.status,
  )
  return { ...condition, lastTransitionTime: known?.lastTransitionTime ?? at }
}
