import type { PodClique, PodCliqueScalingGroup, PodCliqueSet, PodGang } from '../api/generated/kinds.ts'
import type { KubeObject, Pod } from '../api/kinds/kubernetes.ts'
import { GROVE_OPERATOR, MANAGED_BY, PART_OF, RECREATED_FOR } from '../api/names.ts'
import {
  AUTOSCALERS,
  POD_CLIQUES,
  POD_CLIQUE_SETS,
  POD_GANGS,
  PODS,
  type ResourceType,
  ROLE_BINDINGS,
  ROLES,
  SCALING_GROUPS,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
} from '../kube/resources.ts'
import { type CliqueIdentity } from './expansion/identity.ts'
import { minAvailableOf } from './expansion/clique.ts'
import { type Generation, generationOf } from './expansion/generation.ts'
import type { ObservedSet } from './expansion/set.ts'
import type { SetShape } from './expansion/shape.ts'
import { isActive, projectPod } from './observed-pod.ts'
import { POD_FIELDS } from './pod-fields.ts'
import type { Key } from './reconciler.ts'
import type { Store } from './store.ts'
import type { View } from './view.ts'
import { controllerOf } from './writer.ts'

/** Children are watched by the label that everything managed carries. */
export const MANAGED: string = `${MANAGED_BY}=${GROVE_OPERATOR}`

/** Kinds that a set owns and that nothing else of ours looks after. */
export const SUPPORTING: readonly ResourceType[] = [
  SERVICE_ACCOUNTS,
  ROLES,
  ROLE_BINDINGS,
  SECRETS,
  SERVICES,
  AUTOSCALERS,
]

/** The stores that the four reconcilers of a set share. */
export interface World {
  readonly sets: Store<PodCliqueSet>
  readonly cliques: Store<PodClique>
  readonly groups: Store<PodCliqueScalingGroup>
  readonly gangs: Store<PodGang>
  readonly pods: Store<Pod>
  readonly supporting: ReadonlyMap<ResourceType, Store<KubeObject>>
}

export function observeWorld(view: View): World {
  const managed = (type: ResourceType): [ResourceType, Store<KubeObject>] => [
    type,
    view.observe<KubeObject>(type, { labelSelector: MANAGED, project: withoutData }),
  ]
  return {
    sets: view.observe<PodCliqueSet>(POD_CLIQUE_SETS),
    cliques: view.observe<PodClique>(POD_CLIQUES),
    groups: view.observe<PodCliqueScalingGroup>(SCALING_GROUPS),
    gangs: view.observe<PodGang>(POD_GANGS),
    pods: view.observe<Pod>(PODS, { labelSelector: MANAGED, project: projectPod, projection: POD_FIELDS }),
    supporting: new Map(SUPPORTING.map(managed)),
  }
}

/** Tokens are nobody's business here: what a Secret holds is not kept. */
function withoutData(raw: KubeObject): KubeObject {
  const { data: _, ...rest } = raw as KubeObject & { data?: unknown }
  return rest
}

/** The keys of objects of the same namespace that a label names, or named before somebody changed it. */
export function labelled(object: KubeObject, label: string, before: KubeObject | null = null): Key[] {
  const names = new Set([object, before].flatMap((each) => each?.metadata.labels?.[label] ?? []))
  return [...names].map((name): Key => `${object.metadata.namespace ?? ''}/${name}`)
}

export const keyOfSet = (object: KubeObject, before: KubeObject | null): Key[] => labelled(object, PART_OF, before)

/** The set that controls an object, by way of its clique and scaling group. Labels may be lost, owners are not. */
export function setOf(world: World, object: KubeObject): PodCliqueSet | undefined {
  const uid = controllerOf(object)
  if (uid === undefined) return undefined
  const parent = world.cliques.byUid(uid) ?? world.groups.byUid(uid)
  return parent === undefined ? world.sets.byUid(uid) : setOf(world, parent)
}

/** The clique of that identity, if it is there and the set's own. */
export function liveClique(
  world: World,
  { namespace, set }: SetShape,
  identity: CliqueIdentity,
): PodClique | undefined {
  const clique = world.cliques.get(namespace, identity.name)
  const owner = identity.member === null ? set : world.groups.get(namespace, identity.member.groupName)
  const isIts = owner !== undefined && (owner === set || isOwnedBy(owner, set))
  return clique !== undefined && isIts && isOwnedBy(clique, owner) ? clique : undefined
}

/** A set's part of the world. Objects of that name which belong to somebody else are not its own. */
export function observedSet(world: World, shape: SetShape): ObservedSet {
  const { namespace, set } = shape
  const groupNamed = (name: string): PodCliqueScalingGroup | undefined => {
    const group = world.groups.get(namespace, name)
    return group !== undefined && isOwnedBy(group, set) ? group : undefined
  }
  const cliqueOf = (identity: CliqueIdentity): PodClique | undefined => liveClique(world, shape, identity)
  return {
    scalingGroup: groupNamed,
    clique: (name) => {
      const clique = world.cliques.get(namespace, name)
      return clique !== undefined && isOwnedBy(clique, set) ? clique : undefined
    },
    podsOf: (identity) => {
      const clique = cliqueOf(identity)
      return clique === undefined ? [] : activePods(world, clique).map(({ metadata }) => metadata.name)
    },
    askedOf: (identity) => {
      const { clique, member } = identity
      const isCopyOff =
        member !== null && member.replica >= (groupNamed(member.groupName)?.spec.replicas ?? member.group.replicas)
      return isCopyOff ? 0 : (cliqueOf(identity)?.spec.replicas ?? clique.replicas)
    },
    minAvailableOf: (identity) => minAvailableOf(identity, cliqueOf(identity)),
    isMadeAnew: (identity) => cliqueOf(identity)?.metadata.annotations?.[RECREATED_FOR] !== undefined,
  }
}

/** All cliques of a set, those of its scaling groups included. */
export function* cliquesOfSet({ cliques, groups }: World, { metadata }: PodCliqueSet): Generator<PodClique> {
  yield* cliques.owned(metadata.uid)
  for (const group of groups.owned(metadata.uid)) yield* cliques.owned(group.metadata.uid)
}

/** Which version a set's objects are being brought to. */
export const generationIn = (world: World, shape: SetShape): Generation =>
  generationOf(shape, () => cliquesOfSet(world, shape.set))

export const activePods = ({ pods }: World, clique: PodClique): Pod[] =>
  pods.owned(clique.metadata.uid).filter(isActive)

export const isOwnedBy = (object: KubeObject, owner: KubeObject): boolean => controllerOf(object) === owner.metadata.uid
