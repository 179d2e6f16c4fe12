import { attemptOf, conditionOf, groupsOf, hasController, isAlive, isMember, isReady, nodeOf } from '../facts.ts'
import type { World } from '../world.ts'

/** I1: a gang that was never whole has no bound pod, or one that may not be given back. */
export function gangsAtRest({ history }: World): string[] {
  const wrong: string[] = []
  for (const gang of history.gangs.values()) {
    const { name, uid } = gang.metadata
    const groups = groupsOf(gang)
    const bound = groups.map((group) =>
      [...history.pods.ofGang(name)].filter(
        (pod) => isMember(gang, group, pod) && isAlive(pod) && nodeOf(pod) !== null,
      ),
    )
    const isFull = groups.every((group, at) => (bound[at]?.length ?? 0) >= group.minimum)
    const all = bound.flat()
    if (isFull || all.length === 0 || history.everWhole.has(uid)) continue
    const isOwn = (pod: (typeof all)[number]): boolean =>
      attemptOf(pod)?.gangUid === uid && attemptOf(pod)?.kind === 'first'
    const isHeld = all.some((pod) => isReady(pod) || !isOwn(pod) || !hasController(pod))
    if (!isHeld) wrong.push(`${name} was never whole and holds ${all.map((pod) => pod.metadata.name).join(', ')}`)
    else if (conditionOf(gang, 'Scheduled') === 'True') wrong.push(`${name} is partly placed and says Scheduled`)
  }
  return wrong
}
