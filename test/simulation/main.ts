/** `npm run simulate-faults -- [--seeds N] [--from S] [--shrink] [--first] [-o json]`: README.md. */
import { parseArgs } from 'node:util'
import { runSeed } from './run-seed.ts'
import { shrink } from './shrink.ts'
import { count, failure, newTally, reachMatrix } from './tell.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    shrink: { type: 'boolean', default: false },
    first: { type: 'boolean', default: false },
    log: { type: 'boolean', default: false },
    output: { type: 'string', short: 'o', default: 'text' },
  },
})
const from = Number(values.from)
const isJson = values.output === 'json'
const say = (text: string): void => void process.stdout.write(`${text}\n`)
const logs = values.log ? (line: string): void => void process.stderr.write(`${line}\n`) : null

const tally = newTally()
const began = process.cpuUsage()
for (let seed = from; seed < from + Number(values.seeds); seed++) {
  const outcome = await runSeed(seed, logs)
  count(tally, outcome)
  if (outcome.violations.length === 0) continue
  say(isJson ? JSON.stringify({ seed, violations: outcome.violations, drawn: outcome.drawn }) : failure(outcome))
  if (values.shrink) say(`shrunk: ${JSON.stringify((await shrink(outcome)).drawn)}`)
  if (values.first) break
}
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
