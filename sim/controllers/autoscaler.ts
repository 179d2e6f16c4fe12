import type { KubeObject, Pod } from '../../api/kinds/kubernetes.ts'
import { SIMULATED_METRICS } from '../../api/names.ts'
import { matches, parseLabelSelector } from '../../api/selector.ts'
import { isOk, valueOrThrow } from '../../kube/answers.ts'
import { timestamp } from '../../kube/clock.ts'
import type { Cache } from '../../kube/reflector/types.ts'
import { AUTOSCALERS, PODS, type ResourceType } from '../../kube/resources.ts'
import type { Reconciled, WorkQueue } from '../../kube/work-queue.ts'
import {
  type Autoscaler,
  type Decision,
  decide,
  nameOf,
  type Proposal,
  propose,
  type Recommendation,
} from './autoscale.ts'
import { autoscalerStatus, type Failure } from './autoscaler-status.ts'
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  keyOf,
  splitKey,
  valueUnlessMissing,
} from './controller.ts'
import { discoverTypes } from './resource-types.ts'

/** The present load of a metric: `90%`, or a quantity that is the total over all pods; null: nobody measures it. */
export type Metrics = (autoscaler: KubeObject, metric: string) => string | null

export const annotatedMetrics: Metrics = ({ metadata }, metric) => {
  const pairs = (metadata.annotations?.[SIMULATED_METRICS] ?? '').split(',').map((pair) => pair.split('='))
  return pairs.find(([name]) => name?.trim() === metric)?.[1]?.trim() ?? null
}

interface Scale extends KubeObject {
  spec?: { replicas?: number }
  status?: { replicas?: number; selector?: string }
}

interface Target {
  readonly type: ResourceType
  readonly scale: Scale
  readonly pods: readonly Pod[]
}

/** As kube-controller-manager: an autoscaler is looked at every 15 s, here also when it changes. */
const SYNC_PERIOD_MS = 15_000

/** HorizontalPodAutoscalers on injected metrics: replicas are written through the target's scale subresource. */
export class AutoscalerController implements Controller {
  readonly #context: ControllerContext
  readonly #metrics: Metrics
  readonly #autoscalers: Cache<Autoscaler>
  readonly #pods: Cache<Pod>
  readonly #queue: WorkQueue<string>
  readonly #history = new Map<string, Recommendation[]>()
  #types: readonly ResourceType[] = []

  constructor(context: ControllerContext, metrics: Metrics = annotatedMetrics) {
    this.#context = context
    this.#metrics = metrics
    this.#queue = controllerQueue('autoscaler', context, (key) => this.#reconcile(key))
    this.#autoscalers = context.informers.watch<Autoscaler>(AUTOSCALERS, ({ kind, object, before }) => {
      if (kind === 'deleted') this.#history.delete(keyOf(object))
      else if (before === null || asked(before) !== asked(object)) this.#queue.add(keyOf(object))
    })
    this.#pods = context.informers.watch<Pod>(PODS)
  }

  start(): void {
    this.#queue.start()
  }

  stop(): Promise<void> {
    return this.#queue.stop()
  }

  async #reconcile(key: string): Promise<Reconciled | void> {
    const { namespace, name } = splitKey(key)
    const autoscaler = this.#autoscalers.get(namespace, name)
    if (autoscaler === undefined || autoscaler.metadata.deletionTimestamp !== undefined) return
    const target = await this.#target(autoscaler)
    this.#queue.addAfter(key, SYNC_PERIOD_MS, 'background')
    if (target === null) return this.#report(autoscaler, null, [], null, 'FailedGetScale')
    const replicas = target.scale.spec?.replicas ?? 0
    if (replicas === 0) return this.#report(autoscaler, target.scale, [], null, 'ScalingDisabled')
    const metrics = autoscaler.spec.metrics ?? []
    const proposals = metrics
      .map((metric) => propose(metric, this.#metrics(autoscaler, nameOf(metric)), target.pods, replicas))
      .filter((proposal) => proposal !== null)
    if (proposals.length === 0) return this.#keepBounds(autoscaler, target, replicas)
    const decision = this.#decide(key, autoscaler, proposals, replicas)
    await this.#scale(autoscaler, target, replicas, decision)
    await this.#report(autoscaler, target.scale, proposals, decision, null)
    return { again: decision.againMs }
  }

  #decide(key: string, { spec }: Autoscaler, proposals: readonly Proposal[], replicas: number): Decision {
    const nowMs = this.#context.clock.monotonicMs()
    const wanted = Math.max(...proposals.map((proposal) => proposal.replicas))
    // What was there before the first look is a recommendation too.
    const history = this.#history.get(key) ?? [{ atMs: nowMs, replicas }]
    const decision = decide(spec, wanted, replicas, history, nowMs)
    this.#history.set(key, [...history, { atMs: nowMs, replicas: wanted }].slice(-HISTORY_MAX))
    return decision
  }

  /** Without any metric the bounds still hold. */
  async #keepBounds(autoscaler: Autoscaler, target: Target, replicas: number): Promise<void> {
    const { minReplicas = 1, maxReplicas } = autoscaler.spec
    const bounded = Math.min(maxReplicas, Math.max(minReplicas, replicas))
    await this.#scale(autoscaler, target, replicas, { replicas: bounded, againMs: null, limit: null })
    await this.#report(autoscaler, target.scale, [], null, 'FailedGetMetric')
  }

  async #scale(
    { metadata, spec }: Autoscaler,
    { type }: Target,
    before: number,
    { replicas }: Decision,
  ): Promise<void> {
    if (replicas === before) return
    const key = { namespace: metadata.namespace ?? '', name: spec.scaleTargetRef.name }
    const patch = { spec: { replicas } }
    valueUnlessMissing(await this.#context.client.mergePatch(type, key, patch, { subresource: 'scale' }))
  }

  async #target({ metadata, spec }: Autoscaler): Promise<Target | null> {
    const { apiVersion = '', kind, name } = spec.scaleTargetRef
    const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : ''
    const type = await this.#typeOf(group ?? '', kind)
    if (type === undefined) return null
    const namespace = metadata.namespace ?? ''
    const answer = await this.#context.client.get<Scale>(type, { namespace, name }, 'scale')
    if (!isOk(answer) && answer.status === 404) {
      this.#types = []
      return null
    }
    const scale = valueOrThrow(answer)
    const selector = parseLabelSelector(scale.status?.selector ?? '')
    const pods = [...this.#pods.values()].filter(
      (pod) =>
        selector !== null &&
        selector.requirements.length > 0 &&
        pod.metadata.namespace === namespace &&
        pod.metadata.deletionTimestamp === undefined &&
        matches(selector, pod.metadata.labels ?? {}),
    )
    return { type, scale, pods }
  }

  /** Discovery is some twenty requests: it is asked again only where what it said before does not do. */
  async #typeOf(group: string, kind: string): Promise<ResourceType | undefined> {
    const known = (): ResourceType | undefined =>
      this.#types.find((candidate) => candidate.kind === kind && candidate.group === group)
    if (known() === undefined) this.#types = await discoverTypes(this.#context.client)
    return known()
  }

  async #report(
    autoscaler: Autoscaler,
    scale: Scale | null,
    proposals: readonly Proposal[],
    decision: Decision | null,
    failure: Failure | null,
  ): Promise<void> {
    const { namespace = '', name } = autoscaler.metadata
    const at = timestamp(this.#context.clock.nowMs())
    const currentReplicas = scale?.status?.replicas ?? 0
    const status = autoscalerStatus(autoscaler, { currentReplicas, proposals, decision, failure, at })
    if (status === null) return
    const options = { subresource: 'status' } as const
    valueUnlessMissing(await this.#context.client.mergePatch(AUTOSCALERS, { namespace, name }, { status }, options))
  }
}

const HISTORY_MAX = 256

/** What people say in an autoscaler: its status is our own, and each look may take the scale one step further. */
const asked = ({ spec, metadata }: Autoscaler): string => JSON.stringify([spec, metadata.annotations ?? {}])
