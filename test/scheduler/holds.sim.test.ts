import { afterEach, expect, test } from 'vitest'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { NODES, POD_GANGS, PODS } from '../../kube/resources.ts'
import { gang, pod, RACK, racks, simpleGang } from './objects.ts'
import { startWorld, type World } from './world.ts'

let world: World
afterEach(() => world.stop())

const COUNT = 4
const member = (name: string, index: number): NewObject => pod(name, { gang: 'g', group: 'a', index })

/** A whole gang `g` of four in one rack of two, every other seat taken by gangs of one, and a gang `w` that waits. */
async function fullCluster(constraint: Readonly<Record<string, unknown>> = inOneRack, minimum = COUNT): Promise<void> {
  world = await startWorld({ nodes: racks('r1: a b c d | r2: e f g h', 1) })
  const first = Array.from({ length: COUNT }, (_, at) => `g-${at}`)
  const later = first.map((name) => `${name}-new`)
  const group = { name: 'a', minimum, pods: [...first, ...later] }
  await world.create(gang('g', [group], constraint), ...first.map(member))
  await world.settle()
  expect(Object.keys(await world.placed())).toHaveLength(COUNT)
  for (let at = 0; at < COUNT; at++) await world.create(...simpleGang(`x${at}`, 1, 1))
  await world.settle()
  await world.create(...simpleGang('w', 1, 1))
  await world.settle()
  expect(await world.placed()).not.toHaveProperty('w-0')
}

const inOneRack = { topologyConstraint: { packConstraint: { required: RACK } } }

async function remove(name: string, graceSeconds = 30): Promise<void> {
  const options = { gracePeriodSeconds: graceSeconds }
  await world.during(world.client.delete(PODS, { namespace: 'default', name }, options))
}

const reasonOf = (name: string): string | null =>
  world.scheduler.report().pods.find((each) => each.name === name)?.reason ?? null

test('the pod that comes in the place of another gets its node, whoever waits for one', async () => {
  await fullCluster()
  const before = await world.placed()
  for (let at = 0; at < COUNT; at++) {
    await remove(`g-${at}`)
    await world.create(member(`g-${at}-new`, at))
    await world.pass(100)
    expect(reasonOf(`g-${at}-new`)).toBe('WaitingForSeat')
    await world.settle()
    const after = await world.placed()
    expect(after[`g-${at}-new`]).toBe(before[`g-${at}`])
  }
  expect(await world.placed()).not.toHaveProperty('w-0')
})

test('a gang that is made anew as a whole gets its nodes back, each pod its own', async () => {
  await fullCluster()
  const before = await world.placed()
  for (let at = 0; at < COUNT; at++) await remove(`g-${at}`, 5)
  await world.pass(1_000)
  expect(reasonOf('w-0')).toBe('InsufficientResources')
  for (let at = COUNT - 1; at >= 0; at--) await world.create(member(`g-${at}-new`, at))
  await world.settle()
  const after = await world.placed()
  for (let at = 0; at < COUNT; at++) expect(after[`g-${at}-new`]).toBe(before[`g-${at}`])
})

test('a seat that nobody comes for is given away after a minute', async () => {
  await fullCluster()
  await remove('g-1', 5)
  await world.pass(50_000)
  expect(await world.placed()).not.toHaveProperty('w-0')
  await world.pass(15_000)
  expect(await world.placed()).toHaveProperty('w-0')
})

test('a gang that is gone keeps nothing', async () => {
  await fullCluster()
  await world.during(world.client.delete(POD_GANGS, { namespace: 'default', name: 'g' }))
  for (let at = 0; at < COUNT; at++) await remove(`g-${at}`, 0)
  await world.pass(5_000)
  expect(await world.placed()).toHaveProperty('w-0')
})

test('from a node that takes no pods the replacement goes elsewhere in its rack at once', async () => {
  world = await startWorld({ nodes: racks('r1: a b c | r2: d e f', 1) })
  const inRack = { topologyConstraint: { packConstraint: { preferred: RACK } } }
  await world.create(gang('g', [{ name: 'a', minimum: 2, pods: ['g-0', 'g-1', 'g-0-new', 'g-1-new'] }], inRack))
  await world.create(member('g-0', 0), member('g-1', 1))
  await world.settle()
  const before = await world.placed()
  const lost = before['g-0'] ?? ''
  await world.during(world.client.mergePatch(NODES, { namespace: '', name: lost }, { spec: { unschedulable: true } }))
  await remove('g-0', 30)
  await world.create(member('g-0-new', 0))
  await world.pass(2_000)
  const rackOf = (node: string | undefined): string => ('abc'.includes(node ?? '') ? 'r1' : 'r2')
  const after = await world.placed()
  expect(after['g-0-new']).toBeDefined()
  expect(after['g-0-new']).not.toBe(lost)
  expect(rackOf(after['g-0-new'])).toBe(rackOf(lost))
})

test('a pod above the minimum that nobody comes for was scaled in: its seat is free after two seconds', async () => {
  await fullCluster({ ...inOneRack }, COUNT - 1)
  await remove('g-3', 0)
  await world.pass(1_000)
  expect(await world.placed()).not.toHaveProperty('w-0')
  await world.pass(3_000)
  expect(await world.placed()).toHaveProperty('w-0')
})
