import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { parseManifests, type Manifest } from '../../cli/input.ts'
import { type SimulationResult, simulateManifests } from '../../cli/simulation.ts'
import { type Random, seededRandom } from '../../kube/random.ts'
import { gang, inOne, node, pod, RACK, racks, simpleGang } from '../scheduler/objects.ts'

const ORDERS = 20

const asManifest = (object: NewObject): Manifest => ({ object, at: 'test:1:1' })

/** More than fits, of every kind: gangs in one rack, spread, of two groups, by priority; plain pods; a set. */
function crowd(): readonly Manifest[] {
  const spread = { topologyConstraint: { spread: { key: RACK, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' } } }
  const sets = parseManifests(
    'set',
    readFileSync(new URL('../../deploy/samples/single-node-aggregated.yaml', import.meta.url), 'utf8'),
  )
  if (sets.kind === 'unreadable') throw new Error(sets.errors.join('\n'))
  const objects: readonly NewObject[] = [
    ...racks('r1: a b c d | r2: e f g h | r3: i j k', 4),
    node('plain', { gpus: 2 }),
    ...['g1', 'g2', 'g3'].flatMap((name) => simpleGang(name, 6, 4, { gpus: 2 }, inOne(RACK))),
    ...simpleGang('too-big', 9, 9, { gpus: 4 }, inOne(RACK)),
    ...simpleGang('spread', 3, 3, { gpus: 1 }, spread),
    ...simpleGang('first', 2, 2, { gpus: 4, priority: 100 }),
    gang('two', [
      { name: 'a', minimum: 1, pods: ['two-a'] },
      { name: 'b', minimum: 2, pods: ['two-b', 'two-c'] },
    ]),
    pod('two-a', { gang: 'two', group: 'a', gpus: 3 }),
    ...['two-b', 'two-c'].map((name) => pod(name, { gang: 'two', group: 'b', gpus: 1 })),
    ...['p', 'q', 'r', 's', 't'].map((name) => pod(name, { gpus: 1 })),
    pod('running', { gpus: 2, nodeName: 'a' }),
  ]
  return [...objects.map(asManifest), ...sets.manifests]
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items]
  for (let i = left.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const item = left[i]!
    left[i] = left[j]!
    left[j] = item
  }
  return left
}

/** All that is said of what went where; `ignored` stands in the order of the input. */
const told = ({ ignored, ...rest }: SimulationResult): unknown => ({
  ...rest,
  ignored: ignored.map(({ kind, name, message }) => `${kind} ${name}: ${message}`).sort(),
})

test('the same objects in any order come to the same places, for the same reasons', async () => {
  const all = crowd()
  const first = await simulateManifests(all)
  expect(first.pods.filter(({ node: at }) => at !== null).length).toBeGreaterThan(15)
  expect(first.pods.filter(({ node: at }) => at === null).length).toBeGreaterThan(8)
  const random = seededRandom(Number(process.env['SEED'] ?? 1))
  for (let order = 0; order < ORDERS; order++) {
    const { pods, gangs } = await simulateManifests(shuffled(all, random))
    expect({ order, pods, gangs }).toEqual({ order, pods: first.pods, gangs: first.gangs })
  }
})

test('the same input with the same seed gives the same output, to the last word', async () => {
  const all = shuffled(crowd(), seededRandom(7))
  const [one, other] = [await simulateManifests(all), await simulateManifests(all)]
  expect(JSON.stringify(told(one))).toBe(JSON.stringify(told(other)))
})
