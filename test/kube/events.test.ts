import { describe, expect, test } from 'vitest'
import { note, SEEN_MAX, type Seen, WINDOW_MS } from '../../kube/events/aggregate.ts'
import { type EventRecorder, eventRecorder, type EventTarget } from '../../kube/events/recorder.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { seededRandom } from '../../kube/random.ts'
import { TransportError } from '../../kube/transport.ts'
import { type Writer, writer } from '../../kube/writer.ts'
import { VirtualClock } from '../../sim/clock.ts'
import { refused, TinyServer } from './tiny-server.ts'

const said = (message: string, more = {}) => ({
  uid: 'u',
  component: 'espalier',
  reason: 'Unschedulable',
  message,
  ...more,
})

describe('the aggregate', () => {
  const verdicts = (): { tell: (message: string, nowMs: number, more?: object) => unknown } => {
    const seen = new Map<string, Seen>()
    let names = 0
    return { tell: (message, nowMs, more) => note(seen, said(message, more), nowMs, () => `e${++names}`) }
  }

  test('the same thing again is counted and not written; another message is, with the count so far', () => {
    const { tell } = verdicts()
    expect(tell('no room', 0)).toEqual({ kind: 'new', eventName: 'e1' })
    expect(tell('no room', 1_000)).toBeNull()
    expect(tell('no room', 2_000)).toBeNull()
    expect(tell('less room', 3_000)).toEqual({ kind: 'count', eventName: 'e1', count: 4 })
  })

  test('another object, reason or source is another event, and so is the same after ten minutes', () => {
    const { tell } = verdicts()
    tell('m', 0)
    expect(tell('m', 0, { uid: 'v' })).toMatchObject({ kind: 'new' })
    expect(tell('m', 0, { reason: 'Failed' })).toMatchObject({ kind: 'new' })
    expect(tell('m', 0, { component: 'operator' })).toMatchObject({ kind: 'new' })
    expect(tell('m', WINDOW_MS - 1)).toBeNull()
    expect(tell('m', WINDOW_MS)).toMatchObject({ kind: 'new' })
  })

  test('what was heard of longest ago is forgotten first, so memory has a bound', () => {
    const seen = new Map<string, Seen>()
    const tell = (uid: string): unknown => note(seen, said('m', { uid }), 0, () => uid)
    tell('first')
    for (let i = 1; i < SEEN_MAX; i++) tell(`u${i}`)
    expect(tell('first')).toBeNull()
    tell('one more')
    expect(seen.size).toBe(SEEN_MAX)
    expect(tell('first')).toBeNull()
    expect(tell('u1')).toMatchObject({ kind: 'new' })
  })
})

const pod = (name: string): EventTarget => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'default', name, uid: `uid-${name}` },
})

function desk(queue?: (clock: VirtualClock) => Writer): {
  clock: VirtualClock
  server: TinyServer
  recorder: EventRecorder
} {
  const clock = new VirtualClock()
  const server = new TinyServer()
  const shared = queue?.(clock)
  const client = kubeClient(server)
  const options = { client, clock, component: 'espalier', ...(shared === undefined ? {} : { writer: shared }) }
  return { clock, server, recorder: eventRecorder(options) }
}

const stored = ({ objects }: TinyServer): Record<string, unknown>[] => [...objects.values()]

describe('the recorder', () => {
  test('writes a core/v1 Event that kubectl describe finds, named after its object', async () => {
    const { clock, server, recorder } = desk()
    recorder.event(pod('a'), 'Warning', 'Unschedulable', 'no room', { component: 'kai-scheduler' })
    await clock.runFor(0)
    const [path] = [...server.objects.keys()]
    expect(path).toMatch(/^\/api\/v1\/namespaces\/default\/events\/a\.[0-9a-f]{16}$/)
    expect(stored(server)[0]).toMatchObject({
      kind: 'Event',
      involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'a', uid: 'uid-a' },
      type: 'Warning',
      reason: 'Unschedulable',
      message: 'no room',
      source: { component: 'kai-scheduler' },
      count: 1,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
    })
  })

  test('events about cluster-scoped objects go to namespace default', async () => {
    const { clock, server, recorder } = desk()
    recorder.event({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', uid: 'u' } }, 'Normal', 'Seen', 'm')
    await clock.runFor(0)
    expect([...server.objects.keys()][0]).toContain('/namespaces/default/events/n1.')
  })

  test('a changed message updates the event that is there; if that has expired, a new one is made', async () => {
    const { clock, server, recorder } = desk()
    recorder.event(pod('a'), 'Warning', 'Unschedulable', 'one')
    await clock.runFor(1_000)
    recorder.event(pod('a'), 'Warning', 'Unschedulable', 'one')
    recorder.event(pod('a'), 'Warning', 'Unschedulable', 'two')
    await clock.runFor(1_000)
    expect(stored(server)).toMatchObject([
      { count: 3, message: 'two', firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:00:01Z' },
    ])
    server.objects.clear()
    recorder.event(pod('a'), 'Warning', 'Unschedulable', 'three')
    await clock.runFor(1_000)
    expect(stored(server)).toMatchObject([{ count: 4, message: 'three' }])
  })

  test('what is said anew before it was written is written once, in its turn, with the count and the first moment', async () => {
    const { clock, server, recorder } = desk()
    for (let i = 0; i < 50; i++) recorder.event(pod(`p${i}`), 'Normal', 'Made', 'm')
    recorder.event(pod('a'), 'Normal', 'Made', 'one')
    await clock.runFor(10)
    for (const message of ['two', 'three']) recorder.event(pod('a'), 'Normal', 'Made', message)
    await clock.runFor(5_000)
    const all = stored(server)
    expect(all).toHaveLength(51)
    expect(all.at(-1)).toMatchObject({ count: 3, message: 'three', firstTimestamp: '2026-01-01T00:00:00Z' })
    expect(server.objects.size).toBe(51)
  })

  test('what is said over and over is written once a second, and keeps nothing else waiting', async () => {
    const { clock, server, recorder } = desk()
    for (let i = 0; i < 100; i++) {
      recorder.event(pod('a'), 'Normal', 'Made', `made ${i}`)
      if (i === 50) recorder.event(pod('b'), 'Normal', 'Made', 'm')
      await clock.runFor(50)
      if (i === 50) expect(server.objects.size).toBe(2)
    }
    await clock.runFor(1_000)
    expect(server.asked.length).toBeLessThanOrEqual(8)
    expect(stored(server)[0]).toMatchObject({ count: 100, message: 'made 99' })
  })

  test('writes at most fifty a second in the long run, and drops what a full queue cannot hold', async () => {
    const { clock, server, recorder } = desk()
    for (let i = 0; i < 5_000; i++) recorder.event(pod(`p${i}`), 'Normal', 'Bound', 'm')
    await clock.runFor(0)
    expect(server.asked.length).toBeLessThanOrEqual(50)
    await clock.runFor(10_000)
    expect(server.asked.length).toBeLessThanOrEqual(550)
    expect(server.asked.length).toBeGreaterThan(500)
    await clock.runFor(60_000)
    expect(server.asked.length + recorder.lost).toBe(5_000)
    expect(server.asked.length).toBeGreaterThanOrEqual(1_000)
  })

  test('a quiet hour saves up no more than one second of writes', async () => {
    const { clock, server, recorder } = desk()
    await clock.runFor(3_600_000)
    for (let i = 0; i < 500; i++) recorder.event(pod(`p${i}`), 'Normal', 'Bound', 'm')
    await clock.runFor(0)
    expect(server.asked).toHaveLength(50)
  })

  test('goes behind the binds of the writer that it shares', async () => {
    let shared: Writer | null = null
    const { clock, server, recorder } = desk((made) => {
      shared = writer({ clock: made, random: seededRandom(1), concurrency: { first: 1, most: 1 } })
      return shared
    })
    const client = kubeClient(server)
    let release: () => void = () => {}
    server.before = () => (server.asked.length > 1 ? null : new Promise((resolve) => (release = () => resolve(null))))
    const bind = (name: string): void => {
      const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name } }
      void (shared as Writer | null)?.write(() => client.create(pods, object))
    }
    bind('x')
    recorder.event(pod('a'), 'Normal', 'Bound', 'm')
    await clock.runFor(10) // the event waits in the writer already when the next binds come
    bind('y')
    bind('z')
    release()
    await clock.runFor(1_000)
    expect(server.asked.map(({ path }) => path.replace(/.*\//, ''))).toEqual(['pods', 'pods', 'pods', 'events'])
  })
  const pods = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true }

  test('tries again when the server is busy or the answer was lost, and exists once', async () => {
    const { clock, server, recorder } = desk()
    let asked = 0
    server.before = () => (++asked === 1 ? refused(429, 'TooManyRequests', { 'retry-after': '1' }) : null)
    server.after = () => {
      if (asked === 2) throw new TransportError('timeout', 'lost')
    }
    recorder.event(pod('a'), 'Normal', 'Bound', 'm')
    await clock.runFor(60_000)
    expect(server.objects.size).toBe(1)
    expect(recorder.lost).toBe(0)
    server.before = () => refused(403, 'Forbidden')
    recorder.event(pod('b'), 'Normal', 'Bound', 'm')
    await clock.runFor(60_000)
    expect(recorder.lost).toBe(1)
  })

  test.each([false, true])(
    'a namespace of which events are turned away keeps no other waiting (%s: beside binds)',
    async (isShared) => {
      const made = (clock: VirtualClock): Writer => writer({ clock, random: seededRandom(1) })
      const { clock, server, recorder } = desk(isShared ? made : undefined)
      let isFull = true
      server.before = ({ path }) => (isFull && path.includes('/full/') ? refused(429, 'TooManyRequests') : null)
      const inFull = (name: string): EventTarget => ({
        ...pod(name),
        metadata: { ...pod(name).metadata, namespace: 'full' },
      })
      for (let i = 0; i < 5; i++) recorder.event(inFull(`f${i}`), 'Normal', 'Bound', 'm')
      for (let i = 0; i < 20; i++) recorder.event(pod(`p${i}`), 'Normal', 'Bound', 'm')
      await clock.runFor(10_000)
      expect(server.objects.size, 'all of the others').toBe(20)
      recorder.event(inFull('f0'), 'Normal', 'Bound', 'newer')
      isFull = false
      await clock.runFor(60_000)
      expect(server.objects.size).toBe(25)
      expect(stored(server)).toContainEqual(
        expect.objectContaining({ count: 2, message: 'newer', firstTimestamp: '2026-01-01T00:00:00Z' }),
      )
      expect(recorder.lost).toBe(0)
    },
  )

  test('a server that turns every event away is sent one a second, and each so often at most', async () => {
    const { clock, server, recorder } = desk()
    server.before = () => refused(429, 'TooManyRequests')
    for (let i = 0; i < 10; i++) recorder.event(pod(`p${i}`), 'Normal', 'Bound', 'm')
    await clock.runFor(60_000)
    expect(server.asked.length).toBeLessThanOrEqual(61)
    await clock.runFor(600_000)
    expect([server.asked.length, recorder.lost]).toEqual([80, 10])
    expect(clock.pending()).toEqual([])
  })

  test('a server that is busy for a minute, and each time says to come back in a second, loses no event', async () => {
    const { clock, server, recorder } = desk()
    server.before = () =>
      clock.monotonicMs() < 60_000 ? refused(429, 'TooManyRequests', { 'retry-after': '1' }) : null
    recorder.event(pod('a'), 'Normal', 'Bound', 'm')
    await clock.runFor(120_000)
    expect([server.objects.size, recorder.lost]).toEqual([1, 0])
  })

  test('long messages are cut, long names leave room for the stamp', async () => {
    const { clock, server, recorder } = desk()
    recorder.event(pod('n'.repeat(253)), 'Normal', 'Bound', 'm'.repeat(100_000))
    await clock.runFor(0)
    expect(String(stored(server)[0]?.['message'])).toHaveLength(1_000)
    expect([...server.objects.keys()][0]?.split('/').at(-1)?.length).toBeLessThanOrEqual(253)
  })

  test('stop drops what waits and leaves no timer', async () => {
    const { clock, server, recorder } = desk()
    for (let i = 0; i < 200; i++) recorder.event(pod(`p${i}`), 'Normal', 'Bound', 'm')
    await clock.runFor(100)
    const before = server.asked.length
    await recorder.stop()
    recorder.event(pod('late'), 'Normal', 'Bound', 'm')
    await clock.runFor(60_000)
    expect(server.asked).toHaveLength(before)
    expect(clock.pending()).toEqual([])
  })
})
