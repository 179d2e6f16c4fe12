/** Pods of a whole gang that are deleted and made again, and what became of their node meanwhile. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { PRIORITY_CLASSES } from '../../kube/resources.ts'
import { type Lived, lived } from './lived.ts'
import { inOne, pod, RACK, racks, simpleGang } from './objects.ts'
import { startWorld, type World } from './world.ts'

let world: World
let it: Lived
/** `g` of two is whole on `a` and `b` of rack r1; nothing else runs. */
beforeEach(async () => {
  world = await startWorld({ nodes: racks('r1: a b | r2: c d', 1) })
  it = lived(world)
  await it.cordon('c', 'd')
  await world.create(...simpleGang('g', 2, 2, {}, inOne(RACK)))
  await world.settle()
  await it.uncordon('c', 'd')
  expect(Object.values(await world.placed()).sort()).toEqual(['a', 'b'])
})
afterEach(() => world.stop())

const urgent = async (): Promise<void> => {
  const made = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'urgent' }, value: 10 }
  await world.during(world.client.create(PRIORITY_CLASSES, made))
}

const nodeOf = async (name: string): Promise<string> => (await world.placed())[name] ?? ''
const again = async (name: string, form: Parameters<Lived['make']>[1] = {}): Promise<void> => {
  await it.remove(name)
  await world.pass(500)
  await it.make(name, form)
  await world.pass(5_000)
}

test('its node free: it gets it again', async () => {
  const before = await nodeOf('g-1')
  await again('g-1')
  expect(await nodeOf('g-1')).toBe(before)
})

test('its node cordoned and its rack full: it waits for the rack, whatever is free elsewhere', async () => {
  const before = await nodeOf('g-1')
  await it.cordon(before)
  await again('g-1')
  expect(await nodeOf('g-1')).toBe('')
  expect(it.why('g-1')).toMatch(/^PinnedDomainFull: .*r1/)
  await world.pass(120_000)
  expect(await nodeOf('g-0'), 'what was whole is not undone').not.toBe('')
  await it.uncordon(before)
  await world.pass(2_000)
  expect(await nodeOf('g-1')).toBe(before)
})

test('its node gone: a node of another rack does not help, one of its rack does', async () => {
  const before = await nodeOf('g-1')
  await it.remove('g-1')
  await it.loseNode(before)
  await it.make('g-1')
  await world.pass(5_000)
  await it.addNode('e', 'r2', 4)
  await world.pass(70_000)
  expect(await nodeOf('g-1')).toBe('')
  await it.addNode('f', 'r1')
  await world.pass(2_000)
  expect(await nodeOf('g-1')).toBe('f')
})

test('its node came again in another rack: it is not for it', async () => {
  const before = await nodeOf('g-1')
  await it.remove('g-1')
  await it.loseNode(before)
  await it.addNode(before, 'r2')
  await it.make('g-1')
  await world.pass(10_000)
  expect(await nodeOf('g-1')).toBe('')
})

test('its node taken by a pod of higher priority once the seat is kept no longer: it waits, and gets the next', async () => {
  const before = await nodeOf('g-1')
  await it.cordon('c', 'd')
  await urgent()
  await world.create(pod('high', { spec: { priorityClassName: 'urgent' } }))
  await world.pass(2_000)
  await it.remove('g-1')
  await world.pass(30_000)
  expect(await nodeOf('high'), 'while the seat is kept').toBe('')
  await world.pass(40_000)
  expect(await nodeOf('high')).toBe(before)
  await it.uncordon('c', 'd')
  await it.make('g-1')
  await world.pass(5_000)
  expect(it.why('g-1')).toMatch(/^PinnedDomainFull: .*r1/)
  await it.remove('high')
  await world.pass(2_000)
  expect(await nodeOf('g-1')).toBe(before)
})

test('its node too small since: it goes to another of its rack, once there is one', async () => {
  const before = await nodeOf('g-1')
  await it.remove('g-1')
  await it.resize(before, 0)
  await it.make('g-1')
  await world.pass(5_000)
  expect(await nodeOf('g-1')).toBe('')
  await it.addNode('f', 'r1')
  await world.pass(2_000)
  expect(await nodeOf('g-1')).toBe('f')
})

test('made again larger than its node: its old seat is not kept for it for ever', async () => {
  const before = await nodeOf('g-1')
  await it.addNode('f', 'r1', 2)
  await again('g-1', { gpus: 2 })
  expect(await nodeOf('g-1')).toBe('f')
  await it.cordon('c', 'd')
  await world.create(pod('other'))
  await world.pass(5_000)
  expect(await nodeOf('other')).toBe(before)
})

test('made again larger than any node of its rack: it waits, and others get the seat within a minute', async () => {
  await it.cordon('c', 'd')
  await again('g-1', { gpus: 2 })
  await world.create(pod('other'))
  await world.pass(70_000)
  expect(await nodeOf('g-1')).toBe('')
  expect(await nodeOf('other')).not.toBe('')
})

test('its rack relabelled under the pod that stays: it follows that pod, not its own old node', async () => {
  const [stays, free] = [await nodeOf('g-0'), await nodeOf('g-1')]
  await it.node(stays, { metadata: { labels: { [RACK]: 'r2' } } })
  await world.pass(2_000)
  expect(Object.keys(await world.placed())).toHaveLength(2)
  await again('g-1')
  expect(free).toMatch(/[ab]/)
  expect(await nodeOf('g-1')).toMatch(/[cd]/)
})

test('its rack relabelled and the new one full: it waits beside its own free node', async () => {
  const [stays, free] = [await nodeOf('g-0'), await nodeOf('g-1')]
  await it.cordon('c', 'd')
  await it.node(stays, { metadata: { labels: { [RACK]: 'r2' } } })
  await again('g-1')
  expect(it.why('g-1')).toMatch(/^PinnedDomainFull: .*r2/)
  await it.node(free, { metadata: { labels: { [RACK]: 'r2' } } })
  await world.pass(2_000)
  expect(await nodeOf('g-1')).toBe(free)
})

test('both made again after a relabelling: they go where both fit', async () => {
  const stays = await nodeOf('g-0')
  await it.cordon('d')
  await it.node(stays, { metadata: { labels: { [RACK]: 'r2' } } })
  await it.remove('g-0', 'g-1')
  await world.pass(500)
  await it.make('g-0')
  await it.make('g-1')
  await world.pass(5_000)
  expect([await nodeOf('g-0'), await nodeOf('g-1')].sort()).toEqual([stays, 'c'].sort())
})
