import { afterEach, expect, test } from 'vitest'
import { NODES, PODS } from '../../kube/resources.ts'
import { TransportError, type HttpRequest, type Transport } from '../../kube/transport.ts'
import { freshMemory } from '../../scheduler/memory.ts'
import { podFacts } from '../../scheduler/state/pod-facts.ts'
import { between, cliqueIn, isBinding, refusingOne, UNSTARTABLE } from './half-bound.ts'
import { gang, node, pod, simpleGang } from './objects.ts'
import { startWorld, type World, type WorldOptions } from './world.ts'

let world: World
const start = async (options: WorldOptions): Promise<void> => {
  world = await startWorld(options)
}
afterEach(() => world.stop())

const isWrite = ({ method }: HttpRequest): boolean => method !== 'GET'

test('a binding whose answer is lost is neither done twice nor forgotten', async () => {
  let lost = 0
  const wrap = between((request, pass) => {
    if (!isBinding(request) || lost > 0) return null
    lost++
    return pass().then(() => Promise.reject(new TransportError('timeout', 'cut')))
  })
  await start({ nodes: [node('n1', { gpus: 2 }), node('n2', { gpus: 2 })], wrap })
  await world.create(...simpleGang('g', 4, 4))
  await world.settle()
  expect(lost).toBe(1)
  expect(Object.keys(await world.placed())).toHaveLength(4)
  const nodes = Object.values(await world.placed())
  expect(nodes.filter((name) => name === 'n1')).toHaveLength(2)
})

test('a binding that never reached the server is made again', async () => {
  let lost = 0
  const wrap = between((request) =>
    isBinding(request) && lost++ === 0 ? Promise.reject(new TransportError('connection', 'cut')) : null,
  )
  await start({ nodes: [node('n1')], wrap })
  await world.create(...simpleGang('g', 2, 2))
  await world.settle()
  expect(Object.keys(await world.placed())).toHaveLength(2)
})

test('a half bound gang that cannot be completed gives its seats back', async () => {
  await start({ nodes: [node('n1')], wrap: refusingOne })
  await world.create(
    gang('g', [{ name: 'a', minimum: 2, pods: ['g-0', 'g-1'] }]),
    pod('g-0', { gang: 'g', group: 'a', spec: { initContainers: SLOW } }),
    pod('g-1', { gang: 'g', group: 'a' }),
  )
  await world.pass(5_000)
  expect(await world.placed()).toEqual({ 'g-0': 'n1' })
  await world.pass(120_000)
  expect(await world.placed(), 'no controller would make it again, so it stays').toEqual({ 'g-0': 'n1' })
})

/** Keeps a pod from getting Ready. */
const SLOW = [{ name: 'slow', image: 'busybox', command: ['sleep', '3600'] }]

test('seats of a first attempt are given back when a controller makes the pods again', async () => {
  await start({ nodes: [node('n1')], wrap: refusingOne })
  const controller = await cliqueIn(world)
  await world.create(
    gang('g', [{ name: 'a', minimum: 2, pods: ['g-0', 'g-1'] }]),
    pod('g-0', { gang: 'g', group: 'a', controller, spec: UNSTARTABLE }),
    pod('g-1', { gang: 'g', group: 'a', controller }),
  )
  await world.pass(20_000)
  expect(await world.placed()).toEqual({ 'g-0': 'n1' })
  await world.pass(100_000)
  expect((await world.pods()).map(({ metadata }) => metadata.name)).not.toContain('g-0')
})

test('a scheduler that starts in the middle completes what another had begun', async () => {
  let bound = 0
  let isCut = true
  const wrap = between((request) =>
    isBinding(request) && isCut && bound++ >= 2 ? Promise.reject(new TransportError('connection', 'dead')) : null,
  )
  await start({ nodes: [node('n1'), node('n2')], wrap })
  await world.create(...simpleGang('g', 4, 4))
  await world.pass(500)
  expect(Object.keys(await world.placed())).toHaveLength(2)
  isCut = false
  await world.restart()
  await world.settle()
  expect(Object.keys(await world.placed())).toHaveLength(4)
  expect((await world.gang('g')).status?.phase).toBe('Running')
})

test('a quiet cluster sees no write', async () => {
  const writes: string[] = []
  const wrap = between((request) => {
    if (isWrite(request)) writes.push(`${request.method} ${request.path} ${request.body?.slice(0, 300)}`)
    return null
  })
  await start({ nodes: [node('n1')], wrap })
  await world.create(...simpleGang('g', 3, 2), ...simpleGang('h', 9, 9), pod('p', { gpus: 9 }))
  await world.settle()
  await world.pass(70_000) // counts in messages may follow the last placements once
  expect(writes.length).toBeGreaterThan(4)
  writes.length = 0
  await world.pass(600_000)
  expect(writes).toEqual([])
})

test('a pod that another scheduler binds under our name stops us in the namespace, re-elected or not', async () => {
  await start({ nodes: [node('n1', { gpus: 2 }), node('n2', { gpus: 2 })], memory: freshMemory() })
  await world.create(pod('p', { gpus: 4 }))
  await world.settle()
  const target = { apiVersion: 'v1' as const, kind: 'Node' as const, name: 'n1' }
  const body = {
    apiVersion: 'v1' as const,
    kind: 'Binding' as const,
    metadata: { name: 'p', namespace: 'default' },
    target,
  }
  expect((await world.during(world.client.bind(body))).kind).toBe('ok')
  await world.create(pod('q'))
  await world.pass(10_000)
  const reason = (): string | null | undefined => world.scheduler.report().pods.find(({ name }) => name === 'q')?.reason
  expect(reason()).toBe('TwoSchedulers')
  await world.restart()
  await world.pass(10_000)
  expect(reason(), 'the next scheduler of the process knows it').toBe('TwoSchedulers')
  await world.settle()
  expect(Object.keys(await world.placed()), 'five quiet minutes later it goes on').toContain('q')
})

test('a node that a kubelet refused on is avoided by the next scheduler of the process, for as long, and then taken', async () => {
  const memory = freshMemory()
  await start({ nodes: [node('n1', { gpus: 8 })], memory })
  await world.create(pod('q', { gpus: 4 }))
  await world.pass(2_000)
  const [q] = await world.pods()
  const { demand } = podFacts(q as never)
  const n1 = await world.during(world.client.get(NODES, { name: 'n1', namespace: '' }))
  if (n1.kind === 'failure') throw new Error(n1.message)
  memory.refusals.add(demand.key, { name: 'n1', uid: n1.value.metadata.uid }, world.clock.monotonicMs())
  await world.restart()
  await world.create(pod('p', { gpus: 4 }))
  await world.pass(5_000)
  expect(await world.placed()).toEqual({ q: 'n1' })
  await world.pass(8_000)
  expect(await world.placed()).toEqual({ p: 'n1', q: 'n1' })
})

test('a pod that is deleted while it is being bound leaves no seat behind', async () => {
  const wrap = (transport: Transport): Transport =>
    between((request, pass) => {
      if (!isBinding(request) || !request.path.includes('/p/')) return null
      const key = { namespace: 'default', name: 'p' }
      return world.client.delete(PODS, key, { gracePeriodSeconds: 0 }).then(() => pass())
    })(transport)
  await start({ nodes: [node('n1', { gpus: 1 })], wrap })
  await world.create(pod('p'), pod('q'))
  await world.settle()
  expect(await world.placed()).toEqual({ q: 'n1' })
})

test('in a cluster without our CRDs plain pods are placed all the same', async () => {
  await start({ nodes: [node('n1')], hasCrds: false })
  await world.create(pod('p'))
  await world.pass(30_000)
  expect(await world.placed()).toEqual({ p: 'n1' })
})

test('a binding that was turned away is not sent to a node that has become too small meanwhile', async () => {
  let turnedAway = 0
  const wrap = between((request) =>
    isBinding(request) && turnedAway++ < 2
      ? Promise.resolve({ status: 429, headers: { 'retry-after': '5' }, body: TOO_MANY })
      : null,
  )
  await start({ nodes: [node('n1', { gpus: 2 })], wrap })
  await world.create(...simpleGang('g', 2, 2))
  await world.pass(1_000)
  expect(turnedAway).toBe(2)
  const status = { allocatable: { 'nvidia.com/gpu': '1' } }
  const key = { namespace: '', name: 'n1' }
  await world.during(world.client.mergePatch(NODES, key, { status }, { subresource: 'status' }))
  await world.pass(60_000)
  expect(Object.keys(await world.placed()).length, 'one seat is left').toBeLessThanOrEqual(1)
  await world.create(node('n2', { gpus: 1 }))
  await world.settle()
  expect(Object.values(await world.placed()).sort()).toEqual(['n1', 'n2'])
})

const TOO_MANY = JSON.stringify({ kind: 'Status', code: 429, reason: 'TooManyRequests', message: 'later' })

test('a status that is forbidden is not asked for with every event of its gang, and written once it is allowed', async () => {
  let isForbidden = true
  const sentMs: number[] = []
  const isStatus = ({ method, path }: HttpRequest): boolean => method === 'PATCH' && path.endsWith('/status')
  const wrap = (transport: Transport, clock: World['clock']): Transport =>
    between((request) => {
      if (!isForbidden || !isStatus(request)) return null
      sentMs.push(clock.monotonicMs())
      const body = JSON.stringify({ kind: 'Status', code: 403, reason: 'Forbidden', message: 'no' })
      return Promise.resolve({ status: 403, headers: {}, body })
    })(transport)
  await start({ nodes: [node('n1', { gpus: 1 })], wrap })
  await world.create(...simpleGang('g', 2, 2))
  for (let at = 0; at < 40; at++) {
    const labels = { tick: String(at) }
    await world.during(world.client.mergePatch(PODS, { namespace: 'default', name: 'g-0' }, { metadata: { labels } }))
    const taints = at % 2 === 0 ? [{ key: 'x', effect: 'NoSchedule' }] : []
    await world.during(world.client.mergePatch(NODES, { namespace: '', name: 'n1' }, { spec: { taints } }))
    await world.pass(250)
  }
  expect(sentMs.length).within(3, 10)
  isForbidden = false
  await world.settle()
  expect((await world.gang('g')).status?.phase).toBe('Pending')
})
