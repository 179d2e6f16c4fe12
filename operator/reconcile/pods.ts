import type { PodClique } from '../../api/generated/kinds.ts'
import type { NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import { GANG_GATE, POD_INDEX, POD_TEMPLATE_HASH } from '../../api/names.ts'
import { slowStart, writeAll } from '../batches.ts'
import { afterEnd, type Ends, waitMs } from '../decisions/replace.ts'
import { decideScale } from '../decisions/scale.ts'
import { nameSuffix } from '../expansion/names.ts'
import { expandPod, type PodPlan } from '../expansion/pod.ts'
import type { OperatorContext } from '../reconciler.ts'
import type { Store } from '../store.ts'

const WRITES_AT_ONCE = 64

/**
 * Makes and deletes the pods of cliques. What it remembers is only what the cluster cannot tell: under which name a
 * create is under way, so that one whose answer is lost is sent again under that name and never makes a second pod.
 */
export class Pods {
  readonly #context: OperatorContext
  readonly #store: Store<Pod>
  /** Clique uid → pod index → suffix of the name that is being tried. */
  readonly #suffixes = new Map<string, Map<number, string>>()
  readonly #ends = new Map<string, Ends>()

  constructor(context: OperatorContext, store: Store<Pod>) {
    this.#context = context
    this.#store = store
  }

  forget({ metadata: { uid } }: PodClique): void {
    this.#suffixes.delete(uid)
    this.#ends.delete(uid)
  }

  /** Brings the pods to the number that is wanted. Resolves to when ended pods are due, or null. Throws what failed. */
  async scale(plan: PodPlan): Promise<number | null> {
    const { clique } = plan
    const hash = clique.metadata.labels?.[POD_TEMPLATE_HASH] ?? ''
    const pods = this.#store.owned(clique.metadata.uid)
    const { create, surplus, finished } = decideScale(pods, clique.spec.replicas ?? 1, hash)
    await this.#deleteAll(clique, surplus)
    const dueMs = waitMs(this.#ends.get(clique.metadata.uid), this.#context.clock.monotonicMs())
    if (finished.length > 0 && dueMs > 0) {
      await this.#createAll(plan, create.slice(0, Math.max(0, create.length - finished.length)))
      return dueMs
    }
    await this.#createAll(plan, create)
    await this.#deleteEnded(clique, finished)
    return null
  }

  /** Lifts our gate and no other. */
  ungate(pods: readonly Pod[]): Promise<void> {
    return slowStart(pods, async (pod) => {
      const rest = (pod.spec.schedulingGates ?? []).filter(({ name }) => name !== GANG_GATE)
      const schedulingGates = rest.length === 0 ? null : rest
      await this.#context.writer.patch(this.#store, pod, { spec: { schedulingGates } })
    })
  }

  async #createAll(plan: PodPlan, indices: readonly number[]): Promise<void> {
    const { clique } = plan
    const suffixes = this.#suffixes.get(clique.metadata.uid) ?? new Map<number, string>()
    this.#suffixes.set(clique.metadata.uid, suffixes)
    await slowStart(indices, async (index) => {
      const suffix = suffixes.get(index) ?? nameSuffix(this.#context.random)
      suffixes.set(index, suffix)
      await this.#create(clique, expandPod(plan, index, suffix))
      suffixes.delete(index)
    })
    if (suffixes.size === 0) this.#suffixes.delete(clique.metadata.uid)
  }

  async #create(clique: PodClique, pod: NewObject): Promise<void> {
    const name = pod.metadata.name ?? ''
    try {
      const created = await this.#context.writer.create(this.#store, pod)
      if (created.kind === 'created') this.#tell(clique, 'Normal', 'PodCreateSuccessful', `Created Pod ${name}`)
      if (created.kind !== 'taken') return
      const index = Number(pod.metadata.labels?.[POD_INDEX])
      this.#suffixes.get(clique.metadata.uid)?.delete(index)
      throw new Error(`Pod ${name} belongs to somebody else; trying another name`)
    } catch (error) {
      this.#tell(clique, 'Warning', 'PodCreateFailed', `Could not create a pod: ${messageOf(error)}`)
      throw error
    }
  }

  async #deleteEnded(clique: PodClique, finished: readonly Pod[]): Promise<void> {
    if (finished.length === 0) return
    const { uid } = clique.metadata
    this.#ends.set(uid, afterEnd(this.#ends.get(uid), this.#context.clock.monotonicMs()))
    await this.#deleteAll(clique, finished)
  }

  #deleteAll(clique: PodClique, pods: readonly Pod[]): Promise<void> {
    return writeAll(pods, WRITES_AT_ONCE, async (pod) => {
      const { name } = pod.metadata
      try {
        const isDone = await this.#context.writer.delete(this.#store, pod)
        if (isDone) this.#tell(clique, 'Normal', 'PodDeleteSuccessful', `Deleted Pod ${name}`)
      } catch (error) {
        this.#tell(clique, 'Warning', 'PodDeleteFailed', `Could not delete Pod ${name}: ${messageOf(error)}`)
        throw error
      }
    })
  }

  #tell(clique: PodClique, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.event(clique, type, reason, message)
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
