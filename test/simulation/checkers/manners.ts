import type { Checker, Court } from '../observer.ts'
import type { Ticket } from '../ticket.ts'

/** What was turned away with Retry-After is not asked for again before; what is forbidden, not more than once a second for long. */
export const manners: Checker = {
  promise: 'manners',
  sent(ticket, court) {
    if (ticket.kind === 'lease') return null // has a period of its own
    const last = ticket.life.lastLike(ticket)
    if (last === null || last.answeredMs === null || last.status !== 429) return null
    const waitedMs = court.nowMs - last.answeredMs
    return waitedMs >= RETRY_AFTER_MS
      ? null
      : `${ticket.method} ${ticket.path} again ${waitedMs} ms after a 429 that asked for ${RETRY_AFTER_MS}`
  },
  answered: (ticket, court) => (ticket.status === 403 && ticket.kind !== 'event' ? tooOften(ticket, court) : null),
}

/** What the simulated server asks for: network.ts tells it in the header. */
export const RETRY_AFTER_MS = 2_000
const WINDOW_MS = 10_000
/** Once a second. */
const FORBIDDEN_MAX = 10

const isAlike = (a: Ticket, b: Ticket): boolean =>
  a.method === b.method && a.path.split('?')[0] === b.path.split('?')[0] && a.uid === b.uid

function tooOften(ticket: Ticket, { nowMs }: Court): string | null {
  const since = ticket.life.tickets.filter(
    (other) => other.sentMs > nowMs - WINDOW_MS && other.status === 403 && isAlike(other, ticket),
  )
  return since.length <= FORBIDDEN_MAX
    ? null
    : `${ticket.method} ${ticket.path}: ${since.length} times in ${WINDOW_MS} ms, all forbidden`
}
