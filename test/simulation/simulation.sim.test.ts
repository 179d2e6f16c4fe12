import { expect, test } from 'vitest'
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { draw, FORMER_TIMES } from './draw.ts'
import { FAULT_KINDS } from './faults/kinds.ts'
import { CANARY } from './mutants/list.ts'
import { runSeeds } from './pool.ts'
import { type Outcome, run, runSeed } from './run-seed.ts'
import { count, failure, newTally } from './tell.ts'

/** `npm run simulate-faults -- --seeds 20000` runs more; a seed takes 0.8 to 1.2 s of one core. */
const SEEDS = Number(process.env['SEEDS'] ?? 500)
const FROM = Number(process.env['SEED'] ?? 1)
/** It is the longest file, and goes on when all others are done: with one thread a core would be idle then. */
const WORKERS = Math.min(2, availableParallelism())

const tally = newTally()

// One test for all: its thread has compiled the code once, which a seed of its own would pay for three times.
test(`nothing that was promised breaks under the faults of seeds ${FROM} to ${FROM + SEEDS - 1}`, {
  timeout: 1_800_000,
}, async () => {
  const failures: string[] = []
  const onOutcome = (outcome: Outcome): boolean => {
    count(tally, outcome)
    if (outcome.violations.length > 0) failures.push(failure(outcome))
    return true
  }
  await runSeeds({ from: FROM, step: 1, seeds: SEEDS, workers: WORKERS, onOutcome })
  expect(failures.join('\n')).toBe('')
})

/** Seeds that have found a defect, as they were drawn then; README.md tells which. */
const FOUND = [25, 76, 143, 152, 153, 167, 182, 284]
/** The same, as seeds are drawn now. */
const FOUND_SINCE = [1138, 2097, 2548, 2686]

test('what a seed has found once stays mended', { timeout: 120_000 }, async () => {
  const failures: string[] = []
  for (const drawn of [...FOUND.map((seed) => draw(seed, FORMER_TIMES)), ...FOUND_SINCE.map((seed) => draw(seed))]) {
    const outcome = await run(drawn)
    if (outcome.violations.length > 0) failures.push(failure(outcome))
  }
  expect(failures.join('\n')).toBe('')
})

test('the seeds bind and strike enough to prove something', () => {
  expect(tally.binds).toBeGreaterThan(tally.seeds * 180)
  expect(tally.faults).toBeGreaterThan(tally.seeds * 20)
  const struck = new Set([...tally.cells.keys()].map((cell) => cell.split('|')[0]))
  if (tally.seeds >= 80) expect(FAULT_KINDS.map(({ kind }) => kind).filter((kind) => !struck.has(kind))).toEqual([])
})

test('the same seed writes the same, byte for byte', { timeout: 60_000 }, async () => {
  // The second has an operator.
  for (const seed of [7, 13]) {
    const [first, again] = [await runSeed(seed), await runSeed(seed)]
    expect(again.hash).toBe(first.hash)
    expect(again.binds).toBe(first.binds)
    expect((await runSeed(seed + 1)).hash).not.toBe(first.hash)
  }
})

test('every fifth seed has an operator and sets, of which some are scaled, updated and deleted', () => {
  const drawn = Array.from({ length: 100 }, (_, at) => draw(at + 1)).filter(({ sets }) => sets !== undefined)
  expect(drawn.length).toBe(20)
  expect(drawn.every(({ operators = 0 }) => operators > 0)).toBe(true)
  const sets = drawn.flatMap((each) => each.sets ?? [])
  const kinds = new Set(sets.flatMap(({ changes }) => changes.map(({ kind }) => kind)))
  expect([...kinds].sort()).toEqual(['scale-clique', 'scale-group', 'scale-set', 'update'])
  expect(sets.some(({ departMs }) => departMs !== null)).toBe(true)
})

test('a seed draws 3 to 12 kinds of faults, and the same again', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const drawn = draw(seed)
    expect(drawn.faults.length).within(3, 12)
    expect(draw(seed)).toEqual(drawn)
  }
})

test('a planted defect is caught', { timeout: 300_000 }, () => {
  const root = join(import.meta.dirname, '..', '..')
  const planted = [
    '--import',
    './test/simulation/mutants/plant.ts',
    'test/simulation/main.ts',
    '--first',
    '--seeds',
    '60',
  ]
  const env = { ...process.env, MUTANT: CANARY.name }
  const { status, stdout } = spawnSync(process.execPath, planted, { cwd: root, env, encoding: 'utf8' })
  expect(stdout).toMatch(/ (capacity|pod) at \d+ ms/)
  expect(status).toBe(1)
})
