import { describe, expect, test } from 'vitest'
import { UNDISTURBED } from './operator-end.ts'
import { differences, run, undisturbed } from './run.ts'
import { SCENARIOS } from './scenarios.ts'

/** A sample: `npm run crash-operator` runs every crash point, every older view and every hidden event. */
const SEED = Number(process.env['SEED'] ?? 1)
const OLDER = 5
const FATES = ['crash', 'older', 'hidden'] as const

const drawn = (count: number, nth: number): number => 1 + ((SEED * 7 + nth * 5) % Math.max(1, count))

describe.each(SCENARIOS.map((scenario, nth) => [scenario.name, scenario, nth] as const))('%s', (_, scenario, nth) => {
  const fate = FATES[(nth + SEED) % FATES.length] ?? 'crash'
  test(`ends as it should whatever comes between: ${fate} (SEED=${SEED})`, async () => {
    const { outcome, writes, pairs } = await undisturbed(scenario)
    const crashAfter = drawn(writes, nth)
    const pair = pairs[drawn(pairs.length, nth) - 1]
    const disturbed = await run(
      scenario,
      fate === 'hidden' && pair !== undefined
        ? { ...UNDISTURBED, hide: pair.event }
        : { ...UNDISTURBED, crashAfter, older: fate === 'older' ? OLDER : 0 },
    )
    expect(disturbed.hasStruck || fate === 'hidden' || writes === 0).toBe(true)
    const what = fate === 'hidden' ? `hidden: ${pair?.what}` : `crash after write ${crashAfter}`
    expect(differences(scenario, outcome, disturbed.outcome), what).toEqual([])
  })
})

test('a change whose event never comes, while an update is being begun, has an update of its own', {
  timeout: 120_000,
}, async () => {
  const scenario = SCENARIOS.find(({ name }) => name === 'an update during an update')!
  const { outcome, pairs } = await undisturbed(scenario)
  const ofSet = pairs.filter(({ what }) => what.startsWith('PodCliqueSet s before '))
  expect(ofSet).not.toEqual([])
  for (const { event, what } of ofSet) {
    const disturbed = await run(scenario, { ...UNDISTURBED, hide: event })
    expect(differences(scenario, outcome, disturbed.outcome), `hidden: ${what} (${event})`).toEqual([])
  }
})
