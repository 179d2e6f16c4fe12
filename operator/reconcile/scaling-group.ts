import type { PodClique, PodCliqueScalingGroup, PodCliqueSet } from '../../api/generated/kinds.ts'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { SCALING_GROUP, SCALING_GROUP_FINALIZER, SCALING_GROUP_REPLICA_INDEX } from '../../api/names.ts'
import type { Reconciled } from '../../kube/work-queue.ts'
import { POD_CLIQUE_SETS, POD_CLIQUES, SCALING_GROUPS } from '../../kube/resources.ts'
import { delayMs, type Recovery, recoveryOf } from '../decisions/recovery.ts'
import { type GroupRollout, groupRollout } from '../decisions/group-rollout.ts'
import { type CliqueTurn, expandClique } from '../expansion/clique.ts'
import { hasTurn, turnOf } from '../expansion/generation.ts'
import {
  type CliqueIdentity,
  groupIdentityOf,
  indexLabel,
  indices,
  membersOf,
  type ScalingGroupIdentity,
} from '../expansion/identity.ts'
import { membersUpTo } from '../expansion/scaling-group.ts'
import { desiredOf } from '../expansion/set.ts'
import { type SetShape, shapeOf } from '../expansion/shape.ts'
import { canonicalJson } from '../expansion/hash.ts'
import { isReady, isScheduled, isTerminating } from '../observed-pod.ts'
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
import { type GroupView, groupStatus, isUpdated } from '../status.ts'
import type { Store } from '../store.ts'
import { activePods, generationIn, isOwnedBy, labelled, observeWorld, setOf, type World } from '../world.ts'
import { type ChildEvents, childLanes, CLIQUE_EVENTS, syncChildren } from './children.ts'
import { isNewest, isNewestTemplate, OUTDATED_REST_MS } from './newest.ts'
import { dropFinalizer, findingContext, isRefused, lastErrors, writeStatus } from './parts.ts'
import { markRecovery } from './recover.ts'
import { isEdited } from './edited.ts'
import { isTurnNews } from './turn.ts'

const ROW_MS = 20
/** Longer than a clique's status waits for a row of changes to end. */
const STATUS_LATE_MS = 1_000
const EVENTS: Readonly<Record<string, ChildEvents>> = { PodClique: CLIQUE_EVENTS }

export const scalingGroupReconciler: MakeReconciler = (context) => new ScalingGroupReconciler(context)

class ScalingGroupReconciler implements Reconciler {
  readonly name = 'podcliquescalinggroup'
  readonly concurrency = 10
  readonly watches: readonly Watch[]
  readonly #context: OperatorContext
  readonly #world: World
  readonly #lanes = childLanes()

  constructor(context: OperatorContext) {
    this.#context = context
    this.#world = observeWorld(context.view)
    this.watches = [
      watch(SCALING_GROUPS, (group, before) => (isEdited(group, before) ? [keyOf(group)] : [])),
      watch(POD_CLIQUES, (clique, before, isDeleted) => {
        return isDeleted || isEdited(clique, before) ? labelled(clique, SCALING_GROUP, before) : []
      }),
      watch(POD_CLIQUES, (clique) => labelled(clique, SCALING_GROUP), { afterMs: ROW_MS }),
      watch<PodCliqueSet>(POD_CLIQUE_SETS, (set, before) =>
        isEdited(set, before) || isTurnNews(set, before) ? this.#groupsOf(set) : [],
      ),
    ]
  }

  async reconcile(key: Key): Promise<Reconciled | void> {
    const { namespace, name } = splitKey(key)
    const group = this.#world.groups.get(namespace, name)
    if (group === undefined) return
    if (isTerminating(group)) {
      return dropFinalizer(this.#context, this.#world.groups, group, SCALING_GROUP_FINALIZER)
    }
    const set = setOf(this.#world, group)
    if (set === undefined || isTerminating(set) || !isOwnedBy(group, set)) return
    const shape = shapeOf(set)
    const identity = groupIdentityOf(shape, group)
    if (identity === null) return
    const rollout = this.#rolloutOf(shape, identity, group)
    if (!(await this.#isOfNewestTemplate(shape, group, rollout))) return { again: OUTDATED_REST_MS }
    if (isSelecting(group, rollout)) {
      await writeStatus(this.#context, this.#world.groups, group, { updateProgress: rollout.progress })
    }
    const { error, isOutdated } = await this.#sync(shape, identity, group, rollout)
    if (isOutdated) return { again: OUTDATED_REST_MS }
    await this.#report(shape, identity, group, error)
    if (error !== null) throw error
    if (rollout.isStatusLate) return { again: STATUS_LATE_MS }
    const dueMs = rollout.isRunning ? null : await this.#recover(shape, identity, group)
    return dueMs === null ? undefined : { again: dueMs }
  }

  /**
   * Makes replicas anew that were below their minimum for too long, if enough others are left; else it is the whole
   * replica of the set that is made anew. Resolves to when the next one is due, or null.
   */
  async #recover(
    shape: SetShape,
    identity: ScalingGroupIdentity,
    group: PodCliqueScalingGroup,
  ): Promise<number | null> {
    const delay = delayMs(shape.set.spec.template.terminationDelay)
    const nowMs = this.#context.clock.nowMs()
    const replicas = group.spec.replicas ?? 1
    const standings = indices(replicas).map((replica) => {
      const cliques = membersOf(identity, replica).flatMap(({ name }) => this.#memberNamed(group, name) ?? [])
      return { replica, cliques, recovery: recoveryOf(cliques, delay, nowMs) }
    })
    const due = standings.filter(({ recovery }) => recovery.kind === 'due')
    if (replicas - due.length >= identity.group.minAvailable) {
      for (const { replica, cliques, recovery } of due) await this.#makeAnew(group, replica, cliques, recovery)
    }
    const waits = standings.flatMap(({ recovery }) => (recovery.kind === 'waiting' ? [recovery.ms] : []))
    return waits.length === 0 ? null : Math.min(...waits)
  }

  async #makeAnew(
    group: PodCliqueScalingGroup,
    replica: number,
    cliques: readonly PodClique[],
    recovery: Recovery,
  ): Promise<void> {
    if (recovery.kind !== 'due') return
    const { component, reason } = recovery
    const event = (type: 'Normal' | 'Warning', what: string, message: string): void =>
      this.#context.events.event(group, type, `PodCliqueScalingGroupReplicaDelete${what}`, message)
    try {
      if (!(await markRecovery(this.#context, this.#world, { cliques, broken: new Set([component]), reason }))) return
      event('Normal', 'Successful', `Replica ${replica} is made anew: ${component} was below its minimum for too long`)
    } catch (error) {
      if (isRefused(error)) event('Warning', 'Failed', `Could not make replica ${replica} anew: ${error.message}`)
      throw error
    }
  }

  #groupsOf(set: KubeObject): Key[] {
    return this.#world.groups.owned(set.metadata.uid).map(keyOf)
  }

  #rolloutOf(shape: SetShape, identity: ScalingGroupIdentity, group: PodCliqueScalingGroup): GroupRollout {
    const generation = generationIn(this.#world, shape)
    return groupRollout({
      group,
      generation,
      isTurn: hasTurn(turnOf(shape, generation), identity.index),
      membersOf: (replica) =>
        membersOf(identity, replica).map(({ name, clique }) => ({
          shape: clique,
          clique: this.#memberNamed(group, name),
        })),
      readyPodsOf: (clique) => activePods(this.#world, clique).filter(isReady).length,
      placedPodsOf: (clique) => activePods(this.#world, clique).filter(isScheduled).length,
      now: findingContext(this.#context, group).now,
    })
  }

  #isOfNewestTemplate(shape: SetShape, { metadata: { uid } }: PodCliqueScalingGroup, { keeping }: GroupRollout) {
    const isKept = (member: PodClique): boolean => keeping.has(indexLabel(member, SCALING_GROUP_REPLICA_INDEX) ?? -1)
    const { sets, cliques } = this.#world
    const changing = cliques.owned(uid).filter((member) => !isKept(member))
    return isNewestTemplate(this.#context, sets, shape, changing)
  }

  #memberNamed(group: PodCliqueScalingGroup, name: string): PodClique | undefined {
    const clique = this.#world.cliques.get(group.metadata.namespace ?? '', name)
    return clique !== undefined && isOwnedBy(clique, group) ? clique : undefined
  }

  async #sync(
    shape: SetShape,
    identity: ScalingGroupIdentity,
    group: PodCliqueScalingGroup,
    rollout: GroupRollout,
  ): Promise<{ error: unknown; isOutdated: boolean }> {
    const { cliques } = this.#world
    const { hash } = generationIn(this.#world, shape)
    const live = new Map(cliques.owned(group.metadata.uid).map((clique) => [clique.metadata.name, clique]))
    const members = membersUpTo(identity, group.spec.replicas ?? 1)
    const desired = members.map((member) =>
      desiredOf(POD_CLIQUES, member.name, identity.index, () =>
        expandClique(shape, member, group, live.get(member.name), turnIn(rollout, member, hash)),
      ),
    )
    const store = cliques as unknown as Store<KubeObject>
    const options = {
      context: this.#context,
      lanes: this.#lanes,
      owner: group,
      storeOf: () => store,
      pruned: [store],
      isCurrent: () => isNewest(this.#context, this.#world.groups, group),
      events: EVENTS,
    }
    try {
      const { taken, isOutdated } = await syncChildren(options, desired)
      const [first] = taken
      const error = first && new Error(`PodClique ${first.metadata.name} belongs to somebody else`)
      return { error: error ?? null, isOutdated }
    } catch (error) {
      return { error, isOutdated: false }
    }
  }

  async #report(
    shape: SetShape,
    identity: ScalingGroupIdentity,
    group: PodCliqueScalingGroup,
    error: unknown,
  ): Promise<void> {
    const newest = this.#world.groups.byUid(group.metadata.uid)
    if (newest === undefined || isTerminating(newest)) return
    const rollout = this.#rolloutOf(shape, identity, newest)
    const memberNamed = (name: string): PodClique | undefined => this.#memberNamed(group, name)
    const targetHash = generationIn(this.#world, shape).hash
    const view = { group: newest, identity, shape, rollout, targetHash, memberNamed }
    const { observedGeneration, ...status } = groupStatus(view, findingContext(this.#context, group))
    const failed: [string, unknown][] = error === null ? [] : [['ERR_SYNC_PODCLIQUES', error]]
    const errors = lastErrors(this.#context, newest.status?.lastErrors, failed)
    const isToldAnew = errors.length > 0 || newest.status?.lastErrors !== undefined
    this.#tellLost(newest, status.scheduledReplicas ?? 0)
    await writeStatus(this.#context, this.#world.groups, newest, {
      ...status,
      updateProgress: withCounts(view),
      ...(error === null ? { observedGeneration } : {}),
      ...(isToldAnew ? { lastErrors: errors } : {}),
    })
  }

  #tellLost(group: PodCliqueScalingGroup, scheduled: number): void {
    if (scheduled > 0 || (group.status?.scheduledReplicas ?? 0) === 0 || group.spec.replicas === 0) return
    const message = 'No replica of the scaling group has its minimum on nodes any more'
    this.#context.events.event(group, 'Warning', 'AllScheduledReplicasLost', message)
  }
}

function turnIn({ keeping, recreating }: GroupRollout, { member }: CliqueIdentity, hash: string): CliqueTurn {
  const replica = member?.replica ?? -1
  if (keeping.has(replica)) return { kind: 'keep' }
  return recreating.has(replica) ? { kind: 'recreate', reason: hash } : { kind: 'take' }
}

/** Another replica than before is chosen: that is written down before anything of it goes. */
function isSelecting(group: PodCliqueScalingGroup, { progress, isRunning }: GroupRollout): boolean {
  const chosen = (of: GroupRollout['progress'] | undefined): unknown => [
    of?.podCliqueSetGenerationHash,
    of?.readyReplicaIndicesSelectedToUpdate?.current,
  ]
  return isRunning && canonicalJson(chosen(progress)) !== canonicalJson(chosen(group.status?.updateProgress))
}

function withCounts({ group, identity, rollout, targetHash, memberNamed }: GroupView): GroupRollout['progress'] {
  if (rollout.progress === null) return null
  const members = membersUpTo(identity, group.spec.replicas ?? 1).map(({ name }) => memberNamed(name))
  const updated = members.filter((member) => member !== undefined && isUpdated(member, targetHash))
  return { ...rollout.progress, updatedPodCliquesCount: updated.length, totalPodCliquesCount: members.length }
}
