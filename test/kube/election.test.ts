import { describe, expect, test } from 'vitest'
import {
  acquireDelayMs,
  decide,
  type LeaseRecord,
  leaderWriteTimeoutMs,
  observe,
  TIMING,
} from '../../kube/leader/election.ts'

const record = (holder: string, resourceVersion = '1', more: Partial<LeaseRecord> = {}): LeaseRecord => ({
  holder,
  durationMs: 15_000,
  acquireTime: null,
  renewTime: null,
  transitions: 0,
  resourceVersion,
  ...more,
})

describe('the decision', () => {
  test('no lease is made, a free one is taken, our own is renewed', () => {
    expect(decide(observe(null, null, 0), 'me', 0).kind).toBe('create')
    expect(decide(observe(null, record(''), 0), 'me', 0).kind).toBe('take')
    expect(decide(observe(null, record('me'), 0), 'me', 99_999).kind).toBe('renew')
  })

  test("somebody else's is taken when we have seen it unchanged for its whole duration, and not before", () => {
    const first = observe(null, record('other', '1'), 1_000)
    const again = observe(first, record('other', '1'), 9_000)
    expect(decide(again, 'me', 15_999).kind).toBe('wait')
    expect(decide(again, 'me', 16_000).kind).toBe('take')
    const renewed = observe(again, record('other', '2'), 15_000)
    expect(decide(renewed, 'me', 29_999).kind).toBe('wait')
  })

  test('what the holder wrote as its time counts for nothing: its clock may be wrong by an hour', () => {
    for (const renewTime of ['2001-01-01T00:00:00.000000Z', '2099-01-01T00:00:00.000000Z']) {
      const seen = observe(null, record('other', '1', { renewTime }), 0)
      expect([decide(seen, 'me', 14_999).kind, decide(seen, 'me', 15_000).kind]).toEqual(['wait', 'take'])
    }
  })

  test('leader writes end at the server before anybody else can lead', () => {
    expect(leaderWriteTimeoutMs(TIMING)).toBe(5_000)
  })

  test('a candidate looks every 2 to 2.4 s, and at the moment when the lease that it sees is over', () => {
    const seen = observe(null, record('other'), 1_000)
    const delay = (nowMs: number, random: number): number => acquireDelayMs(TIMING, seen, nowMs, random)
    expect([delay(1_000, 0), delay(1_000, 1)]).toEqual([2_000, 2_400])
    expect([delay(15_000, 0), delay(15_000, 1)]).toEqual([1_000, 1_200])
    expect(delay(16_000, 0)).toBe(2_000) // over, and somebody was quicker
    expect(acquireDelayMs(TIMING, observe(null, record(''), 0), 0, 0)).toBe(2_000)
    expect(acquireDelayMs(TIMING, null, 0, 0)).toBe(2_000)
  })
})
