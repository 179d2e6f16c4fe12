import type { PodCliqueScalingGroup } from '../../api/generated/kinds.ts'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { PCS_REPLICA_INDEX } from '../../api/names.ts'
import { type CliqueIdentity, indices, membersOf, type ScalingGroupIdentity } from './identity.ts'
import { metadataOf } from './metadata.ts'
import type { SetShape } from './shape.ts'

/** One PodCliqueScalingGroup. `live` is the object as it is, if it is: its replicas are its own, once it is there. */
export function expandScalingGroup(
  shape: SetShape,
  { group, index, name }: ScalingGroupIdentity,
  live: PodCliqueScalingGroup | undefined,
): NewObject {
  return {
    apiVersion: 'grove.io/v1alpha1',
    kind: 'PodCliqueScalingGroup',
    metadata: metadataOf(shape, shape.set, name, 'pcs-podcliquescalinggroup', { [PCS_REPLICA_INDEX]: String(index) }),
    spec: {
      replicas: live?.spec.replicas ?? group.replicas,
      minAvailable: group.minAvailable,
      cliqueNames: [...group.template.cliqueNames],
    },
  }
}

/** All cliques of the first `replicas` replicas. */
export const membersUpTo = (identity: ScalingGroupIdentity, replicas: number): CliqueIdentity[] =>
  indices(replicas).flatMap((replica) => membersOf(identity, replica))
