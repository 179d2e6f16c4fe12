import type { Checker } from '../observer.ts'

/** How long a namespace is left alone after another scheduler's bind. */
export const RIVAL_MS = 300_000

/** Who was seen to bind a pod of ours has the namespace to himself until 5 min pass without another. */
export const rival: Checker = {
  promise: 'rival',
  sent({ kind, path, name, sentMs, life }) {
    if (kind !== 'bind') return null
    const namespace = path.split('/')[4] ?? ''
    const sinceMs = sentMs - (life.mirror.rivalHeardMs.get(namespace) ?? Number.NEGATIVE_INFINITY)
    return sinceMs >= RIVAL_MS
      ? null
      : `${name} was bound ${sinceMs} ms after another scheduler was seen in ${namespace}`
  },
}
