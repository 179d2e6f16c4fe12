/** A scheduler that runs for long, beside others: what comes all at once, in a bad moment, or stays behind. */
import { Registry } from 'prom-client'
import { afterEach, expect, test } from 'vitest'
import { sleep } from '../../kube/clock.ts'
import { POD_GANGS, PODS, PRIORITY_CLASSES } from '../../kube/resources.ts'
import type { HttpStream } from '../../kube/transport.ts'
import { schedulerMetrics } from '../../scheduler/metrics.ts'
import type { VirtualClock } from '../../sim/clock.ts'
import { between, cliqueIn, isBinding, refusal, UNSTARTABLE } from './half-bound.ts'
import { gang, node, pod, simpleGang } from './objects.ts'
import { startWorld, type World } from './world.ts'

let world: World
afterEach(() => world.stop())

const NOW = { gracePeriodSeconds: 0 }

async function* notFound(): AsyncGenerator<string> {
  yield JSON.stringify({ kind: 'Status', code: 404, reason: 'NotFound', message: 'no such page' })
}

test('a 404 for pods, from whoever stands between, is not taken for a cluster without PodGangs', async () => {
  let isFirst = true
  world = await startWorld({
    nodes: [node('n1')],
    wrap: (transport, clock) => ({
      request: (request) => transport.request(request),
      close: () => transport.close(),
      async stream(request): Promise<HttpStream> {
        if (request.path.includes('/podgangs')) await sleep(clock, 10_000, 'work')
        if (!request.path.startsWith('/api/v1/pods') || !isFirst) return transport.stream(request)
        isFirst = false
        return { status: 404, headers: {}, lines: notFound() }
      },
    }),
  })
  await world.create(pod('p'))
  await world.pass(5_000)
  expect(await world.placed(), 'its PodGangs are not known yet').toEqual({})
  await world.pass(10_000)
  expect(await world.placed()).toEqual({ p: 'n1' })
})

test('a scheduler that has stopped tells nothing of the cluster any more', async () => {
  const registry = new Registry()
  world = await startWorld({ nodes: [node('n1'), node('n2')], metrics: schedulerMetrics(registry) })
  await world.create(...simpleGang('g', 9, 9), pod('p'))
  await world.pass(2_000)
  const told = async (): Promise<string[]> =>
    (await registry.metrics()).split('\n').filter((line) => /^espalier_(nodes|pods|gangs|pending_gangs) /.test(line))
  expect((await told()).sort()).toEqual([
    'espalier_gangs 2',
    'espalier_nodes 2',
    'espalier_pending_gangs 1',
    'espalier_pods 10',
  ])
  await world.during(world.scheduler.stop())
  expect((await told()).map((line) => line.split(' ')[1])).toEqual(['0', '0', '0', '0'])
})

test('of a hundred gangs that are to give their seats back at once a few do at a time, and all in the end', async () => {
  let [underWay, most, given] = [0, 0, 0]
  let waiting: VirtualClock
  const wrap = between((request, pass) => {
    if (isBinding(request) && request.path.includes('-1/binding')) return refusal(403, 'Forbidden')
    if (request.method !== 'DELETE') return null
    const slow = async (): ReturnType<typeof pass> => {
      most = Math.max(most, ++underWay)
      await sleep(waiting, 300, 'work')
      underWay--
      given++
      return pass()
    }
    return slow()
  })
  world = await startWorld({ nodes: [node('n1', { gpus: 250 })], wrap: (transport) => wrap(transport) })
  waiting = world.clock
  const controller = await cliqueIn(world)
  for (let i = 0; i < 100; i++) {
    const [name, names] = [`g${i}`, [`g${i}-0`, `g${i}-1`]]
    await world.create(
      gang(name, [{ name: 'a', minimum: 2, pods: names }]),
      ...names.map((each, index) => pod(each, { gang: name, group: 'a', index, controller, spec: { ...UNSTARTABLE } })),
    )
  }
  await world.pass(60_000)
  expect([most, given]).toEqual([8, 100])
})

test('where many pods of a low priority wait to be bound, a gang of a higher one that comes later goes first', async () => {
  const bound: string[] = []
  const nodes = Array.from({ length: 4 }, (_, at) => node(`n${at}`, { gpus: 100 }))
  world = await startWorld({
    nodes,
    wrap: (transport, clock) => ({
      stream: (request) => transport.stream(request),
      close: () => transport.close(),
      async request(request) {
        if (isBinding(request)) {
          bound.push(/pods\/([^/]+)\//.exec(request.path)?.[1] ?? '')
          await sleep(clock, 1_000, 'work')
        }
        return transport.request(request)
      },
    }),
  })
  const urgent = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'urgent' }, value: 10 }
  await world.during(world.client.create(PRIORITY_CLASSES, urgent))
  await world.create(...Array.from({ length: 200 }, (_, at) => pod(`low-${at}`)))
  await world.pass(500)
  await world.create(...simpleGang('high', 4, 4, { spec: { priorityClassName: 'urgent' } }))
  await world.pass(30_000)
  expect(bound).toHaveLength(204)
  expect(bound.lastIndexOf('high-3')).toBeLessThan(60)
})

test('a gang that is made again unseen does not keep the seats of the one before', async () => {
  let isHeld = false
  let waiting: VirtualClock
  async function* held<T>(events: AsyncIterable<T>): AsyncGenerator<T> {
    const come: T[] = []
    let isOver = false
    const all = (async () => {
      for await (const event of events) come.push(event)
      isOver = true
    })()
    while (!isOver) {
      await sleep(waiting, 10, 'background')
      while (!isHeld && come.length > 0) yield come.shift() as T
    }
    await all
  }
  world = await startWorld({
    nodes: [node('n1', { gpus: 1 })],
    wrap: (transport, clock) => {
      waiting = clock
      return {
        request: (request) => transport.request(request),
        close: () => transport.close(),
        async stream(request) {
          const stream = await transport.stream(request)
          if (!request.path.includes('/podgangs')) return stream
          return { status: stream.status, headers: stream.headers, lines: held(stream.lines) }
        },
      }
    },
  })
  await world.create(...simpleGang('g', 1, 1))
  await world.pass(3_000)
  expect(await world.placed()).toEqual({ 'g-0': 'n1' })
  isHeld = true
  const key = { namespace: 'default', name: 'g' }
  await world.during(world.client.delete(POD_GANGS, key, NOW))
  await world.create(...simpleGang('g', 1, 1).slice(0, 1))
  await world.during(world.client.delete(PODS, { namespace: 'default', name: 'g-0' }, NOW))
  await world.pass(100)
  isHeld = false
  await world.pass(100)
  await world.create(pod('x'))
  await world.pass(5_000)
  expect(await world.placed(), 'g is another gang, and has no pod').toEqual({ x: 'n1' })
})
