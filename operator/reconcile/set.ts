import type { PodClique, PodCliqueSet, PodGang } from '../../api/generated/kinds.ts'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { PCS_REPLICA_INDEX, SCALING_GROUP, SET_FINALIZER } from '../../api/names.ts'
import { POD_CLIQUE_SETS, POD_CLIQUES, POD_GANGS, SCALING_GROUPS } from '../../kube/resources.ts'
import type { Reconciled } from '../../kube/work-queue.ts'
import { delayMs, type Recovery } from '../decisions/recovery.ts'
import { type SetRollout, setRollout } from '../decisions/set-rollout.ts'
import { canonicalJson } from '../expansion/hash.ts'
import { type GangIdentity, indexLabel, indices } from '../expansion/identity.ts'
import { describeProblem, type Problem } from '../expansion/problem.ts'
import { type Desired, expandParts, gangsOfSet, problemsOf } from '../expansion/set.ts'
import { type SetShape, shapeOf } from '../expansion/shape.ts'
import { type Translation, translate } from '../expansion/topology.ts'
import { isTerminating } from '../observed-pod.ts'
import { sameJson } from '../same-json.ts'
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
import { gangStatuses } from '../gang-statuses.ts'
import { setStatus } from '../status.ts'
import type { Store } from '../store.ts'
import { Topologies } from '../topologies.ts'
import {
  generationIn,
  isOwnedBy,
  keyOfSet,
  labelled,
  liveClique,
  MANAGED,
  observedSet,
  observeWorld,
  SUPPORTING,
  type World,
} from '../world.ts'
import { isEdited } from './edited.ts'
import { type ChildEvents, childLanes, CLIQUE_EVENTS, isLeaving, syncChildren } from './children.ts'
import { isNewest, isNewestTemplate, isNowhere, OUTDATED_REST_MS } from './newest.ts'
import { markRecovery } from './recover.ts'
import {
  type Parts,
  partsOf,
  recoveryOfReplica,
  type ReplicasView,
  standingOfReplica,
  withCounts,
} from './replica-standing.ts'
import { ROW_MS, Rows } from './rows.ts'
import { turnFacts } from './turn.ts'
import { dropFinalizer, findingContext, isRefused, lastErrors, noneIfNew, writeStatus } from './parts.ts'

/** Nobody tells us when somebody else's object frees its name. */
const LOOK_AGAIN_MS = 30_000

const EVENTS: Readonly<Record<string, ChildEvents>> = {
  PodClique: CLIQUE_EVENTS,
  PodCliqueScalingGroup: {
    created: 'PodCliqueScalingGroupCreateSuccessful',
    createFailed: 'PodCliqueScalingGroupCreateOrUpdateFailed',
    updateFailed: 'PodCliqueScalingGroupCreateOrUpdateFailed',
    deleted: 'PodCliqueScalingGroupDeleteSuccessful',
    deleteFailed: 'PodCliqueScalingGroupDeleteFailed',
  },
  PodGang: {
    deleted: 'PodGangDeleteSuccessful',
    deleteFailed: 'PodGangDeleteFailed',
  },
}

export const setReconciler: MakeReconciler = (context) => new SetReconciler(context)

class SetReconciler implements Reconciler {
  readonly name = 'podcliqueset'
  readonly concurrency = 10
  readonly watches: readonly Watch[]
  readonly #context: OperatorContext
  readonly #world: World
  readonly #topologies: Topologies
  readonly #lanes = childLanes()
  readonly #rows: Rows
  readonly #seenAsDesired = new WeakMap<KubeObject, string>()

  constructor(context: OperatorContext) {
    this.#context = context
    this.#world = observeWorld(context.view)
    this.#topologies = new Topologies(context)
    this.#rows = new Rows(context.clock)
    this.watches = [
      watch(POD_CLIQUE_SETS, (set, before) => (isEdited(set, before) ? [keyOf(set)] : [])),
      ...[POD_CLIQUES, SCALING_GROUPS].flatMap((type) => [
        watch(type, (child, before, isDeleted) =>
          isDeleted || isEdited(child, before) ? keyOfSet(child, before) : [],
        ),
        watch(type, keyOfSet, { afterMs: (key) => this.#rowMs(key) }),
      ]),
      watch<PodGang>(
        POD_GANGS,
        (gang, before, isDeleted) =>
          isDeleted || !sameJson(gang.status, before?.status) ? keyOfSet(gang, before) : [],
        { afterMs: (key, isDeleted) => (isDeleted ? 0 : this.#rowMs(key)) },
      ),
      ...SUPPORTING.map((type) =>
        watch(type, keyOfSet, {
          labelSelector: MANAGED,
          afterMs: (key, isDeleted) => (isDeleted ? ROW_MS : this.#rowMs(key)),
        }),
      ),
      ...this.#topologies.watches(() => constrainedSets(this.#world)),
    ]
  }

  listen(look: (key: Key) => void): void {
    this.#context.refusals.listen(look)
  }

  async reconcile(key: Key): Promise<Reconciled | void> {
    const { namespace, name } = splitKey(key)
    const set = this.#world.sets.get(namespace, name)
    this.#rows.end(key)
    if (set === undefined) return
    if (isTerminating(set)) return dropFinalizer(this.#context, this.#world.sets, set, SET_FINALIZER)
    const { problems, isStalled, ...seen } = this.#lookAt(set)
    const isNewest = isStalled || (await this.#isNewest(seen.shape, seen.translation, problems))
    if (!isNewest) return { again: OUTDATED_REST_MS }
    const shape = isStalled ? seen.shape : await this.#advanceUpdate(seen.shape)
    // Edited meanwhile: an update to what is newest has yet to be begun.
    if (shape.set.metadata.generation !== set.metadata.generation) return { again: 0 }
    const { translation } = seen
    const outcome = isStalled ? { taken: [], error: null, isOutdated: false } : await this.#sync(shape)
    if (outcome.isOutdated) return { again: OUTDATED_REST_MS }
    await this.#report(shape, translation, [...problems, ...outcome.taken], isStalled, outcome.error)
    if (outcome.error !== null) throw outcome.error
    const dueMs = isStalled ? null : await this.#recover(shape)
    if (dueMs !== null) return { again: dueMs }
    return outcome.taken.length > 0 ? { again: LOOK_AGAIN_MS, wake: 'background' } : undefined
  }

  /** A read that is refused is told of in the status, and thrown. */
  async #isNewest(shape: SetShape, translation: Translation, problems: readonly Problem[]): Promise<boolean> {
    const { sets, cliques } = this.#world
    return isNewestTemplate(this.#context, sets, shape, cliques.owned(shape.set.metadata.uid)).catch(async (error) => {
      await this.#report(shape, translation, problems, false, error)
      throw error
    })
  }

  #rowMs(key: Key): number {
    const { namespace, name } = splitKey(key)
    return this.#rows.restMs(key, this.#world.sets.get(namespace, name))
  }

  /** Makes replicas anew that were below their minimum for too long. Resolves to when the next one is due, or null. */
  async #recover(shape: SetShape): Promise<number | null> {
    const view = this.#replicasOf(shape, '')
    const waits: number[] = []
    for (const index of indices(shape.set.spec.replicas ?? 0)) {
      const recovery = recoveryOfReplica(view, index)
      if (recovery.kind === 'waiting') waits.push(recovery.ms)
      if (recovery.kind === 'due') await this.#makeAnew(shape, partsOf(view, index), index, recovery)
    }
    return waits.length === 0 ? null : Math.min(...waits)
  }

  async #makeAnew(shape: SetShape, parts: Parts, index: number, recovery: Recovery & { kind: 'due' }): Promise<void> {
    const { component, reason } = recovery
    const cliques = [...parts.standalone.map(([, clique]) => clique), ...parts.members].flatMap((each) => each ?? [])
    const isOf = ({ metadata }: PodClique): boolean =>
      metadata.name === component || metadata.labels?.[SCALING_GROUP] === component
    const broken = new Set(cliques.filter(isOf).map(({ metadata }) => metadata.name))
    const event = (type: 'Normal' | 'Warning', what: string, message: string): void =>
      this.#context.events.event(shape.set, type, `PodCliqueSetReplicaDelete${what}`, message)
    try {
      if (!(await markRecovery(this.#context, this.#world, { cliques, broken, reason }))) return
      event('Normal', 'Successful', `Replica ${index} is made anew: ${component} was below its minimum for too long`)
    } catch (error) {
      event('Warning', 'Failed', `Could not make replica ${index} anew: ${String(error)}`)
      throw error
    }
  }

  #lookAt(set: PodCliqueSet) {
    const shape = shapeOf(set)
    const translation = translate(shape, this.#topologies.known())
    const problems = problemsOf(shape, translation, observedSet(this.#world, shape))
    return { shape, translation, problems, isStalled: problems.some((problem) => stalls(problem, set)) }
  }

  /** An update, and whose turn it is in one, is written down before anything follows from it. */
  async #advanceUpdate(shape: SetShape): Promise<SetShape> {
    const { set } = shape
    const { progress, generationHash, isNew } = this.#rolloutOf(shape)
    const { status } = set
    if (!isNew && turnFacts(progress) === turnFacts(status?.updateProgress)) return shape
    const begun = { currentGenerationHash: generationHash, ...(isNew ? { updatedReplicas: 0 } : {}) }
    await writeStatus(this.#context, this.#world.sets, set, { ...begun, updateProgress: progress })
    return shapeOf(this.#world.sets.byUid(set.metadata.uid) ?? set)
  }

  #replicasOf(shape: SetShape, targetHash: string): ReplicasView {
    const { scalingGroup } = observedSet(this.#world, shape)
    return {
      shape,
      cliqueOf: (identity) => liveClique(this.#world, shape, identity),
      groupNamed: scalingGroup,
      targetHash,
      delayMs: delayMs(shape.set.spec.template.terminationDelay),
      nowMs: this.#context.clock.nowMs(),
    }
  }

  #rolloutOf(shape: SetShape): SetRollout {
    const { set } = shape
    const generation = generationIn(this.#world, shape)
    const replicas = this.#replicasOf(shape, generation.hash)
    return setRollout({
      status: set.status,
      replicas: set.spec.replicas ?? 0,
      generation,
      newestHash: shape.generationHash,
      standingOf: (index) => standingOfReplica(replicas, index),
      now: findingContext(this.#context, set).now,
    })
  }

  /** Gangs that nobody asks for any more go here; reconcile/pod-gang.ts makes them and keeps them as they should be. */
  async #sync(shape: SetShape): Promise<{ taken: Problem[]; error: unknown; isOutdated: boolean }> {
    const { cliques, groups, gangs, supporting } = this.#world
    // What goes goes in this order: a gang whose pods went before it would be told of as broken.
    const stores = new Map<unknown, Store<KubeObject>>([
      [POD_GANGS, gangs as unknown as Store<KubeObject>],
      [POD_CLIQUES, cliques as unknown as Store<KubeObject>],
      [SCALING_GROUPS, groups as unknown as Store<KubeObject>],
      ...supporting,
    ])
    const storeOf = ({ type }: Desired): Store<KubeObject> => {
      const store = stores.get(type)
      if (store === undefined) throw new Error(`no store of ${type.kind}`)
      return store
    }
    const observed = observedSet(this.#world, shape)
    const wanted = gangsOfSet(shape, observed)
    const options = {
      context: this.#context,
      lanes: this.#lanes,
      owner: shape.set,
      storeOf,
      pruned: [...stores.values()].filter(({ type }) => PRUNED.has(type.kind)),
      isCurrent: (surplus: readonly KubeObject[]) => this.#isCurrent(shape.set, surplus),
      kept: new Set(wanted.map(({ name }) => `PodGang/${name}`)),
      seen: { version: versionOf(shape.set), versionOf: this.#seenAsDesired },
      events: EVENTS,
    }
    try {
      const { taken, isOutdated } = await syncChildren(options, expandParts(shape, observed).sort(byReplica))
      return { taken: [...taken, ...this.#takenGangs(shape, wanted)].map(nameTaken), error: null, isOutdated }
    } catch (error) {
      return { taken: [], error, isOutdated: false }
    }
  }

  /** The gangs of a replica that stays are as many as its scaling groups ask for. */
  async #isCurrent(set: PodCliqueSet, surplus: readonly KubeObject[]): Promise<boolean> {
    const replicas = set.spec.replicas ?? 0
    const ofStaying = surplus.filter((child) => (indexLabel(child, PCS_REPLICA_INDEX) ?? replicas) < replicas)
    const keys = new Set(ofStaying.flatMap((child) => (child.kind === 'PodGang' ? labelled(child, SCALING_GROUP) : [])))
    const { sets, groups } = this.#world
    // As they are now, before anything is waited for: by these it was decided.
    const decidedBy = [...keys].map(splitKey).map((key) => ({ key, group: groups.get(key.namespace, key.name) }))
    if (!(await isNewest(this.#context, sets, set))) return false
    for (const { key, group } of decidedBy) {
      const asked = group === undefined ? isNowhere(this.#context, groups, key) : isNewest(this.#context, groups, group)
      if (!(await asked)) return false
    }
    return true
  }

  #takenGangs({ namespace, set }: SetShape, wanted: readonly GangIdentity[]): PodGang[] {
    const others = wanted.flatMap(({ name }) => this.#world.gangs.get(namespace, name) ?? [])
    return others.filter((gang) => !isOwnedBy(gang, set) && !isLeaving(gang, set))
  }

  async #report(
    shape: SetShape,
    translation: Translation,
    problems: readonly Problem[],
    isStalled: boolean,
    error: unknown,
  ): Promise<void> {
    const { set } = shape
    const newest = this.#world.sets.byUid(set.metadata.uid)
    if (newest === undefined || isTerminating(newest)) return
    const children = observedSet(this.#world, shape)
    const rollout = this.#rolloutOf({ ...shape, set: newest })
    const view = {
      shape: { ...shape, set: newest },
      translation,
      problems,
      isStalled,
      rollout,
      refusal: isRefused(error) ? error.message : (this.#refusalBelow(set) ?? this.#context.refusals.of(set)),
      cliqueNamed: children.clique,
      groupNamed: children.scalingGroup,
    }
    const { observedGeneration, ...status } = setStatus(view, findingContext(this.#context, set))
    const errors = lastErrors(
      this.#context,
      newest.status?.lastErrors,
      error === null ? [] : [['ERR_SYNC_PODCLIQUESET', error]],
    )
    const seen = error === null ? { observedGeneration } : {}
    this.#tellProblems(newest, problems)
    const isNew = errors.some((each) => !newest.status?.lastErrors?.includes(each))
    if (isRefused(error) && isNew) this.#context.events.event(newest, 'Warning', 'ReconcileError', error.message)
    const updateProgress = isStalled
      ? (newest.status?.updateProgress ?? null)
      : withCounts(this.#replicasOf(shape, rollout.generationHash), rollout.progress)
    const ofGangs = gangStatuses(this.#world.gangs.owned(newest.metadata.uid).filter((gang) => !isTerminating(gang)))
    const told = {
      ...status,
      ...seen,
      ...noneIfNew('lastErrors', errors, newest),
      ...noneIfNew('podGangStatuses', ofGangs, newest),
      updateProgress,
    }
    await writeStatus(this.#context, this.#world.sets, newest, told)
  }

  /** What the server refuses of the set's cliques and groups, as they tell it, the first by name. */
  #refusalBelow({ metadata: { uid } }: PodCliqueSet): string | null {
    const { cliques, groups } = this.#world
    const owned = groups.owned(uid)
    const all = [...cliques.owned(uid), ...owned, ...owned.flatMap((group) => cliques.owned(group.metadata.uid))]
    for (const { kind, metadata, status } of all) {
      const [first] = status?.lastErrors ?? []
      if (first !== undefined) return `${kind} ${metadata.name}: ${first.description}`
    }
    return null
  }

  /** Once for each problem: the condition that it is told in says what was told before. */
  #tellProblems(set: PodCliqueSet, problems: readonly Problem[]): void {
    const told = set.status?.conditions?.find(({ type }) => type === 'Stalled')?.message ?? ''
    for (const problem of problems) {
      const message = describeProblem(problem)
      if (!told.includes(message)) this.#context.events.event(set, 'Warning', problem.reason, message)
    }
  }
}

/** Children that go when the set no longer asks for them. Accounts and roles stay as long as it does. */
const PRUNED: ReadonlySet<string> = new Set([
  'Service',
  'HorizontalPodAutoscaler',
  'PodClique',
  'PodCliqueScalingGroup',
  'PodGang',
])

/**
 * A topology that goes away later takes only its constraints with it: what runs goes on, and is said to lack them. In
 * a set of which nothing was made yet, nothing is made.
 */
const stalls = ({ reason }: Problem, { status }: PodCliqueSet): boolean =>
  !OF_TOPOLOGIES.has(reason) || status?.currentGenerationHash === undefined

const OF_TOPOLOGIES: ReadonlySet<Problem['reason']> = new Set([
  'TopologyNotFound',
  'DomainNotFound',
  'TopologyAwareSchedulingDisabled',
])

const nameTaken = ({ kind, metadata }: KubeObject): Problem => ({
  reason: 'NameTaken',
  path: '',
  message: `${kind} ${metadata.name} exists and belongs to somebody else; rename the set, or delete it`,
})

/** All of a set that its own objects are made from. */
const versionOf = ({ metadata: { uid, generation, labels, annotations } }: PodCliqueSet): string =>
  canonicalJson([uid, generation, labels, annotations])

/** What all replicas share, then one replica after the other, so that the first have their pods before the last begin. */
const byReplica = (a: Desired, b: Desired): number => (a.replica ?? -1) - (b.replica ?? -1)

/** Sets whose objects depend on a topology. */
export function constrainedSets({ sets }: World): Key[] {
  return [...sets.values()].filter((set) => translate(shapeOf(set), []).state !== 'unused').map(keyOf)
}
