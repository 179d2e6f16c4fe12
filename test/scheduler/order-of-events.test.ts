import { expect, test } from 'vitest'
import type { PodGang } from '../../api/generated/kinds.ts'
import type { NewObject, Node, Pod } from '../../api/kinds/kubernetes.ts'
import { createDesk } from '../../bench/planner/desk.ts'
import { KEYS } from '../../bench/planner/objects.ts'
import { type Random, seededRandom } from '../../kube/random.ts'
import { gangFacts } from '../../scheduler/state/gang-facts.ts'
import { nodeFacts } from '../../scheduler/state/node-facts.ts'
import { podFacts } from '../../scheduler/state/pod-facts.ts'
import { asObject } from './facts.ts'
import { inOne, node, pod, simpleGang } from './objects.ts'

const ORDERS = 20

const racks = ['r1', 'r2', 'r3'].flatMap((rack) =>
  ['a', 'b', 'c', 'd'].map((name) =>
    node(`${rack}${name}`, { gpus: 4, labels: { [KEYS.rack]: rack, [KEYS.zone]: 'z' } }),
  ),
)
/** More than fits: whoever is first gets the room. */
const crowd: readonly NewObject[] = [
  ...['g1', 'g2', 'g3', 'g4'].flatMap((name) => simpleGang(name, 6, 6, { gpus: 2 }, inOne(KEYS.rack))),
  ...simpleGang('too-big', 9, 9, { gpus: 4 }, inOne(KEYS.rack)),
  ...simpleGang('first', 2, 2, { gpus: 4, priority: 100 }),
  ...['p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y'].map((name) => pod(name, { gpus: 1 })),
]
const plainCount = crowd.filter(
  ({ kind, metadata }) => kind === 'Pod' && Object.keys(metadata.labels ?? {}).length === 0,
).length

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

/** Pod → node after everything was decided, where the events came in an order by `random` under uids by it, too. */
function placedIn(random: Random): Record<string, string | null> {
  const uids = shuffled(
    crowd.map((_, i) => `uid-${i}`),
    random,
  )
  const objects = shuffled(
    crowd.map((each, i) => asObject(each, uids[i]!)),
    random,
  )
  const of = (kind: string): typeof objects => objects.filter((each) => each.kind === kind)
  const nodes = shuffled(racks, random).map((each) => nodeFacts(asObject(each, each.metadata.name ?? '') as Node))
  const desk = createDesk(nodes, ['zone', 'rack'])
  const gangs = of('PodGang').map((each) => gangFacts(each as PodGang))
  const pods = of('Pod').map((each) => podFacts(each as Pod))
  desk.timed({ gangs, pods }, gangs.length + plainCount)
  const places = [...desk.cluster.pods()].map((each) => [each.name, desk.cluster.nodeOf(each)] as const)
  return Object.fromEntries(places.sort(([a], [b]) => (a < b ? -1 : 1)))
}

test('nodes, gangs and pods that come in any order, under any uids, go to the same places', () => {
  const random = seededRandom(Number(process.env['SEED'] ?? 1))
  const first = placedIn(random)
  const places = Object.values(first)
  expect(places.filter((at) => at !== null).length).toBeGreaterThan(15)
  expect(places.filter((at) => at === null).length).toBeGreaterThan(8)
  for (let order = 1; order < ORDERS; order++)
    expect({ order, places: placedIn(random) }).toEqual({ order, places: first })
})
