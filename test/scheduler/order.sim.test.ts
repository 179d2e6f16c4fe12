import { afterEach, expect, test } from 'vitest'
import { NODES, POD_GANGS, PRIORITY_CLASSES } from '../../kube/resources.ts'
import { gang, node, pod, simpleGang } from './objects.ts'
import { startWorld, type World } from './world.ts'

let world: World
afterEach(() => world.stop())

const patchNode = async (name: string, spec: object): Promise<void> => {
  const answer = await world.during(world.client.mergePatch(NODES, { namespace: '', name }, { spec }))
  if (answer.kind === 'failure') throw new Error(answer.message)
}
const uncordon = async (...names: readonly string[]): Promise<void> => {
  for (const name of names) await patchNode(name, { unschedulable: null })
}
const started = (placed: Readonly<Record<string, string>>, prefix: string): number =>
  Object.keys(placed).filter((name) => name.startsWith(prefix)).length

test('minimums of base gangs, then of scaled gangs, then surplus, as nodes come one by one', async () => {
  const names = Array.from({ length: 14 }, (_, at) => `n${String(at).padStart(2, '0')}`)
  world = await startWorld({ nodes: names.map((name) => node(name, { gpus: 1, unschedulable: true })) })
  const scaled = { 'grove.io/base-podgang': 'base' }
  const three = (name: string): ReturnType<typeof gang> =>
    gang(
      name,
      ['b', 'c'].map((group) => ({ name: `${name}-${group}`, minimum: 1, pods: podsOf(name, group) })),
    )
  const podsOf = (name: string, group: string): string[] =>
    Array.from({ length: group === 'c' ? 3 : 1 }, (_, at) => `${name}-${group}-${at}`)
  const members = (name: string): ReturnType<typeof pod>[] =>
    ['b', 'c'].flatMap((group) =>
      podsOf(name, group).map((each, index) => pod(each, { gang: name, group: `${name}-${group}`, index })),
    )
  for (const name of ['base', 'scaled-1', 'scaled-2']) {
    const made = three(name)
    const labels = name === 'base' ? {} : scaled
    await world.create({ ...made, metadata: { ...made.metadata, labels } }, ...members(name))
  }
  await world.settle()
  expect(await world.placed()).toEqual({})
  await uncordon('n00')
  await world.settle()
  expect(await world.placed(), 'one node is not enough for two pods').toEqual({})
  await uncordon('n01')
  await world.settle()
  expect(started(await world.placed(), 'base')).toBe(2)
  await uncordon('n02', 'n03', 'n04', 'n05')
  await world.settle()
  const placed = await world.placed()
  expect(['base', 'scaled-1', 'scaled-2'].map((name) => started(placed, name))).toEqual([2, 2, 2])
  await uncordon(...names.slice(6))
  await world.settle()
  expect(Object.keys(await world.placed())).toHaveLength(12)
})

test('the gang with the higher priority takes the room', async () => {
  world = await startWorld({ nodes: [node('n1', { gpus: 2, unschedulable: true })] })
  const urgent = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'urgent' }, value: 10 }
  await world.during(world.client.create(PRIORITY_CLASSES, urgent))
  const spec = { priorityClassName: 'urgent' }
  await world.create(...simpleGang('a-low', 2, 2), ...simpleGang('high', 2, 2, { spec }))
  await world.settle()
  await uncordon('n1')
  await world.settle()
  expect(Object.keys(await world.placed())).toEqual(['high-0', 'high-1'])
})

test.each([
  { priority: 0, soon: ['g-0'], later: ['g-0', 'g-1'] },
  { priority: 10, soon: ['g-0', 'g-1'], later: ['g-0', 'g-1'] },
])(
  'a surplus pod of priority $priority leaves room to a minimum for half a second, if that is no less',
  async (asked) => {
    world = await startWorld({ nodes: ['n1', 'n2'].map((name) => node(name, { gpus: 1, unschedulable: true })) })
    const { priority, soon, later } = asked
    const urgent = {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'urgent' },
      value: 10,
    }
    await world.during(world.client.create(PRIORITY_CLASSES, urgent))
    const spec = priority === 0 ? {} : { spec: { priorityClassName: 'urgent' } }
    await world.create(...simpleGang('g', 2, 1, spec))
    await uncordon('n1')
    await world.settle()
    await world.create(...simpleGang('waits', 2, 2))
    await world.settle()
    expect(Object.keys(await world.placed())).toEqual(['g-0'])
    await uncordon('n2')
    await world.pass(100)
    expect(Object.keys(await world.placed())).toEqual(soon)
    await world.pass(900)
    expect(Object.keys(await world.placed())).toEqual(later)
  },
)

test('room that went again does not count as the half second for which later room is left to a minimum', async () => {
  world = await startWorld({ nodes: ['n1', 'n2'].map((name) => node(name, { gpus: 1, unschedulable: true })) })
  await world.create(...simpleGang('g', 2, 1))
  await uncordon('n1')
  await world.settle()
  await world.create(...simpleGang('waits', 2, 2))
  await world.settle()
  await uncordon('n2')
  await world.pass(100)
  await patchNode('n2', { unschedulable: true })
  await world.pass(2_000)
  await uncordon('n2')
  await world.pass(100)
  expect(Object.keys(await world.placed())).toEqual(['g-0'])
  await world.pass(900)
  expect(Object.keys(await world.placed())).toEqual(['g-0', 'g-1'])
})

test('a minimum that is raised makes what was surplus part of it', async () => {
  world = await startWorld({ nodes: [node('n1', { gpus: 2 })] })
  await world.create(...simpleGang('g', 3, 2))
  await world.settle()
  expect(Object.keys(await world.placed())).toHaveLength(2)
  const key = { namespace: 'default', name: 'g' }
  const spec = (await world.gang('g')).spec
  const podgroups = spec.podgroups.map((group) => ({ ...group, minReplicas: 3 }))
  await world.during(world.client.mergePatch(POD_GANGS, key, { spec: { podgroups } }))
  await world.settle()
  const report = world.scheduler.report().gangs[0]
  expect(report).toMatchObject({ phase: 'Pending', reason: 'PartiallyPlaced' })
  expect(Object.keys(await world.placed()), 'it was whole, so nothing is undone').toHaveLength(2)
})

test('conditions that others wrote stay', async () => {
  world = await startWorld({ nodes: [node('n1')] })
  const [made, ...pods] = simpleGang('g', 2, 2)
  if (made === undefined) throw new Error('no gang')
  await world.create(made)
  const status = {
    conditions: [
      { type: 'Initialized', status: 'True', reason: 'X', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
    ],
  }
  await world.during(
    world.client.mergePatch(POD_GANGS, { namespace: 'default', name: 'g' }, { status }, { subresource: 'status' }),
  )
  await world.create(...pods)
  await world.settle()
  const types = (await world.gang('g')).status?.conditions?.map(({ type }) => type)
  expect(types).toContain('Initialized')
  expect(types).toContain('PlacementComplete')
})

test('the gang’s own gates are gathered for a moment, somebody else’s are not waited for', async () => {
  world = await startWorld({ nodes: [node('n1')], gatherMs: 1_000 })
  const groups = (name: string): Parameters<typeof gang>[1] => [
    { name: 'a', minimum: 1, pods: [`${name}-0`, `${name}-1`] },
  ]
  await world.create(
    gang('own', groups('own')),
    pod('own-0', { gang: 'own', group: 'a' }),
    pod('own-1', { gang: 'own', group: 'a', gates: ['grove.io/podgang-pending-creation'] }),
    gang('foreign', groups('foreign')),
    pod('foreign-0', { gang: 'foreign', group: 'a' }),
    pod('foreign-1', { gang: 'foreign', group: 'a', gates: ['example.com/quota'] }),
  )
  await world.pass(400)
  expect(Object.keys(await world.placed())).toEqual(['foreign-0'])
  expect(world.scheduler.report().pods.find(({ name }) => name === 'own-0')?.reason).toBe('GatheringPods')
  await world.settle()
  expect(Object.keys(await world.placed())).toEqual(['foreign-0', 'own-0'])
})
