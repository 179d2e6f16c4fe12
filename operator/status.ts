import type {
  PodClique,
  PodCliqueScalingGroup,
  PodCliqueScalingGroupStatus,
  PodCliqueSetStatus,
  PodCliqueStatus,
} from '../api/generated/kinds.ts'
import type { Pod } from '../api/kinds/kubernetes.ts'
import { GROVE_OPERATOR, MANAGED_BY, PART_OF, POD_CLIQUE, POD_TEMPLATE_HASH, SCALING_GROUP } from '../api/names.ts'
import { conditionOf, type Finding, type FindingContext, kstatus, withFindings } from './conditions.ts'
import type { CliqueRollout } from './decisions/clique-rollout.ts'
import type { GroupRollout } from './decisions/group-rollout.ts'
import {
  BREACH,
  type Component,
  GANG_TERMINATION,
  isInRecovery,
  isRecovering,
  wasHealthy,
} from './decisions/recovery.ts'
import type { SetRollout } from './decisions/set-rollout.ts'
import {
  groupIdentity,
  indices,
  membersOf,
  type ScalingGroupIdentity,
  standaloneIdentity,
} from './expansion/identity.ts'
import { describeProblem, type Problem } from './expansion/problem.ts'
import type { SetShape } from './expansion/shape.ts'
import { unsupportedIn } from './expansion/unsupported.ts'
import type { Translation } from './expansion/topology.ts'
import { hasCrashed, isActive, isReady, isScheduled, isStartedNotReady, isTerminating } from './observed-pod.ts'

/** Statuses as functions of what is observed. Pure: the same world gives the same status, and then nothing is written. */

export const selectorOf = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')

const managed = (set: string): Record<string, string> => ({ [MANAGED_BY]: GROVE_OPERATOR, [PART_OF]: set })

/** Enough of a clique's minimum is ready. */
const isAvailable = (clique: PodClique): boolean => (clique.status?.readyReplicas ?? 0) >= minimumOf(clique)

const isLive = <T extends PodClique | PodCliqueScalingGroup>(object: T | undefined): object is T =>
  object !== undefined && !isTerminating(object)

export interface CliqueView {
  readonly clique: PodClique
  readonly pods: readonly Pod[]
  readonly setName: string
  readonly rollout: Pick<CliqueRollout, 'isRunning' | 'templateHash' | 'generationHash'>
  readonly isMember: boolean
  /** Pods of before the clique was made anew are still there. */
  readonly isMadeAnew: boolean
}

export function cliqueStatus(
  { clique, pods, setName, rollout, isMember, isMadeAnew }: CliqueView,
  context: FindingContext,
): PodCliqueStatus {
  const active = pods.filter(isActive)
  const hash = clique.metadata.labels?.[POD_TEMPLATE_HASH] ?? ''
  const replicas = clique.spec.replicas ?? 1
  const minAvailable = minimumOf(clique)
  const readyReplicas = active.filter(isReady).length
  const scheduledReplicas = active.filter(isScheduled).length
  const updatedReplicas = active.filter(({ metadata }) => metadata.labels?.[POD_TEMPLATE_HASH] === hash).length
  const isCurrent = !rollout.isRunning && rollout.templateHash === hash
  const isSettled = readyReplicas >= replicas && active.length === replicas && isCurrent
  const breach = rollout.isRunning ? UPDATING : breachFinding(active, scheduledReplicas, minAvailable)
  const recovery = recoveryFinding(clique, breach, isMadeAnew && !rollout.isRunning)
  const findings = [
    scheduledFinding(clique, scheduledReplicas, minAvailable),
    breach,
    ...recovery.found,
    ...kstatus({
      isReady: isSettled,
      reason: isSettled ? 'PodsReady' : isCurrent ? 'PodsNotReady' : 'UpdateInProgress',
      message: `${readyReplicas} of ${replicas} pods are ready, ${updatedReplicas} of the newest template`,
      problem: null,
    }),
  ]
  const labels = { ...managed(setName), [POD_CLIQUE]: clique.metadata.name }
  return {
    observedGeneration: context.generation,
    replicas: active.length,
    readyReplicas,
    updatedReplicas,
    scheduleGatedReplicas: active.filter(isGated).length,
    scheduledReplicas,
    ...(isMember ? {} : { hpaPodSelector: selectorOf(labels) }),
    conditions: withFindings(clique.status?.conditions, findings, context, recovery.removed),
    currentPodCliqueSetGenerationHash: rollout.generationHash,
    currentPodTemplateHash: rollout.templateHash,
  }
}

/** What is scaled below its minimum, or to none, needs no more than it asks for. */
export const minimumOf = ({ spec }: PodClique): number => {
  const replicas = spec.replicas ?? 1
  return Math.min(replicas, spec.minAvailable ?? replicas)
}

/** Says that a recovery is under way, or takes that back. */
function recoveryFinding(
  component: Component,
  breach: Finding,
  isMadeAnew: boolean,
): { found: Finding[]; removed: string[] } {
  if (!isRecovering(component, breach.status === 'True', isMadeAnew)) return { found: [], removed: [GANG_TERMINATION] }
  const message = 'the pods were made anew; not again before they are healthy'
  return {
    found: [{ type: GANG_TERMINATION, status: 'True', reason: 'GangTerminationActive', message }],
    removed: [],
  }
}

/** While pods are replaced on purpose, nobody is told that they are missing. */
const UPDATING: Finding = {
  type: 'MinAvailableBreached',
  status: 'Unknown',
  reason: 'UpdateInProgress',
  message: 'an update replaces pods',
}

const isGated = ({ spec }: Pod): boolean => !spec.nodeName && (spec.schedulingGates?.length ?? 0) > 0

/** What is asked for none is not healthy, however little it lacks: what is asked for after that was never healthy yet. */
const NONE_ASKED = 'NoReplicasAsked'

const asked = ({ spec }: Component, reason: string): string => ((spec.replicas ?? 1) === 0 ? NONE_ASKED : reason)

const wasNoneAsked = ({ status }: Component, type: string): boolean =>
  conditionOf(status?.conditions, type)?.reason === NONE_ASKED

/** What lacks its minimum when it is looked at first lacked it from the start, however late that look is. */
const sinceStart = ({ metadata }: Component, isEnough: boolean): Pick<Finding, 'since'> =>
  isEnough ? {} : { since: metadata.creationTimestamp }

function scheduledFinding(clique: PodClique, scheduled: number, minAvailable: number): Finding {
  const type = 'PodCliqueScheduled'
  const isEnough = scheduled >= minAvailable
  const message = `${scheduled} pods have a node, ${minAvailable} are needed`
  if (isEnough) return { type, status: 'True', reason: asked(clique, 'SufficientScheduledPods'), message }
  const isSinceThen = wasNoneAsked(clique, type)
  return {
    type,
    status: 'False',
    reason: 'InsufficientScheduledPods',
    message,
    ...sinceStart(clique, isEnough),
    isSinceThen,
  }
}

/** Pods that still pull images or prepare themselves count as healthy, so that a slow start is no breach. */
function breachFinding(active: readonly Pod[], scheduled: number, minAvailable: number): Finding {
  const type = 'MinAvailableBreached'
  const broken = active.filter((pod) => !isReady(pod) && (hasCrashed(pod) || isStartedNotReady(pod))).length
  const healthy = scheduled - broken
  const message = `${healthy} pods are healthy, ${minAvailable} are needed`
  if (scheduled < minAvailable) return { type, status: 'True', reason: 'ScheduledReplicasBelowMinAvailable', message }
  if (healthy < minAvailable) return { type, status: 'True', reason: 'InsufficientReadyPods', message }
  return { type, status: 'False', reason: 'SufficientReadyPods', message }
}

export interface GroupView {
  readonly group: PodCliqueScalingGroup
  readonly identity: ScalingGroupIdentity
  readonly shape: SetShape
  readonly rollout: GroupRollout
  /** Of the newest template. */
  readonly targetHash: string
  readonly memberNamed: (name: string) => PodClique | undefined
}

export function groupStatus(
  { group, identity, shape, rollout, targetHash, memberNamed }: GroupView,
  context: FindingContext,
): PodCliqueScalingGroupStatus {
  const replicas = group.spec.replicas ?? 1
  const minAvailable = group.spec.minAvailable ?? 1
  const complete = indices(replicas)
    .map((replica) => membersOf(identity, replica).map(({ name }) => memberNamed(name)))
    .flatMap((members) => (members.every(isLive) ? [members] : []))
  const scheduled = complete.filter((members) => members.every((member) => hasCondition(member, 'PodCliqueScheduled')))
  const available = scheduled.filter((members) => members.every(isAvailable))
  const updated = available.filter((members) => members.every((member) => isUpdated(member, targetHash)))
  const broken = complete.filter((members) => members.some(isBroken))
  const isMadeAnew = broken.length > 0 && broken.every((members) => members.some((member) => isInRecovery(member)))
  const found = rollout.isRunning
    ? UPDATING
    : groupBreach(group, complete.length - broken.length, Math.min(replicas, minAvailable))
  const breach = isBreachSinceStart(group) && found.status !== 'False' ? sinceItsStart(group, found) : found
  const recovery = recoveryFinding(group, breach, isMadeAnew && breach.status === 'True')
  const isCurrent = !rollout.isRunning && rollout.generationHash === targetHash
  const isSettled = available.length >= replicas && isCurrent
  const findings = [
    breach,
    ...recovery.found,
    ...kstatus({
      isReady: isSettled,
      reason: isSettled ? 'ReplicasAvailable' : isCurrent ? 'ReplicasNotAvailable' : 'UpdateInProgress',
      message: `${available.length} of ${replicas} replicas are available`,
      problem: null,
    }),
  ]
  return {
    replicas,
    scheduledReplicas: scheduled.length,
    availableReplicas: available.length,
    updatedReplicas: updated.length,
    selector: selectorOf({ ...managed(shape.name), [SCALING_GROUP]: group.metadata.name }),
    observedGeneration: context.generation,
    conditions: withFindings(group.status?.conditions, findings, context, recovery.removed),
    currentPodCliqueSetGenerationHash: rollout.generationHash,
  }
}

/** Of what is not told of yet, nothing is known to be well: a group must not seem healthy before its first pods are placed. */
const isBroken = (clique: PodClique): boolean =>
  conditionOf(clique.status?.conditions, BREACH) === undefined || hasCondition(clique, BREACH)

const hasCondition = ({ status }: PodClique, type: string): boolean =>
  status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false

/** Its newest template was applied in full, and enough pods of it are Ready. */
export function isUpdated(clique: PodClique, targetHash: string): boolean {
  const { metadata, spec, status } = clique
  const hash = metadata.labels?.[POD_TEMPLATE_HASH]
  const minimum = Math.min(spec.replicas ?? 1, spec.minAvailable ?? 1)
  return (
    status?.currentPodTemplateHash === hash &&
    status?.currentPodCliqueSetGenerationHash === targetHash &&
    (status.updatedReplicas ?? 0) >= minimum
  )
}

/** It lacked its minimum whenever it was looked at, or is looked at first, or was asked for none: it was never seen healthy. */
function isBreachSinceStart(group: PodCliqueScalingGroup): boolean {
  const standing = conditionOf(group.status?.conditions, BREACH)
  if (standing === undefined || wasNoneAsked(group, BREACH)) return true
  return standing.status !== 'False' && !wasHealthy(group)
}

/** An update passes over the breach and says nothing about it: what was never healthy must not seem to have been. */
const sinceItsStart = ({ metadata }: PodCliqueScalingGroup, finding: Finding): Finding => ({
  ...finding,
  since: metadata.creationTimestamp,
  isSinceThen: true,
})

function groupBreach(group: PodCliqueScalingGroup, unbroken: number, minAvailable: number): Finding {
  const isEnough = unbroken >= minAvailable
  const what = `${isEnough ? 'Sufficient' : 'Insufficient'}AvailablePodCliqueScalingGroupReplicas`
  const reason = isEnough ? asked(group, what) : what
  const message = `${unbroken} replicas are whole, ${minAvailable} are needed`
  const status = isEnough ? 'False' : 'True'
  return { type: 'MinAvailableBreached', status, reason, message, ...sinceStart(group, isEnough) }
}

export interface SetView {
  readonly shape: SetShape
  readonly translation: Translation
  readonly problems: readonly Problem[]
  readonly isStalled: boolean
  readonly rollout: SetRollout
  /** What the server refuses of the set's objects, or null. */
  readonly refusal: string | null
  readonly cliqueNamed: (name: string) => PodClique | undefined
  readonly groupNamed: (name: string) => PodCliqueScalingGroup | undefined
}

export function setStatus(view: SetView, context: FindingContext): PodCliqueSetStatus {
  const { shape, isStalled } = view
  const replicas = shape.set.spec.replicas ?? 0
  const available = indices(replicas).filter((index) => isReplicaAvailable(view, index))
  const updated = available.filter((index) => isReplicaUpdated(view, index))
  const standing = shape.set.status
  const seldom = [
    [TOPOLOGY, topologyFinding(view.translation)],
    [UNSUPPORTED, unsupportedFinding(shape)],
  ] as const
  const findings = [...seldom.flatMap(([, finding]) => finding ?? []), ...setProgress(view, available.length, replicas)]
  const removed = seldom.flatMap(([type, finding]) => (finding === null ? [type] : []))
  const conditions = withFindings(standing?.conditions, findings, context, removed)
  const hash = isStalled ? standing?.currentGenerationHash : view.rollout.generationHash
  return {
    observedGeneration: context.generation,
    replicas,
    availableReplicas: available.length,
    updatedReplicas: updated.length,
    hpaPodSelector: selectorOf(managed(shape.name)),
    conditions,
    ...(hash === undefined ? {} : { currentGenerationHash: hash }),
  }
}

function setProgress({ problems, refusal, rollout }: SetView, available: number, replicas: number): Finding[] {
  const [first] = problems
  const isUpdating = rollout.progress?.updateStartedAt !== undefined && rollout.progress.updateEndedAt === undefined
  const isReady = first === undefined && available >= replicas && !isUpdating
  const counts = `${available} of ${replicas} replicas are available`
  const seen = refusal === null ? counts : `${counts}; ${refusal}`
  return kstatus({
    isReady,
    reason: first?.reason ?? (isReady ? 'ReplicasAvailable' : isUpdating ? 'UpdateInProgress' : 'ReplicasNotAvailable'),
    message: first === undefined ? seen : describeProblem(first),
    problem: first === undefined ? null : { reason: first.reason, message: problems.map(describeProblem).join('; ') },
  })
}

const standaloneOf = ({ shape, cliqueNamed }: SetView, index: number) =>
  shape.standalone.map((clique) => cliqueNamed(standaloneIdentity(shape, index, clique).name))
const groupsOf = ({ shape, groupNamed }: SetView, index: number) =>
  shape.groups.map((group) => groupNamed(groupIdentity(shape, index, group).name))

function isReplicaAvailable(view: SetView, index: number): boolean {
  const cliques = standaloneOf(view, index)
  const groups = groupsOf(view, index)
  const isGroupAvailable = ({ spec, status }: PodCliqueScalingGroup): boolean =>
    (status?.availableReplicas ?? 0) >= Math.min(spec.replicas ?? 1, spec.minAvailable ?? 1)
  return (
    cliques.every((clique) => isLive(clique) && isAvailable(clique)) &&
    groups.every((group) => isLive(group) && isGroupAvailable(group))
  )
}

function isReplicaUpdated(view: SetView, index: number): boolean {
  const cliques = standaloneOf(view, index)
  const groups = groupsOf(view, index)
  const isGroupUpdated = ({ spec, status }: PodCliqueScalingGroup): boolean =>
    status?.currentPodCliqueSetGenerationHash === view.rollout.generationHash &&
    (status.updatedReplicas ?? 0) >= Math.min(spec.replicas ?? 1, spec.minAvailable ?? 1)
  return (
    cliques.every((clique) => clique !== undefined && isUpdated(clique, view.rollout.generationHash)) &&
    groups.every((group) => group !== undefined && isGroupUpdated(group))
  )
}

const UNSUPPORTED = 'UnsupportedFields'

/** The same that is said of a graph. */
function unsupportedFinding(shape: SetShape): Finding | null {
  const message = unsupportedIn(shape)
  return message === null ? null : { type: UNSUPPORTED, status: 'True', reason: 'NotImplemented', message }
}

const TOPOLOGY = 'TopologyLevelsUnavailable'

/** Null: the set states no constraint, so there is nothing to say. */
function topologyFinding({ state, missingDomains, problems }: Translation): Finding | null {
  const type = TOPOLOGY
  switch (state) {
    case 'unused':
      return null
    case 'available':
      return { type, status: 'False', reason: 'AllClusterTopologyLevelsAvailable', message: '' }
    case 'levels-missing':
      return { type, status: 'True', reason: 'ClusterTopologyLevelsUnavailable', message: missingDomains.join(', ') }
    case 'disabled':
      return { type, status: 'Unknown', reason: 'TopologyAwareSchedulingDisabled', message: problems[0]?.message ?? '' }
    case 'not-found':
      return { type, status: 'Unknown', reason: 'ClusterTopologyNotFound', message: problems[0]?.message ?? '' }
  }
}
