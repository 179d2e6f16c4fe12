import { afterEach, describe, expect, test } from 'vitest'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { CONFIG_MAPS, EVENTS, NAMESPACES, NODES, TOPOLOGY_BINDINGS } from '../../kube/resources.ts'
import { inputFromCluster } from '../../cli/topology-input.ts'
import { topologyView } from '../../cli/topology-view.ts'
import { drawTopology } from '../../topology/index.ts'
import { BROKEN_FILES } from '../topology/broken-files.ts'
import { node, pod, RACK, racks } from './objects.ts'
import { startWorld, type World } from './world.ts'

let world: World
afterEach(() => world.stop())

const MAP = { name: 'espalier-topology', namespace: 'espalier-system' }
const file = (level: string, key = RACK): string =>
  `topologies:\n  - name: default\n    levels:\n      - {name: ${level}, key: ${key}}\n`

async function start(nodes: Parameters<typeof startWorld>[0]['nodes']): Promise<void> {
  world = await startWorld({ nodes })
  await world.during(
    world.client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: MAP.namespace } }),
  )
}

const createFile = (text: string): Promise<unknown> =>
  world.during(
    world.client.create(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: MAP,
      data: { 'topology.yaml': text },
    }),
  )
const editFile = (text: string): Promise<unknown> =>
  world.during(world.client.mergePatch(CONFIG_MAPS, MAP, { data: { 'topology.yaml': text } }))

/** The names of levels that a pod placed now is told of. */
async function levelsTold(name: string): Promise<string[]> {
  await world.create(pod(name))
  await world.settle()
  const placed = (await world.pods()).find(({ metadata }) => metadata.name === name)
  const told = Object.keys(placed?.metadata.annotations ?? {}).filter((key) => key.startsWith('espalier.io/domain.'))
  return told.map((key) => key.slice('espalier.io/domain.'.length)).sort()
}

interface EventObject extends KubeObject {
  readonly reason: string
  readonly message: string
  readonly involvedObject: { readonly kind: string; readonly name: string }
}

async function eventMessages(): Promise<string[]> {
  const answer = await world.during(world.client.list<EventObject>(EVENTS, { namespace: MAP.namespace }))
  if (answer.kind === 'failure') throw new Error(answer.message)
  const about = answer.value.items.filter(
    ({ involvedObject: { kind, name } }) => kind === 'ConfigMap' && name === MAP.name,
  )
  return about.filter(({ reason }) => reason === 'InvalidTopology').map(({ message }) => message)
}

describe('a broken edit', () => {
  test('of any kind leaves the last good topology in force, and its author is told line and column', async () => {
    await start(racks('r1: a b', 100))
    await createFile(file('cage'))
    expect(await levelsTold('before')).toEqual(['cage'])
    for (const [i, { name, text, at }] of BROKEN_FILES.entries()) {
      await editFile(text)
      expect([name, await levelsTold(`p${i}`)]).toEqual([name, ['cage']])
      expect([name, world.scheduler.report().topologyErrors[0]]).toEqual([
        name,
        expect.stringContaining(`topology.yaml:${at}: `),
      ])
      await world.pass(5_000)
      expect([name, await eventMessages()]).toEqual([name, [expect.stringContaining(`topology.yaml:${at}: `)]])
    }
    await editFile(file('row'))
    expect(await levelsTold('after')).toEqual(['row'])
    expect(world.scheduler.report().topologyErrors).toEqual([])
  })
})

describe('where levels come from, while the scheduler runs', () => {
  test('labels, then a file, then a binding beside it, and labels again when both are gone', async () => {
    const labels = { 'topology.kubernetes.io/zone': 'z', [RACK]: 'r' }
    await start([node('a', { gpus: 100, labels })])
    expect(await levelsTold('p1')).toEqual(['host', 'zone'])
    await createFile(file('cage'))
    expect(await levelsTold('p2')).toEqual(['cage'])
    const binding = {
      apiVersion: 'grove.io/v1alpha1',
      kind: 'ClusterTopologyBinding',
      metadata: { name: 'alpha' },
      spec: { levels: [{ domain: 'area', key: 'topology.kubernetes.io/zone' }] },
    }
    await world.during(world.client.create(TOPOLOGY_BINDINGS, binding))
    await world.during(world.client.delete(CONFIG_MAPS, MAP))
    expect(await levelsTold('p3')).toEqual(['area'])
    await world.during(world.client.delete(TOPOLOGY_BINDINGS, { namespace: '', name: 'alpha' }))
    expect(await levelsTold('p4')).toEqual(['host', 'zone'])
  })

  test('a label that one node shows late brings its level', async () => {
    await start([node('a', { gpus: 100 })])
    expect(await levelsTold('p1')).toEqual(['host'])
    const late = { metadata: { labels: { 'nvidia.com/gpu.clique': 'c.1' } } }
    await world.during(world.client.mergePatch(NODES, { namespace: '', name: 'a' }, late))
    expect(await levelsTold('p2')).toEqual(['host', 'nvlink'])
  })
})

test('what topology show reads of a cluster is what the scheduler counts', async () => {
  await start(racks('r1: a b | r2: c', 4))
  await createFile(file('rack'))
  await world.create(pod('p', { gpus: 3 }), pod('q', { gpus: 2, nodeName: 'c' }))
  await world.settle()
  const view = topologyView(await world.during(inputFromCluster(world.client)))
  const [text = ''] = view.topologies.map((each) => drawTopology(each, view.nodeNames, { gpusOf: view.gpusOf }))
  expect(text.split('\n').slice(0, 2)).toEqual(['topology default: rack', 'cluster          3 nodes, 12 GPUs, 7 free'])
})
