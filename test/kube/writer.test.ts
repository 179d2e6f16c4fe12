import { describe, expect, test } from 'vitest'
import type { Answer } from '../../kube/client.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { seededRandom } from '../../kube/random.ts'
import { PODS } from '../../kube/resources.ts'
import { sleep } from '../../kube/clock.ts'
import { type HttpAnswer, TransportError } from '../../kube/transport.ts'
import { type Writer, writer } from '../../kube/writer.ts'
import { VirtualClock } from '../../sim/clock.ts'
import { refused, TinyServer } from './tiny-server.ts'

interface Desk {
  readonly clock: VirtualClock
  readonly server: TinyServer
  readonly writer: Writer
  create(name: string, priority?: number): Promise<Answer<unknown>>
}

function desk(first = 2, most = first): Desk {
  const clock = new VirtualClock()
  const server = new TinyServer()
  const client = kubeClient(server)
  const made = writer({ clock, random: seededRandom(5), concurrency: { first, most } })
  const create = (name: string, priority = 0): Promise<Answer<unknown>> =>
    made.write(() => client.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata: { name } }), { priority })
  return { clock, server, writer: made, create }
}

async function answered<T>({ clock }: Desk, promise: Promise<T>): Promise<T> {
  await clock.runUntilSettled({ maxVirtualMs: 3_600_000 })
  return promise
}

test('only so many writes are under way at once, the important ones first', async () => {
  const made = desk(2)
  const open: (() => void)[] = []
  let most = 0
  made.server.before = async () => {
    most = Math.max(most, open.length + 1)
    await new Promise<void>((resolve) => open.push(resolve))
    return null
  }
  const all = ['a', 'b', 'c', 'd'].map((name, i) => made.create(name, i))
  for (let i = 0; i < 4; i++) {
    await made.clock.runFor(0)
    open.shift()?.()
  }
  expect((await answered(made, Promise.all(all))).every(({ kind }) => kind === 'ok')).toBe(true)
  expect(most).toBe(2)
  const names = made.server.asked.map(({ body }) => JSON.parse(body ?? '').metadata.name)
  expect(names.slice(2)).toEqual(['d', 'c'])
  expect(made.writer.isIdle).toBe(true)
})

/** How many were under way at once when each of so many writes was sent; `before` may turn them away. */
async function underWay(made: Desk, count: number, before?: () => HttpAnswer | null): Promise<number[]> {
  const seen: number[] = []
  let open = 0
  made.server.before = async () => {
    seen.push(++open)
    await sleep(made.clock, 1, 'work')
    open--
    return before?.() ?? null
  }
  await answered(made, Promise.all(Array.from({ length: count }, (_, i) => made.create(`p-${i}`))))
  return seen
}

test('while many wait, more are under way with time, up to the most; after a rest it begins with few again', async () => {
  const made = desk(2, 5)
  const seen = await underWay(made, 60)
  expect(Math.max(...seen.slice(0, 6))).toBe(2)
  expect(Math.max(...seen)).toBe(5)
  expect(Math.max(...(await underWay(made, 6)))).toBe(2)
})

test('a server that turns a write away gets few at once again', async () => {
  const made = desk(2, 5)
  let asked = 0
  const seen = await underWay(made, 60, () => (++asked === 40 ? refused(429, 'TooManyRequests') : null))
  expect(Math.max(...seen.slice(0, 40))).toBe(5)
  expect(Math.max(...seen.slice(44, 50))).toBeLessThan(5)
})

test('a server of which nobody hears what became of writes gets no more at once than at first', async () => {
  const made = desk(2, 5)
  expect(Math.max(...(await underWay(made, 60, () => refused(500, 'InternalError'))))).toBe(2)
})

describe('what the server says', () => {
  const cases: [string, HttpAnswer | TransportError, number][] = [
    ['429 with Retry-After is tried again when it is due', refused(429, 'TooManyRequests', { 'retry-after': '9' }), 2],
    [
      '503 with Retry-After is tried again when it is due',
      refused(503, 'ServiceUnavailable', { 'retry-after': '9' }),
      2,
    ],
    ['503 without it may have happened, so it is returned', refused(503, 'ServiceUnavailable'), 1],
    ['500 may have happened, so it is returned', refused(500, 'InternalError', { 'retry-after': '9' }), 1],
    ['a lost answer may have happened, so it is returned', new TransportError('timeout', 'lost'), 1],
    ['a refusal is returned', refused(409, 'Conflict'), 1],
  ]
  for (const [name, first, tries] of cases) {
    test(name, async () => {
      const made = desk()
      made.server.before = () => {
        if (made.server.asked.length > 1) return null
        if (first instanceof TransportError) throw first
        return first
      }
      const answer = await answered(made, made.create('a'))
      expect(made.server.asked).toHaveLength(tries)
      expect(answer.kind).toBe(tries === 2 ? 'ok' : 'failure')
      if (tries === 2) expect(made.clock.monotonicMs()).toBeGreaterThanOrEqual(9_000)
    })
  }

  test('a server that never has room gets its answer returned in the end', async () => {
    const made = desk()
    made.server.before = () => refused(429, 'TooManyRequests')
    expect(await answered(made, made.create('a'))).toMatchObject({ reason: 'TooManyRequests', outcome: 'refused' })
    expect(made.server.asked.length).toBeLessThanOrEqual(8)
  })
})

test('stop answers what was not sent, ends rests, and leaves no timer', async () => {
  const made = desk(1)
  made.server.before = () => refused(429, 'TooManyRequests', { 'retry-after': '600' })
  const all = ['a', 'b', 'c'].map((name) => made.create(name))
  await made.clock.runFor(0)
  await made.writer.stop()
  expect((await Promise.all(all)).map((answer) => (answer.kind === 'failure' ? answer.reason : 'ok'))).toEqual([
    'Aborted',
    'Aborted',
    'Aborted',
  ])
  expect(made.server.asked).toHaveLength(1)
  expect(made.clock.pending()).toEqual([])
})
