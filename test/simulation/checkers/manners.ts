import { likeness } from '../life.ts'
import type { Checker, Court } from '../observer.ts'
import type { Ticket } from '../ticket.ts'

/**
 * What was turned away with Retry-After is not asked for again before, in the same term: one knows nothing of what was turned
 * away in that before it, since what waited ended with it, as with a process that ends when it has lost its lease. What is
 * forbidden, not more than once a second for long; and where bookmarks tell how far a watch has come, nothing is listed anew
 * because it broke.
 */
export const manners: Checker = {
  promise: 'manners',
  asked: (_, { path }, { nowMs, listedUntilMs }) =>
    nowMs > listedUntilMs && LISTS.test(path) && !NAMED.test(path) ? `listed anew at rest: ${path}` : null,
  sent(ticket, court) {
    if (ticket.kind === 'lease') return null // has a period of its own
    const last = ticket.life.lastLike(ticket)
    if (last === null || last.answeredMs === null || last.status !== 429) return null
    if (last.answeredMs < ticket.life.termMs) return null
    const waitedMs = court.nowMs - last.answeredMs
    return waitedMs > RETRY_AFTER_MS - 1 // its clock tells whole milliseconds
      ? null
      : `${ticket.method} ${ticket.path} again ${waitedMs} ms after a 429 that asked for ${RETRY_AFTER_MS}`
  },
  answered: (ticket, court) => (ticket.status === 403 && ticket.kind !== 'event' ? tooOften(ticket, court) : null),
}

/** What the simulated server asks for: network.ts tells it in the header. */
export const RETRY_AFTER_MS = 2_000
const LISTS = /[?&](?:sendInitialEvents=true|limit=)/
/** Leases are no lists, and this kind is not in every cluster. */
const NAMED = /\/(?:leases\/|clustertopologybindings)/
const WINDOW_MS = 10_000
/** Once a second; the operator begins anew with 5 ms, doubled: nine times within the first. */
const FORBIDDEN_MAX = { scheduler: 10, operator: 20 }

/** Rights come back all at once; who lost them again begins anew. */
const isAllowed = ({ kind, status }: Ticket): boolean =>
  kind !== 'lease' && status !== null && status >= 200 && status < 300

function tooOften(ticket: Ticket, { nowMs }: Court): string | null {
  const { tickets } = ticket.life
  const asked = likeness(ticket)
  let times = 0
  for (let at = tickets.length - 1; at >= 0; at--) {
    const other = tickets[at]!
    if (other.sentMs <= nowMs - WINDOW_MS || isAllowed(other)) break
    if (other.status === 403 && likeness(other) === asked) times++
  }
  return times <= FORBIDDEN_MAX[ticket.life.isOperator ? 'operator' : 'scheduler']
    ? null
    : `${ticket.method} ${ticket.path}: ${times} times in ${WINDOW_MS} ms, all forbidden`
}
