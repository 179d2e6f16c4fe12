/** What somebody got wrong, or what changed under the scheduler: said clearly, and everybody else goes on. */
import { afterEach, expect, test } from 'vitest'
import { sleep } from '../../kube/clock.ts'
import { NODES, POD_GANGS } from '../../kube/resources.ts'
import type { Transport } from '../../kube/transport.ts'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { gang, inOne, node, pod, RACK, simpleGang } from './objects.ts'
import { startWorld, type World, type WorldOptions } from './world.ts'

let world: World
const start = async (options: WorldOptions): Promise<void> => {
  world = await startWorld(options)
}
afterEach(() => world.stop())

const reasonOf = (name: string): string | null | undefined =>
  world.scheduler.report().pods.find((each) => each.name === name)?.reason

const placedNames = async (): Promise<string[]> => Object.keys(await world.placed()).sort()

test('a PodGang that names pods that do not exist waits for them, and its others with it', async () => {
  await start({ nodes: [node('n1')] })
  await world.create(gang('g', [{ name: 'a', minimum: 2, pods: ['g-0', 'g-ghost'] }]))
  await world.create(pod('g-0', { gang: 'g', group: 'a' }), pod('alone'))
  await world.settle()
  expect(await placedNames()).toEqual(['alone'])
  expect(reasonOf('g-0')).toBe('WaitingForPods')
  await world.create(pod('g-ghost', { gang: 'g', group: 'a' }))
  await world.settle()
  expect(await placedNames()).toEqual(['alone', 'g-0', 'g-ghost'])
})

test('a pod of a PodGang that does not exist waits for it; only pods of no gang go one by one', async () => {
  await start({ nodes: [node('n1')] })
  await world.create(pod('orphan', { gang: 'none', group: 'a' }), pod('alone'))
  await world.settle()
  expect(await placedNames()).toEqual(['alone'])
  expect(reasonOf('orphan')).toBe('PodGangMissing')
  const orphan = (await world.pods()).find(({ metadata }) => metadata.name === 'orphan')
  const told = orphan?.status?.conditions?.find(({ type }) => type === 'PodScheduled')
  expect([told?.status, told?.reason]).toEqual(['False', 'WaitingForGang'])
  await world.create(gang('none', [{ name: 'a', minimum: 1, pods: ['orphan'] }]))
  await world.settle()
  expect(await placedNames()).toEqual(['alone', 'orphan'])
})

test('a node that shrinks below its use gets nothing more, loses nothing, and is used again when it grows', async () => {
  await start({ nodes: [node('n1', { gpus: 4 })] })
  await world.create(...simpleGang('g', 3, 3))
  await world.settle()
  const resize = async (gpus: string): Promise<void> => {
    const status = { allocatable: { 'nvidia.com/gpu': gpus }, capacity: { 'nvidia.com/gpu': gpus } }
    const key = { namespace: '', name: 'n1' }
    const answer = await world.during(world.client.mergePatch(NODES, key, { status }, { subresource: 'status' }))
    expect(answer.kind).toBe('ok')
  }
  await resize('1')
  await world.create(pod('late'))
  await world.settle()
  expect(await placedNames()).toEqual(['g-0', 'g-1', 'g-2'])
  expect(reasonOf('late')).toBe('InsufficientResources')
  await resize('4')
  await world.settle()
  expect(await placedNames()).toEqual(['g-0', 'g-1', 'g-2', 'late'])
})

test('credentials that expire stop nothing for good: what came meanwhile is placed once they are good again', async () => {
  let isExpired = false
  const unauthorized = { status: 401, headers: {}, body: '{"kind":"Status","code":401,"reason":"Unauthorized"}' }
  const wrap = (transport: Transport): Transport => ({
    request: (request) => (isExpired ? Promise.resolve(unauthorized) : transport.request(request)),
    stream: (request) =>
      isExpired ? Promise.resolve({ ...unauthorized, lines: nothing() }) : transport.stream(request),
    close: () => transport.close(),
  })
  await start({ nodes: [node('n1')], wrap })
  isExpired = true
  await world.create(...simpleGang('g', 2, 2))
  await world.pass(60_000)
  expect(await placedNames()).toEqual([])
  isExpired = false
  await world.pass(180_000)
  expect(await placedNames()).toEqual(['g-0', 'g-1'])
})

async function* nothing(): AsyncGenerator<string> {}

/** Turns the first bindings of a pod away for 2 s; says when it has. */
const turningAway = (pod: string, away: { isAway: boolean }): WorldOptions['wrap'] => {
  const busy = { status: 429, headers: { 'retry-after': '2' }, body: '{"kind":"Status","code":429}' }
  return (transport) => ({
    request: (request) => {
      if (away.isAway || !request.path.includes(`/pods/${pod}/binding`)) return transport.request(request)
      away.isAway = true
      return Promise.resolve(busy)
    },
    stream: (request) => transport.stream(request),
    close: () => transport.close(),
  })
}

for (const key of [RACK, 'example.com/row'] as const) {
  test(`a node that is relabelled between plan and binding is not bound to: ${key}`, async () => {
    const away = { isAway: false }
    const at = (name: string, value: string): NewObject => node(name, { gpus: 1, labels: { [key]: value } })
    const nodes = [at('a1', 'a'), at('a2', 'a'), at('b1', 'b'), at('b2', 'b')]
    await start({ nodes, wrap: turningAway('g-1', away)! })
    await world.create(...simpleGang('g', 2, 2, {}, inOne(key)))
    await world.clock.runUntil(() => away.isAway, { maxVirtualMs: 10_000 })
    expect(away.isAway).toBe(true)
    const first = (await world.placed())['g-0']
    expect(first).toMatch(/^a[12]$/)
    const planned = first === 'a1' ? 'a2' : 'a1'
    const move = { metadata: { labels: { [key]: 'b' } } }
    const moved = await world.during(world.client.mergePatch(NODES, { namespace: '', name: planned }, move))
    expect(moved.kind).toBe('ok')
    await world.pass(10_000)
    expect(await world.placed()).toEqual({ 'g-0': first })
    await world.create(at('a3', 'a'))
    await world.pass(10_000)
    expect(await world.placed()).toEqual({ 'g-0': first, 'g-1': 'a3' })
  })
}

/** Once it is late, what the watch of PodGangs tells comes 5 s later; and what is written on PodGangs from then on. */
const lateGangs =
  (late: { isLate: boolean; readonly written: string[] }): NonNullable<WorldOptions['wrap']> =>
  (transport, clock) => ({
    request: (request) => {
      if (late.isLate && request.method === 'PATCH' && request.path.includes('/podgangs/'))
        late.written.push(request.body ?? '')
      return transport.request(request)
    },
    close: () => transport.close(),
    stream: async (request) => {
      const stream = await transport.stream(request)
      if (!request.path.includes('/podgangs') || stream.status !== 200) return stream
      async function* delayed(): AsyncGenerator<string> {
        for await (const line of stream.lines) {
          if (late.isLate) await sleep(clock, 5_000, 'work')
          yield line
        }
      }
      return { ...stream, lines: delayed() }
    },
  })

test('a minimum that was raised unheard is not said to be bound when the one before it is', async () => {
  const late = { isLate: false, written: [] as string[] }
  await start({ nodes: [node('n1', { gpus: 2 })], wrap: lateGangs(late) })
  const pods = ['g-0', 'g-1', 'g-2']
  const [first, second, third] = pods.map((name) => pod(name, { gang: 'g', group: 'a' }))
  await world.create(gang('g', [{ name: 'a', minimum: 2, pods }]), first!)
  await world.pass(5_000)
  late.isLate = true
  const { spec } = gang('g', [{ name: 'a', minimum: 3, pods }]) as unknown as { spec: object }
  const raised = await world.during(world.client.mergePatch(POD_GANGS, { namespace: 'default', name: 'g' }, { spec }))
  expect(raised.kind).toBe('ok')
  await world.create(second!, third!)
  await world.pass(60_000)
  expect(await placedNames()).toEqual(['g-0', 'g-1'])
  expect(late.written.length).toBeGreaterThan(0)
  expect(late.written.filter((text) => text.includes('"type":"Scheduled","status":"True"'))).toEqual([])
  expect((await world.gang('g')).status?.phase).toBe('Pending')
})
