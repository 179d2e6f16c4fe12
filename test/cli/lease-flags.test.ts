import { expect, test } from 'vitest'
import { leaseTiming } from '../../cli/lease-flags.ts'
import { TIMING } from '../../kube/leader/election.ts'

test("without flags the times are client-go's", () => {
  expect(leaseTiming({})).toEqual(TIMING)
})

test('times that keep leaders apart are taken as written', () => {
  expect(leaseTiming({ leaseDuration: '4s', renewDeadline: '2s', retryPeriod: '500ms' })).toEqual({
    leaseDurationMs: 4_000,
    renewDeadlineMs: 2_000,
    retryPeriodMs: 500,
  })
})

test.each([
  [{ leaseDuration: 'soon' }, '--lease-duration: found "soon"'],
  [{ leaseDuration: '1500ms', renewDeadline: '500ms', retryPeriod: '100ms' }, 'whole seconds'],
  [{ leaseDuration: '10s' }, 'must exceed --renew-deadline'],
  [{ retryPeriod: '9s' }, 'must exceed 1.2 times --retry-period'],
  [{ retryPeriod: '0' }, '--retry-period: found "0"'],
])('times under which two could lead, or nobody, are refused: %j', (flags, why) => {
  expect(leaseTiming(flags)).toContain(why)
})
