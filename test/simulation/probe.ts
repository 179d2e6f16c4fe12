import { oneOf } from './random.ts'
import { liveness } from './checkers/liveness.ts'
import { groupsOf, nodeOf } from './facts.ts'
import { nodeObject } from './objects.ts'
import type { World } from './world.ts'

/** Long enough to take pods down, to plan, to bind, and for the surplus that follows; short of the 60 s round. */
const PROMPT_MS = 8_000

/**
 * When all is at rest and nothing fails any more, room appears: what fits there is placed at once, because an event has
 * told so, and not because everything is tried again from time to time. What is found late, in words.
 */
export async function probe(world: World): Promise<readonly string[]> {
  return [...(await afterDeparture(world)), ...(await afterArrival(world))]
}

async function afterDeparture(world: World): Promise<string[]> {
  const { drawn, history, workload, clock, random } = world
  const placed = new Set(
    [...history.pods.values()]
      .filter((pod) => nodeOf(pod) !== null)
      .map(({ metadata }) => metadata.labels?.['grove.io/podgang']),
  )
  const gangs = drawn.gangs.filter(({ name }) => workload.present.has(name) && placed.has(name))
  if (gangs.length === 0) return []
  const gang = oneOf(random, gangs)
  void workload.depart(gang)
  await clock.runFor(PROMPT_MS)
  return liveness(world).map((late) => `after ${gang.name} has gone: ${late}`)
}

/** A big node in the rack of a gang that waits. */
async function afterArrival(world: World): Promise<string[]> {
  const { history, drawn, clock, random } = world
  const waiting = [...history.gangs.values()].filter((gang) => groupsOf(gang).length > 0)
  if (waiting.length === 0) return []
  const rack = oneOf(random, drawn.nodes)?.rack ?? 'r0'
  void world.addNode(nodeObject({ name: 'probe', rack, gpus: 64, cpus: 512 }))
  await clock.runFor(PROMPT_MS)
  return liveness(world).map((late) => `after a node came to ${rack}: ${late}`)
}
