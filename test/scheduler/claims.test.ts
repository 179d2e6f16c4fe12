import { expect, test } from 'vitest'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { Desk } from './kept-world.ts'
import { gang, node, pod, RACK } from './objects.ts'

const ZONE = 'topology.kubernetes.io/zone'
const GATES = ['example.com/later']

/** Tied to `base` and gated; the topology that it names says what a rack is. */
const tied = (name: string, pods: readonly string[], topology: string): NewObject[] => {
  const made = gang(name, [{ name: 'a', minimum: pods.length, pods }], { sameDomainAs: { podGang: 'base', key: RACK } })
  const annotations = { 'grove.io/topology-name': topology }
  return [
    { ...made, metadata: { ...made.metadata, annotations } },
    ...pods.map((each, index) => pod(each, { gang: name, group: 'a', index, gates: GATES })),
  ]
}

/** Rack r1 of zone a has two seats left beside `base`, rack r1 of zone b one, rack r2 two. */
function placedBeside(orders: readonly (readonly NewObject[])[]): string[] {
  const desk = new Desk()
  desk.cluster.setDeclarations([
    {
      name: 'one',
      levels: [
        { name: 'zone', key: ZONE, within: 'parent' },
        { name: 'rack', key: RACK, within: 'parent' },
      ],
      nodes: [],
    },
    { name: 'two', levels: [{ name: 'rack', key: RACK, within: 'cluster' }], nodes: [] },
  ])
  const places = { a1: 'a r1', a2: 'a r1', a3: 'a r1', b1: 'b r1', c1: 'c r2', c2: 'c r2' }
  for (const [name, place] of Object.entries(places)) {
    const [zone = '', rack = ''] = place.split(' ')
    desk.setNode(node(name, { gpus: 1, labels: { [ZONE]: zone, [RACK]: rack } }))
  }
  const base = gang('base', [{ name: 'a', minimum: 1, pods: ['base-0'] }])
  const first = [base, pod('base-0', { gang: 'base', group: 'a', nodeName: 'a1' })]
  for (const object of [first, ...orders, [pod('x')]].flat()) {
    const { name = '' } = object.metadata
    if (object.kind === 'PodGang') desk.setGang({ object, uid: `gang ${name}` })
    else desk.setPod(name, object)
  }
  return desk.turn(0, 100, () => false).map(([name, at]) => `${name} ${at}`)
}

test('where tied gangs name several topologies, the first by name says which room is left to them, in whatever order they came', () => {
  const [one, two] = [tied('s1', ['s1-0'], 'one'), tied('s2', ['s2-0', 's2-1'], 'two')]
  expect(placedBeside([one, two])).toEqual(['x b1'])
  expect(placedBeside([two, one])).toEqual(['x b1'])
  const [broad, narrow] = [tied('s1', ['s1-0'], 'two'), tied('s2', ['s2-0', 's2-1'], 'one')]
  const placed = placedBeside([broad, narrow])
  expect(placed).toEqual(['x c1'])
  expect(placedBeside([narrow, broad])).toEqual(placed)
})
