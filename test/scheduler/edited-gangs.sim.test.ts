/** PodGangs that are scaled, edited, deleted and made again while their pods wait or run. */
import { afterEach, expect, test } from 'vitest'
import { PODS } from '../../kube/resources.ts'
import { groupsOf, type Lived, lived, podGroup } from './lived.ts'
import { gang, inOne, pod, RACK, racks, simpleGang } from './objects.ts'
import { startWorld, type World } from './world.ts'

let world: World
let it: Lived
const start = async (drawing: string, gpus = 1): Promise<void> => {
  world = await startWorld({ nodes: racks(drawing, gpus) })
  it = lived(world)
}
afterEach(() => world.stop())

const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `g-${at}`)

/** `g` of `count` whole in r1 (r2 was cordoned meanwhile). */
const placedInR1 = async (drawing: string, count: number, minimum = count): Promise<void> => {
  await start(drawing)
  const elsewhere = drawing
    .split('|')
    .slice(1)
    .flatMap((rack) => rack.split(':')[1]!.trim().split(/\s+/))
  await it.cordon(...elsewhere)
  await world.create(...simpleGang('g', count, minimum, {}, inOne(RACK)))
  await world.settle()
  await it.uncordon(...elsewhere)
  expect(Object.keys(await world.placed())).toHaveLength(count)
}

test('scaled up with its rack full: the surplus pod waits for that rack', async () => {
  await placedInR1('r1: a b | r2: c d', 2)
  await it.edit('g', groupsOf(podGroup('a', 2, names(3))))
  await it.make('g-2')
  await world.pass(5_000)
  expect(it.why('g-2')).toMatch(/^PinnedDomainFull: .*r1/)
  expect(it.whyGang('g')).toMatch(/^Running/)
  await it.addNode('e', 'r2')
  await world.pass(5_000)
  expect(await it.on('g-2')).toBe('-')
  await it.addNode('f', 'r1')
  await world.pass(5_000)
  expect(await it.on('g-2')).toBe('f')
})

test('scaled up with room in its rack: there, though another rack is emptier', async () => {
  await placedInR1('r1: a b c | r2: d e f g', 2)
  await it.edit('g', groupsOf(podGroup('a', 2, names(3))))
  await it.make('g-2')
  await world.pass(5_000)
  expect(await it.sorted(...names(3))).toBe('a b c')
})

test('pods that come before the PodGang names them wait for it, and are placed once it does', async () => {
  await placedInR1('r1: a b c | r2: d e', 2)
  await it.make('g-2')
  await world.pass(5_000)
  expect(it.why('g-2')).toMatch(/^NotAMember/)
  await it.edit('g', groupsOf(podGroup('a', 2, names(3))))
  await world.pass(5_000)
  expect(await it.sorted(...names(3))).toBe('a b c')
})

test('its minimum raised with its rack full: nothing that runs is undone, and the pod goes before any minimum', async () => {
  await placedInR1('r1: a b | r2: c d e', 2)
  await it.edit('g', groupsOf(podGroup('a', 3, names(3))))
  await it.make('g-2')
  await world.pass(120_000)
  expect(await it.sorted('g-0', 'g-1')).toBe('a b')
  expect(it.why('g-2')).toMatch(/^PinnedDomainFull: .*r1/)
  await it.cordon('c', 'd', 'e')
  await world.create(...simpleGang('b', 1, 1))
  await world.pass(5_000)
  await it.addNode('f', 'r1')
  await world.pass(5_000)
  expect(await it.on('g-2', 'b-0')).toBe('f -')
})

test('its minimum raised above its pods: it waits for pods, keeps what it has and is whole once they come', async () => {
  await placedInR1('r1: a b c | r2: d', 2)
  await it.edit('g', groupsOf(podGroup('a', 3, names(3))))
  await world.pass(60_000)
  expect(await it.sorted('g-0', 'g-1')).toBe('a b')
  await it.make('g-2')
  await world.pass(5_000)
  expect(await it.sorted(...names(3))).toBe('a b c')
  expect(it.whyGang('g')).toMatch(/^Running -/)
})

test('scaled down, the PodGang first: the seat is free in seconds', async () => {
  await placedInR1('r1: a b c', 3)
  await world.create(...simpleGang('w', 1, 1))
  await it.edit('g', groupsOf(podGroup('a', 2, names(2))))
  await it.remove('g-2')
  await world.pass(4_000)
  expect(await it.on('w-0')).toMatch(/[abc]/)
  expect(it.whyGang('g')).toMatch(/^Running -/)
})

test('scaled down, the pod first: the seat is free in seconds once the PodGang says so', async () => {
  await placedInR1('r1: a b c', 3)
  await world.create(...simpleGang('w', 1, 1))
  await it.remove('g-2')
  await world.pass(10_000)
  expect(await it.on('w-0'), 'kept for the pod to come').toBe('-')
  await it.edit('g', groupsOf(podGroup('a', 2, names(2))))
  await world.pass(4_000)
  expect(await it.on('w-0')).toMatch(/[abc]/)
})

test('a pod that its PodGang names no longer keeps its node and uses it', async () => {
  await placedInR1('r1: a b c', 3)
  await it.edit('g', groupsOf(podGroup('a', 2, names(2))))
  await world.create(pod('p'))
  await world.pass(120_000)
  expect(await it.on('p')).toBe('-')
  expect(Object.keys(await world.placed())).toHaveLength(3)
})

test('a required rack added to a gang over several moves nothing; what is replaced keeps to the racks it has', async () => {
  await start('r1: a b | r2: c | r3: d')
  await it.cordon('d')
  await world.create(...simpleGang('g', 3, 3))
  await world.settle()
  await it.uncordon('d')
  await it.edit('g', inOne(RACK))
  await world.pass(70_000)
  expect(await it.sorted(...names(3))).toBe('a b c')
  const placed = await world.placed()
  const onA = names(3).find((name) => placed[name] === 'a')!
  await it.cordon('a')
  await it.remove(onA)
  await it.make(onA)
  await world.pass(5_000)
  expect(await it.on(onA), 'r1 and r2 are full, r3 is a further one').toBe('-')
  await it.addNode('e', 'r2')
  await world.pass(2_000)
  expect(await it.on(onA)).toBe('e')
})

test('a required rack added: the only pod of a rack, made again, goes to the one rack of the others', async () => {
  await start('r1: a b | r2: c')
  await world.create(...simpleGang('g', 3, 3))
  await world.settle()
  await it.edit('g', inOne(RACK))
  const placed = await world.placed()
  const onC = names(3).find((name) => placed[name] === 'c')!
  await it.remove(onC)
  await it.make(onC)
  await world.pass(5_000)
  expect(it.why(onC)).toMatch(/^PinnedDomainFull: .*r1/)
  await it.edit('g', { topologyConstraint: null })
  await world.pass(2_000)
  expect(await it.on(onC)).toBe('c')
})

test('the constraint that keeps a gang out is removed: it is placed at once', async () => {
  await start('r1: a b | r2: c d')
  await world.create(...simpleGang('g', 4, 4, {}, inOne(RACK)))
  await world.settle()
  expect(it.why('g-0')).toMatch(/^DomainTooSmall/)
  await it.edit('g', { topologyConstraint: null })
  await world.pass(2_000)
  expect(await it.sorted(...names(4))).toBe('a b c d')
})

test('a group added to a whole gang: it is seated beside it, and what runs stays when it has no room', async () => {
  await placedInR1('r1: a b c | r2: d e', 2)
  await it.edit('g', groupsOf(podGroup('a', 2, names(2)), podGroup('b', 2, ['h-0', 'h-1'])))
  await it.make('h-0', { group: 'b' })
  await it.make('h-1', { group: 'b' })
  await world.pass(120_000)
  expect(await it.sorted('g-0', 'g-1')).toBe('a b')
  expect(await it.on('h-0', 'h-1'), 'both or none').toBe('- -')
  await it.addNode('f', 'r1')
  await world.pass(2_000)
  expect(await it.sorted('h-0', 'h-1')).toBe('c f')
})

test('a reference moved to the group that the pod says: it becomes a member', async () => {
  await start('r1: a b c')
  await world.create(
    gang('g', [
      { name: 'a', minimum: 1, pods: ['g-0', 'g-1'] },
      { name: 'b', minimum: 1, pods: ['g-2'] },
    ]),
    pod('g-0', { gang: 'g', group: 'a', index: 0 }),
    pod('g-1', { gang: 'g', group: 'b', index: 1 }),
  )
  await world.pass(5_000)
  expect(await it.on('g-0', 'g-1')).toBe('- -')
  expect(it.why('g-1')).toMatch(/^NotAMember/)
  await it.edit('g', groupsOf(podGroup('a', 1, ['g-0']), podGroup('b', 1, ['g-1', 'g-2'])))
  await world.pass(2_000)
  expect(await it.sorted('g-0', 'g-1')).toBe('a b')
})

test('a bound pod’s reference moved away from its group: its group is short of it, and it keeps its node', async () => {
  await start('r1: a b c')
  await world.create(
    gang('g', [
      { name: 'a', minimum: 2, pods: ['g-0', 'g-1'] },
      { name: 'b', minimum: 0, pods: [] },
    ]),
    ...['g-0', 'g-1'].map((name, index) => pod(name, { gang: 'g', group: 'a', index })),
  )
  await world.settle()
  await it.edit('g', groupsOf(podGroup('a', 2, ['g-0', 'g-2']), podGroup('b', 0, ['g-1'])))
  await it.make('g-2')
  await world.pass(60_000)
  expect(await it.sorted(...names(3))).toBe('a b c')
})

test('a gate that is lifted an hour later: its pod follows into the rack', async () => {
  await start('r1: a b c | r2: d e f')
  await world.create(
    gang('g', [{ name: 'a', minimum: 2, pods: names(3) }], inOne(RACK)),
    ...names(2).map((name, index) => pod(name, { gang: 'g', group: 'a', index })),
    pod('g-2', { gang: 'g', group: 'a', index: 2, gates: ['example.com/quota'] }),
  )
  await world.settle()
  await world.pass(3_600_000)
  await lift('g-2')
  await world.pass(5_000)
  expect(await it.sorted(...names(3))).toMatch(/^(a b c|d e f)$/)
})

test('a gate of the minimum that is lifted late lets all of the gang in together', async () => {
  await start('r1: a b')
  await world.create(
    gang('g', [{ name: 'a', minimum: 2, pods: names(2) }]),
    pod('g-0', { gang: 'g', group: 'a', index: 0 }),
    pod('g-1', { gang: 'g', group: 'a', index: 1, gates: ['example.com/quota'] }),
  )
  await world.pass(600_000)
  expect(it.why('g-0')).toMatch(/^WaitingForGates/)
  await lift('g-1')
  await world.pass(3_000)
  expect(await it.sorted(...names(2))).toBe('a b')
})

const lift = async (name: string): Promise<void> => {
  const patch = { spec: { schedulingGates: [] } }
  const answer = await world.during(world.client.mergePatch(PODS, { namespace: 'default', name }, patch))
  if (answer.kind === 'failure') throw new Error(answer.message)
}

test('a PodGang that comes half an hour after its pods', async () => {
  await start('r1: a b | r2: c')
  const [made, ...pods] = simpleGang('g', 2, 2, {}, inOne(RACK))
  await world.create(...pods)
  await world.pass(1_800_000)
  expect(it.why('g-0')).toMatch(/^PodGangMissing/)
  await world.create(made!)
  await world.pass(3_000)
  expect(await it.sorted(...names(2))).toBe('a b')
})

test('a PodGang deleted and made again under pods that run: they count, nothing is undone, and repairs go on', async () => {
  await placedInR1('r1: a b | r2: c d', 2)
  await it.removeGang('g')
  await world.pass(120_000)
  expect(await it.sorted(...names(2))).toBe('a b')
  const before = await it.on('g-1')
  await it.remove('g-1')
  await it.make('g-1')
  await world.pass(5_000)
  expect(it.why('g-1')).toMatch(/^PodGangMissing/)
  await world.create(gang('g', [{ name: 'a', minimum: 2, pods: names(2) }], inOne(RACK)))
  await world.pass(5_000)
  expect(await it.on('g-1')).toBe(before)
  await world.pass(120_000)
  expect(await it.sorted(...names(2))).toBe('a b')
  expect(it.whyGang('g')).toMatch(/^Running -/)
})

test('a PodGang deleted and made again while it is refused: it is judged by what it says now', async () => {
  await start('r1: a b | r2: c d')
  await world.create(...simpleGang('g', 4, 4, {}, inOne(RACK)))
  await world.pass(5_000)
  await it.removeGang('g')
  await world.pass(2_000)
  expect(it.why('g-0')).toMatch(/^PodGangMissing/)
  await world.create(gang('g', [{ name: 'a', minimum: 4, pods: names(4) }]))
  await world.pass(3_000)
  expect(await it.sorted(...names(4))).toBe('a b c d')
})

test('a minimum lowered to what fits lets a waiting gang in', async () => {
  await start('r1: a b | r2: c')
  await world.create(...simpleGang('g', 3, 3, {}, inOne(RACK)))
  await world.pass(3_000)
  expect(await it.on(...names(3))).toBe('- - -')
  await it.edit('g', groupsOf(podGroup('a', 2, names(3))))
  await world.pass(3_000)
  expect(Object.values(await world.placed()).sort()).toEqual(['a', 'b'])
})

test('a required level made narrower after placement binds what is replaced', async () => {
  await start('r1: a b | r2: c', 2)
  await it.cordon('b', 'c')
  await world.create(...simpleGang('g', 2, 2, {}, inOne(RACK)))
  await world.settle()
  await it.uncordon('b', 'c')
  await it.edit('g', inOne('kubernetes.io/hostname'))
  await it.resize('a', 1)
  await it.remove('g-1')
  await it.make('g-1')
  await world.pass(5_000)
  expect(it.why('g-1')).toMatch(/^PinnedDomainFull: /)
  await it.resize('a', 2)
  await world.pass(3_000)
  expect(await it.on('g-1')).toBe('a')
})

test('a group taken out of its PodGang keeps no seat of the pods that go with it', async () => {
  await start('r1: a b c')
  const ofA = { name: 'a', minimum: 2, pods: ['g-0', 'g-1'] }
  await world.create(
    gang('g', [ofA, { name: 'b', minimum: 1, pods: ['g-2'] }]),
    ...['g-0', 'g-1'].map((name, index) => pod(name, { gang: 'g', group: 'a', index })),
    pod('g-2', { gang: 'g', group: 'b' }),
  )
  await world.settle()
  await world.create(...simpleGang('w', 1, 1))
  await it.edit('g', groupsOf(podGroup('a', 2, ofA.pods)))
  await it.remove('g-2')
  await world.pass(4_000)
  expect(await it.on('w-0')).toMatch(/[abc]/)
  expect(it.whyGang('g')).toMatch(/^Running -/)
})

test('a constraint group added around two groups binds what is replaced to the rack of the other', async () => {
  await start('r1: a | r2: b c')
  await it.cordon('c')
  const groups = ['a', 'b'].map((name, at) => ({ name, minimum: 1, pods: [`g-${at}`] }))
  await world.create(gang('g', groups), pod('g-0', { gang: 'g', group: 'a' }), pod('g-1', { gang: 'g', group: 'b' }))
  await world.settle()
  await it.uncordon('c')
  const pair = { name: 'pair', podGroupNames: ['a', 'b'], ...inOne(RACK) }
  await it.edit('g', { topologyConstraintGroupConfigs: [pair] })
  const onA = (await it.on('g-0')) === 'a' ? 'g-0' : 'g-1'
  await it.remove(onA)
  await it.make(onA, { group: onA === 'g-0' ? 'a' : 'b' })
  await world.pass(5_000)
  expect(await it.on(onA)).toBe('c')
})

test('a scheduler that starts after a pod was deleted and before it is made again repairs in the rack', async () => {
  await placedInR1('r1: a b | r2: c d e f', 2)
  await it.remove('g-1')
  await world.restart()
  await world.pass(5_000)
  await it.make('g-1')
  await world.pass(5_000)
  expect(await it.sorted('g-0', 'g-1')).toBe('a b')
})

test('a PodGang made again with other words: what runs counts, and a raised minimum is repaired, never undone', async () => {
  await placedInR1('r1: a b | r2: c d e', 2)
  await it.removeGang('g')
  await world.create(gang('g', [{ name: 'a', minimum: 3, pods: names(3) }], inOne(RACK)))
  await it.make('g-2')
  await world.pass(180_000)
  expect(await it.sorted('g-0', 'g-1')).toBe('a b')
  expect(it.why('g-2')).toMatch(/^PinnedDomainFull: .*r1/)
  await it.edit('g', { topologyConstraint: null })
  await world.pass(3_000)
  expect(await it.on('g-2')).toMatch(/[cde]/)
})

test('a pod of the minimum that fails is replaced in its rack, whoever of the same priority waits', async () => {
  await placedInR1('r1: a b', 2)
  await world.create(...simpleGang('b', 1, 1))
  await world.pass(2_000)
  const failed = { status: { phase: 'Failed' } }
  const key = { namespace: 'default', name: 'g-1' }
  const before = await it.on('g-1')
  await world.during(world.client.mergePatch(PODS, key, failed, { subresource: 'status' }))
  await it.remove('g-1')
  await it.make('g-1')
  await world.pass(5_000)
  expect(await it.on('g-1', 'b-0')).toBe(`${before} -`)
})
