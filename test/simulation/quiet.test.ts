import { expect, test } from 'vitest'
import { quiet } from './checkers/quiet.ts'
import type { Write } from './history.ts'
import type { World } from './world.ts'

/** At 500 s; a kubelet refused one pod at 450 s, so its node is avoided until 460 s. */
const world = (...writesMs: readonly number[]): World =>
  ({
    clock: { monotonicMs: () => 500_000 },
    kubelets: { refusals: new Map([['n', [450_000]]]) },
    observer: { lives: [] },
    history: {
      writes: writesMs.map((atMs) => ({
        atMs,
        sender: 'scheduler-a/1/1',
        verb: 'patch',
        collection: 'pods',
        name: 'p',
      })),
    },
  }) as unknown as World

test('writes at rest are told of, also where a node was avoided not long ago', () => {
  expect(quiet(world())).toEqual([])
  expect(quiet(world(400_000))).toEqual([])
  expect(quiet(world(499_000))).toEqual([expect.stringContaining('1 writes at rest')])
})

test('what follows when a node is avoided no longer is no unrest', () => {
  expect(quiet(world(463_000, 470_000))).toEqual([])
})

test('new counts may follow a binding until the next round, and another binding may not', () => {
  const { history, ...others } = world(499_000)
  const bound = (atMs: number): Write =>
    ({ atMs, sender: 'scheduler-a/1/1', verb: 'bind', collection: '/pods' }) as Write
  const withBind = (atMs: number): World =>
    ({ ...others, history: { writes: [bound(atMs), ...history.writes] } }) as unknown as World
  expect(quiet(withBind(440_000))).toEqual([])
  expect(quiet(withBind(420_000))).toEqual([expect.stringContaining('1 writes at rest')])
  expect(quiet(withBind(498_500))).toEqual([expect.stringContaining('1 writes at rest')])
})

test('what follows when a namespace is left alone no longer is no unrest, and what comes before is', () => {
  const withRival = (ms: number): World => {
    const { clock, kubelets, history } = world(499_000)
    const lives = [{ mirror: { rivalHeardMs: new Map([['default', ms]]) } }]
    return { clock, kubelets, history, observer: { lives } } as unknown as World
  }
  expect(quiet(withRival(198_000))).toEqual([])
  expect(quiet(withRival(199_500))).toEqual([expect.stringContaining('1 writes at rest')])
  expect(quiet(withRival(150_000))).toEqual([expect.stringContaining('1 writes at rest')])
})
