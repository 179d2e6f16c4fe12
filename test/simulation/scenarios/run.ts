import type { Process } from '../process.ts'
import { endOf } from '../run-seed.ts'
import { REST_CHECKERS } from '../rest.ts'
import { conditionOf, nodeOf } from '../facts.ts'
import type { Write } from '../history.ts'
import type { Violation } from '../observer.ts'
import { World } from '../world.ts'
import type { Scenario } from './scenario.ts'

export interface Ending {
  readonly violations: readonly Violation[]
  /** Writes of schedulers but those of Leases. */
  readonly writes: number
  /** What stands in the cluster, as far as it may not depend on who died when. */
  readonly state: readonly string[]
  readonly binds: number
}

export interface Running {
  /** The process that wrote is killed right after the so manieth write, and nothing else of it arrives; 0: none is. */
  readonly crashAfter?: number
  readonly onLog?: (line: string) => void
}

const isOwnWrite = ({ sender, collection }: Write): boolean =>
  sender.startsWith('scheduler') && !collection.endsWith('/leases')

export async function runScenario(scenario: Scenario, { crashAfter = 0, onLog }: Running = {}): Promise<Ending> {
  const world = new World(scenario.drawn, onLog ?? null)
  let writes = 0
  world.history.listen((write) => {
    if (isOwnWrite(write) && ++writes === crashAfter) crash(world, write)
  })
  scenario.script?.(world)
  await world.start()
  await world.clock.runFor(scenario.forMs)
  const { observer, history } = world
  for (const [promise, check] of Object.entries(REST_CHECKERS))
    for (const what of check(world)) observer.report(promise, what)
  for (const what of scenario.judge?.(world) ?? []) observer.report('scenario', what)
  for (const what of twiceBound(history.writes)) observer.report('once', what)
  const state = stateOf(world)
  await endOf(world)
  const binds = history.writes.filter((write) => isOwnWrite(write) && write.verb === 'bind').length
  return { violations: observer.violations, writes, state, binds }
}

function crash(world: World, { sender }: Write): void {
  const process = world.processes.find(({ life }) => sender.startsWith(`${life.id}/`)) as Process
  process.network.isGone = true
  process.kill()
  world.clock.after(500, 'work', () => void world.startProcess(process.name))
}

function twiceBound(writes: readonly Write[]): string[] {
  const bound = new Map<string, number>()
  for (const { verb, after } of writes) {
    if (verb === 'bind' && after !== null) bound.set(after.metadata.uid, (bound.get(after.metadata.uid) ?? 0) + 1)
  }
  return [...bound].filter(([, times]) => times > 1).map(([uid, times]) => `${uid} was bound ${times} times`)
}

function stateOf({ history }: World): string[] {
  const pods = [...history.pods.values()].map(
    (pod) => `${pod.metadata.name} ${pod.status?.phase} ${nodeOf(pod) === null ? 'pending' : 'bound'}`,
  )
  const gangs = [...history.gangs.values()].map((gang) => {
    const conditions = ['Scheduled', 'Ready', 'PlacementComplete'].map((type) => `${type}=${conditionOf(gang, type)}`)
    return `${gang.metadata.name} ${gang.status?.phase} ${conditions.join(' ')}`
  })
  return [...pods, ...gangs].sort()
}
