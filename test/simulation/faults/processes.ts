import { between, oneOf } from '../random.ts'
import type { Kept } from '../mirror.ts'
import type { Process } from '../process.ts'
import type { World } from '../world.ts'
import type { Strike } from './strike.ts'

const running = ({ processes }: World): Process[] => processes.filter(({ isRunning }) => isRunning)
const leaders = (world: World): Process[] => running(world).filter(({ isLeading }) => isLeading)
/** Mostly the one that leads: the others do nothing that could go wrong. */
export function victim(world: World): Process | null {
  const some = leaders(world).length > 0 ? leaders(world) : running(world)
  return some.length === 0 ? null : oneOf(world.random, some)
}

const on =
  (strike: (world: World, process: Process) => void) =>
  (world: World): boolean => {
    const found = victim(world)
    if (found !== null) strike(world, found)
    return found !== null
  }

export function pauseFor(world: World, { clock }: Process, ms: number): void {
  if (clock.isPaused) return
  clock.pause()
  const { random } = world
  world.clock.after(ms, 'work', () => clock.resume((held) => (random() < 0.5 ? held : [...held].reverse())))
}

/** For a while, then undone. */
const during = (ms: readonly [number, number], begin: (process: Process) => void, end: (process: Process) => void) =>
  on((world, process) => {
    begin(process)
    world.clock.after(between(world.random, ...ms), 'work', () => end(process))
  })

type Kinds =
  | 'killed'
  | 'killed-at-write'
  | 'terminated'
  | 'paused-past-lease'
  | 'loop-blocked'
  | 'second-replica'
  | 'clock-forward'
  | 'clock-back'
  | 'timers-late'
  | 'no-sockets'
  | 'rbac-revoked'
  | 'kind-frozen'
  | 'events-hidden'

export const processFaults: Readonly<Record<Kinds, Strike>> = {
  killed: on((world, process) => world.killAndRestart(process)),
  /** Struck when the next writes go out: World#onSend. */
  'killed-at-write': on((world, process) => world.killAtWrite(process, between(world.random, 1, 12))),
  terminated: on((world, process) => world.terminateAndRestart(process)),
  'paused-past-lease': on((world, process) => pauseFor(world, process, between(world.random, 11_000, 30_000))),
  'loop-blocked': on((world, process) => pauseFor(world, process, between(world.random, 500, 6_000))),
  'second-replica': (world: World): boolean => {
    if (running(world).filter(({ life }) => !life.isOperator).length >= 3) return false
    world.startProcess(`scheduler-${'xyzuvw'[world.processes.length % 6]}`)
    return true
  },
  'clock-forward': on((_, process) => void (process.clock.skewMs += 3_600_000)),
  'clock-back': on((_, process) => void (process.clock.skewMs -= 3_600_000)),
  'timers-late': during(
    [5_000, 20_000],
    ({ clock }) => void (clock.lateMs = 900),
    ({ clock }) => void (clock.lateMs = 0),
  ),
  'no-sockets': during(
    [2_000, 15_000],
    (process) => void (process.network.isCut = true),
    (process) => void (process.network.isCut = false),
  ),
  'rbac-revoked': during(
    [5_000, 20_000],
    (process) => void (process.network.isForbidden = true),
    (process) => void (process.network.isForbidden = false),
  ),
  'kind-frozen': on((world, { network }) => {
    const kept = oneOf<Kept>(world.random, ['pods', 'pods', 'nodes', 'podgangs'])
    network.frozenUntilMs.set(kept, world.clock.monotonicMs() + between(world.random, 5_000, 60_000))
  }),
  /** All watches break, and what happens meanwhile is forgotten by the server: a list tells the end of it only. */
  'events-hidden': on((world, { network }) => {
    for (const stream of [...network.streams]) stream.breakOff()
    world.clock.after(between(world.random, 50, 2_000), 'work', () => world.server.compact(0))
  }),
}
