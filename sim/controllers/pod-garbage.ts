import type { Node, Pod } from '../../api/kinds/kubernetes.ts'
import type { Cache } from '../../kube/reflector/types.ts'
import { NODES, PODS } from '../../kube/resources.ts'
import type { WorkQueue } from '../../kube/work-queue.ts'
import { type Controller, type ControllerContext, controllerQueue, splitKey, valueUnlessGone } from './controller.ts'

/** Pods of a node that is gone are deleted after so long: it may come back under its name. */
const QUARANTINE_MS = 40_000

/** Takes away the pods of Node objects that were deleted. A node that never was costs no pod its life. */
export class PodGarbage implements Controller {
  readonly #context: ControllerContext
  readonly #nodes: Cache<Node>
  readonly #pods: Cache<Pod>
  readonly #queue: WorkQueue<string>

  constructor(context: ControllerContext) {
    this.#context = context
    this.#queue = controllerQueue('pod-garbage', context, (key) => this.#reconcile(key))
    this.#nodes = context.informers.watch<Node>(NODES, ({ kind, object }) => {
      if (kind === 'deleted') this.#queuePodsOf(object.metadata.name)
    })
    this.#pods = context.informers.watch<Pod>(PODS)
  }

  start(): void {
    this.#queue.start()
  }

  stop(): Promise<void> {
    return this.#queue.stop()
  }

  #queuePodsOf(node: string): void {
    for (const { spec, metadata } of this.#pods.values()) {
      if (spec.nodeName === node)
        this.#queue.addAfter(`${metadata.namespace ?? ''}/${metadata.name}`, QUARANTINE_MS, 'work')
    }
  }

  async #reconcile(key: string): Promise<void> {
    const { namespace, name } = splitKey(key)
    const pod = this.#pods.get(namespace, name)
    if (pod === undefined || this.#nodes.get('', pod.spec.nodeName ?? '') !== undefined) return
    const options = { uid: pod.metadata.uid, gracePeriodSeconds: 0 }
    valueUnlessGone(await this.#context.client.delete(PODS, { namespace, name }, options))
  }
}
