import type { KindDefinition } from '../schema.ts'
import { dynamoGraphDeployment } from './dynamo.ts'
import { podClique } from './pod-clique.ts'
import { podCliqueSet, podGangSet } from './pod-clique-set.ts'
import { podGang } from './pod-gang.ts'
import { podCliqueScalingGroup } from './scaling-group.ts'
import { clusterTopologyBinding } from './topology-binding.ts'

/** Every kind that we define, in the order in which they are printed. */
export const KINDS: readonly KindDefinition[] = [
  podCliqueSet,
  podClique,
  podCliqueScalingGroup,
  podGang,
  clusterTopologyBinding,
  podGangSet,
  dynamoGraphDeployment,
]
