import { validateStartOrder } from '../../api/kinds/start-order.ts'
import {
  type CliqueIdentity,
  groupIdentity,
  indices,
  memberIdentity,
  type ScalingGroupIdentity,
  standaloneIdentity,
} from './identity.ts'
import { type Problem, problemOf } from './problem.ts'
import type { CliqueShape, SetShape } from './shape.ts'

/** The PodCliques that must have their minimum ready before pods of this one start. */
export function dependenciesOf(shape: SetShape, of: CliqueIdentity): CliqueIdentity[] {
  return of.clique.startsAfter.flatMap((name) => {
    const clique = shape.cliques.find((each) => each.name === name)
    return clique === undefined ? [] : instancesFor(shape, of, clique)
  })
}

/**
 * Inside a base gang: the clique, or all its copies in that gang. A scaled gang waits for its own replica only, since
 * the rest of its gang is all that its pods can see.
 */
function instancesFor(shape: SetShape, of: CliqueIdentity, clique: CliqueShape): CliqueIdentity[] {
  const isScaled = of.member !== null && of.member.replica >= of.member.group.minAvailable
  const group = shape.groups.find(({ name }) => name === clique.groupName)
  if (isScaled) {
    if (of.member === null || group !== of.member.group) return []
    const own: ScalingGroupIdentity = { group, index: of.index, name: of.member.groupName }
    return [memberIdentity(own, of.member.replica, clique)]
  }
  if (group === undefined) return [standaloneIdentity(shape, of.index, clique)]
  const identity = groupIdentity(shape, of.index, group)
  return indices(group.minAvailable).map((replica) => memberIdentity(identity, replica, clique))
}

/** Orders that no start can follow: cliques that wait for each other in a circle, or for one that is not there. */
export const startOrderProblems = ({ set }: SetShape): Problem[] =>
  validateStartOrder(set.spec).map((error) => problemOf('InvalidStartOrder', error))
