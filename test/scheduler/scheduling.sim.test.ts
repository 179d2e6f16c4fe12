import { afterEach, expect, test } from 'vitest'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { ATTEMPT } from '../../api/names.ts'
import { CONFIG_MAPS, NAMESPACES } from '../../kube/resources.ts'
import { BLOCK, gang, type GroupForm, inOne, node, pod, RACK, racks, simpleGang } from './objects.ts'
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
  const nodes = ['g-0', 'g-1', 'g-2', 'g-3'].map((name) => placed[name])
  expect(nodes.filter((name) => name === 'c')).toHaveLength(2)
  expect(nodes.filter((name) => name === 'd')).toHaveLength(2)
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

const group = (name: string, count: number, constraint?: object): GroupForm => ({
  name,
  minimum: count,
  pods: Array.from({ length: count }, (_, at) => `${name}-${at}`),
  ...(constraint === undefined ? {} : { constraint }),
})
const required = (key: string): object => ({ packConstraint: { required: key } })

test('each level of pack holds its own pods together', async () => {
  const inBlock = (block: string, drawing: string): ReturnType<typeof racks> =>
    racks(drawing, 2).map((each) => ({
      ...each,
      metadata: { ...each.metadata, labels: { ...each.metadata.labels, [BLOCK]: block } },
    }))
  await start({ nodes: [...inBlock('b1', 'r1: a b'), ...inBlock('b2', 'r2: c d | r3: e f | r4: g')] })
  const groups = [group('lead', 2, required('kubernetes.io/hostname')), group('work', 3), group('rest', 3)]
  const spec = {
    topologyConstraint: required(BLOCK),
    topologyConstraintGroupConfigs: [
      { name: 'pair', podGroupNames: ['lead', 'work'], topologyConstraint: required(RACK) },
      { name: 'other', podGroupNames: ['rest'], topologyConstraint: required(RACK) },
    ],
  }
  const members = (of: string, count: number): NewObject[] =>
    Array.from({ length: count }, (_, at) => pod(`${of}-${at}`, { gang: 'g', group: of, index: at }))
  // lead and work are 5 pods, and no rack has room for more than 4.
  await world.create(gang('g', groups, spec), ...members('lead', 2), ...members('work', 3), ...members('rest', 3))
  await world.settle()
  expect(await world.placed()).toEqual({})
  await world.create(node('h', { gpus: 2, labels: { [RACK]: 'r2', [BLOCK]: 'b2' } }))
  await world.settle()
  const placed = await world.placed()
  const nodesOf = (of: string): (string | undefined)[] =>
    Object.keys(placed)
      .filter((name) => name.startsWith(of))
      .map((name) => placed[name])
  expect(Object.keys(placed)).toHaveLength(8)
  expect(new Set(nodesOf('lead')).size).toBe(1)
  for (const name of [...nodesOf('lead'), ...nodesOf('work')]) expect(['c', 'd', 'h']).toContain(name)
  for (const name of nodesOf('rest')) expect(['e', 'f']).toContain(name)
})

test('units that are spread lie in racks of their own', async () => {
  await start({ nodes: racks('r1: a | r2: b', 8) })
  const spread = { topologyConstraint: { spread: { key: RACK, peers: 'set', maxSkew: 1 } } }
  await world.create(...simpleGang('g', 2, 2, {}, spread), ...simpleGang('h', 2, 2, {}, spread))
  await world.settle()
  const placed = await world.placed()
  expect(placed['g-0']).toBe(placed['g-1'])
  expect(placed['h-0']).toBe(placed['h-1'])
  expect(placed['g-0']).not.toBe(placed['h-0'])
})

test('a tied gang goes where its base gang is, or nowhere', async () => {
  await start({ nodes: racks('r1: a | r2: b c', 2) })
  await world.create(...simpleGang('base', 2, 2, {}, inOne(RACK)))
  await world.settle()
  const rack = (await world.placed())['base-0'] === 'a' ? 'r1' : 'r2'
  const sameDomainAs = { podGang: 'base', key: RACK }
  await world.create(...simpleGang('scaled', 3, 3, {}, { sameDomainAs }))
  await world.settle()
  expect(reasonOf('scaled-0')).not.toBeNull()
  await world.create(node('more', { gpus: 3, labels: { [RACK]: rack } }))
  await world.settle()
  const placed = await world.placed()
  expect(Object.keys(placed)).toHaveLength(5)
  expect(placed['scaled-0']).not.toBe(rack === 'r1' ? 'b' : 'a')
})

test('a pod with something that is not evaluated is never bound, and says which field', async () => {
  await start({ nodes: [node('n1')] })
  await world.create(
    pod('p', { spec: { topologySpreadConstraints: [SPREAD] } }),
    ...simpleGang('g', 2, 2, { spec: CLAIM }),
  )
  await world.settle()
  expect(await world.placed()).toEqual({})
  const report = world.scheduler.report().pods
  expect(report.map(({ reason }) => reason)).toEqual(Array(3).fill('UnsupportedPredicate'))
  expect(report.find(({ name }) => name === 'p')?.message).toContain('spec.topologySpreadConstraints[0]')
})
const CLAIM = { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'c' } }] }
const SPREAD = {
  maxSkew: 1,
  topologyKey: 'kubernetes.io/hostname',
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: { matchLabels: { a: 'b' } },
}

test('a PodGang that names pods of another namespace is refused', async () => {
  await start({ nodes: [node('n1')] })
  const [made, ...pods] = simpleGang('g', 1, 1)
  const podgroups = [{ name: 'a', minReplicas: 1, podReferences: [{ namespace: 'kube-system', name: 'g-0' }] }]
  await world.create({ ...(made as NewObject), spec: { podgroups } }, ...pods)
  await world.settle()
  expect(await world.placed()).toEqual({})
  expect(world.scheduler.report().gangs[0]?.reason).toBe('ForeignPodReference')
})

test('a pod that only says that it is in a gang is not placed with it', async () => {
  await start({ nodes: [node('n1')] })
  await world.create(
    ...simpleGang('g', 1, 1),
    pod('stray', { gang: 'g', group: 'a' }),
    pod('lost', { gang: 'none', group: 'a' }),
  )
  await world.settle()
  expect(Object.keys(await world.placed())).toEqual(['g-0'])
  expect(reasonOf('stray')).toBe('NotAMember')
  expect(reasonOf('lost')).toBe('PodGangMissing')
})

test('a running pod’s required anti-affinity keeps ours out of its domain', async () => {
  await start({ nodes: racks('r1: a b | r2: c', 1) })
  const term = { topologyKey: RACK, labelSelector: { matchLabels: { app: 'x' } } }
  const spec = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } }
  await world.create(pod('lonely', { schedulerName: 'other', nodeName: 'a', spec }))
  await world.create(pod('p', { labels: { app: 'x' } }), pod('q', { labels: { app: 'x' } }))
  await world.settle()
  const placed = await world.placed()
  expect([placed['p'], placed['q']].filter((name) => name !== undefined)).toEqual(['c'])
})

test('a host port is taken once a node', async () => {
  await start({ nodes: [node('n1'), node('n2')] })
  const spec = { containers: [{ name: 'main', image: 'busybox', ports: [{ containerPort: 80, hostPort: 80 }] }] }
  await world.create(pod('p', { spec }), pod('q', { spec }), pod('r', { spec }))
  await world.settle()
  expect(new Set(Object.values(await world.placed()))).toEqual(new Set(['n1', 'n2']))
  expect(Object.keys(await world.placed())).toHaveLength(2)
})

test('the minimum of every gang goes before anybody’s surplus', async () => {
  await start({ nodes: [node('n1', { gpus: 4 })] })
  await world.create(...simpleGang('late', 0, 0))
  await world.create(...simpleGang('g', 4, 1), ...simpleGang('h', 3, 3))
  await world.settle()
  const names = Object.keys(await world.placed())
  expect(names.filter((name) => name.startsWith('h'))).toHaveLength(3)
  expect(names.filter((name) => name.startsWith('g'))).toHaveLength(1)
})

test('the topology of the ConfigMap is in force, and a broken edit is told and changes nothing', async () => {
  await start({ nodes: racks('r1: a b | r2: c d', 2) })
  const data = { 'topology.yaml': `topologies:\n  - name: default\n    levels:\n      - {name: rack, key: ${RACK}}\n` }
  const metadata = { name: 'espalier-topology', namespace: 'espalier-system' }
  await world.during(
    world.client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'espalier-system' } }),
  )
  await world.during(world.client.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }))
  await world.create(...simpleGang('g', 4, 4))
  await world.settle()
  const annotations = (await world.pods()).map((each) => each.metadata.annotations?.['espalier.io/domain.rack'])
  expect(new Set(annotations).size).toBe(1)
  expect(annotations[0]).toMatch(/^r[12]$/)
  await world.during(world.client.mergePatch(CONFIG_MAPS, metadata, { data: { 'topology.yaml': 'topologies: 5' } }))
  await world.settle()
  expect(world.scheduler.report().topologyErrors.join()).toContain('topology.yaml:1')
})
