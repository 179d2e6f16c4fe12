import type { PodClique, PodCliqueScalingGroup } from '../../api/generated/kinds.ts'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import {
  AUTOSCALERS,
  POD_CLIQUES,
  POD_GANGS,
  type ResourceType,
  ROLE_BINDINGS,
  ROLES,
  SCALING_GROUPS,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
} from '../../kube/resources.ts'
import type { OperatorConfig } from '../config.ts'
import { expandAutoscalers } from './autoscaler.ts'
import { expandClique } from './clique.ts'
import {
  baseGang,
  type GangIdentity,
  groupIdentity,
  indices,
  scaledGang,
  type ScalingGroupIdentity,
  standaloneIdentity,
} from './identity.ts'
import { nameProblems } from './name-check.ts'
import { serviceName } from './names.ts'
import { expandGang, type ObservedGang } from './pod-gang.ts'
import type { Problem } from './problem.ts'
import { expandRole, expandRoleBinding, expandServiceAccount } from './rbac.ts'
import { expandScalingGroup } from './scaling-group.ts'
import { expandTokenSecret } from './secret.ts'
import { expandService } from './service.ts'
import type { SetShape } from './shape.ts'
import { startOrderProblems } from './start-order.ts'
import type { Translation } from './topology.ts'
import { usesTokenSecret } from './waiter.ts'

/** An object that should be, and where it lives. */
export interface Desired {
  readonly type: ResourceType
  readonly name: string
  /** Which of the set's replicas it is for; null: for all. */
  readonly replica: number | null
  /** Expanded when it is asked for the first time. */
  readonly object: NewObject
}

export function desiredOf(type: ResourceType, name: string, replica: number | null, expand: () => NewObject): Desired {
  let made: NewObject | null = null
  return {
    type,
    name,
    replica,
    get object() {
      return (made ??= expand())
    },
  }
}

/** What the expansion of a set reads of the cluster. */
export interface ObservedSet extends ObservedGang {
  readonly clique: (name: string) => PodClique | undefined
  readonly scalingGroup: (name: string) => PodCliqueScalingGroup | undefined
}

/** Everything that the set itself owns. Cliques of scaling groups are owned by their group, pods by their clique. */
export function expandSet(
  shape: SetShape,
  translation: Translation,
  observed: ObservedSet,
  config: OperatorConfig,
): Desired[] {
  const gangs = gangsOfSet(shape, observed).map((gang) =>
    desiredOf(POD_GANGS, gang.name, gang.index, () => expandGang(shape, gang, translation, observed, config)),
  )
  return [...expandParts(shape, observed), ...gangs]
}

/** The same without the gangs, which are made of pods that are there. */
export function expandParts(shape: SetShape, observed: ObservedSet): Desired[] {
  const replicas = shape.set.spec.replicas ?? 0
  return [
    ...supporting(shape, replicas),
    ...indices(replicas).flatMap((index) => standaloneCliques(shape, index, observed)),
    ...indices(replicas).flatMap((index) => scalingGroups(shape, index, observed)),
  ]
}

export const gangsOfSet = (shape: SetShape, observed: Pick<ObservedSet, 'scalingGroup'>): GangIdentity[] =>
  indices(shape.set.spec.replicas ?? 0).flatMap((index) => gangsOf(shape, index, observed))

function supporting(shape: SetShape, replicas: number): Desired[] {
  const whole = (type: ResourceType, object: NewObject): Desired =>
    desiredOf(type, object.metadata.name ?? '', null, () => object)
  return [
    whole(SERVICE_ACCOUNTS, expandServiceAccount(shape)),
    whole(ROLES, expandRole(shape)),
    whole(ROLE_BINDINGS, expandRoleBinding(shape)),
    ...(usesTokenSecret(shape) ? [whole(SECRETS, expandTokenSecret(shape))] : []),
    ...indices(replicas).map((index) =>
      desiredOf(SERVICES, serviceName(shape.name, index), index, () => expandService(shape, index)),
    ),
    ...expandAutoscalers(shape, replicas).map((object) => whole(AUTOSCALERS, object)),
  ]
}

function standaloneCliques(shape: SetShape, index: number, observed: ObservedSet): Desired[] {
  return shape.standalone.map((clique) => {
    const identity = standaloneIdentity(shape, index, clique)
    const { name } = identity
    return desiredOf(POD_CLIQUES, name, index, () => expandClique(shape, identity, shape.set, observed.clique(name)))
  })
}

const groupsAt = (shape: SetShape, index: number): ScalingGroupIdentity[] =>
  shape.groups.map((group) => groupIdentity(shape, index, group))

function scalingGroups(shape: SetShape, index: number, observed: ObservedSet): Desired[] {
  return groupsAt(shape, index).map((identity) =>
    desiredOf(SCALING_GROUPS, identity.name, index, () =>
      expandScalingGroup(shape, identity, observed.scalingGroup(identity.name)),
    ),
  )
}

/** The base gang of one replica of the set, then the scaled ones as its scaling groups stand now. */
export function gangsOf(shape: SetShape, index: number, observed: Pick<ObservedSet, 'scalingGroup'>): GangIdentity[] {
  const scaled = groupsAt(shape, index).flatMap((identity) => {
    const { minAvailable, replicas } = identity.group
    const now = observed.scalingGroup(identity.name)?.spec.replicas ?? replicas
    return indices(now - minAvailable).map((above) => scaledGang(identity, minAvailable + above))
  })
  return [baseGang(shape, index), ...scaled]
}

/** What is wrong with a set, beyond what its schema and rules could tell. */
export function problemsOf(
  shape: SetShape,
  translation: Translation,
  observed: Pick<ObservedSet, 'scalingGroup'>,
): Problem[] {
  const replicasOf = (name: string): number => {
    const group = shape.groups.find((each) => groupIdentity(shape, 0, each).name === name)
    return observed.scalingGroup(name)?.spec.replicas ?? group?.replicas ?? 0
  }
  return [...startOrderProblems(shape), ...nameProblems(shape, replicasOf), ...translation.problems]
}
