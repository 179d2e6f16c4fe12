import { expect, test } from 'vitest'
import { crashEverywhere } from './crash.ts'
import { CRASHING } from './crashing.ts'

let runs = 0

for (const scenario of CRASHING) {
  test(`after any write a scheduler may die: ${scenario.name}`, { timeout: 120_000 }, async () => {
    const { wrong, writes } = await crashEverywhere(scenario)
    runs += writes
    expect(wrong).toEqual([])
    expect(writes).toBeGreaterThan(4)
  })
}

test('the crashes are many enough to prove something', () => {
  expect(CRASHING.length).toBeGreaterThanOrEqual(10)
  expect(runs).toBeGreaterThan(100)
})
