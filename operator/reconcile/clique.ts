import type { PodClique, PodCliqueSet, PodCliqueStatus, PodGang } from '../../api/generated/kinds.ts'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import {
  BASE_POD_GANG,
  CLIQUE_FINALIZER,
  GANG_GATE,
  PCS_REPLICA_INDEX,
  POD_CLIQUE,
  POD_TEMPLATE_HASH,
  POD_GANG,
  SCALING_GROUP,
} from '../../api/names.ts'
import { Moments } from '../../kube/moments.ts'
import { POD_CLIQUE_SETS, POD_CLIQUES, POD_GANGS, PODS } from '../../kube/resources.ts'
import type { Reconciled } from '../../kube/work-queue.ts'
import { conditionOf } from '../conditions.ts'
import { type CliqueRollout, cliqueRollout, isFormer } from '../decisions/clique-rollout.ts'
import { podsToUngate } from '../decisions/gates.ts'
import { BREACH, isBroken, wasHealthy } from '../decisions/recovery.ts'
import { isOutdated } from '../expansion/adopt.ts'
import { hasTurn, turnOf } from '../expansion/generation.ts'
import { type CliqueIdentity, cliqueIdentityOf, cliquesOfGang, indexLabel } from '../expansion/identity.ts'
import { minReplicasOf } from '../expansion/pod-gang.ts'
import type { PodPlan } from '../expansion/pod.ts'
import { gangsOf } from '../expansion/set.ts'
import { type SetShape, shapeOf } from '../expansion/shape.ts'
import { dependenciesOf } from '../expansion/start-order.ts'
import { hasGate, isActive, isReady, isScheduled, isTerminating } from '../observed-pod.ts'
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
import { sameJson } from '../same-json.ts'
import { cliqueStatus, minimumOf } from '../status.ts'
import { generationIn, isOwnedBy, labelled, MANAGED, observedSet, observeWorld, setOf, type World } from '../world.ts'
import { controllerOf } from '../writer.ts'
import { dropFinalizer, findingContext, lastErrors, statusChanges, writeStatus } from './parts.ts'
import { isNewest, OUTDATED_REST_MS } from './newest.ts'
import { Pods } from './pods.ts'
import { isUpdating } from './rows.ts'
import { isEdited } from './edited.ts'
import { isTurnNews } from './turn.ts'

/** Pods of a clique move in rows: their counts are written once a row, and at once when all of them are ready. */
const STATUS_GATHER_MS = 500
/**
 * Where many cliques come up at once, the first few and then so many a second are told of on the way, and the rest when
 * they have arrived: a write that another follows within seconds helps nobody. What does not arrive is told of all the
 * same after the last of these.
 */
const COMING_PER_SECOND = 2
const COMING_AT_ONCE = 20
const COMING_MAX_MS = 30_000

/** The status could not be written: among what failed, and the only one of it that no status can tell. */
const UNTOLD = 'ERR_WRITE_STATUS'

export const cliqueReconciler: MakeReconciler = (context) => new CliqueReconciler(context)

class CliqueReconciler implements Reconciler {
  readonly name = 'podclique'
  readonly concurrency = 20
  readonly watches: readonly Watch[]
  readonly #context: OperatorContext
  readonly #world: World
  readonly #pods: Pods
  /** Uid of a clique whose status is behind → since when, monotonic. */
  readonly #unwrittenSince = new Map<string, number>()
  /** By uid of a clique that is coming up: when its status is told on the way. */
  readonly #coming: Moments

  constructor(context: OperatorContext) {
    this.#context = context
    this.#world = observeWorld(context.view)
    this.#pods = new Pods(context, this.#world.pods)
    this.#coming = new Moments(context.clock, COMING_PER_SECOND, COMING_AT_ONCE, COMING_MAX_MS)
    this.watches = [
      watch<PodClique>(POD_CLIQUES, (clique, before, isDeleted) => {
        if (isDeleted) this.#forget(clique)
        return !isDeleted && isEdited(clique, before) ? [keyOf(clique)] : []
      }),
      watch<Pod>(PODS, (pod, before, isGone) => (isGone || isNews(pod, before) ? labelled(pod, POD_CLIQUE) : []), {
        labelSelector: MANAGED,
      }),
      watch<Pod>(PODS, (pod, before) => (isScheduled(pod) === isPlaced(before) ? [] : this.#waitingFor(pod)), {
        labelSelector: MANAGED,
      }),
      watch<PodGang>(POD_GANGS, (gang, before) => this.#listedIn(gang, before)),
      watch<PodGang>(POD_GANGS, (gang, before) => (isEdited(gang, before) ? this.#waitingForGang(gang) : [])),
      watch<PodCliqueSet>(POD_CLIQUE_SETS, (set, before) =>
        isEdited(set, before) || isTurnNews(set, before) ? this.#cliquesOf(set) : [],
      ),
    ]
  }

  async reconcile(key: Key): Promise<Reconciled | void> {
    const { namespace, name } = splitKey(key)
    const clique = this.#world.cliques.get(namespace, name)
    if (clique === undefined) return
    if (isTerminating(clique)) return dropFinalizer(this.#context, this.#world.cliques, clique, CLIQUE_FINALIZER)
    const set = setOf(this.#world, clique)
    if (set === undefined || isTerminating(set) || !this.#isPartOf(clique, set)) return
    const shape = shapeOf(set)
    const identity = cliqueIdentityOf(shape, clique)
    // Without the label nothing is known of its pods: its set, which hears of it too, puts it right.
    if (identity === null || clique.metadata.labels?.[POD_TEMPLATE_HASH] === undefined) return
    const failed: [string, unknown][] = []
    const standing = await this.#standingOf(clique).catch((error: unknown) => {
      failed.push(['ERR_CREATE_OR_DELETE_POD', error])
      return 'unknown' as const
    })
    if (standing === 'outdated') return { again: OUTDATED_REST_MS }
    const dueMs = standing === 'newest' ? await this.#bringPods(shape, identity, clique, failed) : null
    await this.#liftGates(shape, clique).catch((error: unknown) => {
      failed.push(['ERR_REMOVE_POD_SCHEDULING_GATE', error])
    })
    const isUntold = failed.some(([code]) => code === UNTOLD) // and would be again: later
    const restMs = isUntold ? null : await this.#report(shape, identity, clique, failed)
    if (failed[0] !== undefined) throw failed[0][1]
    return { again: dueMs === null || restMs === null ? (dueMs ?? restMs) : Math.min(dueMs, restMs) }
  }

  /** Asked only of a clique of which pods are to go because they are too many. Throws KubeError. */
  async #standingOf(clique: PodClique): Promise<'newest' | 'outdated'> {
    const isFine = !this.#pods.hasSurplus(clique) || (await isNewest(this.#context, this.#world.cliques, clique))
    return isFine ? 'newest' : 'outdated'
  }

  /** Makes and deletes what there is to. Resolves to when ended pods are due, or null; what fails is put into `failed`. */
  async #bringPods(
    shape: SetShape,
    identity: CliqueIdentity,
    clique: PodClique,
    failed: [string, unknown][],
  ): Promise<number | null> {
    await this.#replaceOutdated(shape, identity, clique, failed).catch((error: unknown) => {
      failed.push(['ERR_UPDATE_POD', error])
    })
    return this.#pods.scale(this.#planOf(shape, identity, clique)).catch((error: unknown) => {
      failed.push(['ERR_CREATE_OR_DELETE_POD', error])
      return null
    })
  }

  /** What is to go is written down before it goes, so that whoever continues knows what was begun. */
  async #replaceOutdated(
    shape: SetShape,
    identity: CliqueIdentity,
    clique: PodClique,
    failed: [string, unknown][],
  ): Promise<void> {
    const { remove } = this.#rolloutOf(shape, identity, clique)
    if (remove.length === 0) return
    try {
      await this.#report(shape, identity, clique, [], 'now')
    } catch (error) {
      failed.push([UNTOLD, error])
      return
    }
    await this.#pods.remove(clique, remove)
  }

  #rolloutOf(shape: SetShape, identity: CliqueIdentity, clique: PodClique): CliqueRollout {
    const generation = generationIn(this.#world, shape)
    const isMember = identity.member !== null
    return cliqueRollout({
      clique,
      pods: this.#world.pods.owned(clique.metadata.uid),
      generation,
      isOutdated: isOutdated(identity.clique, clique),
      isTurn: isMember || hasTurn(turnOf(shape, generation), identity.index),
      isMember,
      now: findingContext(this.#context, clique).now,
    })
  }

  #forget(clique: PodClique): void {
    this.#pods.forget(clique)
    this.#unwrittenSince.delete(clique.metadata.uid)
    this.#coming.leave(clique.metadata.uid)
  }

  /** Its set's own, or of one of the set's scaling groups that is not on its way out. */
  #isPartOf(clique: PodClique, set: PodCliqueSet): boolean {
    if (isOwnedBy(clique, set)) return true
    const groups = this.#world.groups.owned(set.metadata.uid)
    return groups.some((group) => isOwnedBy(clique, group) && !isTerminating(group))
  }

  #planOf(shape: SetShape, identity: CliqueIdentity, clique: PodClique): PodPlan {
    const observed = observedSet(this.#world, shape)
    const awaited = dependenciesOf(shape, identity)
      .map((dependency) => ({ clique: dependency.name, minAvailable: minReplicasOf(dependency, observed) }))
      .filter(({ minAvailable }) => minAvailable > 0)
    return { shape, identity, clique, awaited, config: this.#context.config }
  }

  async #liftGates(shape: SetShape, clique: PodClique): Promise<void> {
    const gangNamed = (label: string): PodGang | undefined =>
      this.#world.gangs.get(shape.namespace, clique.metadata.labels?.[label] ?? '')
    const isScaled = clique.metadata.labels?.[BASE_POD_GANG] !== undefined
    const pods = podsToUngate({
      clique: clique.metadata.name,
      pods: this.#world.pods.owned(clique.metadata.uid).filter(isActive),
      gang: gangNamed(POD_GANG),
      base: isScaled ? gangNamed(BASE_POD_GANG) : null,
      scheduledOf: (name) => this.#scheduledOf(shape, name),
    })
    await this.#pods.ungate(clique, pods)
  }

  #scheduledOf({ namespace }: SetShape, name: string): number {
    const clique = this.#world.cliques.get(namespace, name)
    if (clique === undefined) return 0
    return this.#world.pods.owned(clique.metadata.uid).filter((pod) => isActive(pod) && isScheduled(pod)).length
  }

  /** Resolves to how much longer the status may wait for more changes, or null: it is written as it should be. */
  async #report(
    shape: SetShape,
    identity: CliqueIdentity,
    { metadata }: PodClique,
    failed: readonly [string, unknown][],
    when: 'now' | 'in-rows' = 'in-rows',
  ): Promise<number | null> {
    const clique = this.#world.cliques.byUid(metadata.uid)
    if (clique === undefined || isTerminating(clique)) return null
    const rollout = this.#rolloutOf(shape, identity, clique)
    const pods = this.#world.pods.owned(metadata.uid)
    const isMadeAnew = pods.some((pod) => isActive(pod) && isFormer(pod, clique))
    const view = { clique, pods, setName: shape.name, rollout, isMember: identity.member !== null, isMadeAnew }
    const generation = metadata.generation ?? 0
    const context = { ...findingContext(this.#context, clique), generation }
    const { observedGeneration, ...status } = cliqueStatus(view, context)
    const errors = lastErrors(this.#context, clique.status?.lastErrors, failed)
    const isToldAnew = errors.length > 0 || clique.status?.lastErrors !== undefined
    const wanted = {
      ...status,
      updateProgress: rollout.progress,
      ...(failed.length === 0 ? { observedGeneration } : {}),
      ...(isToldAnew ? { lastErrors: errors } : {}),
    }
    const isAtRest = status.readyReplicas === clique.spec.replicas && status.replicas === clique.spec.replicas
    const isDue = isAtRest || when === 'now' || statusChanges(clique, wanted) === null
    const isQuiet = failed.length === 0 && !rollout.isRunning && !isUpdating(shape.set)
    const mayWait = isQuiet && isComing(clique, status) && !this.#isOfBroken(clique)
    const restMs = isDue ? 0 : this.#gatherMs(metadata.uid) || (mayWait ? this.#coming.restMs(metadata.uid) : 0)
    if (restMs > 0) return restMs
    this.#tellLost(clique, status.scheduledReplicas ?? 0)
    await writeStatus(this.#context, this.#world.cliques, clique, wanted)
    this.#unwrittenSince.delete(metadata.uid) // not before: a try that failed would wait for more changes, and pass for one that did not
    this.#coming.leave(metadata.uid)
    return rollout.remove.length > 0 ? 0 : null
  }

  /** Of a scaling group that is to be made anew if its cliques are not told to be well soon. */
  #isOfBroken(clique: PodClique): boolean {
    const group = this.#world.groups.byUid(controllerOf(clique) ?? '')
    return group !== undefined && isBroken(group)
  }

  #gatherMs(uid: string): number {
    const nowMs = this.#context.clock.monotonicMs()
    const sinceMs = this.#unwrittenSince.get(uid) ?? nowMs
    this.#unwrittenSince.set(uid, sinceMs)
    return Math.max(0, sinceMs + STATUS_GATHER_MS - nowMs)
  }

  #tellLost(clique: PodClique, scheduled: number): void {
    if (scheduled > 0 || (clique.status?.scheduledReplicas ?? 0) === 0 || clique.spec.replicas === 0) return
    const message = 'No pod of the clique has a node any more'
    this.#context.events.event(clique, 'Warning', 'AllScheduledReplicasLost', message)
  }

  #cliquesOf(set: PodCliqueSet): Key[] {
    const { cliques, groups } = this.#world
    const members = groups.owned(set.metadata.uid).flatMap((group) => cliques.owned(group.metadata.uid))
    return [...cliques.owned(set.metadata.uid), ...members].map(keyOf)
  }

  /** The cliques whose pods a gang lists, where that list changed. */
  #listedIn(gang: PodGang, before: PodGang | null): Key[] {
    const listOf = (of: PodGang | null, name: string): unknown =>
      of?.spec.podgroups.find((group) => group.name === name)?.podReferences ?? []
    return gang.spec.podgroups
      .filter(({ name }) => !sameJson(listOf(gang, name), listOf(before, name)))
      .map(({ name }): Key => `${gang.metadata.namespace ?? ''}/${name}`)
  }

  /** A pod of a base gang got its node. */
  #waitingFor(pod: Pod): Key[] {
    const base = pod.metadata.labels?.[POD_GANG]
    const isScaled = pod.metadata.labels?.[BASE_POD_GANG] !== undefined
    return base === undefined || isScaled ? [] : this.#behind(base, pod)
  }

  /** A base gang came to be, or asks for other minimums than before. */
  #waitingForGang(gang: PodGang): Key[] {
    return gang.metadata.labels?.[SCALING_GROUP] === undefined ? this.#behind(gang.metadata.name, gang) : []
  }

  /** The cliques of a replica's scaled gangs whose pods still wait for its base gang, of which `part` is a part. */
  #behind(base: string, part: Pod | PodGang): Key[] {
    const set = setOf(this.#world, part)
    const index = indexLabel(part, PCS_REPLICA_INDEX)
    if (set === undefined || index === null) return []
    const shape = shapeOf(set)
    return gangsOf(shape, index, observedSet(this.#world, shape))
      .filter(({ name }) => name !== base)
      .flatMap((gang) => cliquesOfGang(shape, gang))
      .filter(({ name }) => this.#hasGatedPods(shape, name))
      .map(({ name }): Key => `${shape.namespace}/${name}`)
  }

  #hasGatedPods({ namespace }: SetShape, name: string): boolean {
    const clique = this.#world.cliques.get(namespace, name)
    return clique !== undefined && this.#world.pods.owned(clique.metadata.uid).some((pod) => hasGate(pod, GANG_GATE))
  }
}

/**
 * Nothing of it was Ready yet, its minimum is not now, and what is told of its breach, by which recovery makes replicas anew,
 * is so: it was never well, and is not told of as sound while it is not, nor as in breach while it is sound.
 */
function isComing(clique: PodClique, { readyReplicas = 0, conditions }: PodCliqueStatus): boolean {
  const told = conditionOf(clique.status?.conditions, BREACH)?.status
  const isOtherThanTold = told !== undefined && told !== conditionOf(conditions, BREACH)?.status
  const isReadyNow = (clique.status?.readyReplicas ?? 0) > 0 || readyReplicas >= minimumOf(clique)
  return !isReadyNow && !isOtherThanTold && !wasHealthy(clique)
}

const isPlaced = (pod: Pod | null): boolean => pod !== null && isScheduled(pod)

/** Something that a clique's pods, gates or status depend on. */
function isNews(pod: Pod, before: Pod | null): boolean {
  if (before === null || before === pod) return true
  const facts = (of: Pod): unknown => [
    of.metadata.deletionTimestamp,
    of.metadata.labels,
    of.spec,
    of.status?.phase,
    isReady(of),
    isScheduled(of),
    of.status?.containerStatuses?.map(({ ready, started, state, lastState }) => [
      ready,
      started,
      state?.terminated,
      lastState,
    ]),
    of.status?.initContainerStatuses?.map(({ state, lastState }) => [state?.terminated, lastState]),
  ]
  return !sameJson(facts(pod), facts(before))
}
