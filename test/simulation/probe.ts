import { NODES } from '../../kube/resources.ts'
import { liveness } from './checkers/liveness.ts'
import { RACK } from './facts.ts'
import { isPodWrite, type Write } from './history.ts'
import { nodeObject } from './objects.ts'
import { gangOf, groupOf } from './scenarios/scenario.ts'
import type { World } from './world.ts'

/** Long enough to take pods down, to plan, to bind, and for the surplus that follows; short of the 60 s round. */
const PROMPT_MS = 8_000
/** More than any node has: only the nodes that come now will do. */
const GPUS = 64

const FIRST = gangOf('probe-a', [groupOf('a', 2, { gpus: GPUS })])
const SECOND = gangOf('probe-b', [groupOf('a', 2, { gpus: GPUS })])
const IN_ONE_RACK = gangOf('probe-c', [groupOf('a', 3, { gpus: GPUS / 2 })], { isInOneRack: true })
const RACKS = ['probe-r', 'probe-s'] as const

/** So long a pod that was deleted may take to go. */
const GOING_MS = 40_000

/**
 * The room was taken by a gang of a set of which an update stood still for want of it, and goes on now: pods go, and
 * what is free by then is kept for those that replace them.
 */
function isUpdating({ history, clock }: World): boolean {
  const sinceMs = clock.monotonicMs() - GOING_MS
  const isReplaced = (write: Write): boolean => write.verb === 'delete' && write.sender.startsWith('operator')
  return history.writes.some((write) => write.atMs >= sinceMs && isPodWrite(write) && isReplaced(write))
}

/**
 * When all is at rest and nothing fails any more, room appears, in one way after the other: what fits there is placed at
 * once, because an event has told so, and not because everything is tried again from time to time. What is found late, in
 * words.
 */
export async function probe(world: World): Promise<readonly string[]> {
  const { workload, clock, chaos } = world
  const late: string[] = []
  const after = async (what: string, change: () => unknown): Promise<void> => {
    void change()
    await clock.runFor(PROMPT_MS)
    if (isUpdating(world)) return
    late.push(...liveness(world).map((each) => `after ${what}: ${each}`))
  }
  const patch = (name: string, body: object): Promise<unknown> => chaos.mergePatch(NODES, { namespace: '', name }, body)
  const comes = (name: string, rack: string, spec: object): Promise<unknown> =>
    world.addNode({ ...nodeObject({ name, rack, gpus: GPUS, cpus: 512 }), spec })
  await after('two gangs have come that need more than there is', async () => {
    await workload.add(FIRST)
    await workload.add(SECOND)
  })
  await after('two nodes have come, one of them cordoned', async () => {
    await comes('probe-m', RACKS[0], {})
    await comes('probe-n', RACKS[1], { unschedulable: true })
  })
  await after('the other is uncordoned', () => patch('probe-n', { spec: { unschedulable: null } }))
  await after('the gang there has gone', () => workload.depart(FIRST))
  await after('its heir has gone, and one for a single rack has come', async () => {
    await workload.depart(SECOND)
    await workload.add(IN_ONE_RACK)
  })
  await after('a node was moved to its rack', () => patch('probe-n', { metadata: { labels: { [RACK]: RACKS[0] } } }))
  return late
}
