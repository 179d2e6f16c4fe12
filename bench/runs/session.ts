/** A run: scenarios, each in interleaved rounds of its contestants on one server; every round is kept as soon as it ends. */
import { createHash } from 'node:crypto'
import { loadavg } from 'node:os'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { type Io, messageOf, Refused } from '../../cli/command.ts'
import { NAMESPACES, NODES } from '../../kube/resources.ts'
import { inParallel } from '../load.ts'
import type { Depth, Scenario } from '../scenario/scenario.ts'
import { runTrace } from '../traces/round.ts'
import { type Contestant, namespaceOf } from './contestant.ts'
import { runGangRound } from './gang-round.ts'
import { commitOf, describeMachine } from './machine.ts'
import { runPlannerRound } from './planner-round.ts'
import type { Outcome, RoundResult } from './result.ts'
import { furnish, startEmbeddedServer, startPlane, type TestServer } from './server.ts'
import { runSetRound } from './set-round.ts'
import type { Store } from './store.ts'
import { OURS } from './summary.ts'
import { nodeObjects } from './work.ts'

export interface Heat {
  readonly scenario: Scenario
  readonly depth: Depth
  readonly contestants: readonly Contestant[]
}

/** Somebody's cluster; null: a server of our own for each scenario. */
export interface StandingCluster {
  reach(): Promise<TestServer>
  /** Nodes that are there and are used; none: those of the scenario are created, and deleted at the end. */
  readonly hasNodes: boolean
}

export interface Session {
  readonly heats: readonly Heat[]
  readonly store: Store
  readonly cluster: StandingCluster | null
  readonly io: Io
}

interface Turn {
  readonly contestant: Contestant
  readonly round: number
}

export async function runSession(session: Session): Promise<void> {
  session.store.describeMachine(describeMachine())
  for (const heat of session.heats) {
    if (session.io.stop.aborted) return
    await runHeat(session, heat)
  }
}

/** Who begins changes from round to round. */
function turnsOf({ scenario, contestants }: Heat): Turn[] {
  return Array.from({ length: scenario.rounds }, (_, r) =>
    contestants.map((__, c) => ({ contestant: contestants[(r + c) % contestants.length]!, round: r + 1 })),
  ).flat()
}

async function runHeat(session: Session, heat: Heat): Promise<void> {
  const { store, io } = session
  const prints = new Map(heat.contestants.map((contestant) => [contestant, fingerprintOf(heat, contestant)]))
  const turns = turnsOf(heat).filter(
    (turn) => store.find(keyOf(heat, turn), prints.get(turn.contestant) ?? '') === null,
  )
  const done = turnsOf(heat).length - turns.length
  if (done > 0) io.err(`${titleOf(heat)}: ${done} rounds are there already`)
  if (turns.length === 0) return
  const server = await serverFor(session, heat)
  if (server === 'none') return io.err(`${titleOf(heat)}: left out, there is no control plane here`)
  try {
    for (const turn of turns) {
      if (io.stop.aborted) return
      await takeTurn(session, heat, turn, server, prints.get(turn.contestant) ?? '')
    }
  } finally {
    if (server !== null) await leave(session, heat, server)
  }
}

const titleOf = ({ scenario, depth }: Heat): string => `${scenario.name} (${depth})`
const keyOf = (
  { scenario, depth }: Heat,
  { contestant, round }: Turn,
): Pick<RoundResult, 'scenario' | 'depth' | 'peer' | 'round'> => ({
  scenario: scenario.name,
  depth,
  peer: contestant.name,
  round,
})

/** Where scenario, adapter or program change, what was measured counts no more. */
function fingerprintOf({ scenario, depth }: Heat, { name, checkout }: Contestant): string {
  const { name: scenarioName, cluster, workload, seed, limitSeconds, expect } = scenario
  const shape = { scenarioName, cluster, workload, seed, limitSeconds, expect }
  const program = checkout === null ? describeMachine().commit : commitOf(checkout)
  return createHash('sha256')
    .update(JSON.stringify([shape, depth, name, program]))
    .digest('hex')
    .slice(0, 16)
}

async function takeTurn(
  session: Session,
  heat: Heat,
  turn: Turn,
  server: TestServer | null,
  fingerprint: string,
): Promise<void> {
  const { store, io } = session
  const { scenario } = heat
  const title = `${titleOf(heat)} round ${turn.round} of ${scenario.rounds}, ${turn.contestant.name}`
  io.err(`${title} …`)
  const startedAt = new Date().toISOString()
  const before = loadavg()[0] ?? 0
  const outcome = failedBefore(session, heat, turn) ?? (await unlessStopped(session, heat, turn, server))
  if (outcome === null || io.stop.aborted) return
  const load = [before, loadavg()[0] ?? 0] as const
  store.keep({ ...keyOf(heat, turn), seed: scenario.seed, fingerprint, startedAt, load, outcome })
  io.err(`${title}: ${toldOf(outcome)}`)
}

/** Null when it was stopped: requests fail then, since Ctrl-C reaches the programs of a control plane too. */
async function unlessStopped(
  session: Session,
  heat: Heat,
  turn: Turn,
  server: TestServer | null,
): Promise<Outcome | null> {
  try {
    return await outcomeOf(session, heat, turn, server)
  } catch (error) {
    if (session.io.stop.aborted) return null
    throw error
  }
}

/** One that left pods unbound needs minutes to be found out, and nothing is gained by finding it out again. */
function failedBefore({ store }: Session, heat: Heat, { contestant, round }: Turn): Outcome | null {
  const before = store.results.find(
    (result) =>
      result.scenario === heat.scenario.name &&
      result.depth === heat.depth &&
      result.peer === contestant.name &&
      result.round < round &&
      (result.outcome.kind === 'unbound' || result.outcome.kind === 'wrong'),
  )
  return before === undefined ? null : { kind: 'skipped', reason: `round ${before.round}: ${toldOf(before.outcome)}` }
}

/** For a person: one line. */
export function toldOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'measured': {
      const { pods, ms, podsPerSecond, trace } = outcome.figures
      if (trace !== null)
        return `${trace.started} of ${trace.jobs} jobs, ${trace.occupancyPercent} % of the GPUs in use`
      return `${pods} pods in ${ms} ms, ${podsPerSecond} pods/s`
    }
    case 'unbound':
      return `not timed: ${outcome.bound} of ${outcome.of} pods bound after ${outcome.seconds} s`
    case 'wrong':
      return `not timed: ${outcome.faults.join('; ')}`
    case 'skipped':
      return `left out, ${outcome.reason}`
  }
}

function outcomeOf(
  session: Session,
  heat: Heat,
  { contestant, round }: Turn,
  server: TestServer | null,
): Promise<Outcome> {
  const { scenario, depth } = heat
  const { workload } = scenario
  const { stop: signal } = session.io
  const tell = (line: string): void => session.io.err(line)
  if (depth === 'trace' || workload.kind === 'trace') return runTrace(scenario, contestant.name)
  if (depth === 'planner' || server === null) return runPlannerRound({ scenario, round }, contestant.checkout, signal)
  const place = { namespace: namespaceOf(contestant), schedulerName: contestant.schedulerName }
  if (workload.kind === 'set')
    return runSetRound({
      server,
      scenario,
      set: workload.set,
      place,
      checkout: contestant.checkout,
      signal,
      tell,
    })
  const { gangs } = workload
  // In a cluster where one scheduler runs anyway, work cannot be there before it: so it is for none.
  const isPossible = session.cluster === null || workload.arrival.kind !== 'before'
  const arrival = isPossible ? workload.arrival : ({ kind: 'live' } as const)
  const { adapter } = contestant
  const start = (): ReturnType<Contestant['start']> => contestant.start(server)
  return runGangRound({ server, scenario, gangs, arrival, adapter, place, start, round, signal, tell })
}

async function serverFor(session: Session, heat: Heat): Promise<TestServer | null | 'none'> {
  const { scenario, depth, contestants } = heat
  if (depth === 'planner' || depth === 'trace') return null
  const nodes = nodeObjects(scenario.cluster)
  const namespaces = contestants.map(namespaceOf)
  if (session.cluster !== null) {
    const server = await session.cluster.reach()
    await furnish(server, session.cluster.hasNodes ? [] : nodes, namespaces)
    return server
  }
  const adapters = contestants.map(({ adapter }) => adapter)
  const isKubeNeeded = contestants.some(({ isOurs }) => !isOurs)
  const server =
    depth === 'embedded' ? await startEmbeddedServer(scenario.seed) : await startPlane(adapters, isKubeNeeded)
  if (server === null) return 'none'
  await furnish(server, nodes, namespaces).catch(async (error: unknown) => {
    await server.stop()
    throw error
  })
  return server
}

/** In somebody's cluster what we made goes: nodes and namespaces. A server of our own goes whole. */
async function leave({ cluster, io }: Session, { scenario, contestants }: Heat, server: TestServer): Promise<void> {
  try {
    if (cluster === null) return
    const gone: NewObject[] = cluster.hasNodes ? [] : nodeObjects(scenario.cluster)
    await inParallel(gone.length, async (i) => {
      await server.client.delete(NODES, { namespace: '', name: gone[i]!.metadata.name ?? '' })
    })
    for (const contestant of contestants)
      await server.client.delete(NAMESPACES, { namespace: '', name: namespaceOf(contestant) })
  } catch (error) {
    io.err(`clearing up: ${messageOf(error)}`)
  } finally {
    await server.stop()
  }
}

/** Ours is judged by the exit code; a peer that fails is only reported. */
export const isFailed = ({ peer, outcome }: RoundResult): boolean => peer === OURS && outcome.kind !== 'measured'

export const refuseNothing = (heats: readonly Heat[]): void => {
  if (heats.length === 0) throw new Refused('nothing to run: no scenario has that depth and those peers', 2)
}
