import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, test } from 'vitest'
import { KubeError } from '../../kube/answers.ts'
import type { Failure } from '../../kube/client.ts'
import { sleep } from '../../kube/clock.ts'
import { seededRandom } from '../../kube/random.ts'
import { type Reconciled, WorkQueue } from '../../kube/work-queue.ts'
import { VirtualClock } from '../../sim/clock.ts'

interface Desk {
  readonly clock: VirtualClock
  readonly queue: WorkQueue<string>
  /** `a@5`: key a was begun at 5 ms. */
  readonly begun: string[]
  readonly errors: string[]
  readonly release: Map<string, () => void>
}

function desk(reconcile: (key: string) => Promise<Reconciled | void>, concurrency = 2): Desk {
  const clock = new VirtualClock()
  const begun: string[] = []
  const errors: string[] = []
  const queue = new WorkQueue<string>({
    clock,
    random: seededRandom(3),
    concurrency,
    reconcile: (key) => {
      begun.push(`${key}@${Math.round(clock.monotonicMs())}`)
      return reconcile(key)
    },
    onError: (key, error) => errors.push(`${key}: ${String(error)}`),
  })
  return { clock, queue, begun, errors, release: new Map() }
}

const tooMany = (retryAfterMs: number): Failure => ({
  kind: 'failure',
  status: 429,
  reason: 'TooManyRequests',
  message: '',
  retryable: true,
  retryAfterMs,
  outcome: 'refused',
  details: null,
})

const done = (): Promise<void> => Promise.resolve()
const settle = ({ clock }: Desk): Promise<unknown> => clock.runUntilSettled({ maxVirtualMs: 3_600_000 })

/** Reconciles that last until they are released by key. */
function held(concurrency = 2): Desk {
  const made = desk((key) => new Promise<void>((resolve) => made.release.set(key, resolve)), concurrency)
  return made
}

describe('keys', () => {
  test('added many times while they wait are looked at once, in the order of arrival', async () => {
    const made = desk(done)
    for (const key of ['b', 'a', 'b', 'c', 'a']) made.queue.add(key)
    expect(made.queue.isIdle).toBe(false)
    made.queue.start()
    expect(made.begun).toEqual([]) // never inside the call
    await settle(made)
    expect(made.begun).toEqual(['b@0', 'a@0', 'c@0'])
    expect(made.queue.isIdle).toBe(true)
  })

  test('added while they run are looked at once more, and never twice at the same time', async () => {
    const made = held()
    made.queue.start()
    made.queue.add('a')
    await settle(made)
    made.queue.add('a')
    made.queue.add('a')
    await settle(made)
    expect(made.begun).toEqual(['a@0'])
    made.release.get('a')?.()
    await settle(made)
    expect(made.begun).toEqual(['a@0', 'a@0'])
    made.release.get('a')?.()
    await settle(made)
    expect(made.queue.isIdle).toBe(true)
  })

  test('run side by side up to the limit', async () => {
    const made = held(2)
    made.queue.start()
    for (const key of ['a', 'b', 'c']) made.queue.add(key)
    await settle(made)
    expect(made.begun).toEqual(['a@0', 'b@0'])
    expect(made.queue.depth).toBe(1)
    made.release.get('b')?.()
    await settle(made)
    expect(made.begun).toEqual(['a@0', 'b@0', 'c@0'])
  })
})

describe('waiting', () => {
  test('of several delays of a key the earliest holds; background ones keep nobody waiting', async () => {
    const made = desk(done)
    made.queue.start()
    made.queue.addAfter('a', 500, 'work')
    made.queue.addAfter('a', 200, 'work')
    made.queue.addAfter('a', 900, 'work')
    made.queue.addAfter('b', 60_000, 'background')
    expect(made.queue.isIdle).toBe(false)
    await settle(made)
    expect(made.begun).toEqual(['a@200'])
    expect(made.queue.isIdle).toBe(true)
    await made.clock.runFor(60_000)
    expect(made.begun).toEqual(['a@200', 'b@60000'])
  })

  test('a reconcile says when to look again', async () => {
    const made = desk(() => Promise.resolve({ again: made.begun.length < 3 ? 1_000 : null }))
    made.queue.start()
    made.queue.add('a')
    await settle(made)
    expect(made.begun).toEqual(['a@0', 'a@1000', 'a@2000'])
  })
})

describe('a reconcile that throws', () => {
  test('is tried again with rests that double from 5 ms to 30 s, forgotten after a success', async () => {
    let fails = 20
    const made = desk(() => (fails-- > 0 ? Promise.reject(new Error('no')) : done()))
    made.queue.start()
    made.queue.add('a')
    await made.clock.runFor(600_000)
    const times = made.begun.map((entry) => Number(entry.split('@')[1]))
    const rests = times.slice(1).map((time, i) => time - (times[i] ?? 0))
    rests.forEach((rest, i) => {
      const whole = Math.min(30_000, 5 * 2 ** i)
      expect(rest).toBeGreaterThanOrEqual(Math.floor(whole / 2) - 1)
      expect(rest).toBeLessThanOrEqual(whole + 1)
    })
    expect(rests).toHaveLength(20)
    expect(made.errors).toHaveLength(20)
    fails = 1
    const againMs = made.clock.monotonicMs()
    made.queue.add('a')
    await settle(made)
    expect(made.clock.monotonicMs() - againMs).toBeLessThanOrEqual(5)
  })

  test('and never stops throwing is tried on, but keeps no simulation waiting', async () => {
    const made = desk(() => Promise.reject(new Error('no')))
    made.queue.start()
    made.queue.add('a')
    const { isSettled } = await made.clock.runUntilSettled({ maxVirtualMs: 3_600_000 })
    expect(isSettled).toBe(true)
    const before = made.begun.length
    await made.clock.runFor(120_000)
    expect(made.begun.length).toBeGreaterThan(before)
  })

  test('obeys Retry-After', async () => {
    const made = desk(() => (made.begun.length === 1 ? Promise.reject(new KubeError(tooMany(7_000))) : done()))
    made.queue.start()
    made.queue.add('a')
    await settle(made)
    expect(made.begun).toEqual(['a@0', 'a@7000'])
  })

  test('is not hammered by those who keep adding its key, not even by itself', async () => {
    const made = desk((key) => {
      made.queue.add(key) // its own write comes back as an event
      return Promise.reject(new Error('no'))
    })
    made.queue.start()
    made.queue.add('a')
    for (let second = 0; second < 600; second++) {
      await made.clock.runFor(1_000)
      made.queue.add('a')
    }
    expect(made.begun.length).toBeGreaterThan(300) // news is still looked at
    expect(made.begun.length).toBeLessThan(1_300)
    await made.queue.stop()
  })

  test('and adds its own key each time is tried again no more often for that, nor before Retry-After', async () => {
    const made = desk((key) => {
      made.queue.add(key)
      return Promise.reject(new KubeError(tooMany(10_000)))
    })
    made.queue.start()
    made.queue.add('a')
    await made.clock.runFor(100_000)
    const retried = made.begun.length
    expect(retried).toBeLessThanOrEqual(11)
    made.queue.add('a') // news from elsewhere
    await made.clock.runFor(1_000)
    expect(made.begun.length).toBeGreaterThan(retried)
    await made.queue.stop()
  })

  test('and hears news meanwhile is looked at within a second, however long it is asked to wait', async () => {
    const made = desk(async () => {
      await sleep(made.clock, 100, 'work')
      throw new KubeError(tooMany(60_000))
    })
    made.queue.start()
    made.queue.add('a')
    await made.clock.runFor(50)
    made.queue.add('a')
    await made.clock.runFor(1_100)
    expect(made.begun).toHaveLength(2)
    await made.clock.runFor(30_000)
    expect(made.begun).toHaveLength(2)
    await made.queue.stop()
  })

  test('and is woken meanwhile by a timer of an earlier look, which is news as well', async () => {
    const made = desk(async () => {
      // As a real timer is called: in the name of whoever armed it.
      const inMyName = AsyncLocalStorage.snapshot()
      if (made.begun.length === 1) made.clock.after(150, 'work', () => inMyName(() => made.queue.add('a')))
      else await sleep(made.clock, 100, 'work')
      if (made.begun.length === 2) throw new KubeError(tooMany(60_000))
    })
    made.queue.start()
    made.queue.add('a')
    await made.clock.runFor(100)
    made.queue.add('a')
    await made.clock.runFor(1_100)
    expect(made.begun).toHaveLength(3)
    await made.queue.stop()
  })

  test('does not stop the others', async () => {
    const made = desk((key) => (key === 'bad' ? Promise.reject(new Error('no')) : done()), 1)
    made.queue.start()
    for (const key of ['bad', 'a', 'b']) made.queue.add(key)
    await made.clock.runFor(60_000)
    expect(made.begun.slice(0, 3)).toEqual(['bad@0', 'a@0', 'b@0'])
    expect(made.begun.length).toBeLessThan(30) // a minute of failing is no storm
    await made.queue.stop()
  })
})

test('stop waits for what runs, and nothing begins after it', async () => {
  const made = held(1)
  made.queue.start()
  made.queue.add('a')
  made.queue.add('b')
  made.queue.addAfter('c', 10, 'work')
  await made.clock.runFor(0)
  let isStopped = false
  const stopping = made.queue.stop().then(() => {
    isStopped = true
  })
  made.queue.add('d')
  await settle(made)
  expect(isStopped).toBe(false)
  made.release.get('a')?.()
  await stopping
  await made.clock.runFor(60_000)
  expect(made.begun).toEqual(['a@0'])
  expect(made.clock.pending()).toEqual([])
})
