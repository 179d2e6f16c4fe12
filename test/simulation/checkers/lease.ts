import type { Life } from '../life.ts'
import { type Checker, holderIn } from '../observer.ts'

/** A timer may be that late, and a little more. */
const SOON_MS = 1_000
/** A renewal that takes longer is followed by the next at once. */
const PERIOD_MS = 2_000

/**
 * I6: a process begins no write after its own lease deadline, and nothing that it began happens once another one has
 * the lease. Events are only told, and may come late. A renewal that was not answered is tried again at once, while the
 * lease lasts; who is told to stop hands it over once all is settled.
 */
export const lease: Checker = {
  promise: 'lease',
  asked(life, { path }, { nowMs }) {
    if (!LEASE.test(path)) return null
    const wrong = lateTry(life, nowMs)
    if (life.lastOfLease?.status === 0) life.lastOfLease = null // what comes after the first try is another story
    return wrong
  },
  sent(ticket) {
    const { kind, method, path, sentMs, life } = ticket
    if (kind === 'lease') return holderIn(ticket) === null ? null : lateTry(life, sentMs)
    if (kind === 'event' || path.startsWith('/api/v1/namespaces?') || path === '/api/v1/namespaces') return null
    const late = sentMs - life.leadsUntilMs
    return late < 0 ? null : `${method} ${path} was begun ${late} ms after its lease deadline`
  },
  written({ name, verb }, ticket, { history, lives }) {
    if (ticket === null || ticket.kind === 'lease' || ticket.kind === 'event' || ticket.kind === 'other') return null
    const holder = lives.find(
      ({ identity }) => identity !== null && identity === history.leaseHolders.get(ticket.life.lease),
    )
    if (holder === undefined || holder === ticket.life) return null
    return `${ticket.life.id} did ${verb} ${name} (begun at ${ticket.sentMs}) while ${holder.id} had the lease`
  },
}

const LEASE = /\/leases\//

/** Changes nothing: what is wrong is judged once more where the process was being handed something. */
function lateTry(life: Life, nowMs: number): string | null {
  const last = life.lastOfLease
  if (last === null || last.status !== 0 || last.answeredMs === null) return null
  if (last.answeredMs + SOON_MS >= life.leadsUntilMs || !life.ledThen) return null
  const sinceMs = nowMs - last.answeredMs
  const isAtOnce = last.answeredMs - last.sentMs < PERIOD_MS || sinceMs <= SOON_MS || life.hasSleptSince(last.sentMs)
  return isAtOnce ? null : `its lease was tried again ${sinceMs} ms after an answer that never came`
}
