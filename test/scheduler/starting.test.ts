import { expect, test } from 'vitest'
import type { GangSituation } from '../../scheduler/gang/situation.ts'
import { Starting } from '../../scheduler/status/starting.ts'
import { VirtualClock } from '../../sim/clock.ts'

/** Placed, not ready, not told of. */
const PLACED = {
  gang: { status: {}, invalid: null },
  groups: [{ group: { minimum: 1 }, bound: [{ isConfirmed: true }], ready: 0, failed: 0 }],
} as unknown as GangSituation

test('many that are not ready in time make nobody wait who comes later', async () => {
  const clock = new VirtualClock()
  const starting = new Starting(clock)
  const rests = Array.from({ length: 1_000 }, (_, i) => starting.restMs(`g${i}`, PLACED))
  expect(rests.slice(0, 20)).toEqual(Array(20).fill(0))
  expect(rests.slice(20, 25)).toEqual([500, 1_000, 1_500, 2_000, 2_000])
  expect(Math.max(...rests)).toBe(2_000)
  await clock.runFor(2_000)
  expect(starting.restMs('g999', PLACED)).toBe(0)
  await clock.runFor(10_000)
  expect(starting.restMs('alone', PLACED)).toBe(0)
})
