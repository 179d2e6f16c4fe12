import { expect, test } from 'vitest'
import { isSolvable } from '../../../bench/planner/integer-program.ts'
import { bestByTryingAll } from './oracle.ts'
import { situation } from './situations.ts'

// Two oracles that share no code with each other either.
test('the integer program says what every assignment tried says', async () => {
  const said: string[] = []
  for (let seed = 1; seed <= 24; seed++) {
    const of = situation(seed)
    const isFound = bestByTryingAll(of) !== null
    said.push(`${isFound}`)
    expect(await isSolvable(of), `situation ${seed}`).toBe(isFound)
  }
  expect(new Set(said).size).toBe(2)
}, 120_000)
