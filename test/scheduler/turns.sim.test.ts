/** Who goes when room comes, and what the others are told afterwards. */
import { afterEach, expect, test } from 'vitest'
import { POD_GANGS, PODS, PRIORITY_CLASSES } from '../../kube/resources.ts'
import { type Lived, lived } from './lived.ts'
import { inOne, pod, RACK, racks, simpleGang } from './objects.ts'
import { startWorld, type World, type WorldOptions } from './world.ts'

let world: World
let it: Lived
const start = async (drawing: string, gpus = 1, more: Partial<WorldOptions> = {}): Promise<void> => {
  world = await startWorld({ nodes: racks(drawing, gpus), ...more })
  it = lived(world)
}
afterEach(() => world.stop())

const placed = async (): Promise<string> =>
  Object.keys(await world.placed())
    .sort()
    .join(' ')
const classes = async (...values: readonly number[]): Promise<void> => {
  for (const value of values) {
    const made = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: `p${value}` }, value }
    await world.during(world.client.create(PRIORITY_CLASSES, made))
  }
}
const of = (value: number): { spec: Record<string, unknown> } => ({ spec: { priorityClassName: `p${value}` } })

/** Wait for room: `low` of 1, `mid` of 2, `high` of 3, and `tops` of 1 that only rack r9 could take. */
const waiting = async (): Promise<void> => {
  await classes(1, 2, 3, 4)
  await world.create(
    ...simpleGang('low', 1, 1, of(1)),
    ...simpleGang('mid', 2, 2, of(2)),
    ...simpleGang('high', 3, 3, of(3)),
    ...simpleGang('tops', 1, 1, { spec: { priorityClassName: 'p4', nodeSelector: { [RACK]: 'r9' } } }),
  )
  await world.pass(3_000)
}

test('a node of four added at once: the highest that fits, then what fits beside it', async () => {
  await start('r1: a')
  await it.cordon('a')
  await waiting()
  await it.addNode('n', 'r1', 4)
  await world.pass(3_000)
  expect(await placed()).toBe('high-0 high-1 high-2 low-0')
  expect(it.why('mid-0')).toMatch(/^InsufficientResources/)
  await it.addNode('m', 'r9')
  await world.pass(3_000)
  expect(await placed()).toBe('high-0 high-1 high-2 low-0 tops-0')
})

test('a pod that finishes wakes the highest that fits', async () => {
  await start('r1: a')
  await world.create(pod('first'))
  await world.pass(1_000)
  await waiting()
  await world.create(...simpleGang('late', 1, 1, of(3)))
  await world.pass(2_000)
  const done = { status: { phase: 'Succeeded' } }
  const key = { namespace: 'default', name: 'first' }
  await world.during(world.client.mergePatch(PODS, key, done, { subresource: 'status' }))
  await world.pass(3_000)
  expect(await placed()).toBe('first late-0')
  expect(it.why('low-0')).toMatch(/^InsufficientResources/)
})

test('two gangs for the last rack: the loser is told of that rack, and of what is short as it changes', async () => {
  await start('r1: a b')
  await world.create(...simpleGang('g', 2, 2, {}, inOne(RACK)), ...simpleGang('h', 2, 2, {}, inOne(RACK)))
  await world.pass(3_000)
  expect(await placed()).toBe('g-0 g-1')
  expect(it.whyGang('h')).toMatch(/^Pending (DomainTooSmall|InsufficientResources): /)
  const shortfalls = (): unknown => world.scheduler.report().gangs.find(({ name }) => name === 'h')?.shortfalls
  const full = JSON.stringify(shortfalls())
  expect(full).toContain('r1')
  await it.addNode('c', 'r2')
  await world.pass(3_000)
  expect(it.whyGang('h'), 'one seat in all').toMatch(/^Pending InsufficientResources: 1 of 2 pods fit/)
  await it.addNode('e', 'r3')
  await world.pass(3_000)
  expect(it.whyGang('h'), 'two seats in two racks').toMatch(/^Pending DomainTooSmall: /)
  expect(JSON.stringify(shortfalls())).toMatch(/r2.*r3/)
  await it.addNode('d', 'r2')
  await world.pass(3_000)
  expect(await placed()).toBe('g-0 g-1 h-0 h-1')
  expect(it.whyGang('h')).toMatch(/^(Starting|Running) -/)
})

test('the loser of the last rack goes once the winner is deleted whole, not for one pod of it that is replaced', async () => {
  await start('r1: a b')
  await world.create(...simpleGang('g', 2, 2, {}, inOne(RACK)), ...simpleGang('h', 2, 2, {}, inOne(RACK)))
  await world.pass(3_000)
  await it.remove('g-0')
  await world.pass(5_000)
  await it.make('g-0')
  await world.pass(3_000)
  expect(await placed()).toBe('g-0 g-1')
  await it.removeGang('g')
  await it.remove('g-0', 'g-1')
  await world.pass(3_000)
  expect(await placed()).toBe('h-0 h-1')
})

test('a priority class written on a PodGang later counts for nothing unless it is trusted', async () => {
  await start('r1: a')
  await it.cordon('a')
  await classes(1, 9)
  await world.create(...simpleGang('g', 1, 1), ...simpleGang('h', 1, 1, of(1)))
  await world.pass(2_000)
  const key = { namespace: 'default', name: 'g' }
  await world.during(world.client.mergePatch(POD_GANGS, key, { spec: { priorityClassName: 'p9' } }))
  await world.pass(2_000)
  await it.uncordon('a')
  await world.pass(3_000)
  expect(await placed()).toBe('h-0')
})

test('pods made again with a higher priority class go first', async () => {
  await start('r1: a b')
  await it.cordon('a', 'b')
  await classes(1, 9)
  await world.create(...simpleGang('g', 2, 2), ...simpleGang('h', 2, 2, of(1)))
  await world.pass(2_000)
  await it.remove('g-0')
  await it.make('g-0', of(9))
  await world.pass(2_000)
  await it.uncordon('a')
  await it.uncordon('b')
  await world.pass(3_000)
  expect(await placed()).toBe('g-0 g-1')
})

test('a priority that leaves with its pod counts no longer', async () => {
  await start('r1: a b')
  await it.cordon('a', 'b')
  await classes(1, 9)
  await world.create(...simpleGang('g', 2, 2), ...simpleGang('h', 2, 2, of(1)))
  await it.remove('g-0')
  await it.make('g-0', of(9))
  await world.pass(2_000)
  await it.remove('g-0')
  await it.make('g-0')
  await world.pass(2_000)
  await it.uncordon('a', 'b')
  await world.pass(3_000)
  expect(await placed()).toBe('h-0 h-1')
})

const FORBIDDEN = JSON.stringify({
  kind: 'Status',
  code: 403,
  reason: 'Forbidden',
  message: 'exceeded quota: team, requested: pods=1, used: pods=4, limited: pods=4',
})

test('a pod that the quota of its namespace turned away is waited for, and its gang holds nothing till then', async () => {
  await start('r1: a b c')
  const [made, ...pods] = simpleGang('g', 3, 3)
  await world.create(made!, ...pods.slice(0, 2))
  await world.pass(60_000)
  expect(it.why('g-0')).toMatch(/^WaitingForPods: .*a has 2 of the 3/)
  await world.create(...simpleGang('h', 3, 3))
  await world.pass(3_000)
  expect(await placed(), 'others are not held up').toBe('h-0 h-1 h-2')
})

test('bindings that are forbidden are told with the words of the server, and made once they are allowed', async () => {
  let isForbidden = true
  const wrap: WorldOptions['wrap'] = (transport) => ({
    request: (request) =>
      isForbidden && request.path.includes('/binding')
        ? Promise.resolve({ status: 403, headers: {}, body: FORBIDDEN })
        : transport.request(request),
    stream: (request) => transport.stream(request),
    close: () => transport.close(),
  })
  await start('r1: a b', 1, { wrap: wrap! })
  await world.create(...simpleGang('g', 2, 2))
  await world.pass(30_000)
  expect(await placed()).toBe('')
  expect(it.why('g-0')).toContain('exceeded quota')
  isForbidden = false
  await world.pass(120_000)
  expect(await placed()).toBe('g-0 g-1')
})

test('a node relabelled into the rack that waits for one lets the gang in, and no other rack is said to be short', async () => {
  await start('r1: a b | r2: c d')
  await world.create(...simpleGang('g', 3, 3, {}, inOne(RACK)))
  await world.pass(3_000)
  expect(it.whyGang('g')).toMatch(/^Pending DomainTooSmall: /)
  await it.node('c', { metadata: { labels: { [RACK]: 'r1' } } })
  await world.pass(3_000)
  expect(Object.values(await world.placed()).sort()).toEqual(['a', 'b', 'c'])
  expect(it.whyGang('g')).toMatch(/^(Starting|Running) -/)
})

test('a taint that is lifted, a node that grows and a foreign pod that leaves each let in who lacked that', async () => {
  await start('r1: a | r2: b | r3: c')
  await it.node('a', { spec: { taints: [{ key: 'x', effect: 'NoSchedule' }] } })
  await it.resize('b', 0)
  await world.create(pod('foreign', { schedulerName: 'other', nodeName: 'c' }))
  await world.pass(1_000)
  for (const rack of ['r1', 'r2', 'r3']) {
    await world.create(...simpleGang(rack, 1, 1, { spec: { nodeSelector: { [RACK]: rack } } }))
  }
  await world.pass(3_000)
  expect(await placed()).toBe('foreign')
  await it.node('a', { spec: { taints: null } })
  await world.pass(1_000)
  expect(await placed()).toBe('foreign r1-0')
  await it.resize('b', 1)
  await world.pass(1_000)
  expect(await placed()).toBe('foreign r1-0 r2-0')
  await it.remove('foreign')
  await world.pass(1_000)
  expect(await placed()).toBe('r1-0 r2-0 r3-0')
})

test('of two gangs that wait for a rack the one of higher priority goes, though it came last and both were refused', async () => {
  await start('r1: a b | r2: c')
  await classes(1, 2)
  await it.cordon('b')
  await world.create(...simpleGang('early', 2, 2, of(1), inOne(RACK)))
  await world.pass(30_000)
  await world.create(...simpleGang('late', 2, 2, of(2), inOne(RACK)))
  await world.pass(30_000)
  await it.uncordon('b')
  await world.pass(3_000)
  expect(await placed()).toBe('late-0 late-1')
  expect(it.whyGang('early')).toMatch(/^Pending InsufficientResources: 1 of 2/)
})
