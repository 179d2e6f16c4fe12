import type { PodGang } from '../../../api/generated/kinds.ts'
import { conditionOf, type GroupFacts, groupsOf, isAlive, isMember, nodeOf } from '../facts.ts'
import { labelsOf } from '../history.ts'
import type { Checker, Court } from '../observer.ts'
import type { Ticket } from '../ticket.ts'

/**
 * I8: a status never runs ahead of the API: what it says of a minimum has been true of pods with nodes, and its writer had
 * been told so of pods that, as far as it knew, are still there. What says the same as what stands there is not written.
 */
export const status: Checker = {
  promise: 'status',
  sent: (ticket) =>
    ticket.kind === 'gang-status' && !ticket.life.isOperator && saysScheduled(ticket) ? unheardIn(ticket) : null,
  answered({ kind, status: code, state, name }) {
    const isMoot = kind === 'gang-status' && code === 200 && state === 'dead'
    return isMoot ? `the status of ${name} was written, which said the same already` : null
  },
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

interface SentStatus {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

function saysScheduled({ body }: Ticket): boolean {
  const { status: sent } = JSON.parse(body ?? '{}') as SentStatus
  return sent?.conditions?.some(({ type, status: is }) => type === 'Scheduled' && is === 'True') === true
}

/** The gang as its sender read it last, and of each group the pods of which it was told, before now, that they have a node. */
function unheardIn({ life, name }: Ticket): string | null {
  const gang = [...life.mirror.gangs.values()].find(({ metadata }) => metadata.name === name)
  if (gang === undefined) return null
  const isPlaced = (uid: string): boolean => (life.binds.get(uid) ?? []).some((bind) => bind.status === 201)
  const known = [...life.mirror.pods.ofGang(name), ...life.mirror.beforeNow]
  const short = groupsOf(gang).find((group) => {
    const members = known.filter((pod) => isMember(gang, group, pod) && isAlive(pod))
    const placed = members.filter((pod) => nodeOf(pod) !== null || isPlaced(pod.metadata.uid))
    return new Set(placed.map(({ metadata }) => metadata.uid)).size < group.minimum
  })
  return short === undefined
    ? null
    : `${name} is told to be Scheduled, and ${short.name} was not known to have its minimum`
}
