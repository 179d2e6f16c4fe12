/** `sameDomainAs` and spread over time: the other gang comes later, is replaced, leaves, or its node moves. */
import { afterEach, expect, test } from 'vitest'
import { PODS } from '../../kube/resources.ts'
import { type Lived, lived } from './lived.ts'
import { gang, inOne, pod, RACK, racks, simpleGang } from './objects.ts'
import { startWorld, type World } from './world.ts'

let world: World
let it: Lived
const start = async (drawing: string): Promise<void> => {
  world = await startWorld({ nodes: racks(drawing, 1) })
  it = lived(world)
}
afterEach(() => world.stop())

const tied = (to: string): Readonly<Record<string, unknown>> => ({ sameDomainAs: { podGang: to, key: RACK } })

test('tied to a gang that comes later: the later one follows', async () => {
  await start('r1: a b | r2: c d e')
  await it.cordon('c', 'd', 'e')
  await world.create(...simpleGang('s', 1, 1, {}, tied('base')))
  await world.pass(5_000)
  await it.uncordon('c', 'd', 'e')
  await world.create(...simpleGang('base', 2, 2, {}, inOne(RACK)))
  await world.pass(5_000)
  expect(await it.on('s-0', 'base-0', 'base-1'), 'r1 has one seat left').toMatch(/^[ab] - -$/)
  expect(it.why('base-0')).toMatch(/^PinnedDomainFull: .*r1/)
  await it.addNode('f', 'r1')
  await world.pass(5_000)
  expect(await it.sorted('s-0', 'base-0', 'base-1')).toBe('a b f')
})

test('tied to a gang whose rack is full: it waits, and goes elsewhere once that gang is deleted', async () => {
  await start('r1: a b | r2: c d')
  await world.create(...simpleGang('base', 2, 2, {}, inOne(RACK)))
  await world.settle()
  const rack = (await it.on('base-0')) < 'c' ? 'r1' : 'r2'
  const others = rack === 'r1' ? 'c d' : 'a b'
  await world.create(...simpleGang('s', 2, 2, {}, tied('base')))
  await world.pass(5_000)
  expect(await it.on('s-0', 's-1')).toBe('- -')
  expect(it.why('s-0')).toContain(rack)
  await it.cordon(...(rack === 'r1' ? ['a', 'b'] : ['c', 'd']))
  await it.removeGang('base')
  await world.pass(2_000)
  await it.remove('base-0', 'base-1')
  await world.pass(5_000)
  expect(await it.sorted('s-0', 's-1')).toBe(others)
})

test('tied to a gang that is replaced elsewhere: who waits for the old rack is placed in the new one', async () => {
  await start('r1: a b | r2: c d e f')
  await it.cordon('c', 'd', 'e', 'f')
  await world.create(...simpleGang('base', 2, 2, {}, inOne(RACK)), ...simpleGang('s', 2, 2, {}, tied('base')))
  await world.pass(5_000)
  expect(await it.sorted('base-0', 'base-1')).toBe('a b')
  await it.uncordon('c', 'd', 'e', 'f')
  await world.pass(5_000)
  expect(await it.on('s-0', 's-1')).toBe('- -')
  await it.cordon('a', 'b')
  await it.remove('base-0', 'base-1')
  await it.make('base-0', { gang: 'base' })
  await it.make('base-1', { gang: 'base' })
  await world.pass(5_000)
  expect(await it.sorted('base-0', 'base-1', 's-0', 's-1')).toBe('c d e f')
})

test('the base gang made again goes back to the rack of the gang that is tied to it', async () => {
  await start('r1: a b c | r2: d e f g')
  await it.cordon('d', 'e', 'f', 'g')
  await world.create(...simpleGang('base', 2, 2, {}, inOne(RACK)), ...simpleGang('s', 1, 1, {}, tied('base')))
  await world.pass(5_000)
  await it.uncordon('d', 'e', 'f', 'g')
  await it.removeGang('base')
  await it.remove('base-0', 'base-1')
  await world.create(pod('x', { spec: { nodeSelector: { [RACK]: 'r1' } } }))
  await world.pass(5_000)
  await world.create(...simpleGang('base', 2, 2, {}, inOne(RACK)))
  await world.pass(5_000)
  expect(await it.on('base-0', 'base-1'), 'r1 has one seat').toBe('- -')
  expect(it.why('base-0')).toContain('r1')
  await it.remove('x')
  await world.pass(2_000)
  expect(await it.sorted('base-0', 'base-1', 's-0')).toBe('a b c')
})

test('a tie that is removed lets the gang go where it fits', async () => {
  await start('r1: a | r2: b c')
  await it.cordon('b', 'c')
  await world.create(...simpleGang('base', 1, 1), ...simpleGang('s', 2, 2, {}, tied('base')))
  await world.pass(5_000)
  await it.uncordon('b', 'c')
  await world.pass(5_000)
  expect(await it.on('base-0', 's-0')).toBe('a -')
  await it.edit('s', { sameDomainAs: null })
  await world.pass(2_000)
  expect(await it.sorted('s-0', 's-1')).toBe('b c')
})

/** `base` of one on `a` of r1, which is full; `s` of two, tied to it, waits; r2 has room for it. */
const waitsForFullRack = async (): Promise<void> => {
  await start('r1: a | r2: b c')
  await it.cordon('b', 'c')
  await world.create(...simpleGang('base', 1, 1), ...simpleGang('s', 2, 2, {}, { ...inOne(RACK), ...tied('base') }))
  await world.pass(5_000)
  await it.uncordon('b', 'c')
  await world.pass(5_000)
  expect(await it.on('base-0', 's-0', 's-1')).toBe('a - -')
}

test('pods of the other gang that finish pin nothing: who waits for their rack is placed at once', async () => {
  await waitsForFullRack()
  const done = { status: { phase: 'Succeeded' } }
  await world.during(
    world.client.mergePatch(PODS, { namespace: 'default', name: 'base-0' }, done, { subresource: 'status' }),
  )
  await world.pass(2_000)
  expect(await it.sorted('s-0', 's-1')).toBe('b c')
})

test('pods of the other gang that are leaving pin nothing', async () => {
  await waitsForFullRack()
  world.cluster.faults.killNode('a') // whose kubelet would end the pod within the second
  const slowly = { gracePeriodSeconds: 3_000 }
  await world.during(world.client.delete(PODS, { namespace: 'default', name: 'base-0' }, slowly))
  await world.pass(2_000)
  const leaving = (await world.pods()).find(({ metadata }) => metadata.name === 'base-0')
  expect([leaving?.metadata.deletionTimestamp, leaving?.status?.phase]).toEqual([expect.any(String), 'Running'])
  expect(await it.sorted('s-0', 's-1')).toBe('b c')
})

test('the node of the other gang moves into another rack: who waits goes there', async () => {
  await waitsForFullRack()
  await it.node('a', { metadata: { labels: { [RACK]: 'r2' } } })
  await world.pass(2_000)
  expect(await it.sorted('s-0', 's-1')).toBe('b c')
})

test('nodes that move into the rack of the other gang let in who waits', async () => {
  await waitsForFullRack()
  await it.node('b', { metadata: { labels: { [RACK]: 'r1' } } })
  await world.pass(2_000)
  expect(await it.on('s-0', 's-1')).toBe('- -')
  await it.node('c', { metadata: { labels: { [RACK]: 'r1' } } })
  await world.pass(2_000)
  expect(await it.sorted('s-0', 's-1')).toBe('b c')
})

test('the gang between two tied ones is deleted: the far one is free', async () => {
  await start('r1: a | r2: b c')
  await it.cordon('b', 'c')
  await world.create(
    ...simpleGang('base', 1, 1),
    gang('mid', [{ name: 'a', minimum: 1, pods: ['mid-0'] }], tied('base')),
    ...simpleGang('s', 2, 2, {}, tied('mid')),
  )
  await world.pass(5_000)
  await it.uncordon('b', 'c')
  await world.pass(5_000)
  expect(await it.on('base-0', 's-0', 's-1')).toBe('a - -')
  await it.removeGang('mid')
  await world.pass(2_000)
  expect(await it.sorted('s-0', 's-1')).toBe('b c')
})

const apart = {
  topologyConstraint: { spread: { key: RACK, peers: 'p', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' } },
}

test('a replica that is kept apart goes once the one in its way leaves, and not before', async () => {
  await start('r1: a | r2: b c')
  await it.cordon('a')
  await world.create(...simpleGang('x', 1, 1, {}, apart))
  await world.pass(2_000)
  await it.uncordon('a')
  await world.create(pod('filler', { spec: { nodeSelector: { [RACK]: 'r1' } } }))
  await world.pass(2_000)
  await world.create(...simpleGang('y', 1, 1, {}, apart))
  await world.pass(5_000)
  expect(await it.on('filler', 'y-0')).toBe('a -')
  expect(it.why('y-0')).toMatch(/^SpreadUnsatisfiable/)
  await it.removeGang('x')
  await it.remove('x-0')
  await world.pass(3_000)
  expect(await it.on('y-0')).toMatch(/[bc]/)
})

test('a replica made again keeps apart from the one that is left, whose rack has more room', async () => {
  await start('r1: a | r2: b c d')
  await world.create(...simpleGang('x', 1, 1, {}, apart), ...simpleGang('y', 1, 1, {}, apart))
  await world.pass(3_000)
  const name = (await it.on('x-0')) === 'a' ? 'x' : 'y'
  expect(await it.on(`${name}-0`)).toBe('a')
  await it.removeGang(name)
  await it.remove(`${name}-0`)
  await world.pass(2_000)
  await world.create(...simpleGang(name, 1, 1, {}, apart))
  await world.pass(3_000)
  expect(await it.on(`${name}-0`)).toBe('a')
})

test('a spread taken off a waiting gang lets it in', async () => {
  await start('r1: a | r2: b c')
  await it.cordon('a')
  await world.create(...simpleGang('x', 1, 1, {}, apart))
  await world.pass(2_000)
  await it.uncordon('a')
  await world.create(pod('filler', { spec: { nodeSelector: { [RACK]: 'r1' } } }), ...simpleGang('y', 1, 1, {}, apart))
  await world.pass(5_000)
  expect(await it.on('y-0')).toBe('-')
  await it.edit('y', { topologyConstraint: null })
  await world.pass(2_000)
  expect(await it.on('y-0')).toMatch(/[bc]/)
})
