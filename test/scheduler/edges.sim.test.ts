import { afterEach, expect, test } from 'vitest'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { sleep } from '../../kube/clock.ts'
import { NODES, POD_GANGS, PODS, PRIORITY_CLASSES } from '../../kube/resources.ts'
import type { Transport } from '../../kube/transport.ts'
import { between, cliqueIn, isBinding, refusal, refusingOne, UNSTARTABLE } from './half-bound.ts'
import { gang, inOne, node, pod, RACK, racks, simpleGang } from './objects.ts'
import { startWorld, type World, type WorldOptions } from './world.ts'

let world: World
const start = async (options: WorldOptions): Promise<void> => {
  world = await startWorld(options)
}
afterEach(() => world.stop())

const lineOf = (name: string): { reason: string | null; message: string | null } | undefined =>
  world.scheduler.report().pods.find((each) => each.name === name)

/** g-0 is bound, g-1 is not: its bindings are refused. */
async function halfBound(): Promise<void> {
  const owner = await cliqueIn(world)
  await world.create(
    gang('g', [{ name: 'a', minimum: 2, pods: ['g-0', 'g-1'] }]),
    pod('g-0', { gang: 'g', group: 'a', controller: owner, spec: UNSTARTABLE }),
    pod('g-1', { gang: 'g', group: 'a', controller: owner }),
  )
  await world.pass(5_000)
  expect(await world.placed()).toEqual({ 'g-0': 'n1' })
}

test('seats are given back also when the other pods of the gang are gone', async () => {
  await start({ nodes: [node('n1')], wrap: refusingOne })
  await halfBound()
  await world.during(world.client.delete(PODS, { namespace: 'default', name: 'g-1' }, { gracePeriodSeconds: 0 }))
  await world.pass(100_000)
  expect(await world.placed()).toEqual({})
})

test('no seat is given back while a pod of the gang cannot be read, since it might be Ready', async () => {
  const deleted: string[] = []
  const wrap = between((request, pass) => {
    const { method, path } = request
    if (isBinding(request) && path.includes('/g-2/')) return refusal(403, 'Forbidden')
    if (method === 'GET' && path.includes('/pods/g-0')) return refusal(403, 'Forbidden')
    if (method === 'DELETE') deleted.push(path)
    return pass()
  })
  await start({ nodes: [node('n1')], wrap })
  const owner = await cliqueIn(world)
  const form = { gang: 'g', group: 'a', controller: owner, spec: UNSTARTABLE }
  await world.create(
    gang('g', [{ name: 'a', minimum: 3, pods: ['g-0', 'g-1', 'g-2'] }]),
    ...['g-0', 'g-1', 'g-2'].map((name) => pod(name, form)),
  )
  await world.pass(100_000)
  expect(Object.keys(await world.placed()).sort()).toEqual(['g-0', 'g-1'])
  expect(deleted).toEqual([])
})

test('a gang is not completed while its seats are being given back', async () => {
  const done: string[] = []
  let isUndoing = false
  const wrap: WorldOptions['wrap'] = (transport, clock) =>
    between((request, pass) => {
      const { method, path } = request
      if (isBinding(request) && path.includes('/g-1/') && !isUndoing) return refusal(403, 'Forbidden')
      if (isUndoing && (isBinding(request) || method === 'DELETE')) done.push(method)
      if (method !== 'GET' || !path.includes('/pods/g-0') || isUndoing) return pass()
      isUndoing = true // the reads of the undo take long, and what was in the way is over
      return sleep(clock, 90_000, 'work').then(pass)
    })(transport)
  await start({ nodes: [node('n1')], wrap })
  await halfBound()
  await world.pass(200_000)
  expect(done[0]).toBe('DELETE')
})

test('a server that never decides a binding does not keep a simulation from settling', async () => {
  const wrap = between((request) => (isBinding(request) ? refusal(500, 'InternalError') : null))
  await start({ nodes: [node('n1')], wrap })
  await world.create(pod('p'))
  const { isSettled } = await world.clock.runUntilSettled({ maxVirtualMs: 3_600_000 })
  expect(isSettled).toBe(true)
  expect(await world.placed()).toEqual({})
})

test('a server that refuses every status does not keep a simulation from settling', async () => {
  const wrap = between(({ method, path }) =>
    method === 'PATCH' && path.includes('/status') ? refusal(422, 'Invalid') : null,
  )
  await start({ nodes: [node('n1')], wrap })
  await world.create(...simpleGang('g', 9, 9), ...simpleGang('h', 1, 1))
  const { isSettled } = await world.clock.runUntilSettled({ maxVirtualMs: 3_600_000 })
  expect(isSettled).toBe(true)
  expect(Object.keys(await world.placed())).toEqual(['h-0'])
})

test('a PodGang that is gone before we hear of it is not read over and over for its surplus', async () => {
  let reads = 0
  let isLate = false
  const wrap = (transport: Transport): Transport => ({
    ...between((request, pass) => {
      if (!isLate || request.method !== 'GET' || !request.path.includes('/podgangs/g')) return null
      reads++
      return pass()
    })(transport),
    // The watch says nothing any more.
    stream: async (request) => {
      const stream = await transport.stream(request)
      if (!request.path.includes('/podgangs') || stream.status !== 200) return stream
      async function* quiet(): AsyncGenerator<string> {
        for await (const line of stream.lines) if (!isLate) yield line
      }
      return { ...stream, lines: quiet() }
    },
  })
  await start({ nodes: [node('n1', { gpus: 1 })], wrap })
  await world.create(...simpleGang('g', 1, 1))
  await world.settle()
  isLate = true
  await world.during(world.client.delete(POD_GANGS, { namespace: 'default', name: 'g' }))
  const owner = await cliqueIn(world)
  await world.create(pod('g-1', { gang: 'g', group: 'a', controller: { ...owner } }))
  await world.pass(10_000)
  expect(reads).toBeGreaterThan(0)
  expect(reads).toBeLessThan(30)
})

test('a condition and its event are written once, also while we do not hear what we have written', async () => {
  let events = 0
  let conditions = 0
  let isLate = false
  const wrap = (transport: Transport): Transport => ({
    ...between((request, pass) => {
      if (request.method !== 'GET' && request.path.includes('/events')) events++
      if (request.method === 'PATCH' && request.path.includes('/pods/')) conditions++
      return pass()
    })(transport),
    stream: async (request) => {
      const stream = await transport.stream(request)
      async function* late(): AsyncGenerator<string> {
        for await (const line of stream.lines) if (!isLate) yield line
      }
      return request.path.includes('/pods') && stream.status === 200 ? { ...stream, lines: late() } : stream
    },
  })
  await start({ nodes: [node('n1', { gpus: 1 })], wrap })
  await world.create(...simpleGang('g', 9, 9))
  await world.pass(500)
  isLate = true
  for (const name of ['n2', 'n3', 'n4']) {
    await world.pass(11_000) // new counts are told every 10 s
    await world.create(node(name, { gpus: 1 }))
  }
  await world.pass(70_000)
  const told = (await world.pods()).map(({ status }) => status?.conditions?.[0]?.message ?? '')
  expect(told.every((message) => message.includes('4 of 9 pods fit'))).toBe(true)
  expect(events, 'one a pod').toBe(9)
  expect(conditions, 'one a pod and message').toBe(9 * 4)
})

test('a node that says the same again wakes nobody', async () => {
  await start({ nodes: [node('n1')] })
  await world.create(...simpleGang('g', 9, 9))
  await world.settle()
  const { decisions } = world.scheduler.report()
  for (let beat = 0; beat < 3; beat++) {
    const body = {
      status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: `2026-01-0${beat + 1}T00:00:00Z` }] },
    }
    const answer = await world.during(
      world.client.strategicPatch<KubeObject>(NODES, { namespace: '', name: 'n1' }, body, { subresource: 'status' }),
    )
    expect(answer.kind).toBe('ok')
    await world.settle()
  }
  expect(world.scheduler.report().decisions).toBe(decisions)
})

const spread = { topologyConstraint: { spread: { key: RACK, peers: 'set', maxSkew: 1 } } }

test('a spread that an empty but full rack stood in the way of is tried again when the rack is cordoned', async () => {
  await start({ nodes: racks('r1: a | r2: b', 2) })
  await world.create(pod('other', { schedulerName: 'x', nodeName: 'b', gpus: 2 }))
  await world.create(...simpleGang('g', 1, 1, {}, spread))
  await world.settle()
  await world.create(...simpleGang('h', 1, 1, {}, spread))
  await world.settle()
  expect(lineOf('h-0')?.reason).toBe('SpreadUnsatisfiable')
  await world.during(world.client.mergePatch(NODES, { namespace: '', name: 'b' }, { spec: { unschedulable: true } }))
  await world.settle()
  expect((await world.placed())['h-0']).toBe('a')
})

test('a pod that only claims to be in a gang lends it no priority', async () => {
  await start({ nodes: [node('n1', { gpus: 2 })] })
  await world.create(pod('blocker', { schedulerName: 'x', nodeName: 'n1', gpus: 2 }))
  const urgent = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'urgent' }, value: 9 }
  expect((await world.during(world.client.create(PRIORITY_CLASSES, urgent))).kind).toBe('ok')
  await world.create(...simpleGang('a', 2, 2), ...simpleGang('b', 2, 2))
  await world.create(pod('stranger', { gang: 'b', group: 'a', spec: { priorityClassName: 'urgent' } }))
  await world.settle()
  await world.during(world.client.delete(PODS, { namespace: 'default', name: 'blocker' }, { gracePeriodSeconds: 0 }))
  await world.settle()
  expect(Object.keys(await world.placed()).sort()).toEqual(['a-0', 'a-1'])
})

test('a required key that no node carries is what the reason speaks of', async () => {
  await start({ nodes: [node('n1')] })
  await world.create(...simpleGang('g', 2, 2, {}, inOne('example.com/nowhere')))
  await world.settle()
  expect(await world.placed()).toEqual({})
  expect(lineOf('g-0')?.message).toContain('example.com/nowhere')
  expect(lineOf('g-0')?.message).not.toContain('short by')
})

test('a node that is gone before the binding is sent gets no pod', async () => {
  let bindings = 0
  const targets: string[] = []
  const wrap = between((request, pass) => {
    if (!isBinding(request)) return null
    targets.push(String(request.body))
    // The first is held back by the server; when it is asked again the node is gone.
    if (bindings++ > 0) return pass()
    return world.client.delete(NODES, { namespace: '', name: 'n1' }).then(() => refusal(429, 'TooManyRequests'))
  })
  await start({ nodes: [node('n1'), node('n2', { gpus: 8 })], wrap })
  await world.create(pod('p'))
  await world.pass(60_000)
  expect((await world.placed())['p']).toBe('n2')
})

test('an empty PodGang was never whole', async () => {
  await start({ nodes: [node('n1')] })
  await world.create(gang('g', []))
  await world.settle()
  const { status } = await world.gang('g')
  expect(status?.phase).toBe('Pending')
  expect((status?.conditions ?? []).filter((each) => each.status === 'True')).toEqual([])
})

test('a spread that cannot be read is told with its path and what would be right', async () => {
  await start({ nodes: [node('n1')] })
  const [made, ...pods] = simpleGang('g', 1, 1)
  if (made === undefined) throw new Error('no gang')
  const annotations = { 'espalier.io/spread': '{oops' }
  await world.create({ ...made, metadata: { ...made.metadata, annotations } }, ...pods)
  await world.settle()
  expect(lineOf('g-0')?.reason).toBe('InvalidConstraint')
  expect(lineOf('g-0')?.message).toMatch(/^metadata\.annotations\["espalier\.io\/spread"\]: found .*, want JSON/)
})
