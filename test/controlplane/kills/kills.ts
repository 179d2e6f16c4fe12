/** Schedulers that are killed in the middle of binding; each one's successor has to bring everything to rest. */
import type { Random } from '../../../kube/random.ts'
import type { SchedulerProcess } from '../scheduler-process.ts'
import { isBinding, type KillWorld } from './world.ts'

const REFUSED = { status: 503, reason: 'ServiceUnavailable' } as const

/**
 * SIGKILL when the server has taken the k-th binding of a gang and nothing of the rest, so that exactly `k` pods are
 * bound; its sender hears of the k-th or not. Then a successor, and rest. Returns how many were bound at the kill.
 */
export async function killAfterBind(world: KillWorld, k: number, size: number, isTold: boolean): Promise<number> {
  const scheduler = world.current()
  let taken = 0
  let turn: Promise<void> = Promise.resolve()
  let isDead = false
  let next = (): void => {}
  const kill = (): void => {
    isDead = true
    scheduler.signal('SIGKILL')
  }
  world.wire.refuse = async (request) => {
    if (!isBinding(request)) return null
    const before = turn
    let pass = (): void => {}
    turn = new Promise((resolve) => (pass = resolve))
    await before
    if (taken === k && !isDead) kill() // k = 0: before the first
    if (isDead) pass()
    else next = pass
    return isDead ? REFUSED : null
  }
  world.listen(() => {
    if (++taken === k) kill()
    next()
    return isTold ? 'tell' : 'cut'
  })
  const gangs = await world.createGangs(1, size)
  await scheduler.ended
  world.wire.refuse = () => null
  world.listen(() => 'tell')
  const bound = (await world.pods()).filter(({ metadata, spec }) => gangs.uids.has(metadata.uid) && spec.nodeName)
  world.current()
  await world.untilAtRest(gangs)
  await world.remove(gangs)
  return bound.length
}

/** `kills` SIGKILLs, each after a number of bindings drawn anew, while `count` gangs are being bound; then rest. */
export async function killAtRandom(
  world: KillWorld,
  { count, size, kills, random }: { count: number; size: number; kills: number; random: Random },
): Promise<number> {
  await world.current().stop() // the first victim finds all of them there
  const gangs = await world.createGangs(count, size)
  const each = Math.floor((count * size) / kills)
  let done = 0
  for (; done < kills; done++) {
    const after = 1 + Math.floor(random() * (each - 1))
    const isOver = await runUntilKilled(world, after, random() < 0.5)
    if (isOver) break
  }
  world.current()
  await world.untilAtRest(gangs)
  await world.remove(gangs)
  return done
}

/** True: everything was bound before it came to that. */
async function runUntilKilled(world: KillWorld, after: number, isTold: boolean): Promise<boolean> {
  let taken = 0
  world.listen(() => {
    if (++taken < after) return 'tell'
    if (taken === after) world.current().signal('SIGKILL')
    return isTold ? 'tell' : 'cut'
  })
  const scheduler: SchedulerProcess = world.current()
  // Asked of the server: bindings that were under way at a kill are done without the wire hearing of it.
  const isAllBound = async (): Promise<boolean> => (await world.pods()).every(({ spec }) => spec.nodeName)
  await world.until('the kill', async () => scheduler.isOver || (await isAllBound()))
  const isOver = !scheduler.isOver && taken < after
  if (!isOver) await scheduler.ended
  world.listen(() => 'tell')
  return isOver
}
