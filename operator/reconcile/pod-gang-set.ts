import type { PodCliqueSet, PodCliqueSetStatus, PodGangSet } from '../../api/generated/kinds.ts'
import { sentenceOf } from '../../api/field-error.ts'
import type { Condition, NewObject } from '../../api/kinds/kubernetes.ts'
import { timestamp } from '../../kube/clock.ts'
import { POD_CLIQUE_SETS, POD_GANG_SETS } from '../../kube/resources.ts'
import type { Reconciled } from '../../kube/work-queue.ts'
import { replacing } from '../changes.ts'
import { APPLIED_KEYS, appliedKeys } from '../expansion/applied-keys.ts'
import { canonicalJson } from '../expansion/hash.ts'
import { controllerReference } from '../expansion/metadata.ts'
import { withoutTools } from '../expansion/mirror.ts'
import {
  type Key,
  keyOf,
  type MakeReconciler,
  type OperatorContext,
  type Reconciler,
  splitKey,
  watch,
} from '../reconciler.ts'
import type { Store } from '../store.ts'
import { controllerOf, type Writer } from '../writer.ts'

const TAKEN_AGAIN_MS = 30_000

/** The older name of a PodCliqueSet: one of the same name is kept equal to it, and its status is told back. */
export const podGangSetReconciler: MakeReconciler = (context) => new PodGangSetReconciler(context)

class PodGangSetReconciler implements Reconciler {
  readonly name = 'pod-gang-set'
  readonly concurrency = 5
  readonly watches: Reconciler['watches']
  readonly #context: OperatorContext
  readonly #writer: Writer
  readonly #gangSets: Store<PodGangSet>
  readonly #sets: Store<PodCliqueSet>

  constructor(context: OperatorContext) {
    this.#context = context
    this.#writer = context.writer
    this.#gangSets = context.view.observe(POD_GANG_SETS)
    this.#sets = context.view.observe(POD_CLIQUE_SETS)
    this.watches = [
      watch(POD_GANG_SETS, (set) => [keyOf(set)]),
      // By name and not by owner, so that a name that somebody gives up is noticed.
      watch(POD_CLIQUE_SETS, (set) => [keyOf(set)]),
    ]
  }

  async reconcile(key: Key): Promise<Reconciled | void> {
    const { namespace, name } = splitKey(key)
    const gangSet = this.#gangSets.get(namespace, name)
    if (gangSet === undefined || gangSet.metadata.deletionTimestamp !== undefined) return
    const set = this.#sets.get(namespace, name)
    if (set === undefined) return this.#create(gangSet)
    if (controllerOf(set) !== gangSet.metadata.uid) return this.#refuse(gangSet)
    if (set.metadata.deletionTimestamp !== undefined) return // its end brings us back
    const isWritten = await this.#writer.update(this.#sets, setFor(gangSet), set)
    if (!isWritten) await this.#mirror(gangSet, set)
  }

  async #create(gangSet: PodGangSet): Promise<Reconciled | void> {
    const created = await this.#writer.create(this.#sets, setFor(gangSet))
    if (created.kind === 'taken') return this.#refuse(gangSet)
    const { name } = gangSet.metadata
    this.#context.events.event(gangSet, 'Normal', 'CreatedPodCliqueSet', `Created PodCliqueSet ${name}`)
  }

  async #refuse(gangSet: PodGangSet): Promise<Reconciled> {
    const { name, generation = 1 } = gangSet.metadata
    const want = 'a name under which there is no other PodCliqueSet'
    const message = sentenceOf({ path: ['metadata', 'name'], found: name, want, at: null })
    const taken = { reason: 'NameTaken', message, observedGeneration: generation }
    const conditions: Condition[] = [
      { type: 'Ready', status: 'False', ...taken },
      { type: 'Stalled', status: 'True', ...taken },
    ]
    if (await this.#write(gangSet, { ...gangSet.status, conditions, observedGeneration: generation })) {
      this.#context.events.event(gangSet, 'Warning', 'NameTaken', message)
    }
    return { again: TAKEN_AGAIN_MS, wake: 'background' }
  }

  /** The generation is ours: it moves once the set has taken in the spec that stands here. */
  async #mirror(gangSet: PodGangSet, set: PodCliqueSet): Promise<void> {
    if (set.status === undefined) return
    const { observedGeneration: seen = 0, ...status } = set.status
    const generation = gangSet.metadata.generation ?? 1
    const isSeen = seen >= (set.metadata.generation ?? 1)
    const observedGeneration = isSeen ? generation : gangSet.status?.observedGeneration
    const conditions = status.conditions?.map((condition) => ({ ...condition, observedGeneration: generation }))
    await this.#write(gangSet, {
      ...status,
      ...(conditions !== undefined && { conditions }),
      ...(observedGeneration !== undefined && { observedGeneration }),
    })
  }

  /** True: something differed. Fields that the status no longer has are taken away. */
  async #write(gangSet: PodGangSet, status: PodCliqueSetStatus): Promise<boolean> {
    const before = gangSet.status ?? {}
    const timed = { ...status, ...(status.conditions && { conditions: this.#timed(status.conditions, before) }) }
    if (canonicalJson(before) === canonicalJson(timed)) return false
    const patch = { status: replacing(timed, before) }
    await this.#writer.patch(this.#gangSets, gangSet, patch, { subresource: 'status' })
    return true
  }

  #timed(conditions: readonly Condition[], before: PodCliqueSetStatus): Condition[] {
    const now = timestamp(this.#context.clock.nowMs())
    return conditions.map((condition) => {
      const known = before.conditions?.find(({ type }) => type === condition.type)
      const since = known?.status === condition.status ? known.lastTransitionTime : undefined
      return { ...condition, lastTransitionTime: condition.lastTransitionTime ?? since ?? now }
    })
  }
}

/** Labels and annotations go along, and what is taken away goes; those of tools speak of the other object. */
function setFor(gangSet: PodGangSet): NewObject {
  const { metadata, spec } = gangSet
  const { name, namespace } = metadata
  const [labels, own] = [withoutTools(metadata.labels), withoutTools(metadata.annotations)]
  const applied = appliedKeys(Object.keys(labels), Object.keys(own))
  const annotations = { ...own, ...(applied !== null && { [APPLIED_KEYS]: applied }) }
  return {
    apiVersion: 'grove.io/v1alpha1',
    kind: 'PodCliqueSet',
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      labels,
      annotations,
      ownerReferences: [controllerReference(gangSet)],
    },
    spec,
  }
}
