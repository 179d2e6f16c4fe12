import { afterEach, expect, test } from 'vitest'
import { ATTEMPT } from '../../api/names.ts'
import { gang, inOne, node, pod, RACK, racks, simpleGang } from './objects.ts'
import { startWorld, type World, type WorldOptions } from './world.ts'

let world: World
const start = async (options: WorldOptions): Promise<void> => {
  world = await startWorld(options)
}
afterEach(() => world.stop())

const reasonOf = (name: string): string | null =>
  world.scheduler.report().pods.find((each) => each.name === name)?.reason ?? null

test('a gang that fits is bound whole, and says so', async () => {
  await start({ nodes: [node('n1', { gpus: 2 }), node('n2', { gpus: 2 })] })
  await world.create(...simpleGang('g', 4, 4))
  await world.settle()
  expect(Object.keys(await world.placed())).toHaveLength(4)
  const { status } = await world.gang('g')
  expect(status?.phase).toBe('Running')
  const types = (status?.conditions ?? []).filter((each) => each.status === 'True').map(({ type }) => type)
  expect(types.sort()).toEqual(['PlacementComplete', 'Ready', 'Scheduled'])
  const [first] = await world.pods()
  expect(first?.metadata.annotations?.[ATTEMPT]).toMatch(/^[0-9a-f-]+\/1\/first\/4$/)
})

test('a gang that does not fit holds nothing, and says why', async () => {
  await start({ nodes: [node('n1', { gpus: 3 })] })
  await world.create(...simpleGang('g', 4, 4))
  await world.settle()
  expect(await world.placed()).toEqual({})
  expect(reasonOf('g-0')).toBe('InsufficientResources')
  const condition = (await world.pods())[0]?.status?.conditions?.find(({ type }) => type === 'PodScheduled')
  expect(condition).toMatchObject({ status: 'False', reason: 'Unschedulable' })
  expect((await world.gang('g')).status?.phase).toBe('Pending')
})

test('room that comes wakes the gang that lacked it', async () => {
  await start({ nodes: [node('n1', { gpus: 3 })] })
  await world.create(...simpleGang('g', 4, 4))
  await world.settle()
  await world.create(node('n2', { gpus: 1 }))
  await world.settle()
  expect(Object.keys(await world.placed())).toHaveLength(4)
})

test('surplus pods follow the minimum one by one, fairly over gangs', async () => {
  await start({ nodes: [node('n1', { gpus: 4 })] })
  await world.create(...simpleGang('g', 3, 1), ...simpleGang('h', 3, 1))
  await world.settle()
  const names = Object.keys(await world.placed())
  expect(names.filter((name) => name.startsWith('g'))).toHaveLength(2)
  expect(names.filter((name) => name.startsWith('h'))).toHaveLength(2)
})

test('a required rack holds the whole gang or none of it', async () => {
  await start({ nodes: racks('r1: a b | r2: c d | r3: e', 2) })
  await world.create(pod('other', { schedulerName: 'somebody', nodeName: 'a' }))
  await world.create(...simpleGang('g', 4, 4, {}, inOne(RACK)), ...simpleGang('h', 4, 4, {}, inOne(RACK)))
  await world.settle()
  const placed = await world.placed()
  expect(['g-0', 'g-1', 'g-2', 'g-3'].map((name) => placed[name]).sort()).toEqual(['c', 'c', 'd', 'd'])
  expect(placed['h-0']).toBeUndefined()
  expect(reasonOf('h-0')).toBe('DomainTooSmall')
})

test('gated pods are never placed, and the gang waits for them', async () => {
  await start({ nodes: [node('n1')] })
  const pods = ['g-0', 'g-1']
  await world.create(
    gang('g', [{ name: 'a', minimum: 2, pods }]),
    pod('g-0', { gang: 'g', group: 'a' }),
    pod('g-1', { gang: 'g', group: 'a', gates: ['grove.io/podgang-pending-creation'] }),
  )
  await world.settle()
  expect(await world.placed()).toEqual({})
  expect(reasonOf('g-0')).toBe('WaitingForGates')
  expect(reasonOf('g-1')).toBe('PodGated')
})

test('plain pods are gangs of one', async () => {
  await start({ nodes: [node('n1', { gpus: 1 })] })
  await world.create(pod('p'), pod('q'))
  await world.settle()
  expect(await world.placed()).toEqual({ p: 'n1' })
  expect(reasonOf('q')).toBe('InsufficientResources')
})

test('a pod of another scheduler is left alone and counts once it is bound', async () => {
  await start({ nodes: [node('n1', { gpus: 1 })] })
  await world.create(
    pod('theirs', { schedulerName: 'default-scheduler' }),
    pod('bound', { schedulerName: 'x', nodeName: 'n1' }),
  )
  await world.create(pod('ours'))
  await world.settle()
  expect(await world.placed()).toEqual({ bound: 'n1' })
})
