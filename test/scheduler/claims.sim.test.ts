import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { demoObjects } from '../../cli/demo.ts'
import { seededRandom } from '../../kube/random.ts'
import { gb200Nvl72 } from '../../sim/shapes.ts'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { simulateManifests } from '../../cli/simulation.ts'
import { type InProcess, podsOf, startInProcess } from '../in-process.ts'
import { gang, inOne, pod, RACK, racks, simpleGang } from './objects.ts'

const folder = new URL('../../deploy/samples/', import.meta.url)
const samples = readdirSync(folder).filter((name) => name.endsWith('.yaml'))

let world: InProcess | null = null
afterEach(async () => {
  await world?.stop()
  world = null
})

function shuffled(names: readonly string[], seed: number): string[] {
  const random = seededRandom(seed)
  return names
    .map((name) => ({ name, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ name }) => name)
}

// SEEDS draws more orders; what fails is replayed by its number.
const SEEDS = Number(process.env['SEEDS'] ?? 4)

describe('all samples at once, in racks that hold them all', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    test(`order ${seed}: no scaled gang is left in a full NVLink domain`, async () => {
      world = await startInProcess({ nodes: gb200Nvl72({ racks: 3, racksPerBlock: 3 }), seed })
      await world.apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: demoObjects() }))
      for (const name of shuffled(samples, seed)) await world.apply(readFileSync(new URL(name, folder), 'utf8'))
      await world.settle()
      const pending = (await podsOf(world)).filter(({ spec }) => spec.nodeName === undefined)
      expect(pending.map(({ metadata }) => metadata.name)).toEqual([])
    })
  }
})

/** Whole-node pods in racks; the base gang `a` of two with a scaled gang of two behind a gate that nobody lifts. */
async function simulated(nodes: string, ...others: readonly NewObject[]): Promise<Record<string, string | null>> {
  const names = ['a-s-0', 'a-s-1']
  const tie = { ...inOne(RACK), sameDomainAs: { podGang: 'a', key: RACK } }
  const form = { gang: 'a-s', group: 'a-s', gpus: 1, gates: ['example.com/later'] }
  const scaled = gang('a-s', [{ name: 'a-s', minimum: 2, pods: names }], tie)
  const objects = [
    ...racks(nodes, 1),
    ...simpleGang('a', 2, 2, {}, inOne(RACK)),
    { ...scaled, metadata: { ...scaled.metadata, labels: { 'grove.io/base-podgang': 'a' } } },
    ...names.map((name, index) => pod(name, { ...form, index })),
    ...others,
  ]
  const result = await simulateManifests(objects.map((object, at) => ({ object, at: `${at}` })))
  expect(result.ignored).toEqual([])
  return Object.fromEntries(result.pods.map(({ name, node }) => [name, node]))
}

const inRack = (placed: Record<string, string | null>, prefix: string): string[] =>
  [
    ...new Set(Object.entries(placed).flatMap(([name, node]) => (name.startsWith(prefix) ? [node?.[0] ?? '-'] : []))),
  ].sort()

describe('room that a scaled gang needs beside its base gang', () => {
  test('others that fit elsewhere leave it', async () => {
    const placed = await simulated('r1: a1 a2 a3 a4 | r2: b1 b2 b3 b4 b5', ...simpleGang('b', 2, 2, {}, inOne(RACK)))
    expect([inRack(placed, 'a-0'), inRack(placed, 'b-')]).toEqual([['a'], ['b']])
  })

  test('a pod of no gang leaves it too', async () => {
    const placed = await simulated('r1: a1 a2 a3 a4 | r2: b1 b2 b3 b4 b5', pod('single'))
    expect(placed['single']).toMatch(/^b/)
  })

  test('gated pods hold nothing: who fits nowhere else takes it', async () => {
    const placed = await simulated('r1: a1 a2 a3 a4 | r2: b1', ...simpleGang('b', 2, 2, {}, inOne(RACK)))
    expect(inRack(placed, 'b-')).toEqual(['a'])
  })

  test('what a gang prefers goes before it', async () => {
    const prefers = { topologyConstraint: { packConstraint: { preferred: RACK } } }
    const placed = await simulated('r1: a1 a2 a3 a4 a5 | r2: b1 b2', ...simpleGang('b', 3, 3, {}, prefers))
    expect(inRack(placed, 'b-')).toEqual(['a'])
  })

  test('the base gang goes where its scaled gang fits, and leaves the smaller rack', async () => {
    const placed = await simulated('r1: a1 a2 a3 | r2: b1 b2 b3 b4')
    expect(inRack(placed, 'a-0')).toEqual(['b'])
  })

  test('two base gangs with scaled gangs go to two racks, where one holds both base gangs', async () => {
    const tie = { ...inOne(RACK), sameDomainAs: { podGang: 'b', key: RACK } }
    const form = { gates: ['example.com/later'] }
    const placed = await simulated(
      'r1: a1 a2 a3 a4 | r2: b1 b2 b3 b4 b5',
      ...simpleGang('b', 2, 2, {}, inOne(RACK)),
      ...simpleGang('b-s', 2, 2, form, tie),
    )
    expect([inRack(placed, 'a-0'), inRack(placed, 'b-0')]).toEqual([['a'], ['b']])
  })
})
