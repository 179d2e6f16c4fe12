import { expect, test } from 'vitest'
import { Coming } from '../../scheduler/queue/coming.ts'
import type { Entry } from '../../scheduler/queue/entry.ts'

const YIELDS_MS = 500

/** A gang of which the minimum was placed just now and which has one pod above it. */
const coming = (priority: number): Entry =>
  ({
    isOver: false,
    isBeingUndone: false,
    waiting: null,
    situation: { priority, missing: 0, gang: { isPlain: false }, groups: [{ pending: [{}], missing: 0 }] },
  }) as unknown as Entry

test('a lower priority waits for a gang for half a second, and an equal one not at all', () => {
  const gangs = new Coming(YIELDS_MS)
  gangs.note(coming(5), 1_000, true)
  expect(gangs.waitMs(5, 1_000)).toBe(0)
  expect(gangs.waitMs(0, 1_000)).toBe(YIELDS_MS)
  expect(gangs.waitMs(0, 1_400)).toBe(100)
  expect(gangs.waitMs(0, 1_500)).toBe(0)
})

test('a gang that was waited for is not waited for again while it is still coming', () => {
  const gangs = new Coming(YIELDS_MS)
  const first = coming(5)
  gangs.note(first, 0, true)
  gangs.waitMs(0, 0)
  expect(gangs.waitMs(0, 500)).toBe(0)
  gangs.note(first, 600, true)
  expect(gangs.waitMs(0, 600)).toBe(0)
  gangs.forget(first)
  gangs.note(first, 700, true)
  expect(gangs.waitMs(0, 700)).toBe(YIELDS_MS)
})

test('a gang that comes while another is waited for gets its own half second', () => {
  const gangs = new Coming(YIELDS_MS)
  const first = coming(5)
  gangs.note(first, 0, true)
  gangs.waitMs(0, 0)
  gangs.note(coming(5), 400, true)
  gangs.forget(first)
  expect(gangs.waitMs(0, 450)).toBe(450)
  expect(gangs.waitMs(0, 900)).toBe(0)
})

test('gangs that come one after the other without end hold lower priorities up for two seconds at a time', () => {
  const gangs = new Coming(YIELDS_MS)
  let last = coming(5)
  const through: number[] = []
  for (let nowMs = 0; nowMs <= 10_000; nowMs += 100) {
    gangs.forget(last)
    gangs.note((last = coming(5)), nowMs, true)
    if (gangs.waitMs(0, nowMs) === 0) through.push(nowMs)
  }
  expect(through).toEqual([2_000, 4_100, 6_200, 8_300])
})

test('what was held up and went is not counted for what comes later', () => {
  const gangs = new Coming(YIELDS_MS)
  gangs.note(coming(5), 0, true)
  expect(gangs.waitMs(0, 0)).toBe(YIELDS_MS)
  gangs.note(coming(5), 60_000, true)
  expect(gangs.waitMs(0, 60_000)).toBe(YIELDS_MS)
})

test('what has a priority between two waits for the higher one alone', () => {
  const gangs = new Coming(YIELDS_MS)
  gangs.note(coming(2), 0, true)
  expect(gangs.waitMs(3, 0)).toBe(0)
  gangs.note(coming(5), 100, true)
  expect(gangs.waitMs(3, 100)).toBe(YIELDS_MS)
  expect(gangs.waitMs(0, 550)).toBe(50)
})
