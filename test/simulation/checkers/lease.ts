import type { Checker } from '../observer.ts'

/**
 * I6: a process begins no write after its own lease deadline, and nothing that it began happens once another one has
 * the lease. Events are only told, and may come late.
 */
export const lease: Checker = {
  promise: 'lease',
  sent({ kind, method, path, sentMs, life }) {
    if (kind === 'lease' || kind === 'event' || path.startsWith('/api/v1/namespaces?') || path === '/api/v1/namespaces')
      return null
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
