/** What happens to API servers, under load: the scheduler gets over it by itself, in one process, losing nothing. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KillWorld, type Gangs, isBinding } from './kills/world.ts'
import type { SchedulerProcess } from './scheduler-process.ts'

const world = await KillWorld.start()
afterAll(() => world?.stop())

const SIZE = 8
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe.skipIf(world === null)('a scheduler under load gets over', () => {
  let scheduler: SchedulerProcess
  beforeAll(() => void (scheduler = world!.scheduler()))

  /** Gangs keep coming before, during and after `outage`; all of them end whole, bound by the process that there was. */
  async function through(outage: () => Promise<void>): Promise<void> {
    const { pid } = scheduler
    const gangs: Gangs[] = []
    let isOver = false
    const load = (async () => {
      while (!isOver) {
        const made = await world!.createGangs(1, SIZE).catch(() => null) // the server may be away
        if (made !== null) gangs.push(made)
        await pause(100)
      }
    })()
    await pause(500)
    await outage()
    await pause(500)
    isOver = true
    await load
    gangs.push(await world!.createGangs(1, SIZE))
    expect(gangs.length).toBeGreaterThan(1)
    for (const each of gangs) await world!.untilAtRest(each)
    expect([scheduler.isOver, scheduler.pid]).toEqual([false, pid])
    for (const each of gangs) await world!.remove(each)
  }

  test('all its watches being cut', () =>
    through(async () => {
      for (let cut = 0; cut < 3; cut++) {
        world!.wire.cutWatches()
        await pause(500)
      }
    }))

  test('answers that break off after the write', () =>
    through(async () => {
      let answers = 0
      world!.listen(() => (++answers % 5 === 0 ? 'cut' : 'tell'))
      await pause(2_000)
      world!.listen(() => 'tell')
      expect(answers).toBeGreaterThan(5)
    }))

  test('a kube-apiserver that is killed and started again', () => through(() => world!.plane.restart('kube-apiserver')))

  test('an etcd that hangs for 20 s', () =>
    through(async () => {
      world!.plane.signal('etcd', 'SIGSTOP')
      await pause(20_000)
      world!.plane.signal('etcd', 'SIGCONT')
    }))
})

describe.skipIf(world === null)('of two replicas', () => {
  const LEASE = ['--lease-duration', '4s', '--renew-deadline', '2500ms', '--retry-period', '500ms']
  const leads = (process: SchedulerProcess): boolean => /"msg":"leading"/.test(process.said())

  test('a leader that is frozen past its lease and goes on binds nothing twice, steps down and is elected again', async () => {
    await world!.current().stop()
    const leader = world!.scheduler(LEASE)
    await world!.until('a leader', () => leads(leader))
    const other = world!.scheduler(LEASE)
    let taken = 0
    world!.listen(() => {
      if (++taken === 20) leader.signal('SIGSTOP')
      return 'tell'
    })
    const gangs = await world!.createGangs(12, 16)
    await world!.until('the leader to be frozen', () => taken >= 20)
    await world!.until('the other to lead', () => leads(other))
    await world!.untilAtRest(gangs)
    const asked: string[] = []
    world!.wire.refuse = (request) => {
      if (isBinding(request)) asked.push(request.path)
      return null
    }
    leader.signal('SIGCONT')
    await world!.until('the leader to step down', () => leader.said().includes('not leading any more'))
    await pause(1_000)
    expect(asked, 'sent by the old leader').toEqual([])
    await world!.untilAtRest(gangs)
    other.signal('SIGKILL')
    const late = await world!.createGangs(1, SIZE)
    await world!.untilAtRest(late)
    expect([leader.isOver, asked.length]).toEqual([false, SIZE])
    await leader.stop()
  }, 240_000)
})
