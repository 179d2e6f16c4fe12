/** `node test/simulation/mutants/main.ts [--seeds N] [--only TEXT]`: plants each defect and runs seeds until one fails. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MUTANTS } from './list.ts'

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '500' }, only: { type: 'string', default: '' } },
})
const root = join(import.meta.dirname, '..', '..', '..')

/** The line of the first failing seed and what it broke; null: all held. */
function caught(name: string): string | null {
  const args = ['--import', './test/simulation/mutants/plant.ts', 'test/simulation/main.ts', '--first']
  const run = spawnSync(process.execPath, [...args, '--seeds', values.seeds, '-o', 'json'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, MUTANT: name },
  })
  if (run.status === 0) return null
  const line = run.stdout.split('\n').find((each) => each.startsWith('{"seed"'))
  if (line === undefined) throw new Error(`${name}: ${run.stderr}`)
  const { seed, violations } = JSON.parse(line) as { seed: number; violations: { promise: string; what: string }[] }
  return `seed ${seed}: ${violations[0]?.promise}: ${violations[0]?.what}`
}

let missed = 0
for (const { name, classes } of MUTANTS.filter((each) => each.name.includes(values.only))) {
  const how = caught(name)
  if (how === null) missed++
  process.stdout.write(`${how === null ? 'MISSED' : 'caught'}  ${classes.join(' ').padEnd(8)} ${name}: ${how ?? ''}\n`)
}
process.exitCode = missed > 0 ? 1 : 0
