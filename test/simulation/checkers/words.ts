import type { Life } from '../life.ts'
import type { Checker } from '../observer.ts'
import type { Ticket } from '../ticket.ts'

/** Of an event: the API takes no longer one. */
const LONGEST = 1_024

/** What it has told pods that it cannot place, per process. */
const told = new WeakMap<Life, Set<string>>()

/**
 * What people read is short, whatever somebody else said at length; and an event that calls a pod unschedulable, for which
 * autoscalers make nodes, follows a condition that says so.
 */
export const words: Checker = {
  promise: 'words',
  sent(ticket) {
    const { kind, life, body, name } = ticket
    if (life.isOperator || (kind !== 'event' && kind !== 'pod-status' && kind !== 'gang-status')) return null
    const sent = JSON.parse(body ?? '{}') as Sent
    const conditions = sent.status?.conditions ?? []
    const longest = Math.max(0, ...[sent, ...conditions].map(({ message }) => message?.length ?? 0))
    if (longest > LONGEST) return `${name} was told ${longest} characters`
    return kind === 'event' ? unfounded(life, sent) : note(ticket, conditions)
  },
}

interface Said {
  readonly reason?: string
  readonly message?: string
}

interface Sent extends Said {
  readonly involvedObject?: { readonly kind: string; readonly name: string }
  readonly status?: { readonly conditions?: readonly Said[] }
}

function note({ life, kind, name }: Ticket, conditions: readonly Said[]): null {
  if (kind !== 'pod-status') return null
  const ofLife = told.get(life) ?? new Set<string>()
  told.set(life, ofLife)
  for (const { reason, message } of conditions) if (reason === 'Unschedulable') ofLife.add(`${name} ${message}`)
  return null
}

function unfounded(life: Life, { reason, message, involvedObject }: Sent): string | null {
  if (reason !== 'Unschedulable' || involvedObject?.kind !== 'Pod') return null
  const { name } = involvedObject
  return told.get(life)?.has(`${name} ${message}`) === true
    ? null
    : `an event calls ${name} unschedulable (${message}), and its condition did not`
}
