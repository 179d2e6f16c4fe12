import type { Pod } from '../../../api/kinds/kubernetes.ts'
import { attemptIn, attemptOf, hasController, isAlive, isReady, nodeOf } from '../facts.ts'
import type { Life } from '../life.ts'
import type { Checker } from '../observer.ts'
import type { Ticket } from '../ticket.ts'

/** Of deletes that happened: uid of the gang whose seat was given back. */
const gangOf = new WeakMap<Ticket, string>()

interface Undone {
  readonly times: number
  /** Of the last one. */
  readonly atMs: number
}

/** Per process and uid of a gang, as far as its deletes were answered. */
const undone = new WeakMap<Life, Map<string, Undone>>()

/** Completion has been impossible for so long before seats are given back: what comes sooner is of the same undo. */
const UNDO_AFTER_MS = 30_000

/**
 * I6: what a scheduler deletes is no Ready pod, was bound by it as a first attempt, has a controller, and its gang was never
 * whole; and it is deleted as it was read. Who has had to give seats back twice leaves the gang alone for 30 s, then for a
 * minute, and so on.
 */
export const undo: Checker = {
  promise: 'undo',
  sent(ticket) {
    if (ticket.kind === 'bind') return tooSoon(ticket)
    if (ticket.kind !== 'delete' || ticket.life.isOperator) return null
    const { preconditions } = JSON.parse(ticket.body ?? '{}') as SentDelete
    const isAsRead = preconditions?.uid !== undefined && preconditions.resourceVersion !== undefined
    return isAsRead ? null : `${ticket.name} is to be deleted whatever it is by now`
  },
  answered(ticket, { nowMs }) {
    const gang = ticket.status === 200 ? gangOf.get(ticket) : undefined
    if (gang !== undefined) note(ticket.life, gang, nowMs)
    return null
  },
  written({ verb, collection, before, name }, ticket, { history }) {
    if (
      ticket === null ||
      ticket.life.isOperator ||
      ticket.kind !== 'delete' ||
      verb !== 'delete' ||
      collection !== '/pods' ||
      before === null
    )
      return null
    const pod = before as Pod
    if (isReady(pod)) return `${name} was Ready and was deleted by ${ticket.life.id}`
    if (!hasController(pod)) return `${name} has no controller and was deleted by ${ticket.life.id}`
    const attempt = attemptOf(pod)
    if (attempt?.kind !== 'first' || attempt.gangUid === null) return `${name} carries no first attempt and was deleted`
    gangOf.set(ticket, attempt.gangUid)
    return history.everWhole.has(attempt.gangUid) ? `${name} was deleted although its gang was whole once` : null
  },
}

interface SentDelete {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
}

function note(life: Life, gang: string, nowMs: number): void {
  const ofLife = undone.get(life) ?? new Map<string, Undone>()
  undone.set(life, ofLife)
  const last = ofLife.get(gang)
  if (last !== undefined && nowMs - last.atMs < UNDO_AFTER_MS) return
  const isOfTerm = last !== undefined && last.atMs >= life.termMs
  ofLife.set(gang, { times: isOfTerm ? last.times + 1 : 1, atMs: nowMs })
}

/** What is bound of the gang, by whomever, is completed without a rest. */
function tooSoon({ life, attempt, name, sentMs }: Ticket): string | null {
  const gang = attemptIn(attempt)?.gangUid ?? null
  const last = gang === null ? undefined : undone.get(life)?.get(gang)
  if (gang === null || last === undefined || last.times < 2 || last.atMs < life.termMs) return null
  const restMs = UNDO_AFTER_MS * 2 ** (last.times - 2)
  const isBegun = [...life.mirror.pods.ofGang(life.mirror.gangs.get(gang)?.metadata.name ?? '')].some(
    (pod) => isAlive(pod) && (nodeOf(pod) !== null || life.binds.has(pod.metadata.uid)),
  )
  const sinceMs = sentMs - last.atMs
  return sinceMs >= restMs || isBegun
    ? null
    : `${name} was bound ${sinceMs} ms after the seats of its gang were given back for the ${last.times}th time`
}
