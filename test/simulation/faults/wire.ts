import type { Random } from '../../../kube/random.ts'
import type { HttpRequest } from '../../../kube/transport.ts'
import { RETRY_AFTER_MS } from '../checkers/manners.ts'
import { between } from '../random.ts'
import type { Fate, LineFate } from '../network.ts'
import type { Ticket } from '../ticket.ts'
import { type FaultKind, isWatch, isWire, type WatchFault, type WireFault } from './kinds.ts'

type Told = (kind: FaultKind) => void

/** What an admission webhook may say. */
const AT_LENGTH = 'so '.repeat(2_000)

const refused = (
  status: number,
  reason: string,
  retryAfterSeconds: number | null = null,
): Fate & { kind: 'refused' } => ({
  kind: 'refused',
  status,
  reason,
  retryAfterSeconds,
})

/** Null: it cannot strike this request. A server's time-out is kept, so nothing happens after it. */
function wireFate(kind: WireFault, random: Random, { path }: HttpRequest, ticket: Ticket | null): Fate | null {
  const isRead = ticket === null
  const isWatching = path.includes('watch=true')
  switch (kind) {
    case 'conflict':
      return isRead ? null : refused(409, 'Conflict')
    case 'throttled':
      return refused(429, 'TooManyRequests', RETRY_AFTER_MS / 1_000)
    case 'error-before-write':
      return isRead ? null : refused(500, 'InternalError')
    case 'error-after-write':
      return isRead ? null : { kind: 'error-after' }
    case 'reply-lost':
      return isWatching ? null : { kind: 'reply-lost' }
    case 'reply-late':
      return isWatching ? null : { kind: 'reply-late', ms: between(random, 500, 30_000) }
    case 'request-lost':
      return { kind: 'request-lost' }
    case 'request-late':
      return isWatching ? null : { kind: 'request-late', ms: between(random, 100, arrivesWithinMs(path)) }
    case 'cut-in-flight':
      return isRead ? null : { kind: 'cut-in-flight', ms: between(random, 100, arrivesWithinMs(path)) }
    case 'bind-over-quota':
      return ticket?.kind === 'bind' ? refused(403, 'Forbidden') : null
    case 'refused-at-length':
      return isRead ? null : { ...refused(409, 'Conflict'), message: AT_LENGTH }
    case 'list-expired':
      return isRead && !/\/(pods|nodes|podgangs|leases)\//.test(path) ? refused(410, 'Expired') : null
  }
}

/** A server that was told a time-out does nothing later; one that was not gives up after a minute, and we sooner. */
function arrivesWithinMs(path: string): number {
  const timeout = /[?&]timeout=(\d+)ms/.exec(path)?.[1]
  return timeout === undefined ? 20_000 : Number(timeout) - 200
}

export interface Rated {
  readonly kind: FaultKind
  readonly rate: number
}

export interface WireFaults {
  readonly random: Random
  readonly faults: readonly Rated[]
  readonly isOver: () => boolean
  readonly told: Told
}

/** Draws a fate for each request; requests of the lease too. */
export function fateFrom({
  random,
  faults,
  isOver,
  told,
}: WireFaults): (request: HttpRequest, ticket: Ticket | null) => Fate {
  const wire = faults.filter(({ kind }) => isWire(kind))
  return (request, ticket) => {
    if (isOver()) return { kind: 'pass' }
    for (const { kind, rate } of wire) {
      if (random() >= rate) continue
      const fate = wireFate(kind as WireFault, random, request, ticket)
      if (fate === null) continue
      told(kind)
      return fate
    }
    return { kind: 'pass' }
  }
}

const LINE_FATES: Readonly<Record<WatchFault, (random: Random) => LineFate>> = {
  'watch-dropped': () => ({ kind: 'dropped' }),
  'line-delayed': (random) => ({
    kind: 'late',
    ms: random() < 0.2 ? between(random, 5_000, 60_000) : between(random, 20, 3_000),
  }),
  'line-doubled': () => ({ kind: 'twice' }),
  'watch-silent': () => ({ kind: 'silent' }),
  'line-cut': () => ({ kind: 'cut' }),
  'watch-expired': () => ({ kind: 'expired' }),
  'line-malformed': () => ({ kind: 'malformed' }),
}

export function lineFateFrom({ random, faults, isOver, told }: WireFaults): () => LineFate {
  const lines = faults.filter(({ kind }) => isWatch(kind))
  return () => {
    if (isOver()) return { kind: 'pass' }
    for (const { kind, rate } of lines) {
      if (random() >= rate) continue
      told(kind)
      return LINE_FATES[kind as WatchFault](random)
    }
    return { kind: 'pass' }
  }
}
