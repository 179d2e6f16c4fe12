import type { PodGang } from '../../../api/generated/kinds.ts'
import { conditionOf, type GroupFacts, groupsOf, isMember } from '../facts.ts'
import { labelsOf } from '../history.ts'
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
    const short = groupsOf(gang).find((group) => everBound(court, gang, group) < asked(court, gang, group, claims))
    return short === undefined
      ? null
      : `${gang.metadata.name} says ${claims.join(', ')}, and ${short.name} has not its minimum`
  },
}

/** Of what was placed once, it counts that it had the minimum of then, which may have risen since. */
function asked({ history }: Court, gang: PodGang, { name, minimum }: GroupFacts, claims: readonly string[]): number {
  return claims.includes('Scheduled') ? minimum : (history.lowest.get(gang.metadata.uid)?.get(name) ?? minimum)
}

/** Pods of the group that have had a node, gone ones too: the scheduler may not have heard of that yet. */
function everBound({ history }: Court, gang: PodGang, group: GroupFacts): number {
  const ofGroup = history.everBound.get(labelsOf(gang.metadata.name, group.name))
  return [...(ofGroup?.values() ?? [])].filter((pod) => isMember(gang, group, pod)).length
}
