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
  readonly object: NewObject
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
  const replicas = shape.set.spec.replicas ?? 0
  return [
    ...supporting(shape, replicas),
    ...indices(replicas).flatMap((index) => standaloneCliques(shape, index, observed)),
    ...indices(replicas).flatMap((index) => scalingGroups(shape, index, observed)),
    ...indices(replicas).flatMap((index) =>
      gangsOf(shape, index, observed).map((gang) => ({
        type: POD_GANGS,
        object: expandGang(shape, gang, translation, observed, config),
      })),
    ),
  ]
}

function supporting(shape: SetShape, replicas: number): Desired[] {
  return [
    { type: SERVICE_ACCOUNTS, object: expandServiceAccount(shape) },
    { type: ROLES, object: expandRole(shape) },
    { type: ROLE_BINDINGS, object: expandRoleBinding(shape) },
    ...(usesTokenSecret(shape) ? [{ type: SECRETS, object: expandTokenSecret(shape) }] : []),
    ...indices(replicas).map((index) => ({ type: SERVICES, object: expandService(shape, index) })),
    ...expandAutoscalers(shape, replicas).map((object) => ({ type: AUTOSCALERS, object })),
  ]
}

function standaloneCliques(shape: SetShape, index: number, observed: ObservedSet): Desired[] {
  return shape.standalone.map((clique) => {
    const identity = standaloneIdentity(shape, index, clique)
    return { type: POD_CLIQUES, object: expandClique(shape, identity, shape.set, observed.clique(identity.name)) }
  })
}

const groupsAt = (shape: SetShape, index: number): ScalingGroupIdentity[] =>
  shape.groups.map((group) => groupIdentity(shape, index, group))

function scalingGroups(shape: SetShape, index: number, observed: ObservedSet): Desired[] {
  return groupsAt(shape, index).map((identity) => ({
    type: SCALING_GROUPS,
    object: expandScalingGroup(shape, identity, observed.scalingGroup(identity.name)),
  }))
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
