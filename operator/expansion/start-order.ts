import {
  type CliqueIdentity,
  groupIdentity,
  indices,
  memberIdentity,
  type ScalingGroupIdentity,
  standaloneIdentity,
} from './identity.ts'
import type { Problem } from './problem.ts'
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

/** Cliques that wait for each other in a circle would never start. One problem a circle, each circle once. */
export function startOrderProblems(shape: SetShape): Problem[] {
  const circles = new Map<string, Problem>()
  for (const [position, clique] of shape.cliques.entries()) {
    const circle = circleThrough(shape, clique)
    if (circle === null) continue
    const members = [...circle].sort().join(' ')
    if (circles.has(members)) continue
    const message = `cliques wait for each other: ${[...circle, clique.name].join(' after ')}; take one entry away`
    const path = `spec.template.cliques[${position}].spec.startsAfter`
    circles.set(members, { reason: 'StartOrderCycle', path, message })
  }
  return [...circles.values()]
}

/** The shortest way from a clique over what it waits for back to itself, or null. O(cliques + entries). */
function circleThrough(shape: SetShape, from: CliqueShape): string[] | null {
  const reachedBy = new Map<string, string>()
  const frontier = [from.name]
  for (const name of frontier) {
    for (const next of shape.cliques.find((each) => each.name === name)?.startsAfter ?? []) {
      if (next === from.name) return wayTo(name, from.name, reachedBy)
      if (reachedBy.has(next)) continue
      reachedBy.set(next, name)
      frontier.push(next)
    }
  }
  return null
}

function wayTo(name: string, from: string, reachedBy: ReadonlyMap<string, string>): string[] {
  const way = [name]
  for (let at = name; at !== from; ) {
    at = reachedBy.get(at) ?? from
    way.unshift(at)
  }
  return way
}
