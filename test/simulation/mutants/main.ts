/**
 * `node test/simulation/mutants/main.ts [--seeds N] [--only TEXT] [--count] [--by-seeds]`: plants each defect and runs seeds until one
 * fails; with --count all N of them, and says how many failed; with
 * --by-seeds also those that a scenario shows. Without --only it ends with a table: for each class of
 * bugs, what caught it first.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Catch, classTable, uncaught } from './classes.ts'
import { MUTANTS } from './list.ts'
import type { Mutant } from './mutant.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '500' },
    only: { type: 'string', default: '' },
    count: { type: 'boolean', default: false },
    'by-seeds': { type: 'boolean', default: false },
  },
})
const root = join(import.meta.dirname, '..', '..', '..')

interface Failed {
  readonly seed: number | string
  readonly violations: readonly { readonly promise: string; readonly what: string }[]
}

/** Only one seed in five has an operator. */
const seedsFor = (file: string): string[] =>
  file.startsWith('operator/') || file === 'kube/patient-client.ts'
    ? ['--from', '3', '--step', '5', '--seeds', String(Math.ceil(Number(values.seeds) / 5))]
    : ['--seeds', values.seeds]

/** What failed first, and in words how many did and what it broke; null: all held. */
function caught({
  name,
  file,
  shownBy: scenario,
}: Mutant): { readonly by: number | string; readonly text: string } | null {
  const args = ['--import', './test/simulation/mutants/plant.ts', 'test/simulation/main.ts']
  const shownBy = values['by-seeds'] ? null : scenario
  const isCounted = values.count && shownBy === null
  const what = shownBy === null ? seedsFor(file) : ['--scenario', shownBy]
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
  return { by: first.seed, text: `${times}${which}: ${first.violations[0]?.promise}: ${first.violations[0]?.what}` }
}

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const catches: Catch[] = []
for (const mutant of MUTANTS.filter((each) => `${each.classes} ${each.name}`.includes(values.only))) {
  const { name, classes } = mutant
  const how = caught(mutant)
  catches.push({ mutant, by: how?.by ?? null })
  say(`${how === null ? 'MISSED' : 'caught'}  ${classes.join(' ').padEnd(8)} ${name}: ${how?.text ?? ''}`)
}
if (values.only === '') {
  const left = uncaught(catches)
  for (const line of classTable(catches)) say(line)
  say(left.length === 0 ? 'every class was caught' : `not caught: ${left.join(', ')}`)
}
process.exitCode = catches.some(({ by }) => by === null) ? 1 : 0
