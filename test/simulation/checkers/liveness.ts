import {
  isAlive,
  isGated,
  isOurs,
  nodeOf,
  asksFor,
  fits,
  gangName,
  groupsOf,
  has,
  isFinished,
  isMember,
  minus,
  plus,
  takesPods,
} from '../facts.ts'
import { fitsNow, type Room, surplusFits } from '../solver.ts'
import type { World } from '../world.ts'

/** A node may be avoided for up to 10 min after its kubelet refused a pod, twice as long each time: DESIGN. */
export const avoidedMs = (times: number): number => Math.min(600_000, 10_000 * 2 ** (times - 1))

function isAvoided({ kubelets, clock }: World, name: string): boolean {
  const refusedMs = kubelets.refusals.get(name) ?? []
  return clock.monotonicMs() < (refusedMs.at(-1) ?? Number.NEGATIVE_INFINITY) + avoidedMs(refusedMs.length) + 1_000
}

/** What the one that leads says why: for people who read the report of a failure. */
function said({ processes }: World, name: string): string {
  const reports = processes.filter(({ isRunning }) => isRunning).map(({ scheduler }) => scheduler?.report())
  const report = reports.flatMap((each) => each?.gangs ?? []).find((gang) => gang.name === name)
  return report === undefined ? ', and no scheduler knows it' : ` (${report.reason}: ${report.message})`
}

/** Free room by the truth: every pod on the node counts until it is gone or has finished. */
export function roomsOf(world: World): Room[] {
  const { nodes, pods } = world.history
  return [...nodes.values()]
    .filter((node) => takesPods(node) && !isAvoided(world, node.metadata.name))
    .map((node) => {
      const { name } = node.metadata
      const there = [...pods.onNode(name)].filter((pod) => !isFinished(pod))
      const used = there.map(asksFor).reduce(plus, [0, 0, 0])
      return { name, node, free: minus(has(node), used) }
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** I4: nothing that fits is left pending. */
export function liveness(world: World): string[] {
  const { history } = world
  const rooms = roomsOf(world)
  const pods = [...history.pods.values()]
  const wrong: string[] = []
  for (const gang of history.gangs.values()) {
    const { name } = gang.metadata
    if (fitsNow(gang, pods, rooms, history.nodes) === true)
      wrong.push(`${name} fits and is not placed${said(world, name)}`)
    const isFull = groupsOf(gang).every(
      (group) =>
        pods.filter((pod) => isMember(gang, group, pod) && isAlive(pod) && nodeOf(pod) !== null).length >=
        group.minimum,
    )
    const waiting = pods.filter(
      (pod) => gangName(pod) === name && isAlive(pod) && nodeOf(pod) === null && !isGated(pod),
    )
    const surplus = isFull ? waiting.find((pod) => surplusFits(gang, pod, pods, rooms, history.nodes)) : undefined
    if (surplus !== undefined) wrong.push(`surplus pod ${surplus.metadata.name} fits and is not placed`)
  }
  const plain = pods.filter(
    (pod) => gangName(pod) === null && isAlive(pod) && isOurs(pod) && nodeOf(pod) === null && !isGated(pod),
  )
  for (const pod of plain) {
    if (rooms.some(({ free }) => fits(asksFor(pod), free)))
      wrong.push(`pod ${pod.metadata.name} fits and is not placed`)
  }
  return wrong
}
