import type { PodClique } from '../../api/generated/kinds.ts'
import type { KubeObject, NewObject } from '../../api/kinds/kubernetes.ts'
import {
  BASE_POD_GANG,
  PCS_REPLICA_INDEX,
  POD_GANG,
  POD_TEMPLATE_HASH,
  RECREATED_FOR,
  SCALING_GROUP,
  SCALING_GROUP_REPLICA_INDEX,
  TOPOLOGY_NAME,
} from '../../api/names.ts'
import { hashFor } from './adopt.ts'
import { APPLIED_KEYS, appliedKeys } from './applied-keys.ts'
import { type CliqueIdentity, gangOf } from './identity.ts'
import { type Component, metadataOf } from './metadata.ts'
import { baseGangName } from './names.ts'
import type { CliqueShape, SetShape } from './shape.ts'
import { dependenciesOf } from './start-order.ts'

/** What an update does with a clique: it is not its turn yet, or its pods are made anew for this version. */
export type CliqueTurn = Readonly<{ kind: 'keep' } | { kind: 'take' } | { kind: 'recreate'; reason: string }>

const TAKE: CliqueTurn = { kind: 'take' }

/**
 * One PodClique. `live` is the object as it is, if it is: its replicas are its own, once it is there, and so is its
 * template as long as it is not its turn.
 */
export function expandClique(
  shape: SetShape,
  identity: CliqueIdentity,
  owner: KubeObject,
  live: PodClique | undefined,
  turn: CliqueTurn = TAKE,
): NewObject {
  const kept = turn.kind === 'keep' ? live : undefined
  const { clique, member, name } = identity
  const component: Component = member === null ? 'pcs-podclique' : 'pcsg-podclique'
  const hash = kept?.metadata.labels?.[POD_TEMPLATE_HASH] ?? hashFor(clique, live)
  const metadata = metadataOf(shape, owner, name, component, identityLabels(shape, identity, hash))
  const annotations = {
    ...(kept?.metadata.annotations ?? annotationsOf(clique)),
    ...(turn.kind === 'recreate' ? { [RECREATED_FOR]: turn.reason } : {}),
  }
  const labels = kept?.metadata.labels ?? clique.labels
  return {
    apiVersion: 'grove.io/v1alpha1',
    kind: 'PodClique',
    metadata: {
      ...metadata,
      labels: { ...labels, ...metadata.labels },
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: { ...specOf(shape, identity, live), ...(kept === undefined ? {} : { podSpec: kept.spec.podSpec }) },
  }
}

function identityLabels(shape: SetShape, identity: CliqueIdentity, hash: string): Record<string, string> {
  const { index, member } = identity
  const gang = gangOf(shape, identity)
  return {
    [PCS_REPLICA_INDEX]: String(index),
    [POD_GANG]: gang.name,
    [POD_TEMPLATE_HASH]: hash,
    ...(gang.kind === 'base' ? {} : { [BASE_POD_GANG]: baseGangName(shape.name, index) }),
    ...(member === null
      ? {}
      : { [SCALING_GROUP]: member.groupName, [SCALING_GROUP_REPLICA_INDEX]: String(member.replica) }),
  }
}

function annotationsOf({ labels, annotations }: CliqueShape): Record<string, string> {
  const { [TOPOLOGY_NAME]: _, ...copied } = annotations
  const applied = appliedKeys(Object.keys(labels), Object.keys(copied))
  return { ...copied, ...(applied === null ? {} : { [APPLIED_KEYS]: applied }) }
}

function specOf(shape: SetShape, identity: CliqueIdentity, live: PodClique | undefined): Record<string, unknown> {
  const { spec } = identity.clique.template
  const startsAfter = dependenciesOf(shape, identity).map(({ name }) => name)
  return {
    roleName: spec.roleName,
    podSpec: identity.clique.podSpec,
    replicas: live?.spec.replicas ?? identity.clique.replicas,
    minAvailable: minAvailableOf(identity, live),
    ...(startsAfter.length === 0 ? {} : { startsAfter }),
    ...(spec.autoScalingConfig === undefined ? {} : { autoScalingConfig: spec.autoScalingConfig }),
  }
}

/**
 * What the template says. Where it says nothing, what the clique was made with: a later edit of the template's
 * replicas changes no clique that exists, so it must not raise its minimum either.
 */
export const minAvailableOf = ({ clique }: CliqueIdentity, live: PodClique | undefined): number =>
  clique.template.spec.minAvailable ?? live?.spec.minAvailable ?? clique.minAvailable
