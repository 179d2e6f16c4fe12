import { asksFor } from '../facts.ts'
import type { Checker } from '../observer.ts'

const AVOIDED_MS = 10_000

/** What a kubelet has refused does not come again at once: at least 10 s. */
export const refusal: Checker = {
  promise: 'refusal',
  sent({ kind, uid, node, name, sentMs, life }) {
    const pod = kind === 'bind' ? life.mirror.pods.get(uid) : undefined
    if (pod === undefined) return null
    const heardMs = life.mirror.refusalHeardMs.get(node)?.get(asksFor(pod).join())
    const sinceMs = sentMs - (heardMs ?? Number.NEGATIVE_INFINITY)
    return sinceMs >= AVOIDED_MS ? null : `${name} → ${node}, ${sinceMs} ms after its kubelet refused a pod like it`
  },
}
