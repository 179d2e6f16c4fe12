/** `npm run simulate-faults -- [--seeds N] [--from S] [--step T] [--shrink] [--first] [--workers W] [-o json]`: README.md. */
import { parseArgs } from 'node:util'
import { runSeeds } from './pool.ts'
import { type Outcome, runSeed } from './run-seed.ts'
import { DIRECTED } from './scenarios/directed.ts'
import { runScenario } from './scenarios/run.ts'
import { shrink } from './shrink.ts'
import { count, failure, newTally, reachMatrix } from './tell.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    step: { type: 'string', default: '1' },
    shrink: { type: 'boolean', default: false },
    first: { type: 'boolean', default: false },
    log: { type: 'boolean', default: false },
    workers: { type: 'string', default: '1' },
    scenario: { type: 'string' },
    output: { type: 'string', short: 'o', default: 'text' },
  },
})
const from = Number(values.from)
const isJson = values.output === 'json'
const say = (text: string): void => void process.stdout.write(`${text}\n`)
const logs = values.log ? (line: string): void => void process.stderr.write(`${line}\n`) : null

/** Instead of seeds: the written situations whose names hold the text. */
async function runScenarios(text: string): Promise<void> {
  for (const scenario of DIRECTED.filter(({ name }) => name.includes(text))) {
    const { violations } = await runScenario(scenario, logs === null ? {} : { onLog: logs })
    const wrong = violations.map(({ promise, atMs, what }) => `  ${promise} at ${atMs.toFixed(0)} ms: ${what}`)
    say(isJson ? JSON.stringify({ seed: scenario.name, violations }) : [scenario.name, ...wrong].join('\n'))
    if (violations.length > 0) process.exitCode = 1
  }
}

if (values.scenario !== undefined) {
  await runScenarios(values.scenario)
  process.exit()
}

const tally = newTally()
const began = process.cpuUsage()
const failing: Outcome[] = []
let firstHash = ''
/** False: enough has been seen. */
function look(outcome: Outcome): boolean {
  count(tally, outcome)
  if (outcome.drawn.seed === from) firstHash = outcome.hash
  return outcome.violations.length === 0 || tell(outcome)
}

function tell(outcome: Outcome): boolean {
  const { violations, drawn } = outcome
  failing.push(outcome)
  say(isJson ? JSON.stringify({ seed: drawn.seed, violations, drawn }) : failure(outcome))
  return !values.first
}

/** The first seed once more, in another thread: chance that is not the seed's would show. */
async function lookTwice(): Promise<void> {
  const again = await runSeed(from)
  if (again.hash === firstHash) return
  tally.failed++
  const what = `the same seed wrote ${firstHash} and then ${again.hash}`
  tell({ ...again, violations: [{ promise: 'determinism', atMs: again.virtualMs, what }] })
}

const step = Number(values.step)
const options = { from, step, seeds: Number(values.seeds), workers: Number(values.workers), onOutcome: look }
if (logs === null) await runSeeds(options)
else for (let seed = from; seed < from + options.seeds * step && look(await runSeed(seed, logs)); seed += step);
if (failing.length === 0) await lookTwice()
if (values.shrink) for (const outcome of failing) say(`shrunk: ${JSON.stringify((await shrink(outcome)).drawn)}`)
const cpu = process.cpuUsage(began)
const { seeds, failed, binds, faults, virtualMs } = tally
const cpuMsPerSeed = Math.round((cpu.user + cpu.system) / 1_000 / seeds)
const virtualHours = Math.round(virtualMs / 3_600_000)
const line = { scenario: 'simulation', from, seeds, failed, binds, faults, virtualHours, cpuMsPerSeed }
if (isJson) say(JSON.stringify({ ...line, reach: Object.fromEntries(tally.cells) }))
else
  say(
    `${reachMatrix(tally)}\n${Object.entries(line)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}`,
  )
process.exitCode = failed > 0 ? 1 : 0
