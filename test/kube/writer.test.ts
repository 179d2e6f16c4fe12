import { describe, expect, test } from 'vitest'
import type { Answer } from '../../kube/client.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { seededRandom } from '../../kube/random.ts'
import { PODS } from '../../kube/resources.ts'
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

function desk(concurrency = 2): Desk {
  const clock = new VirtualClock()
  const server = new TinyServer()
  const client = kubeClient(server)
  const made = writer({ clock, random: seededRandom(5), concurrency })
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
