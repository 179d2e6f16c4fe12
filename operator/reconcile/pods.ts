import type { PodClique } from '../../api/generated/kinds.ts'
import type { NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import { GANG_GATE, POD_TEMPLATE_HASH, RECREATED_FOR } from '../../api/names.ts'
import { Allowance } from '../../kube/allowance.ts'
import { KubeError } from '../../kube/answers.ts'
import { BATCH_MAX, slowStart, writeAll } from '../batches.ts'
import { afterEnd, type Ends, waitMs } from '../decisions/replace.ts'
import { decideScale } from '../decisions/scale.ts'
import { hash64 } from '../expansion/hash.ts'
import { nameSuffix } from '../expansion/names.ts'
import { expandPod, type PodPlan } from '../expansion/pod.ts'
import { isActive } from '../observed-pod.ts'
import type { OperatorContext } from '../reconciler.ts'
import type { Store } from '../store.ts'
import { OUTDATED_REST_MS } from './newest.ts'

const WRITES_AT_ONCE = 64
/** Where a pod was let through, others of its template are made all at once for so long. */
const LET_THROUGH_MS = 10_000
const LET_THROUGH_MAX = 1_000
/** Pods that an event names. */
const NAMED_MAX = 8
/** Where many cliques come up at once, the first few and then so many a second say in an event that they made their pods. */
const TOLD_PER_SECOND = 2
const TOLD_AT_ONCE = 25

/** Makes and deletes the pods of cliques. */
export class Pods {
  readonly #context: OperatorContext
  readonly #store: Store<Pod>
  /** Clique uid → names that turned out to be somebody else's. */
  readonly #taken = new Map<string, Set<string>>()
  /** Clique uid → index → the end of the name of a pod whose create was sent, and maybe carried out. */
  readonly #unanswered = new Map<string, Map<number, string>>()
  readonly #ends = new Map<string, Ends>()
  /** Uids of cliques whose gates could not all be lifted when it was last tried. */
  readonly #stillGated = new Set<string>()
  /** `NAMESPACE/TEMPLATE` of pods that were let through → until when that is taken to be so, monotonic. */
  readonly #letThrough = new Map<string, number>()
  readonly #told: Allowance

  constructor(context: OperatorContext, store: Store<Pod>) {
    this.#context = context
    this.#store = store
    this.#told = new Allowance(context.clock, TOLD_PER_SECOND, TOLD_AT_ONCE)
  }

  forget({ metadata: { uid } }: PodClique): void {
    this.#taken.delete(uid)
    this.#unanswered.delete(uid)
    this.#ends.delete(uid)
    this.#stillGated.delete(uid)
  }

  hasSurplus({ metadata, spec }: PodClique): boolean {
    return this.#store.owned(metadata.uid).filter(isActive).length > (spec.replicas ?? 1)
  }

  /** Brings the pods to the number that is wanted. Resolves to when ended pods are due, or null. Throws what failed. */
  async scale(plan: PodPlan): Promise<number | null> {
    const { clique } = plan
    const hash = clique.metadata.labels?.[POD_TEMPLATE_HASH] ?? ''
    const pods = this.#store.owned(clique.metadata.uid)
    const { create, surplus, finished } = decideScale(pods, clique.spec.replicas ?? 1, hash)
    await this.#deleteAll(clique, surplus)
    // A replacement that is there already has another name than the one that would be made of what is seen.
    if (create.length > 0 && this.#store.isBehind(clique.metadata.uid)) return OUTDATED_REST_MS
    const dueMs = waitMs(this.#ends.get(clique.metadata.uid), this.#context.clock.monotonicMs())
    if (finished.length > 0 && dueMs > 0) {
      await this.#createAll(plan, create.slice(0, Math.max(0, create.length - finished.length)), pods)
      return dueMs
    }
    await this.#createAll(plan, create, pods)
    await this.#deleteEnded(clique, finished)
    return null
  }

  /** Deletes these very pods. */
  remove(clique: PodClique, pods: readonly Pod[]): Promise<void> {
    return this.#deleteAll(clique, pods)
  }

  /** Lifts our gate and no other: many at once, one at first where the last try was refused. */
  async ungate({ metadata: { uid } }: PodClique, pods: readonly Pod[]): Promise<void> {
    const first = this.#stillGated.has(uid) ? 1 : BATCH_MAX
    this.#stillGated.add(uid)
    await slowStart(pods, (pod) => this.#ungate(pod), first)
    this.#stillGated.delete(uid)
  }

  async #ungate(pod: Pod): Promise<void> {
    const rest = (pod.spec.schedulingGates ?? []).filter(({ name }) => name !== GANG_GATE)
    const schedulingGates = rest.length === 0 ? null : rest
    await this.#context.writer.patch(this.#store, pod, { spec: { schedulingGates } })
  }

  /** `pods`: those that the indices were chosen by. What came since may be the very ones, and is found by its name. */
  async #createAll(plan: PodPlan, indices: readonly number[], pods: readonly Pod[]): Promise<void> {
    if (indices.length === 0) return
    const { clique } = plan
    const inUse = new Set(pods.map(({ metadata }) => metadata.name))
    for (const name of this.#taken.get(clique.metadata.uid) ?? []) inUse.add(name)
    const made: string[] = []
    const failed: unknown[] = []
    await slowStart(
      indices,
      async (index) => {
        const suffix = this.#suffixOf(clique, index, inUse)
        const name = await this.#create(clique, expandPod(plan, index, suffix)).catch((error: unknown) => {
          if (error instanceof KubeError && error.failure.outcome === 'unknown') this.#keep(clique, index, suffix)
          throw error
        })
        if (name !== null) made.push(name)
      },
      this.#firstOf(clique),
    ).catch((error: unknown) => failed.push(error))
    this.#noteLetThrough(clique, failed.length === 0) // one that was there had been let through
    if (made.length > 0 && this.#told.take() === 0) this.#tellDone(clique, 'PodCreateSuccessful', 'Created', made)
    if (failed.length > 0) this.#tellFailed(clique, 'PodCreateFailed', 'create', failed[0])
  }

  /** How many pods may be tried before it is known whether one is let through. */
  #firstOf(clique: PodClique): number {
    const untilMs = this.#letThrough.get(templateOf(clique)) ?? Number.NEGATIVE_INFINITY
    return this.#context.clock.monotonicMs() < untilMs ? BATCH_MAX : 1
  }

  #noteLetThrough(clique: PodClique, isLet: boolean): void {
    if (this.#letThrough.size >= LET_THROUGH_MAX) this.#letThrough.clear()
    if (isLet) this.#letThrough.set(templateOf(clique), this.#context.clock.monotonicMs() + LET_THROUGH_MS)
    else this.#letThrough.delete(templateOf(clique))
  }

  /** What was sent and not answered is sent again under the same name, whatever name has become free since. */
  #suffixOf(clique: PodClique, index: number, inUse: ReadonlySet<string>): string {
    const { name, uid } = clique.metadata
    const sent = this.#unanswered.get(uid)?.get(index)
    this.#unanswered.get(uid)?.delete(index)
    return sent === undefined || inUse.has(`${name}-${sent}`) ? freeSuffix(clique, index, inUse) : sent
  }

  #keep({ metadata: { uid } }: PodClique, index: number, suffix: string): void {
    const sent = this.#unanswered.get(uid) ?? new Map<number, string>()
    this.#unanswered.set(uid, sent.set(index, suffix))
  }

  /** Resolves to the name of a pod that this call made, or null for one that was there: an earlier answer was lost. */
  async #create({ metadata: { uid } }: PodClique, pod: NewObject): Promise<string | null> {
    const created = await this.#context.writer.create(this.#store, pod)
    if (created.kind === 'created') return created.object.metadata.name
    if (created.kind === 'found') return null
    const { name } = created.by.metadata
    this.#taken.set(uid, (this.#taken.get(uid) ?? new Set()).add(name))
    throw new Error(`Pod ${name} belongs to somebody else; trying another name`)
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
      if (await this.#context.writer.delete(this.#store, pod, 'as-seen')) gone.push(pod.metadata.name)
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

const templateOf = ({ metadata }: PodClique): string =>
  `${metadata.namespace ?? ''}/${metadata.labels?.[POD_TEMPLATE_HASH] ?? ''}`

/**
 * The end of a pod's name, which follows from what is seen and from nothing else: whoever sees the same makes the same pod,
 * so that one whose create is not known of, because its answer was lost or its maker crashed, is found and not made twice.
 */
function freeSuffix({ metadata }: PodClique, index: number, inUse: ReadonlySet<string>): string {
  const { [POD_TEMPLATE_HASH]: template } = metadata.labels ?? {}
  const { [RECREATED_FOR]: reason } = metadata.annotations ?? {}
  for (let attempt = 0; ; attempt++) {
    const suffix = nameSuffix(hash64([metadata.uid, template, reason, index, attempt].join('/')))
    if (!inUse.has(`${metadata.name}-${suffix}`)) return suffix
  }
}
