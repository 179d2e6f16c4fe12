import { afterEach, expect, test } from 'vitest'
import { CONFIG_MAPS } from '../../kube/resources.ts'
import { inOne, node, pod, simpleGang } from './objects.ts'
import { startWorld, type World } from './world.ts'

/** Names that every object of the language has from birth. */
const NAMES = ['constructor', 'toString', 'valueOf', 'hasOwnProperty', '__proto__'] as const

let world: World
afterEach(() => world.stop())

const requests = (name: string): object =>
  Object.defineProperty({}, name, { value: '1', enumerable: true, configurable: true, writable: true })

test.each(NAMES)('a resource named %s is one that no node has', async (name) => {
  world = await startWorld({ nodes: [node('n1')] })
  const containers = [{ name: 'main', image: 'busybox', resources: { requests: requests(name) } }]
  await world.create(pod('p', { spec: { containers } }), pod('big', { gpus: 9 }), pod('q'))
  await world.settle()
  expect(await world.placed()).toEqual({ q: 'n1' })
})

test.each(['constructor', 'toString', 'valueOf'])('a label key named %s is one that no node carries', async (name) => {
  world = await startWorld({ nodes: [node('n1')] })
  await world.create(...simpleGang('g', 2, 2, {}, inOne(name)))
  await world.settle()
  expect(await world.placed()).toEqual({})
})

test('a level named constructor is a level', async () => {
  world = await startWorld({
    nodes: [node('n1', { gpus: 1 }), node('n2', { gpus: 1, labels: { 'example.com/c': 'x' } })],
  })
  const text = 'topologies: [{name: default, levels: [{name: constructor, key: example.com/c}]}]'
  const made = await world.during(
    world.client.create(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'espalier-topology', namespace: 'espalier-system' },
      data: { 'topology.yaml': text },
    } as never),
  )
  expect(made.kind).toBe('ok')
  await world.create(...simpleGang('g', 1, 1, {}, inOne('example.com/c')))
  await world.settle()
  expect(await world.placed()).toEqual({ 'g-0': 'n2' })
})

test('gangs, groups and pods may have such names', async () => {
  world = await startWorld({ nodes: [node('n1')] })
  await world.create(...simpleGang('constructor', 2, 2), ...simpleGang('valueof', 1, 1))
  await world.settle()
  expect(Object.keys(await world.placed())).toHaveLength(3)
})
