/**
 * `node test/simulation/mutants/main.ts [--seeds N] [--only TEXT] [--count]`: plants each defect and runs seeds until one
 * fails; with --count all N of them, and says how many failed.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Mutant, MUTANTS } from './list.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '500' },
    only: { type: 'string', default: '' },
    count: { type: 'boolean', default: false },
  },
})
const root = join(import.meta.dirname, '..', '..', '..')

interface Failed {
  readonly seed: number | string
  readonly violations: readonly { readonly promise: string; readonly what: string }[]
}

/** How many failed, which was the first, and what it broke; null: all held. */
function caught({ name, shownBy }: Mutant): string | null {
  const args = ['--import', './test/simulation/mutants/plant.ts', 'test/simulation/main.ts']
  const isCounted = values.count && shownBy === null
  const what = shownBy === null ? ['--seeds', values.seeds] : ['--scenario', shownBy]
  const run = spawnSync(process.execPath, [...args, ...what, ...(isCounted ? [] : ['--first']), '-o', 'json'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, MUTANT: name },
  })
  if (run.status === 0) return null
  const failed = run.stdout
    .split('\n')
    .flatMap((line): Failed[] => (line.startsWith('{"seed"') ? [JSON.parse(line)] : []))
  const [first] = failed
  if (first === undefined) throw new Error(`${name}: ${run.stderr}`)
  const which = shownBy === null ? `seed ${first.seed}` : `"${first.seed}"`
  const times = isCounted ? `${failed.length} of ${values.seeds} seeds, first ` : ''
  return `${times}${which}: ${first.violations[0]?.promise}: ${first.violations[0]?.what}`
}

let missed = 0
for (const mutant of MUTANTS.filter((each) => `${each.classes} ${each.name}`.includes(values.only))) {
  const { name, classes } = mutant
  const how = caught(mutant)
  if (how === null) missed++
  process.stdout.write(`${how === null ? 'MISSED' : 'caught'}  ${classes.join(' ').padEnd(8)} ${name}: ${how ?? ''}\n`)
}
process.exitCode = missed > 0 ? 1 : 0
