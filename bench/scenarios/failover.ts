import { KillWorld } from '../../test/controlplane/kills/world.ts'
import type { SchedulerProcess } from '../../test/controlplane/scheduler-process.ts'
import type { Line, RunOptions } from '../harness.ts'

/** Two replicas at client-go's lease times: the leader is killed, and a gang that comes then waits for the other. */

const COUNT = 20
const LEASE_DURATION_MS = 15_000
const BAR_MS = LEASE_DURATION_MS + 5_000
const GANG_SIZE = 8

const leads = (process: SchedulerProcess): boolean => /"msg":"leading"/.test(process.said())

/** From the kill to the last binding of the gang. */
async function takeOver(world: KillWorld, leader: SchedulerProcess): Promise<number> {
  leader.signal('SIGKILL')
  const killedMs = performance.now()
  const gangs = await world.createGangs(1, GANG_SIZE)
  let boundMs = 0
  world.listen(() => {
    boundMs = performance.now()
    return 'tell'
  })
  await world.untilAtRest(gangs)
  await world.remove(gangs)
  return boundMs - killedMs
}

export async function* run(seed: number, { count }: RunOptions): AsyncGenerator<Line> {
  const world = await KillWorld.start()
  if (world === null) return
  try {
    let leader = world.scheduler([])
    await world.until('a leader', () => leads(leader))
    const times: number[] = []
    for (let i = 0; i < Number(count ?? COUNT); i++) {
      const other = world.scheduler([])
      await world.until('the other to stand by', () => other.said().includes('campaigning'))
      await new Promise((resolve) => setTimeout(resolve, 1_000)) // it has seen the lease
      times.push(await takeOver(world, leader))
      leader = other
    }
    times.sort((a, b) => a - b)
    const [minMs = 0, maxMs = 0] = [times[0], times.at(-1)]
    const facts = {
      takeOvers: times.length,
      minMs: Math.round(minMs),
      maxMs: Math.round(maxMs),
      bar: `<= ${BAR_MS} ms`,
      reached: maxMs <= BAR_MS ? 'yes' : 'no',
    }
    yield { scenario: 'failover', ms: times[times.length >> 1] ?? 0, ok: true, seed, facts }
  } finally {
    await world.stop()
  }
}
