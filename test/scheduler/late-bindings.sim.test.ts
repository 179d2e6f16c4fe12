/** Bindings that are sent, or answered, when something else is so than when they were planned. */
import { afterEach, expect, test } from 'vitest'
import { PODS } from '../../kube/resources.ts'
import { type HttpAnswer, type HttpRequest, type Transport, TransportError } from '../../kube/transport.ts'
import { gang, node, pod } from './objects.ts'
import { startWorld, type World, type WorldOptions } from './world.ts'

let world: World
const start = async (options: WorldOptions): Promise<void> => {
  world = await startWorld(options)
}
afterEach(() => world.stop())

type Take = (request: HttpRequest, pass: () => Promise<HttpAnswer>) => Promise<HttpAnswer> | null

/** `take` may answer the bindings of the pod of that name itself. */
const atBinding =
  (name: string, take: Take) =>
  (transport: Transport): Transport => ({
    request: (request) => {
      const pass = (): Promise<HttpAnswer> => transport.request(request)
      return (request.path.includes(`/pods/${name}/binding`) ? take(request, pass) : null) ?? pass()
    },
    stream: (request) => transport.stream(request),
    close: () => transport.close(),
  })

const TOO_MANY = JSON.stringify({ kind: 'Status', code: 429, reason: 'TooManyRequests', message: 'later' })

/** The first binding of the pod is turned away for 5 s. */
const turnedAwayOnce = (name: string): ReturnType<typeof atBinding> => {
  let times = 0
  return atBinding(name, () =>
    times++ === 0 ? Promise.resolve({ status: 429, headers: { 'retry-after': '5' }, body: TOO_MANY }) : null,
  )
}

test.each(['pods/g-2', 'podgangs/g'])(
  'a refused read of %s is not sent again sooner than the server asks for',
  async (path) => {
    const askedMs: number[] = []
    await start({
      nodes: [node('n1', { gpus: 3 })],
      wrap: (transport, clock) => ({
        stream: (request) => transport.stream(request),
        close: () => transport.close(),
        request: (request) => {
          if (request.path.includes('/g-2/binding')) return Promise.resolve({ status: 500, headers: {}, body: '' })
          if (request.method !== 'GET' || !request.path.endsWith(path)) return transport.request(request)
          askedMs.push(clock.monotonicMs())
          return Promise.resolve({ status: 429, headers: { 'retry-after': '40' }, body: TOO_MANY })
        },
      }),
    })
    const names = ['g-0', 'g-1', 'g-2']
    await world.create(
      gang('g', [{ name: 'a', minimum: 2, pods: names }]),
      ...names.map((name, index) => pod(name, { gang: 'g', group: 'a', index })),
    )
    await world.pass(100_000)
    // Who writes the status of the PodGang reads it too.
    expect(askedMs.length).within(2, path === 'podgangs/g' ? 6 : 3)
  },
)

test('a 404 from whoever stands between does not tell that a pod is gone', async () => {
  let isBound = false
  let isRead = false
  await start({
    nodes: [node('n1')],
    wrap: (transport) => ({
      stream: (request) => transport.stream(request),
      close: () => transport.close(),
      request: (request) => {
        const is = (method: string, end: string): boolean => request.method === method && request.path.includes(end)
        if (!isBound && is('POST', '/p/binding')) {
          isBound = true
          return Promise.resolve({ status: 500, headers: {}, body: '' })
        }
        if (isRead || !is('GET', '/pods/p')) return transport.request(request)
        isRead = true
        return Promise.resolve({ status: 404, headers: {}, body: 'no such page' })
      },
    }),
  })
  await world.create(pod('p'))
  await world.pass(60_000)
  expect([isRead, await world.placed()]).toEqual([true, { p: 'n1' }])
})

const attemptOf = async (name: string): Promise<string | undefined> => {
  const pods = await world.pods()
  return pods.find(({ metadata }) => metadata.name === name)?.metadata.annotations?.['espalier.io/attempt']
}

test('a surplus pod that was turned away is not bound as surplus once the minimum is lost', async () => {
  await start({ nodes: [node('n1', { gpus: 3 })], wrap: turnedAwayOnce('g-2') })
  const names = ['g-0', 'g-1', 'g-2']
  await world.create(
    gang('g', [{ name: 'a', minimum: 2, pods: names }]),
    ...names.map((name) => pod(name, { gang: 'g', group: 'a' })),
  )
  await world.pass(1_000)
  expect(Object.keys(await world.placed())).toEqual(['g-0', 'g-1'])
  await world.during(world.client.delete(PODS, { namespace: 'default', name: 'g-0' }, { gracePeriodSeconds: 0 }))
  await world.pass(20_000)
  expect(await attemptOf('g-2')).toMatch(/\/repair\/1$/)
})

test('a pod that was turned away is not bound once another scheduler was seen in its namespace', async () => {
  await start({ nodes: [node('n1', { gpus: 2 }), node('n2', { gpus: 1 })], wrap: turnedAwayOnce('p') })
  await world.create(pod('p', { gpus: 2 }), pod('q', { gpus: 4 }))
  await world.pass(1_000)
  const target = { apiVersion: 'v1' as const, kind: 'Node' as const, name: 'n2' }
  const metadata = { name: 'q', namespace: 'default' }
  await world.during(world.client.bind({ apiVersion: 'v1', kind: 'Binding', metadata, target }))
  await world.pass(60_000)
  expect(await world.placed()).toEqual({ q: 'n2' })
})

test('a pod that was turned away is not bound to a node whose kubelet has refused its like meanwhile', async () => {
  await start({ nodes: [node('n1', { gpus: 2 })], wrap: turnedAwayOnce('p') })
  await world.create(pod('p'), pod('q'))
  await world.pass(1_000)
  expect(await world.placed()).toEqual({ q: 'n1' })
  const failed = { status: { phase: 'Failed', reason: 'UnexpectedAdmissionError' } }
  const key = { namespace: 'default', name: 'q' }
  await world.during(world.client.mergePatch(PODS, key, failed, { subresource: 'status' }))
  await world.pass(8_000)
  expect(Object.keys(await world.placed()), 'for 10 s').toEqual(['q'])
  await world.pass(10_000)
  expect(Object.keys(await world.placed()).sort()).toEqual(['p', 'q'])
})

test('a read that shows a pod with another scheduler stops us before any event does', async () => {
  let isLate = false
  const bindElsewhere = (transport: Transport): Transport =>
    atBinding('p', () => {
      isLate = true
      const target = { apiVersion: 'v1' as const, kind: 'Node' as const, name: 'n2' }
      const metadata = { name: 'p', namespace: 'default' }
      const other = world.client.bind({ apiVersion: 'v1', kind: 'Binding', metadata, target })
      return other.then(() => Promise.reject(new TransportError('connection', 'cut')))
    })(transport)
  const wrap = (transport: Transport): Transport => ({
    ...bindElsewhere(transport),
    stream: async (request) => {
      const stream = await transport.stream(request)
      async function* late(): AsyncGenerator<string> {
        for await (const line of stream.lines) if (!isLate || !line.includes('"name":"p"')) yield line
      }
      return { ...stream, lines: late() }
    },
  })
  await start({ nodes: [node('n1', { gpus: 2 }), node('n2', { gpus: 1 })], wrap })
  await world.create(pod('p', { gpus: 2 }))
  await world.pass(20_000)
  await world.create(pod('q'))
  await world.pass(20_000)
  expect(await world.placed()).toEqual({ p: 'n2' })
  expect(world.scheduler.report().pods.find(({ name }) => name === 'q')?.reason).toBe('TwoSchedulers')
})

test('a binding of which we lose track, a defect of ours, is read back and leaves no seat assumed', async () => {
  let broken = 0
  const wrap = atBinding('p', (_, pass) => {
    if (broken++ > 1) return null
    const isCarriedOut = broken === 2
    return (isCarriedOut ? pass() : Promise.resolve()).then(() => Promise.reject(new RangeError('a defect')))
  })
  await start({ nodes: [node('n1', { gpus: 1 }), node('n2', { gpus: 1 })], wrap })
  await world.create(pod('p'))
  await world.pass(30_000)
  expect(broken, 'not carried out, read, sent again').toBe(2)
  expect(Object.keys(await world.placed())).toEqual(['p'])
  expect(world.scheduler.audit().kept).toMatchObject({ assumed: 0, bindings: 0, suspended: 0 })
})

test('surplus pods that come while others are refused are tried as soon as the PodGang has been read again', async () => {
  await start({ nodes: [node('n1', { gpus: 4 }), node('n2', { gpus: 2 })] })
  await world.create(
    gang('g', [
      { name: 'a', minimum: 1, pods: ['g-a-0', 'g-a-1'] },
      { name: 'b', minimum: 1, pods: ['g-b-0', 'g-b-1'] },
    ]),
    pod('g-a-0', { gang: 'g', group: 'a' }),
    pod('g-b-0', { gang: 'g', group: 'b', gpus: 4 }),
    pod('g-b-1', { gang: 'g', group: 'b', gpus: 4 }),
  )
  await world.pass(5_000)
  expect(Object.keys(await world.placed()).sort()).toEqual(['g-a-0', 'g-b-0'])
  await world.create(pod('g-a-1', { gang: 'g', group: 'a' }))
  await world.pass(5_000)
  expect(Object.keys(await world.placed()).sort()).toEqual(['g-a-0', 'g-a-1', 'g-b-0'])
})
