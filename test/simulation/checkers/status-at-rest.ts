import { conditionOf, groupsOf, isAlive, isFailed, isMember, isOurs, isReady, isTerminating, nodeOf } from '../facts.ts'
import type { World } from '../world.ts'

/** I8: at rest, phase and conditions are a function of what the API holds. */
export function statusAtRest({ history }: World): string[] {
  const wrong: string[] = []
  for (const gang of history.gangs.values()) {
    const { name, uid } = gang.metadata
    const groups = groupsOf(gang).map((group) => {
      const members = [...history.pods.ofGang(name)].filter((pod) => isMember(gang, group, pod))
      const bound = members.filter((pod) => isAlive(pod) && nodeOf(pod) !== null)
      return { group, members, bound, ready: bound.filter(isReady) }
    })
    if (!groups.some(({ members }) => members.some(isOurs))) continue
    const isPlaced = groups.every(({ group, bound }) => bound.length >= group.minimum)
    const isUp = isPlaced && groups.every(({ group, ready }) => ready.length >= group.minimum)
    const want = {
      phase: isUp ? 'Running' : isPlaced ? 'Starting' : 'Pending',
      Scheduled: String(isPlaced),
      Ready: String(isUp),
    }
    const phase = gang.status?.phase ?? 'Pending'
    if (phase !== want.phase) wrong.push(`${name} says ${phase}, and is ${want.phase}`)
    for (const type of ['Scheduled', 'Ready'] as const) {
      const is = conditionOf(gang, type)
      if ((is ?? 'False').toLowerCase() !== want[type]) wrong.push(`${name} says ${type}=${is}, and is ${want[type]}`)
    }
    const isWhole =
      isPlaced && !groups.some(({ members }) => members.some((pod) => isFailed(pod) && !isTerminating(pod)))
    if (isWhole && !history.everWhole.has(uid)) wrong.push(`${name} is whole, and it is not recorded`)
  }
  return wrong
}
