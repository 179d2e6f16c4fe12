import type { Node, Pod, Taint } from '../../api/kinds/kubernetes.ts'
import { type Clock, timestamp } from '../../kube/clock.ts'
import type { Cache, Delta } from '../../kube/reflector/types.ts'
import { NODES, PODS } from '../../kube/resources.ts'
import type { Reconciled, WorkQueue } from '../../kube/work-queue.ts'
import { type Controller, type ControllerContext, controllerQueue, valueUnlessMissing } from './controller.ts'

const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable'
const NOT_READY = 'node.kubernetes.io/not-ready'
const UNREACHABLE = 'node.kubernetes.io/unreachable'
const OWN_KEYS: ReadonlySet<string> = new Set([UNSCHEDULABLE, NOT_READY, UNREACHABLE])
/** How long a node may be silent before it counts as lost: node-monitor-grace-period less a heartbeat. */
const SILENCE_MS = 40_000

type Readiness = 'True' | 'False' | 'Unknown' | null

/** Whether a node's kubelet runs; what stands for its heartbeat here. */
export type Heartbeat = (node: string) => boolean

/**
 * Taints that say what a node is: cordoned, not ready, out of reach. A node whose kubelet is silent for 40 s gets
 * the conditions Unknown, and its pods are no longer Ready. Taints without a `timeAdded` came with the node and stay.
 */
export class NodeLifecycle implements Controller {
  readonly #context: ControllerContext
  readonly #isBeating: Heartbeat
  readonly #nodes: Cache<Node>
  readonly #pods: Cache<Pod>
  readonly #queue: WorkQueue<string>
  /** Since when a node is silent, in monotonic milliseconds. */
  readonly #silentSinceMs = new Map<string, number>()

  constructor(context: ControllerContext, isBeating: Heartbeat) {
    this.#context = context
    this.#isBeating = isBeating
    this.#queue = controllerQueue('node', context, (name) => this.#reconcile(name))
    this.#nodes = context.informers.watch<Node>(NODES, (delta) => this.#take(delta))
    this.#pods = context.informers.watch<Pod>(PODS)
  }

  start(): void {
    this.#queue.start()
  }

  stop(): Promise<void> {
    return this.#queue.stop()
  }

  /** A node's kubelet has died or come back. */
  heard(node: string): void {
    this.#queue.add(node)
  }

  #take({ kind, object }: Delta<Node>): void {
    if (kind === 'deleted') this.#silentSinceMs.delete(object.metadata.name)
    else this.#queue.add(object.metadata.name)
  }

  async #reconcile(name: string): Promise<Reconciled | void> {
    const node = this.#nodes.get('', name)
    if (node === undefined) return
    const waitMs = this.#silenceLeftMs(name)
    if (waitMs === 0 && readinessOf(node) !== 'Unknown') await this.#markUnknown(node)
    else await this.#taint(node)
    return { again: waitMs === 0 ? null : waitMs }
  }

  /** Milliseconds until silence counts as loss; 0: it does; null: the node is heard. */
  #silenceLeftMs(name: string): number | null {
    if (this.#isBeating(name)) {
      this.#silentSinceMs.delete(name)
      return null
    }
    const nowMs = this.#context.clock.monotonicMs()
    const sinceMs = this.#silentSinceMs.get(name) ?? nowMs
    this.#silentSinceMs.set(name, sinceMs)
    return Math.max(0, sinceMs + SILENCE_MS - nowMs)
  }

  async #markUnknown(node: Node): Promise<void> {
    const at = timestamp(this.#context.clock.nowMs())
    const conditions = (node.status?.conditions ?? []).map((condition) => ({
      ...condition,
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
      lastTransitionTime: at,
    }))
    const key = { namespace: '', name: node.metadata.name }
    const patch = { status: { conditions } }
    valueUnlessMissing(await this.#context.client.strategicPatch(NODES, key, patch, { subresource: 'status' }))
    await this.#markPodsNotReady(node.metadata.name, at)
  }

  async #markPodsNotReady(node: string, at: string): Promise<void> {
    for (const pod of this.#pods.values()) {
      const ready = pod.status?.conditions?.find((condition) => condition.type === 'Ready')
      if (pod.spec.nodeName !== node || ready?.status !== 'True') continue
      const { namespace = '', name, uid } = pod.metadata
      const condition = { type: 'Ready', status: 'False', lastTransitionTime: at }
      const patch = { metadata: { uid }, status: { conditions: [condition] } }
      const options = { subresource: 'status' } as const
      const answer = await this.#context.client.strategicPatch(PODS, { namespace, name }, patch, options)
      if (answer.kind === 'ok' || answer.status !== 409) valueUnlessMissing(answer)
    }
  }

  async #taint(node: Node): Promise<void> {
    const taints = node.spec?.taints ?? []
    const wanted = wantedTaints(node, this.#context.clock)
    const isSame = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect
    const isOurs = (taint: Taint): boolean => OWN_KEYS.has(taint.key) && taint.timeAdded !== undefined
    const kept = taints.filter((taint) => !isOurs(taint) || wanted.some((want) => isSame(taint, want)))
    const added = wanted.filter((want) => !taints.some((taint) => isSame(taint, want)))
    if (added.length === 0 && kept.length === taints.length) return
    const { name, resourceVersion } = node.metadata
    const patch = { metadata: { resourceVersion }, spec: { taints: [...kept, ...added] } }
    valueUnlessMissing(await this.#context.client.mergePatch(NODES, { namespace: '', name }, patch))
  }
}

const readinessOf = (node: Node): Readiness =>
  (node.status?.conditions ?? []).find((condition) => condition.type === 'Ready')?.status ?? null

/** A node that has said nothing yet is taken for one that is about to. */
function wantedTaints(node: Node, clock: Clock): readonly Taint[] {
  const timeAdded = timestamp(clock.nowMs())
  const cordon: Taint[] = node.spec?.unschedulable ? [{ key: UNSCHEDULABLE, effect: 'NoSchedule', timeAdded }] : []
  const readiness = readinessOf(node)
  if (readiness === 'True' || readiness === null) return cordon
  const key = readiness === 'False' ? NOT_READY : UNREACHABLE
  return [...cordon, { key, effect: 'NoSchedule', timeAdded }, { key, effect: 'NoExecute', timeAdded }]
}
