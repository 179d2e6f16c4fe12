/** What was asked for on the command line → heats. */
import { Refused } from '../../cli/command.ts'
import { PEERS } from '../peers/peers.ts'
import { type Contestant, contestantOf } from '../runs/contestant.ts'
import type { Heat } from '../runs/ground.ts'
import { refuseNothing } from '../runs/session.ts'
import { named, scenariosOf, shippedScenarios } from '../scenario/catalogue.ts'
import { DEPTHS, type Depth, type Scenario, SETS, type ScenarioSet } from '../scenario/scenario.ts'
import { RIVALS } from '../traces/rivals.ts'

export interface Asked {
  readonly names: readonly string[]
  readonly files: readonly string[]
  readonly set: string | null
  readonly depth: string | null
  readonly peers: readonly string[]
  readonly rounds: number | null
  readonly seed: number | null
}

function oneOf<T extends string>(flag: string, text: string | null, values: readonly T[]): T | null {
  if (text === null) return null
  const found = values.find((value) => value === text)
  if (found !== undefined) return found
  throw new Refused(`--${flag}: found ${JSON.stringify(text)}, want one of ${values.join(', ')}`, 2)
}

export function chosenScenarios({ names, files, set }: Asked): readonly Scenario[] {
  const own = scenariosOf(files)
  if (names.length > 0) return named([...own, ...shippedScenarios()], names)
  if (files.length > 0) return own
  const asked = oneOf<ScenarioSet>('set', set, SETS)
  if (asked === null)
    throw new Refused('which? Name scenarios (espalier bench list shows them), or --set quick, or -f FILE', 2)
  return shippedScenarios().filter(({ sets }) => sets.includes(asked))
}

export function heatsOf(asked: Asked): Heat[] {
  const depth = oneOf<Depth>('depth', asked.depth, DEPTHS)
  const known = [...PEERS.map(({ name }) => name), ...RIVALS]
  for (const peer of asked.peers) oneOf('peers', peer, known)
  const heats = chosenScenarios(asked).flatMap((written) => {
    const rounds = asked.rounds ?? (isQuick(asked) ? 1 : written.rounds)
    const scenario = { ...written, rounds, seed: asked.seed ?? written.seed }
    const depths = scenario.depths.filter((each) => depth === null || each === depth)
    return depths.map((each) => ({ scenario, depth: each, contestants: contestantsOf(scenario, each, asked.peers) }))
  })
  const possible = heats.filter(({ contestants }) => contestants.length > 0)
  refuseNothing(possible)
  return possible
}

/** The quick set is a first look: it ends within a quarter of an hour. */
const isQuick = ({ names, files, set }: Asked): boolean => set === 'quick' && names.length === 0 && files.length === 0

/** At the planner's depth and on the embedded server only ours can run; a trace has rivals of its own. */
function contestantsOf(scenario: Scenario, depth: Depth, asked: readonly string[]): Contestant[] {
  const isAsked = (name: string): boolean => asked.length === 0 || asked.includes(name)
  const ours = contestantOf(PEERS[0]!)
  if (depth === 'trace') return RIVALS.filter(isAsked).map((name) => ({ ...ours, name, isOurs: name === 'espalier' }))
  if (depth !== 'control-plane') return isAsked(ours.name) ? [ours] : []
  return PEERS.filter(({ name }) => (asked.length === 0 ? scenario.peers : asked).includes(name)).map(contestantOf)
}
