import type { PodClique } from '../../api/generated/kinds.ts'
import type { NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import { GANG_GATE, POD_TEMPLATE_HASH } from '../../api/names.ts'
import { slowStart, writeAll } from '../batches.ts'
import { afterEnd, type Ends, waitMs } from '../decisions/replace.ts'
import { decideScale } from '../decisions/scale.ts'
import { nameSuffix } from '../expansion/names.ts'
import { expandPod, type PodPlan } from '../expansion/pod.ts'
import type { OperatorContext } from '../reconciler.ts'
import type { Store } from '../store.ts'

const WRITES_AT_ONCE = 64
/** Pods that an event names. */
const NAMED_MAX = 8

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

  /** Deletes these very pods. */
  remove(clique: PodClique, pods: readonly Pod[]): Promise<void> {
    return this.#deleteAll(clique, pods)
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
    const made: string[] = []
    const failed: unknown[] = []
    await slowStart(indices, async (index) => {
      const suffix = suffixes.get(index) ?? nameSuffix(this.#context.random)
      suffixes.set(index, suffix)
      const name = await this.#create(expandPod(plan, index, suffix), () => suffixes.delete(index))
      suffixes.delete(index)
      if (name !== null) made.push(name)
    }).catch((error: unknown) => failed.push(error))
    if (suffixes.size === 0) this.#suffixes.delete(clique.metadata.uid)
    this.#tellDone(clique, 'PodCreateSuccessful', 'Created', made)
    if (failed.length > 0) this.#tellFailed(clique, 'PodCreateFailed', 'create', failed[0])
  }

  /** Resolves to the name of a pod that this call made, or null for one that was there: an earlier answer was lost. */
  async #create(pod: NewObject, forgetName: () => void): Promise<string | null> {
    const created = await this.#context.writer.create(this.#store, pod)
    if (created.kind === 'created') return created.object.metadata.name
    if (created.kind === 'found') return null
    forgetName()
    throw new Error(`Pod ${pod.metadata.name} belongs to somebody else; trying another name`)
  }

  async #deleteEnded(clique: PodClique, finished: readonly Pod[]): Promise<void> {
    if (finished.length === 0) return
    const { uid } = clique.metadata
    this.#ends.set(uid, afterEnd(this.#ends.get(uid), this.#context.clock.monotonicMs()))
    await this.#deleteAll(clique, finished)
  }

  async #deleteAll(clique: PodClique, pods: readonly Pod[]): Promise<void> {
    const gone: string[] = []
    const failed: unknown[] = []
    await writeAll(pods, WRITES_AT_ONCE, async (pod) => {
      if (await this.#context.writer.delete(this.#store, pod)) gone.push(pod.metadata.name)
    }).catch((error: unknown) => failed.push(error))
    this.#tellDone(clique, 'PodDeleteSuccessful', 'Deleted', gone)
    if (failed.length > 0) this.#tellFailed(clique, 'PodDeleteFailed', 'delete', failed[0])
  }

  /** One event for all pods of one look, not one a pod. */
  #tellDone(clique: PodClique, reason: string, what: string, pods: readonly string[]): void {
    if (pods.length === 0) return
    const named = [...pods].sort().slice(0, NAMED_MAX).join(', ')
    const rest = pods.length > NAMED_MAX ? ` and ${pods.length - NAMED_MAX} more` : ''
    this.#context.events.event(clique, 'Normal', reason, `${what} Pod ${named}${rest}`)
  }

  #tellFailed(clique: PodClique, reason: string, what: string, error: unknown): never {
    const message = error instanceof Error ? error.message : String(error)
    this.#context.events.event(clique, 'Warning', reason, `Could not ${what} a pod: ${message}`)
    throw error
  }
}
