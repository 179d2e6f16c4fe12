import { isFinished, isGated, isOurs, isTerminating, nodeOf } from '../facts.ts'
import type { Kept } from '../mirror.ts'
import type { Checker } from '../observer.ts'
import type { Ticket } from '../ticket.ts'

const ALL: readonly Kept[] = ['nodes', 'podgangs', 'pods']

/** I6: bound is only what asks for us, has no gate, is not going, and has no node; each pod once; and by who has heard of all. */
export const pod: Checker = {
  promise: 'pod',
  sent: (ticket) => (ticket.kind === 'bind' ? wrongWith(ticket) : null),
  written({ verb, before, name }, ticket) {
    if (ticket === null || verb !== 'bind') return null
    const ours = before as Parameters<typeof isOurs>[0]
    return isOurs(ours) ? null : `${name} asks for ${String(ours.spec.schedulerName)} and was bound by us`
  },
}

function wrongWith({ uid, name, node, life }: Ticket): string | null {
  const known = life.mirror.pods.get(uid)
  if (known === undefined) return `${name} (${uid}) was bound, and is not known`
  const where = `${name} → ${node}`
  const unheard = ALL.filter((kept) => !life.mirror.listed.has(kept))
  if (unheard.length > 0) return `${where}: before all ${unheard.join(' and ')} were heard of`
  if (!isOurs(known)) return `${where}: it asks for ${String(known.spec.schedulerName)}`
  if (isGated(known)) return `${where}: it has a gate`
  if (isTerminating(known)) return `${where}: it is being deleted`
  if (isFinished(known)) return `${where}: it has finished`
  if (nodeOf(known) !== null) return `${where}: it is on ${nodeOf(known)}`
  const other = (life.binds.get(uid) ?? []).find(({ state }) => state !== 'dead')
  return other === undefined ? null : `${where}: it is ${other.state} to ${other.node} already`
}
