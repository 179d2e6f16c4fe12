import type { PodGangSpec, PodGroup, TopologyConstraintGroupConfig } from '../../api/generated/kinds.ts'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import {
  COMPONENT,
  GROVE_SCHEDULER_NAME,
  PCS_REPLICA_INDEX,
  SCALING_GROUP,
  SCALING_GROUP_REPLICA_INDEX,
  SPREAD_ANNOTATION,
  TOPOLOGY_NAME,
} from '../../api/names.ts'
import { formatSpread } from '../../api/spread.ts'
import type { OperatorConfig } from '../config.ts'
import { APPLIED_KEYS, appliedKeys } from './applied-keys.ts'
import { cliquesOfGang, type CliqueIdentity, type GangIdentity, groupIdentity, indices, membersOf } from './identity.ts'
import { controllerReference, managedLabels } from './metadata.ts'
import { mirrored } from './mirror.ts'
import { baseGangName, constraintGroupName } from './names.ts'
import type { SetShape } from './shape.ts'
import { constraintOfSet, type Translation } from './topology.ts'

/** What a gang needs to know of the cluster. */
export interface ObservedGang {
  /** Names of the pods of a PodClique that are not terminating, in byte order. */
  readonly podsOf: (clique: CliqueIdentity) => readonly string[]
  /** Pods that a clique asks for now; 0 for a copy that its scaling group has no more. */
  readonly askedOf: (clique: CliqueIdentity) => number
  readonly minAvailableOf: (clique: CliqueIdentity) => number
  /** Its pods were made anew, by an update or a recovery. */
  readonly isMadeAnew: (clique: CliqueIdentity) => boolean
}

export function expandGang(
  shape: SetShape,
  gang: GangIdentity,
  translation: Translation,
  observed: ObservedGang,
  config: OperatorConfig,
): NewObject {
  return {
    apiVersion: 'scheduler.grove.io/v1alpha1',
    kind: 'PodGang',
    metadata: {
      name: gang.name,
      namespace: shape.namespace,
      ...gangMarks(shape, gang, translation, config),
      ownerReferences: [controllerReference(shape.set)],
    },
    spec: gangSpec(shape, gang, translation, observed),
  }
}

/** Labels and annotations: those of the set, ours over them. */
function gangMarks(
  shape: SetShape,
  gang: GangIdentity,
  translation: Translation,
  { schedulerName }: OperatorConfig,
): { labels: Record<string, string>; annotations?: Record<string, string> } {
  const { set, name } = shape
  const { topologyName } = translation
  const labels = mirrored(set.metadata.labels)
  const annotations = mirrored(set.metadata.annotations)
  const applied = appliedKeys(Object.keys(labels), Object.keys(annotations))
  const all = {
    ...annotations,
    ...(topologyName === null ? {} : { [TOPOLOGY_NAME]: topologyName }),
    ...(applied === null ? {} : { [APPLIED_KEYS]: applied }),
    ...spreadAnnotation(shape, gang, translation),
  }
  return {
    labels: {
      ...labels,
      ...managedLabels(name),
      [COMPONENT]: 'podgang',
      [GROVE_SCHEDULER_NAME]: shape.schedulerName ?? schedulerName,
      ...gangIdentityLabels(gang),
    },
    ...(Object.keys(all).length === 0 ? {} : { annotations: all }),
  }
}

/** A set that states its spread as an annotation is on a cluster where gangs have no field for it either. */
function spreadAnnotation(shape: SetShape, gang: GangIdentity, translation: Translation): Record<string, string> {
  if (gang.kind === 'scaled' || shape.set.metadata.annotations?.[SPREAD_ANNOTATION] === undefined) return {}
  const spread = gangConstraint(shape, gang, translation)?.spread
  return spread === undefined ? {} : { [SPREAD_ANNOTATION]: formatSpread(spread) }
}

function gangIdentityLabels(gang: GangIdentity): Record<string, string> {
  const index = { [PCS_REPLICA_INDEX]: String(gang.index) }
  if (gang.kind === 'base') return index
  return { ...index, [SCALING_GROUP]: gang.group.name, [SCALING_GROUP_REPLICA_INDEX]: String(gang.replica) }
}

/** Names under which the replicas of something are counted together when they are spread. */
const setPeers = (set: string): string => `pcs/${set}`
const groupPeers = (group: string): string => `pcsg/${group}`
const cliquePeers = (clique: string): string => `pclq/${clique}`

export function gangSpec(
  shape: SetShape,
  gang: GangIdentity,
  translation: Translation,
  observed: ObservedGang,
): PodGangSpec {
  const { priorityClassName } = shape.set.spec.template
  const constraint = gangConstraint(shape, gang, translation)
  const groups = gang.kind === 'base' ? constraintGroups(shape, gang, translation) : []
  const tied = gang.kind === 'scaled' ? translation.setKey : null
  const cliques = cliquesOfGang(shape, gang)
  const isMadeAnew = cliques.some((clique) => observed.isMadeAnew(clique))
  return {
    podgroups: cliques.map((clique) => podGroup(shape, clique, translation, observed)),
    ...(constraint === undefined ? {} : { topologyConstraint: constraint }),
    ...(groups.length === 0 ? {} : { topologyConstraintGroupConfigs: groups }),
    ...(priorityClassName ? { priorityClassName } : {}),
    ...(isMadeAnew ? { reuseReservationRef: { namespace: shape.namespace, name: gang.name } } : {}),
    ...(tied === null ? {} : { sameDomainAs: { podGang: baseGangName(shape.name, gang.index), key: tied } }),
  }
}

/** A scaled gang is a replica of its group: the group's constraint is its own, and the set's pack where it has none. */
function gangConstraint(
  shape: SetShape,
  gang: GangIdentity,
  translation: Translation,
): PodGangSpec['topologyConstraint'] {
  const ofSet = translation.constraint(constraintOfSet(shape), setPeers(shape.name))
  if (gang.kind === 'base') return ofSet
  const ofGroup = translation.constraint(gang.group.group.template.topologyConstraint, groupPeers(gang.group.name))
  const pack = ofGroup?.packConstraint ?? ofSet?.packConstraint
  if (pack === undefined) return ofGroup
  return { packConstraint: pack, ...(ofGroup?.spread === undefined ? {} : { spread: ofGroup.spread }) }
}

function constraintGroups(
  shape: SetShape,
  { index }: GangIdentity,
  translation: Translation,
): TopologyConstraintGroupConfig[] {
  return shape.groups.flatMap((group) => {
    const identity = groupIdentity(shape, index, group)
    const constraint = translation.constraint(group.template.topologyConstraint, groupPeers(identity.name))
    if (constraint === undefined) return []
    return indices(group.minAvailable).map((replica) => ({
      name: constraintGroupName(identity.name, replica),
      podGroupNames: membersOf(identity, replica).map(({ name }) => name),
      topologyConstraint: constraint,
    }))
  })
}

/**
 * No more than there are to be: a clique that somebody scaled below its minimum, or to none, would else keep all others
 * of its gang from ever being placed.
 */
export const minReplicasOf = (
  clique: CliqueIdentity,
  { askedOf, minAvailableOf }: Pick<ObservedGang, 'askedOf' | 'minAvailableOf'>,
): number => Math.min(minAvailableOf(clique), askedOf(clique))

function podGroup(
  shape: SetShape,
  identity: CliqueIdentity,
  translation: Translation,
  observed: ObservedGang,
): PodGroup {
  const constraint = translation.constraint(identity.clique.template.topologyConstraint, cliquePeers(identity.name))
  return {
    name: identity.name,
    podReferences: observed.podsOf(identity).map((name) => ({ namespace: shape.namespace, name })),
    minReplicas: minReplicasOf(identity, observed),
    ...(constraint === undefined ? {} : { topologyConstraint: constraint }),
  }
}
