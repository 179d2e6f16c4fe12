/** `node test/simulation/mutants/main.ts [--seeds N] [--only TEXT]`: plants each defect and runs seeds until one fails. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Mutant, MUTANTS } from './list.ts'

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '500' }, only: { type: 'string', default: '' } },
})
const root = join(import.meta.dirname, '..', '..', '..')

/** The line of the first failing seed or scenario and what it broke; null: all held. */
function caught({ name, shownBy }: Mutant): string | null {
  const args = ['--import', './test/simulation/mutants/plant.ts', 'test/simulation/main.ts', '--first']
  const what = shownBy === null ? ['--seeds', values.seeds] : ['--scenario', shownBy]
  const run = spawnSync(process.execPath, [...args, ...what, '-o', 'json'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, MUTANT: name },
  })
  if (run.status === 0) return null
  const line = run.stdout.split('\n').find((each) => each.startsWith('{"seed"'))
  if (line === undefined) throw new Error(`${name}: ${run.stderr}`)
  const { seed, violations } = JSON.parse(line) as {
    seed: number | string
    violations: { promise: string; what: string }[]
  }
  return `${shownBy === null ? `seed ${seed}` : `"${seed}"`}: ${violations[0]?.promise}: ${violations[0]?.what}`
}

let missed = 0
for (const mutant of MUTANTS.filter((each) => `${each.classes} ${each.name}`.includes(values.only))) {
  const { name, classes } = mutant
  const how = caught(mutant)
  if (how === null) missed++
  process.stdout.write(`${how === null ? 'MISSED' : 'caught'}  ${classes.join(' ').padEnd(8)} ${name}: ${how ?? ''}\n`)
}
process.exitCode = missed > 0 ? 1 : 0
