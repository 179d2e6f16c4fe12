import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { Gang } from '../../bench/peers/adapter.ts'
import { ADAPTERS } from '../../bench/peers/peers.ts'
import { nodeObjects, write } from '../../bench/runs/work.ts'

const place = { namespace: 'team', schedulerName: 'some-scheduler' }
const group = { name: 'a', pods: ['g-a-0', 'g-a-1'], gpu: 4, cpu: 2, memoryGi: 16, required: null }
const tree: Gang = {
  name: 'g',
  kind: 'tree',
  groups: [
    { ...group, required: 'rack' },
    { ...group, name: 'b', pods: ['g-b-0'], gpu: 0 },
  ],
  required: 'zone',
  preferred: 'rack',
  isSingle: false,
  fits: true,
}
const preferring: Gang = { ...tree, name: 'p', kind: 'flat', groups: [group], required: null }
const single: Gang = {
  ...preferring,
  name: 's',
  kind: 'single',
  groups: [{ ...group, pods: ['s'] }],
  preferred: null,
  isSingle: true,
}
const nodes = nodeObjects({
  levels: [
    { name: 'zone', count: 1 },
    { name: 'rack', count: 2 },
  ],
  nodes: 2,
  node: { gpu: 8, cpu: 64, memoryGi: 512, pods: 110 },
})

describe('how a gang is written', () => {
  test.each(ADAPTERS.map((adapter) => [adapter.name, adapter] as const))('for %s', async (name, adapter) => {
    const gangs = [tree, preferring, single]
    const written = gangs.map((gang) => write(gang, adapter, place))
    const objects = [
      ...adapter.shared(place, gangs, nodes).map(({ object }) => object),
      ...written.flatMap(({ objects: own, pods }) => [...own.map(({ object }) => object), ...pods]),
    ]
    const text = objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n')
    await expect(text).toMatchFileSnapshot(`../fixtures/bench/peers/${name}.yaml`)
  })

  test('every adapter gives each object the type that it creates it by, and says all that it needs served', () => {
    for (const adapter of ADAPTERS) {
      const all = [tree, preferring, single]
      const objects = [...adapter.shared(place, all, nodes), ...all.flatMap((gang) => adapter.objectsOf(gang, place))]
      for (const { type, object } of objects) {
        expect(object.apiVersion).toBe(`${type.group}/${type.version}`)
        expect(object.kind).toBe(type.kind)
        expect(adapter.types).toContain(type)
        expect(object.metadata.namespace).toBe(type.namespaced ? 'team' : undefined)
      }
    }
  })
})
