/** A run: scenarios, each in interleaved rounds of its contestants on one server; every round is kept as soon as it ends. */
import { createHash } from 'node:crypto'
import { loadavg } from 'node:os'
import { type Io, messageOf, Refused } from '../../cli/command.ts'
import { runServingRound } from '../serving/round.ts'
import { runTrace } from '../traces/round.ts'
import { type Contestant, namespaceOf } from './contestant.ts'
import { runGangRound } from './gang-round.ts'
import { Ground, type Heat, type StandingCluster } from './ground.ts'
import { commitOf, describeMachine } from './machine.ts'
import { runPlannerRound } from './planner-round.ts'
import type { Outcome, RoundResult } from './result.ts'
import type { TestServer } from './server.ts'
import { runSetRound } from './set-round.ts'
import type { Store } from './store.ts'
import { OURS } from './summary.ts'

export interface Session {
  readonly heats: readonly Heat[]
  readonly store: Store
  /** Null: a server of our own for each scenario. */
  readonly cluster: StandingCluster | null
  readonly io: Io
}

interface Turn {
  readonly contestant: Contestant
  readonly round: number
  /** Of those that are still to be taken in its heat. */
  readonly isLast: boolean
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
    contestants.map((__, c) => ({
      contestant: contestants[(r + c) % contestants.length]!,
      round: r + 1,
      isLast: false,
    })),
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
  const ground = new Ground(heat, session.cluster, (line) => io.err(line))
  try {
    for (const [i, next] of turns.entries()) {
      if (io.stop.aborted) return
      const turn = { ...next, isLast: i === turns.length - 1 }
      const taken = await takeTurn(session, heat, turn, ground, prints.get(turn.contestant) ?? '')
      if (taken === 'no-server') return io.err(`${titleOf(heat)}: left out, there is no control plane here`)
    }
  } finally {
    await ground.leave()
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
  ground: Ground,
  fingerprint: string,
): Promise<'taken' | 'no-server'> {
  const { store, io } = session
  const { scenario } = heat
  const title = `${titleOf(heat)} round ${turn.round} of ${scenario.rounds}, ${turn.contestant.name}`
  io.err(`${title} …`)
  const startedAt = new Date().toISOString()
  const before = loadavg()[0] ?? 0
  const outcome = failedBefore(session, heat, turn) ?? (await outcomeOrFailure(session, heat, turn, ground))
  if (outcome === 'no-server') return outcome
  if (io.stop.aborted) return 'taken'
  const { seed, measure } = scenario
  const load = [before, loadavg()[0] ?? 0] as const
  store.keep({ ...keyOf(heat, turn), seed, fingerprint, startedAt, load, measure, outcome })
  io.err(`${title}: ${toldOf(outcome)}`)
  return 'taken'
}

/**
 * What breaks in a round is that round's failure, and the others get a server of their own. Requests fail at a Ctrl-C too,
 * since it reaches the programs of a control plane. What the user must change ends the run.
 */
async function outcomeOrFailure(
  session: Session,
  heat: Heat,
  turn: Turn,
  ground: Ground,
): Promise<Outcome | 'no-server'> {
  try {
    const server = await ground.server()
    return server === 'none' ? 'no-server' : await outcomeOf(session, heat, turn, server)
  } catch (error) {
    if (error instanceof Refused && !session.io.stop.aborted) throw error
    await ground.renew()
    return { kind: 'failed', message: messageOf(error) }
  }
}

const FAILURES_MAX = 2

/** One that left pods unbound needs minutes to be found out, and nothing is gained by finding it out again. */
function failedBefore({ store }: Session, heat: Heat, { contestant, round }: Turn): Outcome | null {
  const before = store.results.filter(
    (result) =>
      result.scenario === heat.scenario.name &&
      result.depth === heat.depth &&
      result.peer === contestant.name &&
      result.round < round,
  )
  const broken = before.filter(({ outcome }) => outcome.kind === 'failed')
  const shown =
    before.find(({ outcome }) => outcome.kind === 'unbound' || outcome.kind === 'wrong') ?? broken[FAILURES_MAX - 1]
  return shown === undefined ? null : { kind: 'skipped', reason: `round ${shown.round}: ${toldOf(shown.outcome)}` }
}

/** For a person: one line. */
export function toldOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'measured': {
      const { pods, ms, podsPerSecond, trace } = outcome.figures
      if (trace !== null)
        return `${trace.started} of ${trace.jobs} ${trace.serving === null ? 'jobs' : 'engines and pods'}, ${trace.occupancyPercent} % of the GPUs in use`
      return `${pods} pods in ${ms} ms, ${podsPerSecond} pods/s`
    }
    case 'unbound':
      return `not timed: ${outcome.bound} of ${outcome.of} pods bound after ${outcome.seconds} s`
    case 'wrong':
      return `not timed: ${outcome.faults.join('; ')}`
    case 'failed':
      return `not timed: ${outcome.message}`
    case 'skipped':
      return `left out, ${outcome.reason}`
  }
}

function outcomeOf(
  session: Session,
  heat: Heat,
  { contestant, round, isLast }: Turn,
  server: TestServer | null,
): Promise<Outcome> {
  const { scenario, depth } = heat
  const { workload } = scenario
  const { stop: signal } = session.io
  const tell = (line: string): void => session.io.err(line)
  if (workload.kind === 'serving') return runServingRound(scenario, workload.serving, contestant.name, signal, tell)
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
  return runGangRound({ server, scenario, gangs, arrival, adapter, place, start, round, isLast, signal, tell })
}

/** Ours is judged by the exit code; a peer that fails is only reported. */
export const isFailed = ({ peer, outcome }: RoundResult): boolean => peer === OURS && outcome.kind !== 'measured'

export const refuseNothing = (heats: readonly Heat[]): void => {
  if (heats.length === 0) throw new Refused('nothing to run: no scenario has that depth and those peers', 2)
}
