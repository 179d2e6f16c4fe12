import type { PodGang } from '../../../api/generated/kinds.ts'
import { attemptIn, groupsOf, isAlive, isMember, nodeOf } from '../facts.ts'
import type { Life } from '../life.ts'
import type { Checker } from '../observer.ts'
import type { Ticket } from '../ticket.ts'

/**
 * DESIGN's rule 6: a surplus pod is bound when the minimum of every group is, as the PodGang was read last, or read at
 * some time since the pod was there: a minimum that rises later makes no new pod of it.
 */
export const surplus: Checker = {
  promise: 'surplus',
  sent(ticket) {
    const { kind, attempt, name, life } = ticket
    const sent = kind === 'bind' ? attemptIn(attempt) : null
    const gang = sent?.kind === 'surplus' ? life.mirror.gangs.get(sent.gangUid ?? '') : undefined
    if (gang === undefined) return null
    const short = shortGroup(life, gang)
    if (short === null || wasCleared(ticket, gang.metadata.uid)) return null
    return `${name} was bound as surplus while ${short} has not its minimum`
  },
}

/** The first group of which fewer are placed than it asks for at least, by what the process knows; null: none. */
function shortGroup({ binds, mirror }: Life, gang: PodGang): string | null {
  const isPlaced = (uid: string): boolean => (binds.get(uid) ?? []).some(({ status }) => status === 201)
  const short = groupsOf(gang).find((group) => {
    const members = [...mirror.pods.ofGang(gang.metadata.name)].filter(
      (pod) => isMember(gang, group, pod) && isAlive(pod),
    )
    return members.filter((pod) => nodeOf(pod) !== null || isPlaced(pod.metadata.uid)).length < group.minimum
  })
  return short?.name ?? null
}

/** A read since the pod was heard of has told of minimums that are placed. */
function wasCleared({ uid, life }: Ticket, gangUid: string): boolean {
  const sinceMs = life.mirror.firstHeardMs.get(uid) ?? Number.POSITIVE_INFINITY
  const reads = life.mirror.gangReads.get(gangUid) ?? []
  return reads.some(({ atMs, gang }) => atMs >= sinceMs && shortGroup(life, gang) === null)
}
