import type { Pod } from '../../../api/kinds/kubernetes.ts'
import { attemptOf, hasController, isReady } from '../facts.ts'
import type { Checker } from '../observer.ts'

/** I6: what a scheduler deletes is no Ready pod, was bound by it as a first attempt, has a controller, and its gang was never whole. */
export const undo: Checker = {
  promise: 'undo',
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
    return history.everWhole.has(attempt.gangUid) ? `${name} was deleted although its gang was whole once` : null
  },
}
