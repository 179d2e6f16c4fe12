import { takesPods } from '../facts.ts'
import type { Checker } from '../observer.ts'

/** I5: no pod goes to a node that was heard to be gone, cordoned or tainted. */
export const node: Checker = {
  promise: 'node',
  sent({ kind, name, node: to, life }) {
    if (kind !== 'bind') return null
    const known = life.mirror.nodes.get(to)
    if (known === undefined) return `${name} → ${to}: there is no such node`
    return takesPods(known) ? null : `${name} → ${to}: the node takes no pods`
  },
}
