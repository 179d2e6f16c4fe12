import { beforeEach, expect, test } from 'vitest'
import type { Clock } from '../../../kube/clock.ts'
import { ExplanationDesk } from '../../../scheduler/explanation/desk.ts'
import { Book } from '../../../scheduler/queue/book.ts'
import { ClusterState } from '../../../scheduler/state/cluster.ts'
import { projectGang } from '../../../scheduler/state/gang-facts.ts'
import { gang } from '../objects.ts'

let nowMs = 0
/** What reading the clock costs: stands for an explanation that takes its time. */
let stepMs = 0
const clock: Clock = {
  nowMs: () => 0,
  monotonicMs: () => (nowMs += stepMs),
  after: () => ({ cancel: () => undefined }),
}

function deskOf(...names: readonly string[]): ExplanationDesk {
  const cluster = new ClusterState(['espalier'])
  const book = new Book({ cluster, isSuspended: () => false, stopped: () => null, onEnd: () => undefined })
  for (const name of names) {
    const object = gang(name, [{ name: 'a', minimum: 1, pods: [`${name}-0`] }])
    cluster.setGang(projectGang({ ...object, metadata: { ...object.metadata, uid: name } } as never).facts)
    book.refresh(`default/${name}`, 0)
  }
  return new ExplanationDesk({ cluster, book, clock, defaultPack: 'narrowest', maxSteps: 1_000 })
}

beforeEach(() => {
  nowMs = 1_000
  stepMs = 0
})

test('a gang that is not there is unknown', () => {
  expect(deskOf('g').explain('default', 'none')).toEqual({ kind: 'unknown' })
  expect(deskOf('g').explain('other', 'g')).toEqual({ kind: 'unknown' })
})

test('after an explanation the thread is the scheduling loop’s for nine times as long', () => {
  const desk = deskOf('g', 'h')
  stepMs = 10
  expect(desk.explain('default', 'g').kind).toBe('explained')
  stepMs = 0
  const tookMs = 10
  expect(desk.explain('default', 'h')).toEqual({ kind: 'busy', retryAfterMs: 9 * tookMs })
  nowMs += 9 * tookMs
  expect(desk.explain('default', 'h').kind).toBe('explained')
})

test('who asks again within a second gets the same answer, also while it is busy', () => {
  const desk = deskOf('g')
  stepMs = 10
  const first = desk.explain('default', 'g')
  stepMs = 0
  expect(desk.explain('default', 'g')).toBe(first)
  nowMs += 1_000
  expect(desk.explain('default', 'g')).not.toBe(first)
})
