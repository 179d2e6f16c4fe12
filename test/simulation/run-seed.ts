import { CONFIG_MAPS } from '../../kube/resources.ts'
import { leftOpen } from './checkers/leaks.ts'
import { RIVAL_MS } from './checkers/rival.ts'
import { type Drawn, draw } from './draw.ts'
import { isMoment, type MomentFault } from './faults/kinds.ts'
import { STRIKES } from './faults/moments.ts'
import { BROKEN_TOPOLOGIES, TOPOLOGY, TOPOLOGY_FILE } from './objects.ts'
import type { Violation } from './observer.ts'
import { probe } from './probe.ts'
import { REST_CHECKERS } from './rest.ts'
import { World } from './world.ts'

export interface Outcome {
  readonly drawn: Drawn
  readonly violations: readonly Violation[]
  readonly binds: number
  readonly faults: number
  /** `fault|phase` → how often. */
  readonly cells: ReadonlyMap<string, number>
  readonly strikes: ReadonlyMap<string, number>
  readonly requests: number
  readonly virtualMs: number
  /** Of every write in order: the same seed gives the same. */
  readonly hash: string
}

/** Lease, watch deadline and undo wait have run out. */
const REST_MS = 180_000
/** So long before the end all watches break, and what is older than the bookmarks of a minute is forgotten. */
const FORGETS_MS = 15_000
const REMEMBERS_MS = 80_000
const SPOILS_MS = 5_000

export const runSeed = (seed: number, onLog: ((line: string) => void) | null = null): Promise<Outcome> =>
  run(draw(seed), onLog)

/** `onLog` is told what the processes log. */
export async function run(drawn: Drawn, onLog: ((line: string) => void) | null = null): Promise<Outcome> {
  const world = new World(drawn, onLog)
  const { clock, observer } = world
  await world.start()
  scheduleStrikes(world)
  await clock.runFor(drawn.faultyMs - clock.monotonicMs())
  world.endFaults()
  ensureRunning(world)
  await clock.runFor(restOf(world) - FORGETS_MS - REMEMBERS_MS)
  const remembered = world.history.version
  await spoilTopology(world)
  await clock.runFor(REMEMBERS_MS - SPOILS_MS)
  forget(world, remembered)
  await clock.runFor(FORGETS_MS)
  for (const [promise, check] of Object.entries(REST_CHECKERS))
    for (const what of check(world)) observer.report(promise, what)
  for (const what of await probe(world)) observer.report('promptness', what)
  await endOf(world)
  return outcomeOf(world)
}

function restOf({ clock, lastRivalMs }: World): number {
  if (lastRivalMs < 0) return REST_MS
  return Math.max(REST_MS, lastRivalMs + RIVAL_MS + REST_MS - clock.monotonicMs())
}

/** Mended and broken again, when whoever leads hears of both: the last good one stays in force. */
async function spoilTopology({ drawn, chaos, clock }: World): Promise<void> {
  const write = (text: string): void =>
    void chaos.mergePatch(CONFIG_MAPS, TOPOLOGY_FILE, { data: { 'topology.yaml': text } })
  const isEdited = drawn.faults.some(({ kind }) => kind === 'topology-broken') && drawn.hasTopology === true
  if (isEdited) write(TOPOLOGY)
  await clock.runFor(SPOILS_MS)
  if (isEdited) write(BROKEN_TOPOLOGIES[0] ?? '')
}

/** Who was told by bookmarks how far it had come need not list. */
function forget(world: World, version: number): void {
  const { server, observer, clock, processes } = world
  for (const what of leftOpen(world)) observer.report('leaks', what)
  server.compactTo(version)
  observer.listedUntilMs = clock.monotonicMs()
  for (const { network } of processes) for (const stream of [...network.streams]) stream.breakOff()
}

/** When each strikes: drawn from the seed alone, so that leaving one kind out moves no other. */
function scheduleStrikes(world: World): void {
  const { drawn, clock, random } = world
  for (const { kind, rate } of drawn.faults) {
    if (!isMoment(kind)) continue
    const meanMs = 60_000 / rate
    for (
      let atMs = 2_000 - meanMs * Math.log(1 - random());
      atMs < drawn.faultyMs;
      atMs -= meanMs * Math.log(1 - random())
    ) {
      clock.after(atMs, 'background', () => void strike(world, kind))
    }
  }
}

async function strike(world: World, kind: MomentFault): Promise<void> {
  if (world.areFaultsOver) return
  world.reach.phases()
  if (await STRIKES[kind](world)) world.struck(kind)
}

function ensureRunning(world: World): void {
  for (const process of world.processes) {
    process.network.isCut = false
    process.network.isForbidden = false
    process.clock.lateMs = 0
    process.network.frozenUntilMs.clear()
    process.network.olderList.clear()
    process.network.lateNews = null
    if (process.clock.isPaused) process.clock.resume((held) => held)
  }
}

function outcomeOf({ observer, history, reach, clock, drawn }: World): Outcome {
  const strikes = [...reach.strikes.values()].reduce((sum, count) => sum + count, 0)
  return {
    drawn,
    violations: observer.violations,
    binds: history.writes.filter(({ verb, sender }) => verb === 'bind' && sender.startsWith('scheduler')).length,
    faults: strikes,
    cells: reach.cells,
    strikes: reach.strikes,
    requests: observer.tickets.length,
    virtualMs: clock.monotonicMs(),
    hash: hashOf(
      history.writes.map(
        ({ atMs, verb, collection, name, sender, after }) =>
          `${atMs} ${verb} ${collection} ${name} ${sender} ${after?.metadata.resourceVersion}`,
      ),
    ),
  }
}

function hashOf(lines: readonly string[]): string {
  let value = 0x811c9dc5
  for (const line of lines)
    for (let i = 0; i < line.length; i++) value = Math.imul(value ^ line.charCodeAt(i), 0x01000193)
  return (value >>> 0).toString(16)
}

/** SIGTERM to all: what was stopped in good order holds nothing any more. */
export async function endOf(world: World): Promise<void> {
  for (const process of world.processes) {
    if (!process.isRunning) continue
    await world.during(process.stop())
    const { clock, network, life } = process
    const held = [clock.open, network.streams.size, network.inFlight]
    if (held.some((count) => count > 0))
      world.observer.report('leaks', `${life.id} stopped with ${held} timers, watches, requests`)
  }
  for (const process of world.processes) process.kill()
  await world.during(world.neighbours?.stop() ?? Promise.resolve())
  world.server.stop()
}
