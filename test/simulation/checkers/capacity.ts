import type { Pod } from '../../../api/kinds/kubernetes.ts'
import { asksFor, fits, has, isFinished, minus, plus } from '../facts.ts'
import type { Checker } from '../observer.ts'

/**
 * I2: no node is asked for more than it has: the pods that the sender had heard of there, what it has bound there
 * itself and may not forget, and this one.
 */
export const capacity: Checker = {
  promise: 'capacity',
  sent({ kind, uid, node, life }, { history }) {
    if (kind !== 'bind') return null
    const { mirror } = life
    const pod = mirror.pods.get(uid)
    const room = mirror.nodes.get(node)
    if (pod === undefined || room === undefined) return null // said by `pod` and `node`
    const there = new Map<string, Pod>()
    for (const other of mirror.pods.onNode(node)) if (!isFinished(other)) there.set(other.metadata.uid, other)
    for (const own of life.liveBindsTo(node)) {
      const other = mirror.pods.get(own.uid) ?? history.pods.get(own.uid)
      if (other !== undefined && !mirror.gone.has(own.uid) && !isFinished(other)) {
        there.set(own.uid, other)
      }
    }
    there.delete(uid)
    const free = minus(has(room), [...there.values()].map(asksFor).reduce(plus, [0, 0, 0]))
    return fits(asksFor(pod), free)
      ? null
      : `${pod.metadata.name} → ${node}: asks for ${asksFor(pod)}, there is ${free}`
  },
}
