import type { Node, Pod, Taint } from '../../api/kinds/kubernetes.ts'
import { bears } from '../../api/taint.ts'
import { timestamp } from '../../kube/clock.ts'
import type { Cache } from '../../kube/reflector/types.ts'
import { NODES, PODS } from '../../kube/resources.ts'
import type { Reconciled, WorkQueue } from '../../kube/work-queue.ts'
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  keyOf,
  splitKey,
  valueUnlessGone,
} from './controller.ts'

const noExecute = (node: Node | undefined): readonly Taint[] =>
  (node?.spec?.taints ?? []).filter((taint) => taint.effect === 'NoExecute')

/** Deletes pods from nodes whose NoExecute taints they do not bear, or no longer after their tolerationSeconds. */
export class TaintEviction implements Controller {
  readonly #context: ControllerContext
  readonly #nodes: Cache<Node>
  readonly #pods: Cache<Pod>
  readonly #queue: WorkQueue<string>
  /** Since when a pod, by its uid, has been seen beside taints that it bears for a time: as long as it does. */
  readonly #sinceMs = new Map<string, number>()

  constructor(context: ControllerContext) {
    this.#context = context
    this.#queue = controllerQueue('taint-eviction', context, (key) => this.#reconcile(key))
    this.#nodes = context.informers.watch<Node>(NODES, ({ kind, object, before }) => {
      const isSame = JSON.stringify(noExecute(object)) === JSON.stringify(noExecute(before ?? undefined))
      if (kind !== 'deleted' && !isSame) this.#queuePodsOf(object.metadata.name)
    })
    this.#pods = context.informers.watch<Pod>(PODS, ({ kind, object, before }) => {
      if (kind === 'deleted') this.#sinceMs.delete(object.metadata.uid)
      if (kind !== 'deleted' && object.spec.nodeName && before?.spec.nodeName !== object.spec.nodeName) {
        this.#queue.add(keyOf(object))
      }
    })
  }

  start(): void {
    this.#queue.start()
  }

  stop(): Promise<void> {
    return this.#queue.stop()
  }

  #queuePodsOf(node: string): void {
    for (const pod of this.#pods.values()) if (pod.spec.nodeName === node) this.#queue.add(keyOf(pod))
  }

  async #reconcile(key: string): Promise<Reconciled | void> {
    const { namespace, name } = splitKey(key)
    const pod = this.#pods.get(namespace, name)
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return
    const taints = noExecute(this.#nodes.get('', pod.spec.nodeName ?? ''))
    const { uid } = pod.metadata
    const nowMs = this.#context.clock.nowMs()
    const sinceMs = this.#sinceMs.get(uid) ?? nowMs
    const waitMs = staysMs(pod, taints, sinceMs, nowMs)
    if (waitMs === null) return void this.#sinceMs.delete(uid)
    this.#sinceMs.set(uid, sinceMs)
    if (waitMs > 0) return { again: waitMs }
    await this.#evict(pod)
  }

  async #evict(pod: Pod): Promise<void> {
    const { client, clock } = this.#context
    const { namespace = '', name, uid } = pod.metadata
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
      lastTransitionTime: timestamp(clock.nowMs()),
    }
    const patch = { metadata: { uid }, status: { conditions: [condition] } }
    valueUnlessGone(await client.strategicPatch(PODS, { namespace, name }, patch, { subresource: 'status' }))
    valueUnlessGone(await client.delete(PODS, { namespace, name }, { uid }))
  }
}

/** How long the pod may stay; 0: it goes now; null: for good. A taint without a time counts since `seenMs`. */
function staysMs(pod: Pod, taints: readonly Taint[], seenMs: number, nowMs: number): number | null {
  let staysMs: number | null = null
  for (const taint of taints) {
    const borne = (pod.spec.tolerations ?? []).filter((toleration) => bears(toleration, taint))
    if (borne.length === 0) return 0
    const seconds = borne.flatMap(({ tolerationSeconds }) =>
      tolerationSeconds === undefined ? [] : [tolerationSeconds],
    )
    if (seconds.length === 0) continue
    const sinceMs = taint.timeAdded === undefined ? seenMs : Date.parse(taint.timeAdded)
    const leftMs = Math.max(0, sinceMs + Math.min(...seconds) * 1_000 - nowMs)
    staysMs = staysMs === null ? leftMs : Math.min(staysMs, leftMs)
  }
  return staysMs
}
