import type { Cache } from '../../../kube/reflector/types.ts'
import type { Reconciled, WorkQueue } from '../../../kube/work-queue.ts'
import { type Controller, type ControllerContext, controllerQueue, keyOf, splitKey } from '../controller.ts'
import { REPLICA_SETS, type ReplicaSet } from './kinds.ts'
import { OwnedPods } from './owned-pods.ts'
import { isTerminating } from './pod-state.ts'
import { planReplicas, type ReplicaPlan, replicaStatus } from './replica-set-plan.ts'
import { writeStatus } from './status-write.ts'
import { generatedName, podFrom } from './template.ts'

/** Makes as many pods as a ReplicaSet asks for, and deletes those that are too many. */
export class ReplicaSetController implements Controller {
  readonly #context: ControllerContext
  readonly #sets: Cache<ReplicaSet>
  readonly #pods: OwnedPods
  readonly #queue: WorkQueue<string>

  constructor(context: ControllerContext) {
    this.#context = context
    this.#queue = controllerQueue('replicaset', context, (key) => this.#reconcile(key))
    this.#pods = new OwnedPods(context, REPLICA_SETS.kind, (key) => this.#queue.add(key))
    this.#sets = context.informers.watch<ReplicaSet>(REPLICA_SETS, ({ kind, object }) => {
      if (kind !== 'deleted') this.#queue.add(keyOf(object))
    })
  }

  start(): void {
    this.#queue.start()
  }

  stop(): Promise<void> {
    return this.#queue.stop()
  }

  async #reconcile(key: string): Promise<Reconciled | void> {
    const { namespace, name } = splitKey(key)
    const set = this.#sets.get(namespace, name)
    if (set === undefined) return
    const unseenMs = this.#pods.unseenMs(set)
    const { clock, client } = this.#context
    const pods = this.#pods.of(set)
    const plan = planReplicas(set, pods, clock.nowMs())
    // What was written shows first, else the same pods would be made twice.
    if (unseenMs === null && !isTerminating(set)) await this.#carryOut(set, plan)
    const refusal = this.#pods.refusal(set)
    const status = replicaStatus(set, this.#pods.of(set), refusal?.message ?? null, clock.nowMs())
    await writeStatus(client, REPLICA_SETS, set, status)
    if (refusal !== null) return { again: refusal.againMs, wake: 'background' }
    return unseenMs === null ? { again: plan.againMs } : { again: unseenMs, wake: 'background' }
  }

  async #carryOut(set: ReplicaSet, { missing, surplus }: ReplicaPlan): Promise<void> {
    for (const pod of surplus) await this.#pods.delete(set, pod)
    for (let i = 0; i < missing && this.#pods.refusal(set) === null; i++) {
      const name = generatedName(`${set.metadata.name}-`, this.#context.random)
      await this.#pods.create(set, podFrom(set.spec.template, set, name))
    }
  }
}
