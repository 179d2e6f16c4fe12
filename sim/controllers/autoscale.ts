import type { KubeObject, Pod } from '../../api/kinds/kubernetes.ts'
import { podRequests } from '../../api/pod-resources.ts'
import { toMilli } from '../../api/quantity.ts'

/** The arithmetic of a HorizontalPodAutoscaler. Pure: values, pods and time come in. */

export interface MetricTarget {
  readonly type: 'Utilization' | 'AverageValue' | 'Value'
  readonly averageUtilization?: number
  readonly averageValue?: string
  readonly value?: string
}

interface MetricBody {
  readonly name?: string
  readonly container?: string
  readonly metric?: { readonly name: string }
  readonly target: MetricTarget
}

export interface MetricSpec {
  readonly type: 'Resource' | 'ContainerResource' | 'Pods' | 'Object' | 'External'
  readonly resource?: MetricBody
  readonly containerResource?: MetricBody
  readonly pods?: MetricBody
  readonly object?: MetricBody
  readonly external?: MetricBody
}

export interface ScalingRules {
  readonly stabilizationWindowSeconds?: number
}

export interface Autoscaler extends KubeObject {
  spec: {
    scaleTargetRef: { apiVersion?: string; kind: string; name: string }
    minReplicas?: number
    maxReplicas: number
    metrics?: readonly MetricSpec[]
    behavior?: { scaleDown?: ScalingRules; scaleUp?: ScalingRules }
  }
  status?: Record<string, unknown>
}

/** Nothing changes while a metric is within a tenth of its target. */
const TOLERANCE = 0.1

export const bodyOf = (metric: MetricSpec): MetricBody | undefined =>
  metric.resource ?? metric.containerResource ?? metric.pods ?? metric.object ?? metric.external

export const nameOf = (metric: MetricSpec): string => bodyOf(metric)?.metric?.name ?? bodyOf(metric)?.name ?? ''

/** What one metric says: how many replicas it wants, and what is shown as its current value. */
export interface Proposal {
  readonly replicas: number
  readonly current: object
}

/**
 * `load` is what was injected: a percentage is the utilisation as it stands, a quantity is the total over all pods.
 * Null: no such value, or nothing to compare it with.
 */
export function propose(
  metric: MetricSpec,
  load: string | null,
  pods: readonly Pod[],
  replicas: number,
): Proposal | null {
  const body = bodyOf(metric)
  if (body === undefined || load === null) return null
  const { averageUtilization, averageValue, value } = body.target
  if (averageUtilization !== undefined) return byUtilization(metric, body, load, averageUtilization, pods, replicas)
  const total = toMilli(load.replace('%', ''))
  const count = Math.max(1, pods.length)
  if (averageValue !== undefined) {
    const wanted = total / toMilli(averageValue)
    const isWithin = Math.abs(wanted / Math.max(1, replicas) - 1) <= TOLERANCE
    const current = { averageValue: milliText(total / count) }
    return { replicas: isWithin ? replicas : Math.ceil(wanted), current: currentMetric(metric, body, current) }
  }
  if (value === undefined) return null
  const ratio = total / toMilli(value)
  const current = currentMetric(metric, body, { value: milliText(total) })
  return { replicas: Math.abs(ratio - 1) <= TOLERANCE ? replicas : Math.ceil(ratio * replicas), current }
}

function byUtilization(
  metric: MetricSpec,
  body: MetricBody,
  load: string,
  target: number,
  pods: readonly Pod[],
  replicas: number,
): Proposal | null {
  const percent = utilization(body.name ?? '', load, pods)
  if (percent === null || target <= 0) return null
  const ratio = percent / target
  const current = currentMetric(metric, body, { averageUtilization: Math.round(percent) })
  return { replicas: Math.abs(ratio - 1) <= TOLERANCE ? replicas : Math.ceil(ratio * replicas), current }
}

/** Percent of what the pods request. */
function utilization(resource: string, load: string, pods: readonly Pod[]): number | null {
  if (load.endsWith('%')) return Number(load.slice(0, -1))
  const unit = resource === 'cpu' ? 1 : 1_000
  const requested = pods.reduce((sum, pod) => sum + (podRequests(pod.spec)[resource] ?? 0) * unit, 0)
  return requested === 0 ? null : (toMilli(load) / requested) * 100
}

function currentMetric(metric: MetricSpec, body: MetricBody, current: object): object {
  const field = metric.type.charAt(0).toLowerCase() + metric.type.slice(1)
  const identity = body.metric === undefined ? { name: body.name } : { metric: body.metric }
  return { type: metric.type, [field]: { ...identity, current } }
}

const milliText = (milli: number): string => (milli % 1_000 === 0 ? String(milli / 1_000) : `${Math.round(milli)}m`)

export interface Recommendation {
  readonly atMs: number
  readonly replicas: number
}

export interface Decision {
  readonly replicas: number
  /** When a recommendation that holds the scale up runs out; null: none does. */
  readonly againMs: number | null
  /** Why the number is not what the metrics say; null: it is. */
  readonly limit: 'TooManyReplicas' | 'TooFewReplicas' | 'ScaleUpLimit' | 'ScaleDownStabilized' | null
}

const SCALE_DOWN_WINDOW_S = 300
/** At most double, or four more, each sync period. */
const SCALE_UP_PODS = 4
const SYNC_PERIOD_MS = 15_000

/** The rules after the metrics: stabilisation downwards, speed upwards, bounds. `history` is newest last. */
export function decide(
  { minReplicas = 1, maxReplicas, behavior }: Autoscaler['spec'],
  wanted: number,
  replicas: number,
  history: readonly Recommendation[],
  nowMs: number,
): Decision {
  const windowMs = (behavior?.scaleDown?.stabilizationWindowSeconds ?? SCALE_DOWN_WINDOW_S) * 1_000
  const holding = history.filter(({ atMs, replicas: said }) => atMs > nowMs - windowMs && said > wanted)
  const held = wanted < replicas ? Math.min(replicas, Math.max(wanted, ...holding.map((h) => h.replicas))) : wanted
  const bounded = Math.min(maxReplicas, Math.max(minReplicas, held))
  const limit = bounded < held ? 'TooManyReplicas' : bounded > held ? 'TooFewReplicas' : null
  const reachable = Math.max(replicas * 2, replicas + SCALE_UP_PODS)
  if (bounded > reachable) return { replicas: reachable, againMs: SYNC_PERIOD_MS, limit: 'ScaleUpLimit' }
  const oldest = holding[0]
  if (held <= wanted || oldest === undefined) return { replicas: bounded, againMs: null, limit }
  return { replicas: bounded, againMs: oldest.atMs + windowMs - nowMs, limit: 'ScaleDownStabilized' }
}
