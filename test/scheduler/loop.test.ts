import { expect, test } from 'vitest'
import { silentLog } from '../../kube/log.ts'
import type { Order } from '../../scheduler/binder/bind.ts'
import { Loop, type LoopOptions } from '../../scheduler/loop.ts'
import { NO_METRICS } from '../../scheduler/counted.ts'
import { plan } from '../../scheduler/planner/plan.ts'
import { Book } from '../../scheduler/queue/book.ts'
import { ClusterState } from '../../scheduler/state/cluster.ts'
import { nodeFacts } from '../../scheduler/state/node-facts.ts'
import { podFacts } from '../../scheduler/state/pod-facts.ts'
import { VirtualClock } from '../../sim/clock.ts'
import type { Node, Pod } from '../../api/kinds/kubernetes.ts'
import { asObject } from './facts.ts'
import { node, pod } from './objects.ts'

test('a gang that cannot be looked at keeps no other from it, and is looked at again with the next round', async () => {
  const clock = new VirtualClock()
  const cluster = new ClusterState(['espalier'])
  const seen: string[] = []
  const refresh = (key: string): null => {
    seen.push(key)
    if (key === 'default/a') throw new Error('a defect')
    return null
  }
  const book = { get: () => undefined, refresh }
  const fakes = { client: {}, binder: {}, gather: {}, status: {}, surplus: {}, plan: () => null }
  const rest = { clock, cluster, log: silentLog, metrics: NO_METRICS, defaultPack: 'none', maxSteps: 1 }
  const loop = new Loop({ ...rest, ...fakes, book } as unknown as LoopOptions)
  cluster.gangs.touch('default/a')
  cluster.gangs.touch('default/b')
  loop.start()
  await clock.runUntil(() => false, { maxVirtualMs: 50_000 })
  expect(seen).toEqual(['default/a', 'default/b'])
  await clock.runUntil(() => false, { maxVirtualMs: 20_000 })
  expect(seen).toEqual(['default/a', 'default/b', 'default/a'])
  await loop.stop()
})

test('thousands of gangs are looked at in turns of 20 ms, each once, and what comes meanwhile waits for the next sweep', async () => {
  const clock = new VirtualClock()
  const monotonicMs = clock.monotonicMs.bind(clock)
  const cluster = new ClusterState(['espalier'])
  const seen: string[] = []
  let workMs = 0
  clock.monotonicMs = () => monotonicMs() + workMs
  const refresh = (key: string): null => {
    seen.push(key)
    workMs += 15
    if (key === 'a') cluster.gangs.touch('late')
    return null
  }
  const book = { get: () => undefined, refresh }
  const metrics = { ...NO_METRICS, turned: () => void seen.push('|') }
  const fakes = { client: {}, binder: {}, gather: {}, status: {}, surplus: {}, plan: () => null }
  const rest = { clock, cluster, log: silentLog, metrics, defaultPack: 'none', maxSteps: 1 }
  const loop = new Loop({ ...rest, ...fakes, book } as unknown as LoopOptions)
  for (const key of ['a', 'b', 'c', 'd', 'e']) cluster.gangs.touch(key)
  const readNodes = cluster.nodes.read.bind(cluster.nodes)
  cluster.nodes.read = () => (seen.push('nodes'), readNodes())
  cluster.prepareTopology = function* () {
    yield void seen.push('a level')
    seen.push('the last level')
  }
  loop.start()
  await clock.runUntil(() => false, { maxVirtualMs: 1_000 })
  // node table and levels of the topology have a turn each, so that the first plan is not long; after `e` there is too little left of
  // the turn for a plan
  expect(seen.join(' ')).toBe('nodes | a level | the last level | a b | c d | e | | late |')
  await loop.stop()
})

test('what is told of a gang after it was looked at, in a sweep of several turns, is known before it is planned', async () => {
  const clock = new VirtualClock()
  const monotonicMs = clock.monotonicMs.bind(clock)
  let workMs = 0
  clock.monotonicMs = () => monotonicMs() + workMs
  const cluster = new ClusterState(['espalier'])
  cluster.setNode(nodeFacts(asObject(node('n1', { gpus: 8 }), 'n1') as Node))
  const facts = (name: string, gates: string[] = []) => podFacts(asObject(pod(name, { gpus: 1, gates }), name) as Pod)
  for (const name of ['p', 'q', 'r', 's']) cluster.setPod(facts(name))
  const bound: string[] = []
  const status = {
    touch: (key: string): void => {
      workMs += 15
      if (key !== 'pod:r' || workMs > 60) return
      cluster.deletePod(facts('p').uid)
      cluster.setPod(facts('q', ['example.com/quota']))
    },
  }
  const book = new Book({ cluster, isSuspended: () => false, stopped: () => null, onEnd: () => {} })
  const bind = (orders: readonly Order[]): void => {
    cluster.assumeAll(orders)
    for (const order of orders) bound.push(order.pod.name)
  }
  const fakes = {
    client: {},
    binder: { bind },
    gather: { waitMs: () => 0 },
    status,
    surplus: { look: () => {} },
    plan,
    book,
  }
  const rest = { clock, cluster, log: silentLog, metrics: NO_METRICS, defaultPack: 'none', maxSteps: 1_000 }
  const loop = new Loop({ ...rest, ...fakes } as unknown as LoopOptions)
  loop.start()
  await clock.runUntil(() => false, { maxVirtualMs: 1_000 })
  expect(bound).toEqual(['r', 's'])
  await loop.stop()
})
