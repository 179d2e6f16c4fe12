import type { Checker } from '../observer.ts'

const QUIET_MS = 300_000

/**
 * Who was seen to bind a pod of ours has the namespace to himself until 5 min pass without another. An attempt that was
 * planned before is carried to its end.
 */
export const rival: Checker = {
  promise: 'rival',
  sent({ kind, path, name, attempt, sentMs, life }) {
    if (kind !== 'bind') return null
    const namespace = path.split('/')[4] ?? ''
    const sinceMs = sentMs - (life.mirror.rivalHeardMs.get(namespace) ?? Number.NEGATIVE_INFINITY)
    const isBegun = sinceMs === 0 || life.tickets.some((other) => other.attempt === attempt)
    return isBegun || sinceMs >= QUIET_MS
      ? null
      : `${name} was bound ${sinceMs} ms after another scheduler was seen in ${namespace}`
  },
}
