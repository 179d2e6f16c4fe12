/** `npm run crash-operator -- [--only TEXT] [--crashes] [--older] [--hidden]`: every one of them; test/README.md. */
import { parseArgs } from 'node:util'
import { type Fate, UNDISTURBED } from './operator-end.ts'
import { differences, run, type Run, undisturbed } from './run.ts'
import { type Scenario, SCENARIOS } from './scenarios.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    crashes: { type: 'boolean', default: false },
    older: { type: 'boolean', default: false },
    hidden: { type: 'boolean', default: false },
  },
})
const isAll = !values.crashes && !values.older && !values.hidden
const say = (text: string): void => void process.stdout.write(`${text}\n`)
/** Writes before the crash that whoever takes over does not see at first. */
const OLDER = 5

function fatesOf({ writes, pairs }: Run): [string, Fate][] {
  const points = Array.from({ length: writes }, (_, at) => at + 1)
  const crash = (crashAfter: number, older: number): Fate => ({ ...UNDISTURBED, crashAfter, older })
  return [
    ...(isAll || values.crashes ? points.map((at): [string, Fate] => [`crash after write ${at}`, crash(at, 0)]) : []),
    ...(isAll || values.older
      ? points.map((at): [string, Fate] => [`older view after write ${at}`, crash(at, OLDER)])
      : []),
    ...(isAll || values.hidden
      ? pairs.map(({ event, what }): [string, Fate] => [`hidden: ${what} (${event})`, { ...UNDISTURBED, hide: event }])
      : []),
  ]
}

async function judge(scenario: Scenario): Promise<number> {
  const wanted = await undisturbed(scenario)
  const fates = fatesOf(wanted)
  let failed = 0
  for (const [what, fate] of fates) {
    const found = await run(scenario, fate).then(
      ({ outcome }) => differences(scenario, wanted.outcome, outcome),
      (error: unknown) => [String(error)],
    )
    if (found.length === 0) continue
    failed++
    say(`${scenario.name}: ${what}\n${found.map((line) => `    ${line.slice(0, 1_500)}`).join('\n')}`)
  }
  say(`${scenario.name}: ${wanted.writes} writes, ${wanted.pairs.length} pairs, ${fates.length} runs, ${failed} failed`)
  return failed
}

let failed = 0
for (const scenario of SCENARIOS.filter(({ name }) => name.includes(values.only))) failed += await judge(scenario)
process.exitCode = failed === 0 ? 0 : 1
