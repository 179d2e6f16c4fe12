import type { PodGang } from '../../../api/generated/kinds.ts'
import { conditionOf, groupsOf, isMember, nodeOf } from '../facts.ts'
import type { Checker, Court } from '../observer.ts'

/** I8: a status never runs ahead of the API: what it says of a minimum has been true of pods with nodes. */
export const status: Checker = {
  promise: 'status',
  written({ after, before }, ticket, court) {
    if (ticket?.kind !== 'gang-status' || after === null || before === null) return null
    const gang = after as PodGang
    const claims = ['Scheduled', 'PlacementComplete'].filter(
      (type) => conditionOf(gang, type) === 'True' && conditionOf(before as PodGang, type) !== 'True',
    )
    if (claims.length === 0) return null
    const short = groupsOf(gang).find((group) => everBound(court, gang, group) < group.minimum)
    return short === undefined
      ? null
      : `${gang.metadata.name} says ${claims.join(', ')}, and ${short.name} has not its minimum`
  },
}

/** Pods of the group that have had a node, gone ones too: the scheduler may not have heard of that yet. */
function everBound({ history }: Court, gang: PodGang, group: ReturnType<typeof groupsOf>[number]): number {
  const bound = new Set<string>()
  for (const pod of history.pods.values())
    if (isMember(gang, group, pod) && nodeOf(pod) !== null) bound.add(pod.metadata.uid)
  for (const write of history.writes) {
    const pod = write.collection === '/pods' ? (write.before as Parameters<typeof nodeOf>[0] | null) : null
    if (pod !== null && isMember(gang, group, pod) && nodeOf(pod) !== null) bound.add(pod.metadata.uid)
  }
  return bound.size
}
