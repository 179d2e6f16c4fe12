import type { HttpRequest } from '../../kube/transport.ts'
import type { History, Write } from './history.ts'
import type { Life } from './life.ts'
import { type Ticket, ticketOf } from './ticket.ts'

export interface Violation {
  /** The promise that was broken: the name of the checker's file. */
  readonly promise: string
  readonly atMs: number
  readonly what: string
}

/** A promise. What a checker returns is what is wrong, in words; '' or nothing: it holds. */
export interface Checker {
  readonly promise: string
  /** Judged by what the sender had heard. */
  sent?(ticket: Ticket, court: Court): string | null
  /** The same of what is only read, watches included. */
  asked?(life: Life, request: HttpRequest, court: Court): string | null
  /** Judged by the truth, after it happened. `ticket` null: not a write of a scheduler. */
  written?(write: Write, ticket: Ticket | null, court: Court): string | null
  answered?(ticket: Ticket, court: Court): string | null
}

export interface Court {
  readonly history: History
  /** From then on no process has a reason to list anything anew. */
  readonly listedUntilMs: number
  readonly lives: readonly Life[]
  readonly nowMs: number
}

const VIOLATIONS_MAX = 20

/** Follows every write of the schedulers from sending to answer, and asks the checkers. */
export class Observer implements Court {
  readonly history: History
  readonly lives: Life[] = []
  readonly violations: Violation[] = []
  readonly tickets: Ticket[] = []
  listedUntilMs: number = Number.POSITIVE_INFINITY
  readonly #checkers: readonly Checker[]
  readonly #nowMs: () => number

  constructor(history: History, checkers: readonly Checker[], nowMs: () => number) {
    this.history = history
    this.#checkers = checkers
    this.#nowMs = nowMs
    history.listen((write) => this.#written(write))
  }

  get nowMs(): number {
    return this.#nowMs()
  }

  sent(life: Life, request: HttpRequest): Ticket {
    const ticket = ticketOf(this.tickets.length, life, request, this.nowMs)
    this.tickets.push(ticket)
    for (const checker of this.#checkers) {
      let wrong = checker.sent?.(ticket, this) ?? null
      if (wrong === null) continue
      if (life.mirror.isBetween) {
        life.mirror.taken()
        wrong = checker.sent?.(ticket, this) ?? null
      }
      if (wrong !== null) this.report(checker.promise, `${life.id}: ${wrong}`)
    }
    life.note(ticket)
    if (ticket.kind === 'lease') noteIdentity(life, ticket)
    return ticket
  }

  asked(life: Life, request: HttpRequest): void {
    for (const checker of this.#checkers) {
      const wrong = checker.asked?.(life, request, this) ?? null
      if (wrong !== null) this.report(checker.promise, `${life.id}: ${wrong}`)
    }
  }

  /** The network or the server has decided that it will never happen. */
  impossible(ticket: Ticket): void {
    if (ticket.state === 'flying') ticket.state = 'dead'
  }

  /** Its sender is told: the status, or 0 when no answer came. */
  answered(ticket: Ticket, status: number): void {
    ticket.status = status
    ticket.answeredMs = this.nowMs
    if (ticket.kind === 'lease' && status > 0 && status < 300) renewed(ticket)
    for (const checker of this.#checkers) {
      const wrong = checker.answered?.(ticket, this) ?? null
      if (wrong !== null) this.report(checker.promise, `${ticket.life.id}: ${wrong}`)
    }
  }

  report(promise: string, what: string): void {
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push({ promise, atMs: this.nowMs, what })
  }

  #written(write: Write): void {
    const ticket = this.#ticketOf(write)
    if (ticket !== null) ticket.state = 'committed'
    for (const checker of this.#checkers) {
      const wrong = checker.written?.(write, ticket, this) ?? null
      if (wrong !== null) this.report(checker.promise, wrong)
    }
  }

  #ticketOf({ sender }: Write): Ticket | null {
    const id = isOfProcess(sender) ? Number(sender.split('/')[2]) : -1
    return this.tickets[id] ?? null
  }
}

export const isOfProcess = (sender: string): boolean => sender.startsWith('scheduler') || sender.startsWith('operator')

interface SentLease {
  readonly spec?: { readonly holderIdentity?: string | null }
}
/** Whose the Lease is to be; null: nobody's, it is handed over. */
export const holderIn = ({ body }: Ticket): string | null =>
  (JSON.parse(body ?? '{}') as SentLease).spec?.holderIdentity ?? null

function noteIdentity(life: Life, ticket: Ticket): void {
  life.identity = holderIn(ticket) ?? life.identity
}

/** client-go's renew deadline: a leader that could not renew for so long has lost. */
const RENEW_DEADLINE_MS = 10_000
/** After that the API server carries out no write of a leader any more. */
const WRITE_GIVEN_UP_MS = 5_000

function renewed(ticket: Ticket): void {
  if (ticket.life.leadsUntilMs <= ticket.sentMs) {
    ticket.life.electedMs.push(ticket.sentMs)
    ticket.life.mirror.forgetPast()
    ticket.life.forgetBinds(ticket.sentMs - WRITE_GIVEN_UP_MS)
  }
  const isOurs = ticket.method !== 'GET' && holderIn(ticket) !== null
  const untilMs = ticket.sentMs + RENEW_DEADLINE_MS // an answer may come after that to a later renewal
  ticket.life.leadsUntilMs = isOurs ? Math.max(ticket.life.leadsUntilMs, untilMs) : Number.NEGATIVE_INFINITY
}
