/** `npm run simulate-crashes [-- --only TEXT]`: every crash of every scenario, with what it leaves. README.md. */
import { parseArgs } from 'node:util'
import { crashEverywhere } from './crash.ts'
import { CRASHING } from './crashing.ts'

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } })
let failed = 0
let runs = 0
const began = process.cpuUsage()
for (const scenario of CRASHING.filter(({ name }) => name.includes(values.only))) {
  const { writes, binds, wrong } = await crashEverywhere(scenario)
  runs += writes + 1
  if (wrong.length > 0) failed++
  process.stdout.write(`${scenario.name}: ${writes} writes, ${binds} bindings, ${wrong.length} wrong\n`)
  for (const what of wrong) process.stdout.write(`  ${what}\n`)
}
const { user, system } = process.cpuUsage(began)
process.stdout.write(`runs ${runs}, failed ${failed}, cpuMs ${Math.round((user + system) / 1_000)}\n`)
process.exitCode = failed > 0 ? 1 : 0
