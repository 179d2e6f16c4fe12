import { asksFor, GPU, has, isFinished, minus, nodeOf, plus } from '../facts.ts'
import type { World } from '../world.ts'

const RESOURCES = [GPU, 'cpu', 'pods']
const unitOf = (resource: string): number => (resource === 'cpu' ? 1_000 : 1)

/** I3: what the scheduler holds for used and for free on each node is what comes out when the pods there are summed anew. */
export function freeVectors({ processes, history }: World): string[] {
  const pods = [...history.pods.values()].filter((pod) => !isFinished(pod))
  return processes.flatMap(({ isRunning, scheduler, life }) => {
    if (!isRunning || scheduler === null) return []
    const audit = scheduler.audit()
    return [...history.nodes.values()].flatMap((node) => {
      const { name } = node.metadata
      const sum = pods
        .filter((pod) => nodeOf(pod) === name)
        .map(asksFor)
        .reduce(plus, [0, 0, 0])
      const used = RESOURCES.map((resource) => audit.used(name, resource) / unitOf(resource))
      if (used.join() !== sum.join()) return [`${life.id}: ${name} is used by ${used}, its pods ask for ${sum}`]
      const left = minus(has(node), sum)
      const wrong = audit.free(name).find(([resource, amount]) => {
        const at = RESOURCES.indexOf(resource)
        return at >= 0 && amount / unitOf(resource) !== left[at]
      })
      return wrong === undefined ? [] : [`${life.id}: ${name} has ${wrong.join(' ')} free, and ${left} are left`]
    })
  })
}
