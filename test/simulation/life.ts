import { Mirror } from './mirror.ts'
import type { Ticket } from './ticket.ts'

/** Four reads that are lost one after another, 30 s each: what broke off is asked about at once when it is given up. */
const OPEN_MAX_MS = 120_000

/** One process from its start to its end, as the observer knows it. */
export class Life {
  /** `scheduler-a/2`. */
  readonly id: string
  readonly mirror: Mirror
  readonly tickets: Ticket[] = []
  readonly #lastOf = new Map<string, Ticket>()
  /** Bindings by the pod's uid. */
  readonly binds: Map<string, Ticket[]> = new Map()
  readonly #bindsTo = new Map<string, Ticket[]>()
  /** The identity under which it campaigns, once it has written it. */
  identity: string | null = null
  /** Until when, by the last renewal that it was told of, it may write; it began to send that renewal 10 s before. */
  leadsUntilMs: number = Number.NEGATIVE_INFINITY
  /** When each of its terms as leader began. */
  readonly electedMs: number[] = []

  /** When the term began of which it is now. */
  get termMs(): number {
    return this.electedMs.at(-1) ?? Number.NEGATIVE_INFINITY
  }

  /** Whether it stood still at some time since then. */
  hasSleptSince: (ms: number) => boolean = () => false
  /** Whether it does a leader's work now. */
  isLeading: () => boolean = () => false

  readonly #nowMs: () => number

  /** Of the operator; else of a scheduler. */
  get isOperator(): boolean {
    return this.id.startsWith('operator')
  }

  /** Name of the Lease that it campaigns for. */
  get lease(): string {
    return this.isOperator ? 'espalier-operator' : 'espalier-scheduler'
  }

  constructor(id: string, nowMs: () => number) {
    this.id = id
    this.#nowMs = nowMs
    this.mirror = new Mirror(nowMs)
    this.mirror.hasTried = (uid, node) => (this.binds.get(uid) ?? []).some((ticket) => ticket.node === node)
  }

  /** Bindings to the node that have happened or still may. */
  liveBindsTo(node: string): Ticket[] {
    return (this.#bindsTo.get(node) ?? []).filter(({ state }) => state !== 'dead')
  }

  /**
   * Whether nothing has told the process yet what became of it: it broke off, and the pod was not read since. Who does not
   * ask for two minutes may not plead ignorance.
   */
  isOpen({ uid, status, sentMs, answeredMs }: Ticket): boolean {
    const isTold = answeredMs !== null && status !== null && status > 0 && status < 500
    if (isTold || this.#nowMs() - (answeredMs ?? sentMs) > OPEN_MAX_MS) return false
    return (this.mirror.readMs.get(uid) ?? 0) <= (answeredMs ?? Number.POSITIVE_INFINITY)
  }

  /** The last write of its lease that it sent, and whether it led then. */
  lastOfLease: Ticket | null = null
  ledThen: boolean = false

  #noteOfLease(ticket: Ticket): void {
    this.lastOfLease = ticket
    this.ledThen = this.isLeading()
  }

  note(ticket: Ticket): void {
    this.tickets.push(ticket)
    if (ticket.kind === 'lease') this.#noteOfLease(ticket)
    this.#lastOf.set(likeness(ticket), ticket)
    if (ticket.kind === 'bind') this.noteBind(ticket)
  }

  /** The last one before it that asked for the same; null: it is the first. */
  lastLike(ticket: Ticket): Ticket | null {
    return this.#lastOf.get(likeness(ticket)) ?? null
  }

  noteBind(ticket: Ticket): void {
    this.binds.set(ticket.uid, [...(this.binds.get(ticket.uid) ?? []), ticket])
    this.#bindsTo.set(ticket.node, [...(this.#bindsTo.get(ticket.node) ?? []), ticket])
  }

  /** But for those sent since: a server may carry out for some seconds yet what broke off. */
  forgetBinds(sinceMs: number): void {
    const kept = [...this.binds.values()].flat().filter(({ sentMs }) => sentMs > sinceMs)
    this.binds.clear()
    this.#bindsTo.clear()
    for (const ticket of kept) this.noteBind(ticket)
  }
}

/**
 * What is asked for. How long the server is given for it changes from try to try; what has no name in its path is told apart
 * by nothing but all that is asked.
 */
export function likeness(ticket: Ticket): string {
  const { kind, method, path, uid, body } = ticket
  const isNamed = kind !== 'event' && (method !== 'POST' || kind === 'bind')
  return `${method} ${path.split('?', 1)[0]} ${uid} ${isNamed ? '' : body}`
}
