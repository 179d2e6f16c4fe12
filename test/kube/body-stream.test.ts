import { getEventListeners } from 'node:events'
import type { Dispatcher } from 'undici'
import { describe, expect, test } from 'vitest'
import { BodyStream } from '../../kube/body-stream.ts'

const PIECES = 60
const WORK_MS = 4

/** A connection as the dispatcher shows it: whether it is read from, and whether it was given up. */
class Connection implements Dispatcher.DispatchController {
  paused = false
  aborted = false
  reason: Error | null = null
  onResume: () => void = () => {}
  pause(): void {
    this.paused = true
  }
  resume(): void {
    this.paused = false
    this.onResume()
  }
  abort(reason: Error): void {
    this.aborted = true
    this.reason = reason
  }
}

function opened(more: { signal?: AbortSignal } = {}): { stream: BodyStream; connection: Connection } {
  const stream = new BodyStream({ deadlineMs: 1_000, ...more })
  const connection = new Connection()
  stream.onRequestStart(connection)
  stream.onResponseStart(connection, 200, {})
  return { stream, connection }
}

function work(): void {
  for (const endMs = performance.now() + WORK_MS; performance.now() < endMs; );
}

/** All pieces are there already: nothing between two of them but microtasks. */
function full(): BodyStream {
  const { stream, connection } = opened()
  for (let i = 0; i < PIECES; i++) stream.onResponseData(connection, Buffer.from([i]))
  stream.onResponseEnd()
  return stream
}

describe('pieces that are all there', () => {
  test('are read in order, and timers run in between', async () => {
    const read: number[] = []
    let looks = 0
    const timer = setInterval(() => looks++, 1)
    for await (const piece of full().body) {
      read.push(piece[0]!)
      work()
    }
    clearInterval(timer)
    expect(read).toEqual([...Array(PIECES).keys()])
    expect(looks).toBeGreaterThan((PIECES * WORK_MS) / 40) // a turn of 240 ms without it
  })

  test('of two streams share a turn: the work of both together is cut', async () => {
    const beganMs = performance.now()
    let lastMs = beganMs
    let longestMs = 0
    const timer = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - lastMs)
      lastMs = performance.now()
    }, 1)
    const drain = async (): Promise<void> => {
      for await (const _ of full().body) work()
    }
    await Promise.all([drain(), drain()])
    clearInterval(timer)
    expect(longestMs).toBeLessThan((performance.now() - beganMs) / 3)
  })
})

test('while much waits to be taken nothing more is read, and once it was taken there is', async () => {
  const { stream, connection } = opened()
  stream.onResponseData(connection, Buffer.alloc(40_000))
  expect(connection.paused).toBe(false)
  stream.onResponseData(connection, Buffer.alloc(40_000))
  expect(connection.paused).toBe(true)
  await stream.next()
  expect(connection.paused).toBe(true)
  await stream.next()
  expect(connection.paused).toBe(false)
})

test('a piece that comes while the last ones are taken is not lost', async () => {
  const { stream, connection } = opened()
  connection.onResume = () => stream.onResponseData(connection, Buffer.from('b'))
  stream.onResponseData(connection, Buffer.alloc(70_000))
  await stream.next()
  expect(await stream.next()).toMatchObject({ value: Buffer.from('b') })
})

describe('the end', () => {
  test('of a stream that breaks is told after what had come, as what it is', async () => {
    const { stream, connection } = opened()
    stream.onResponseData(connection, Buffer.from('a'))
    stream.onResponseError(connection, new Error('reset'))
    expect(await stream.next()).toMatchObject({ done: false })
    await expect(stream.next()).rejects.toMatchObject({ kind: 'connection', message: 'reset' })
  })

  test('of one that its reader leaves gives the connection up, and is quiet', async () => {
    const { stream, connection } = opened()
    stream.onResponseData(connection, Buffer.from('a'))
    for await (const _ of stream.body) break
    expect(connection.aborted).toBe(true)
    expect(await stream.next()).toEqual({ value: undefined, done: true })
  })

  test.each([
    ['it may go on', () => {}],
    ['its server has ended it', (stream: BodyStream) => stream.onResponseEnd()],
    ['it has broken', (stream: BodyStream, at: Connection) => stream.onResponseError(at, new Error('reset'))],
  ])('of one that its caller gives up is quiet and at once, also where %s and pieces wait', async (_, before) => {
    const aborter = new AbortController()
    const { stream, connection } = opened({ signal: aborter.signal })
    stream.onResponseData(connection, Buffer.from('a'))
    stream.onResponseData(connection, Buffer.from('b'))
    before(stream, connection)
    expect(await stream.next()).toMatchObject({ done: false })
    aborter.abort()
    expect(await stream.next()).toEqual({ value: undefined, done: true })
  })

  test.each([
    ['all was taken', (stream: BodyStream) => stream.next()],
    ['its reader has left', (stream: BodyStream) => stream.return()],
  ])('leaves nothing of it with its caller once %s', async (_, finish) => {
    const { signal } = new AbortController()
    const { stream, connection } = opened({ signal })
    stream.onResponseData(connection, Buffer.from('a'))
    stream.onResponseEnd()
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    await finish(stream)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  test('of one whose caller had given up before is told by the head, and nothing is sent', async () => {
    const stream = new BodyStream({ deadlineMs: 1_000, signal: AbortSignal.abort() })
    const connection = new Connection()
    stream.onRequestStart(connection)
    expect(connection.aborted).toBe(true)
    await expect(stream.answer).rejects.toMatchObject({ kind: 'aborted' })
  })

  test('of a refusal that does not end comes with its deadline', async () => {
    const stream = new BodyStream({ deadlineMs: 20 })
    const connection = new Connection()
    stream.onRequestStart(connection)
    stream.onResponseStart(connection, 429, {})
    expect(await stream.answer).toMatchObject({ status: 429 })
    await expect(stream.next()).rejects.toMatchObject({ kind: 'timeout' })
  })
})
