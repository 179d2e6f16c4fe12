import { expect, test } from 'vitest'
import { paced } from '../../kube/turns.ts'

const PIECES = 60
const WORK_MS = 4

function work(): void {
  for (const endMs = performance.now() + WORK_MS; performance.now() < endMs; );
}

/** Pieces that are there already, as a full socket has them: nothing between two of them but microtasks. */
async function* ready(): AsyncGenerator<number> {
  for (let i = 0; i < PIECES; i++) yield i
}

test('pieces that are all there are read in order, and timers run in between', async () => {
  const read: number[] = []
  let looks = 0
  const timer = setInterval(() => looks++, 1)
  for await (const piece of paced(ready())) {
    read.push(piece)
    work()
  }
  clearInterval(timer)
  expect(read).toEqual([...Array(PIECES).keys()])
  expect(looks).toBeGreaterThan((PIECES * WORK_MS) / 40) // a turn of 240 ms without it
})

test('two streams share a turn: the work of both together is cut', async () => {
  const beganMs = performance.now()
  let lastMs = beganMs
  let longestMs = 0
  const timer = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - lastMs)
    lastMs = performance.now()
  }, 1)
  const drain = async (): Promise<void> => {
    for await (const _ of paced(ready())) work()
  }
  await Promise.all([drain(), drain()])
  clearInterval(timer)
  expect(longestMs).toBeLessThan((performance.now() - beganMs) / 3)
})
