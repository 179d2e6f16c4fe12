import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { PCS_REPLICA_INDEX, SCALING_GROUP_REPLICA_INDEX, SCALING_GROUP } from '../../api/names.ts'
import { baseGangName, cliqueName, memberName, scaledGangName, scalingGroupName } from './names.ts'
import type { CliqueShape, GroupShape, SetShape } from './shape.ts'

/** Which PodClique: everything about it that its name is made of. */
export interface CliqueIdentity {
  readonly clique: CliqueShape
  /** Of the set's replicas. */
  readonly index: number
  /** Null for a clique outside of scaling groups. */
  readonly member: { readonly group: GroupShape; readonly groupName: string; readonly replica: number } | null
  readonly name: string
}

export interface ScalingGroupIdentity {
  readonly group: GroupShape
  readonly index: number
  readonly name: string
}

/** Which PodGang: the base of a replica of the set, or one replica of a scaling group above its minimum. */
export type GangIdentity = Readonly<{ index: number; name: string }> &
  (Readonly<{ kind: 'base' }> | Readonly<{ kind: 'scaled'; group: ScalingGroupIdentity; replica: number }>)

export const standaloneIdentity = (shape: SetShape, index: number, clique: CliqueShape): CliqueIdentity => ({
  clique,
  index,
  member: null,
  name: cliqueName(shape.name, index, clique.name),
})

export const groupIdentity = (shape: SetShape, index: number, group: GroupShape): ScalingGroupIdentity => ({
  group,
  index,
  name: scalingGroupName(shape.name, index, group.name),
})

export const memberIdentity = (of: ScalingGroupIdentity, replica: number, clique: CliqueShape): CliqueIdentity => ({
  clique,
  index: of.index,
  member: { group: of.group, groupName: of.name, replica },
  name: memberName(of.name, replica, clique.name),
})

export const baseGang = (shape: SetShape, index: number): GangIdentity => ({
  kind: 'base',
  index,
  name: baseGangName(shape.name, index),
})

export const scaledGang = (group: ScalingGroupIdentity, replica: number): GangIdentity => ({
  kind: 'scaled',
  index: group.index,
  group,
  replica,
  name: scaledGangName(group.name, replica, group.group.minAvailable),
})

/** The gang that the pods of a clique are placed with. */
export function gangOf(shape: SetShape, { index, member }: CliqueIdentity): GangIdentity {
  if (member === null || member.replica < member.group.minAvailable) return baseGang(shape, index)
  return scaledGang({ group: member.group, index, name: member.groupName }, member.replica)
}

/** Whose pods a gang holds, in the order of its pod groups. */
export function cliquesOfGang(shape: SetShape, gang: GangIdentity): CliqueIdentity[] {
  if (gang.kind === 'scaled') return membersOf(gang.group, gang.replica)
  const standalone = shape.standalone.map((clique) => standaloneIdentity(shape, gang.index, clique))
  return [...standalone, ...shape.groups.flatMap((group) => minimumOf(groupIdentity(shape, gang.index, group)))]
}

const minimumOf = (group: ScalingGroupIdentity): CliqueIdentity[] =>
  indices(group.group.minAvailable).flatMap((replica) => membersOf(group, replica))

export const membersOf = (group: ScalingGroupIdentity, replica: number): CliqueIdentity[] =>
  group.group.members.map((member) => memberIdentity(group, replica, member))

/** 0, 1, …, count - 1. */
export const indices = (count: number): number[] => Array.from({ length: Math.max(0, count) }, (_, index) => index)

/** A label that holds an index; null where it is absent or anything else. */
export function indexLabel(object: KubeObject, label: string): number | null {
  const text = object.metadata.labels?.[label]
  return text !== undefined && /^(0|[1-9]\d{0,8})$/.test(text) ? Number(text) : null
}

/** Which clique of the set a PodClique is, by its labels; null if the set has no such clique. */
export function cliqueIdentityOf(shape: SetShape, object: KubeObject): CliqueIdentity | null {
  const index = indexLabel(object, PCS_REPLICA_INDEX)
  if (index === null) return null
  const replica = indexLabel(object, SCALING_GROUP_REPLICA_INDEX)
  return candidates(shape, index, object, replica).find(({ name }) => name === object.metadata.name) ?? null
}

function candidates(shape: SetShape, index: number, object: KubeObject, replica: number | null): CliqueIdentity[] {
  const groupName = object.metadata.labels?.[SCALING_GROUP]
  if (groupName === undefined) return shape.standalone.map((clique) => standaloneIdentity(shape, index, clique))
  const group = shape.groups.map((each) => groupIdentity(shape, index, each)).find(({ name }) => name === groupName)
  return group === undefined || replica === null ? [] : membersOf(group, replica)
}

/** Which scaling group of the set an object is; null if the set has no such group. */
export function groupIdentityOf(shape: SetShape, object: KubeObject): ScalingGroupIdentity | null {
  const index = indexLabel(object, PCS_REPLICA_INDEX)
  if (index === null) return null
  const groups = shape.groups.map((group) => groupIdentity(shape, index, group))
  return groups.find(({ name }) => name === object.metadata.name) ?? null
}
