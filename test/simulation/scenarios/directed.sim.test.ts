import { expect, test } from 'vitest'
import { DIRECTED } from './directed.ts'
import { runScenario } from './run.ts'

for (const scenario of DIRECTED) {
  test(scenario.name, { timeout: 60_000 }, async () => {
    const { violations } = await runScenario(scenario)
    expect(violations.map(({ promise, what }) => `${promise}: ${what}`)).toEqual([])
  })
}
