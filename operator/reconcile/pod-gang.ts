import type { PodClique, PodGang, PodCliqueSet } from '../../api/generated/kinds.ts'
import type { KubeObject, NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import { PART_OF, PCS_REPLICA_INDEX, POD_GANG } from '../../api/names.ts'
import { KubeError } from '../../kube/answers.ts'
import { POD_CLIQUE_SETS, POD_CLIQUES, POD_GANGS, PODS, SCALING_GROUPS } from '../../kube/resources.ts'
import type { Reconciled } from '../../kube/work-queue.ts'
import { patchBetween } from '../changes.ts'
import { type Finding, withFindings } from '../conditions.ts'
import { type CliqueIdentity, cliquesOfGang, type GangIdentity, indexLabel, indices } from '../expansion/identity.ts'
import { canonicalJson } from '../expansion/hash.ts'
import { baseGangName } from '../expansion/names.ts'
import { expandGang } from '../expansion/pod-gang.ts'
import { gangsOf, type ObservedSet } from '../expansion/set.ts'
import { type SetShape, shapeOf } from '../expansion/shape.ts'
import { translate } from '../expansion/topology.ts'
import { isActive, isTerminating } from '../observed-pod.ts'
import {
  type Key,
  keyOf,
  type MakeReconciler,
  type OperatorContext,
  type Reconciler,
  splitKey,
  type Watch,
  watch,
} from '../reconciler.ts'
import { Topologies } from '../topologies.ts'
import { isEdited } from './edited.ts'
import { constrainedSets } from './set.ts'
import { isOwnedBy, labelled, liveClique, MANAGED, observedSet, observeWorld, setOf, type World } from '../world.ts'
import { isLeaving } from './children.ts'
import { findingContext, isRefused } from './parts.ts'

/**
 * How long pods that are being made are waited for, since the last one came, before a gang is told of those that are
 * there: a gang is written once and not once a pod, and what keeps the rest from being made (a quota) still holds nobody
 * up for long. One that is not made yet waits longer, because where many are made at once their pods queue: without a pod
 * it is of no use to anybody, so that only a pod that is there or could not be made starts the shorter time.
 */
const GATHER_MS = 500
const FIRST_GATHER_MS = 2_000
const WITHOUT_PODS_MS = 30_000
/** Nobody tells us when a label that was taken away is put back. */
const LOOK_AGAIN_MS = 30_000

export const podGangReconciler: MakeReconciler = (context) => new PodGangReconciler(context)

class PodGangReconciler implements Reconciler {
  readonly name = 'podgang'
  /** Of what comes up at once, cliques have 20 looks under way, of two writes and more: with fewer here gangs fall behind pods. */
  readonly concurrency = 32
  readonly watches: readonly Watch[]
  readonly #context: OperatorContext
  readonly #world: World
  readonly #topologies: Topologies
  /** Gang that lacks pods, made or not → how many, and since when, monotonic. */
  readonly #incomplete = new Map<Key, { readonly missing: number; readonly sinceMs: number }>()
  /** Uids of the cliques that say that they are placed with a gang: by them a gang is found that is not made yet. */
  readonly #cliquesOf = new Map<Key, Set<string>>()

  constructor(context: OperatorContext) {
    this.#context = context
    this.#world = observeWorld(context.view)
    this.#topologies = new Topologies(context)
    const constrained = (): Key[] => constrainedSets(this.#world).flatMap((key) => this.#gangsOfSet(key))
    this.watches = [
      watch(POD_GANGS, (gang, before, isDeleted) => (isDeleted || isEdited(gang, before) ? [keyOf(gang)] : [])),
      watch<Pod>(
        PODS,
        (pod, before, isDeleted) => {
          const isNews = isDeleted || before === null || isActive(pod) !== isActive(before)
          return isNews ? labelled(pod, POD_GANG) : []
        },
        { labelSelector: MANAGED },
      ),
      watch<PodClique>(POD_CLIQUES, (clique, before, isDeleted) => {
        this.#note(clique, before, isDeleted)
        const isNews = isDeleted || isEdited(clique, before) || hasErrors(clique) !== hasErrors(before)
        return isNews ? labelled(clique, POD_GANG) : []
      }),
      watch(SCALING_GROUPS, (group, before) => (isEdited(group, before) ? baseGangOf(group) : [])),
      watch<PodCliqueSet>(POD_CLIQUE_SETS, (set, before, isDeleted) => {
        if (isDeleted) context.refusals.forget(set)
        return isEdited(set, before) ? this.#gangsOfSet(keyOf(set)) : []
      }),
      ...this.#topologies.watches(constrained),
    ]
  }

  async reconcile(key: Key): Promise<Reconciled | void> {
    const { namespace, name } = splitKey(key)
    const gang = this.#world.gangs.get(namespace, name)
    const asked = this.#askedBy(key, gang)
    if (asked === null) {
      this.#incomplete.delete(key)
      return
    }
    const { set, shape, observed, identity } = asked
    const missing = this.#missingPods(shape, identity, observed)
    const patienceMs = gang === undefined ? this.#firstGatherMs(shape, identity, observed) : GATHER_MS
    const restMs = this.#gatherMs(key, missing, patienceMs)
    // Not in one long rest: when news end it sooner, its timer would stand until the end, and the cluster never be still before.
    if (gang === undefined && restMs > 0) return { again: Math.min(restMs, FIRST_GATHER_MS) }
    const translation = translate(shape, this.#topologies.known())
    const desired = expandGang(shape, identity, translation, observed, this.#context.config)
    if (gang !== undefined && restMs > 0 && isOnlyReferences(desired, gang)) return { again: restMs }
    const made = gang === undefined ? await this.#create(set, desired) : gang
    if (made === null) return { again: LOOK_AGAIN_MS, wake: 'background' }
    if (gang !== undefined) await this.#update(set, desired, gang)
    await this.#tellInitialized(made, missing)
    return restMs > 0 ? { again: restMs } : undefined
  }

  /** Null: an object of that name is there and is somebody else's; the set says so. */
  async #create(set: PodCliqueSet, desired: NewObject): Promise<PodGang | null> {
    const { writer, events, refusals } = this.#context
    const { name } = desired.metadata
    const created = await writer.create(this.#world.gangs, desired).catch((error: unknown) => {
      if (isRefused(error)) {
        const message = `Could not create PodGang ${name}: ${error.message}`
        events.event(set, 'Warning', 'PodGangCreateFailed', message)
        refusals.refused(set, name ?? '', message)
      }
      throw error
    })
    refusals.passed(set, name ?? '')
    if (created.kind === 'taken' && isLeaving(created.by, set))
      throw new Error(`PodGang ${name} is still being deleted`)
    if (created.kind === 'taken') return null
    // Ours, and we did not know it: an answer was lost, or the watch is late.
    if (created.kind === 'found') await this.#update(set, desired, created.object)
    else events.event(set, 'Normal', 'PodGangCreateOrUpdateSuccessful', `Created PodGang ${name}`)
    return created.object
  }

  #note(clique: PodClique, before: PodClique | null, isDeleted: boolean): void {
    const { uid } = clique.metadata
    for (const key of before === null ? [] : labelled(before, POD_GANG)) this.#cliquesOf.get(key)?.delete(uid)
    for (const key of labelled(clique, POD_GANG)) {
      const uids = this.#cliquesOf.get(key) ?? new Set()
      if (isDeleted) uids.delete(uid)
      else uids.add(uid)
      if (uids.size === 0) this.#cliquesOf.delete(key)
      else this.#cliquesOf.set(key, uids)
    }
  }

  /** The set that asks for a gang, and as what; null: none does, or the gang is somebody else's. */
  #askedBy(key: Key, gang: PodGang | undefined): Asked | null {
    const { name } = splitKey(key)
    for (const set of gang === undefined ? this.#setsOfCliques(key) : this.#setOfGang(gang)) {
      const shape = shapeOf(set)
      const observed = observedSet(this.#world, shape)
      const identity = this.#identityOf(shape, name, gang, observed)
      if (identity !== null) return { set, shape, observed, identity }
      this.#context.refusals.passed(set, name)
    }
    return null
  }

  #setOfGang(gang: PodGang): PodCliqueSet[] {
    const set = isTerminating(gang) ? undefined : setOf(this.#world, gang)
    return set === undefined || isTerminating(set) || !isOwnedBy(gang, set) ? [] : [set]
  }

  /** Those whose cliques say that they are placed with a gang that is not there: labels are anybody's to write. */
  #setsOfCliques(key: Key): ReadonlySet<PodCliqueSet> {
    const sets = new Set<PodCliqueSet>()
    for (const uid of this.#cliquesOf.get(key) ?? []) {
      const clique = this.#world.cliques.byUid(uid)
      const set = clique === undefined || isTerminating(clique) ? undefined : setOf(this.#world, clique)
      if (set !== undefined && !isTerminating(set)) sets.add(set)
    }
    return sets
  }

  async #update(set: PodCliqueSet, desired: NewObject, gang: PodGang): Promise<void> {
    await this.#context.writer.update(this.#world.gangs, desired, gang).catch((error: unknown) => {
      if (isRefused(error)) {
        const message = `Could not update PodGang ${gang.metadata.name}: ${error.message}`
        this.#context.events.event(set, 'Warning', 'PodGangCreateOrUpdateFailed', message)
      }
      throw error
    })
  }

  #gangsOfSet(key: Key): Key[] {
    const { namespace, name } = splitKey(key)
    const set = this.#world.sets.get(namespace, name)
    return set === undefined ? [] : this.#world.gangs.owned(set.metadata.uid).map(keyOf)
  }

  /** Null: nobody asks for it. By its label; gangs without one are looked for by name. */
  #identityOf(shape: SetShape, name: string, gang: PodGang | undefined, observed: ObservedSet): GangIdentity | null {
    const replicas = indices(shape.set.spec.replicas ?? 0)
    const index = gang === undefined ? this.#indexByCliques(shape, name) : indexLabel(gang, PCS_REPLICA_INDEX)
    const candidates = index === null ? replicas : replicas.slice(index, index + 1)
    const named = (among: readonly number[]): GangIdentity | undefined =>
      among.flatMap((each) => gangsOf(shape, each, observed)).find((identity) => identity.name === name)
    // A label that somebody changed names another replica: the name says which it is, and the label is put right.
    return named(candidates) ?? (index === null ? null : (named(replicas) ?? null))
  }

  #indexByCliques({ namespace, set }: SetShape, name: string): number | null {
    for (const uid of this.#cliquesOf.get(`${namespace}/${name}`) ?? []) {
      const clique = this.#world.cliques.byUid(uid)
      if (clique !== undefined && setOf(this.#world, clique) === set) return indexLabel(clique, PCS_REPLICA_INDEX)
    }
    return null
  }

  /** How many pods that its cliques ask for do not exist. */
  #missingPods(shape: SetShape, identity: GangIdentity, { askedOf, podsOf }: ObservedSet): number {
    const lacking = (clique: CliqueIdentity): number => Math.max(0, askedOf(clique) - podsOf(clique).length)
    return cliquesOfGang(shape, identity).reduce((missing, clique) => missing + lacking(clique), 0)
  }

  #firstGatherMs(shape: SetShape, identity: GangIdentity, { podsOf }: ObservedSet): number {
    const isBegun = cliquesOfGang(shape, identity).some(
      (clique) => podsOf(clique).length > 0 || hasErrors(liveClique(this.#world, shape, clique) ?? null),
    )
    return isBegun ? FIRST_GATHER_MS : WITHOUT_PODS_MS
  }

  /** How much longer the gang may wait for its pods; 0: it is complete, or has waited enough. */
  #gatherMs(key: Key, missing: number, patienceMs: number): number {
    if (missing === 0) {
      this.#incomplete.delete(key)
      return 0
    }
    const nowMs = this.#context.clock.monotonicMs()
    const known = this.#incomplete.get(key)
    const sinceMs = known === undefined || missing < known.missing ? nowMs : known.sinceMs
    this.#incomplete.set(key, { missing, sinceMs })
    return Math.max(0, sinceMs + patienceMs - nowMs)
  }

  /** Beside the conditions of others: the newest are read, and the write holds for that version only. */
  async #tellInitialized({ metadata: { uid } }: PodGang, missing: number): Promise<void> {
    const gang = this.#world.gangs.byUid(uid)
    if (gang === undefined || isTerminating(gang)) return
    const finding = initialized(missing)
    const conditions = withFindings(gang.status?.conditions, [finding], findingContext(this.#context, gang))
    const standing = gang.status?.conditions?.find(({ type }) => type === finding.type)
    const isTold = standing?.status === finding.status && standing.reason === finding.reason
    if (isTold && gang.status?.phase !== undefined) return
    const phase = gang.status?.phase ?? 'Pending'
    const { resourceVersion } = gang.metadata
    const options = { subresource: 'status', resourceVersion } as const
    await this.#context.writer
      .patch(this.#world.gangs, gang, { status: { phase, conditions } }, options)
      .catch((error: unknown) => this.#readAgain(gang, error))
  }

  /** Somebody wrote in between: the newest is read, and the queue tries again. */
  async #readAgain(gang: PodGang, error: unknown): Promise<never> {
    if (error instanceof KubeError && error.failure.reason === 'Conflict') {
      const { namespace = '', name } = gang.metadata
      const answer = await this.#context.client.get<PodGang>(POD_GANGS, { namespace, name })
      if (answer.kind === 'ok') this.#context.view.wrote(this.#world.gangs, answer.value)
    }
    throw error
  }
}

interface Asked {
  readonly set: PodCliqueSet
  readonly shape: SetShape
  readonly observed: ObservedSet
  readonly identity: GangIdentity
}

/** Its minimum counts in the base gang only for copies that the group still has. */
function baseGangOf(group: KubeObject): Key[] {
  const index = indexLabel(group, PCS_REPLICA_INDEX)
  const set = group.metadata.labels?.[PART_OF]
  return index === null || set === undefined ? [] : [`${group.metadata.namespace ?? ''}/${baseGangName(set, index)}`]
}

const initialized = (missing: number): Finding => ({
  type: 'Initialized',
  status: missing === 0 ? 'True' : 'False',
  reason: missing === 0 ? 'PodGangPodsCreated' : 'PodGangPodsCreationPending',
  message: missing === 0 ? 'all pods of the gang exist' : `${missing} pods of the gang do not exist yet`,
})

/** Its pods could not be made, for one. */
const hasErrors = (clique: PodClique | null): boolean => (clique?.status?.lastErrors ?? []).length > 0

/** Nothing but the lists of pods would be written. */
function isOnlyReferences(desired: NewObject, gang: PodGang): boolean {
  const patch = patchBetween(desired, gang)
  if (patch === null || Object.keys(patch).join() !== 'spec') return patch === null
  const spec = patch['spec'] as Record<string, unknown>
  if (Object.keys(spec).join() !== 'podgroups') return false
  const withoutPods = (groups: unknown): string =>
    canonicalJson((groups as PodGang['spec']['podgroups']).map((group) => ({ ...group, podReferences: [] })))
  return withoutPods(spec['podgroups']) === withoutPods(gang.spec.podgroups)
}
