import { assert, asyncProperty, integer, array, constantFrom, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Wake } from '../../kube/clock.ts'
import { sleep } from '../../kube/clock.ts'
import { VIRTUAL_EPOCH_MS, VirtualClock } from '../../sim/clock.ts'

const seed = Number(process.env['SEED'] ?? 1)
const HOUR_MS = 3_600_000

/** Many promise hops, as a request through client, transport and server makes. */
async function hops(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve()
}

describe('a virtual clock', () => {
  test('stands still until it is run', async () => {
    const clock = new VirtualClock()
    clock.after(5, 'work', () => {})
    await hops(100)
    expect([clock.nowMs(), clock.monotonicMs()]).toEqual([VIRTUAL_EPOCH_MS, 0])
  })

  test('tells the time in whole milliseconds, whatever fractions timers add', async () => {
    const clock = new VirtualClock()
    await clock.runFor(0.25)
    expect([clock.nowMs(), clock.monotonicMs()]).toEqual([VIRTUAL_EPOCH_MS, 0.25])
  })

  test('fires in order of time, then of asking', async () => {
    const run = array(record({ delayMs: integer({ min: 0, max: 20 }), kind: constantFrom<Wake>('work', 'background') }))
    await assert(
      asyncProperty(run, async (asked) => {
        const clock = new VirtualClock()
        const fired: number[] = []
        asked.forEach(({ delayMs, kind }, index) => clock.after(delayMs, kind, () => fired.push(index)))
        await clock.runFor(20)
        const byTime = asked.map((_, index) => index).sort((a, b) => asked[a]!.delayMs - asked[b]!.delayMs || a - b)
        expect(fired).toEqual(byTime)
      }),
      { seed, numRuns: 200 },
    )
  })

  test('settles when promises and work timers are done, however long the chain', async () => {
    const clock = new VirtualClock()
    const seen: number[] = []
    const work = async (): Promise<void> => {
      await hops(500)
      await sleep(clock, 1_000, 'work')
      seen.push(clock.monotonicMs())
      await hops(500)
      await sleep(clock, 500, 'work')
      seen.push(clock.monotonicMs())
    }
    const done = work()
    expect(await clock.runUntilSettled({ maxVirtualMs: HOUR_MS })).toEqual({ isSettled: true, settledAfterMs: 1_500 })
    await done
    expect(seen).toEqual([1_000, 1_500])
  })

  test('counts settling from the start of the run, not from zero', async () => {
    const clock = new VirtualClock()
    await clock.runFor(700)
    clock.after(30, 'work', () => {})
    expect(await clock.runUntilSettled({ maxVirtualMs: HOUR_MS })).toEqual({ isSettled: true, settledAfterMs: 30 })
  })

  test('does not wait for background timers, but fires those that time passes', async () => {
    const clock = new VirtualClock()
    const fired: string[] = []
    clock.after(10, 'background', () => fired.push('background 10'))
    clock.after(50, 'background', () => fired.push('background 50'))
    clock.after(20, 'work', () => fired.push('work 20'))
    const settled = await clock.runUntilSettled({ maxVirtualMs: HOUR_MS })
    expect([settled.settledAfterMs, fired]).toEqual([20, ['background 10', 'work 20']])
  })

  test('says so when it does not settle, and stops at the limit', async () => {
    const clock = new VirtualClock()
    const again = (): void => void clock.after(400, 'work', again)
    again()
    expect(await clock.runUntilSettled({ maxVirtualMs: 1_000 })).toEqual({ isSettled: false, settledAfterMs: 800 })
    expect(clock.monotonicMs()).toBe(1_000)
    expect(clock.pending()).toEqual([{ inMs: 200, kind: 'work' }])
  })

  test('a cancelled timer neither fires nor keeps it unsettled', async () => {
    const clock = new VirtualClock()
    let fired = 0
    const timers = Array.from({ length: 500 }, () => clock.after(5, 'work', () => fired++))
    for (const timer of timers) timer.cancel()
    timers[0]?.cancel()
    expect(await clock.runUntilSettled({ maxVirtualMs: HOUR_MS })).toEqual({ isSettled: true, settledAfterMs: 0 })
    await clock.runFor(10)
    expect(fired).toBe(0)
  })

  test('runs until a state is reached', async () => {
    const clock = new VirtualClock()
    let count = 0
    const tick = (): void => {
      count++
      clock.after(10, 'background', tick)
    }
    tick()
    expect(await clock.runUntil(() => count === 4, { maxVirtualMs: HOUR_MS })).toBe(true)
    expect(clock.monotonicMs()).toBe(30)
    expect(await clock.runUntil(() => count < 0, { maxVirtualMs: 100 })).toBe(false)
  })

  test('gives up on a state that nothing can bring about', async () => {
    expect(await new VirtualClock().runUntil(() => false, { maxVirtualMs: HOUR_MS })).toBe(false)
  })

  test('lets time pass while something is awaited, and says so where it would never end', async () => {
    const clock = new VirtualClock()
    const asleep = async (): Promise<string> => {
      await sleep(clock, 5_000, 'background')
      return 'awake'
    }
    expect(await clock.during(asleep())).toBe('awake')
    expect(clock.monotonicMs()).toBe(5_000)
    await expect(clock.during(Promise.reject(new Error('refused')))).rejects.toThrow('refused')
    await expect(clock.during(new Promise(() => {}))).rejects.toThrow('not at its end')
    await expect(clock.during(asleep(), { maxVirtualMs: 4_999 })).rejects.toThrow('4999 ms of virtual time')
  })

  test('cannot be run twice at once', async () => {
    const clock = new VirtualClock()
    const first = clock.runFor(10)
    await expect(clock.runFor(10)).rejects.toThrow('already being run')
    await first
  })
})
