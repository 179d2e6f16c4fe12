/** Weeks of a cluster in which everything comes and goes: what has gone leaves nothing behind. */
import { expect, test } from 'vitest'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { Rivals } from '../../scheduler/binder/two-schedulers.ts'
import { Book } from '../../scheduler/queue/book.ts'
import { Due } from '../../scheduler/queue/due.ts'
import { triedNow } from '../../scheduler/queue/wake.ts'
import { ClusterState } from '../../scheduler/state/cluster.ts'
import { Fences } from '../../scheduler/state/fences.ts'
import { podFacts, type PodFacts } from '../../scheduler/state/pod-facts.ts'
import { Refusals } from '../../scheduler/state/refusals.ts'
import { asObject } from './facts.ts'
import { pod, type PodForm } from './objects.ts'

const MANY = 100_000
const podIn = (namespace: string, name: string, form: PodForm = {}): PodFacts => {
  const { metadata, ...rest } = pod(name, form)
  return podFacts(asObject({ ...rest, metadata: { ...metadata, namespace } }, `${namespace} ${name}`) as Pod)
}

test('namespaces that came and went are forgotten, and those that are there seem to have moved', () => {
  const cluster = new ClusterState(['espalier'])
  const pods = Array.from({ length: 200 }, (_, at) => podIn('first', `p${at}`, { nodeName: 'n' }))
  cluster.setPod(pods[0]!)
  const before = cluster.movesIn('first')
  const bound = podIn('', 'p', { nodeName: 'n' })
  for (let i = 0; i < MANY; i++) {
    cluster.setPod({ ...bound, namespace: `ns-${i}`, uid: `u${i}` })
    cluster.deletePod(`u${i}`)
  }
  expect(cluster.namespacesKnown).toBeLessThanOrEqual(10_000)
  const after = cluster.movesIn('first')
  expect(after).not.toBe(before)
  cluster.setPod(pods[1]!)
  expect([before, after]).not.toContain(cluster.movesIn('first'))
})

test('a namespace that is forgotten again and again never seems to be as it was', () => {
  const cluster = new ClusterState(['espalier'])
  const bound = podIn('', 'p', { nodeName: 'n' })
  const seen = new Set<number>()
  for (let i = 0; i < MANY; i++) {
    cluster.setPod({ ...bound, namespace: `ns-${i}`, uid: `u${i}` })
    if (i % 10_000 === 0) seen.add(cluster.movesIn('quiet'))
  }
  expect(seen.size).toBe(MANY / 10_000)
})

test('what anti-affinity keeps out of namespaces that came and went is forgotten, and found again', () => {
  const fences = new Fences()
  const repulsion = {
    topologyKey: 'rack',
    labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['x'] }] },
    namespaces: [],
    isAnyNamespace: true,
  }
  fences.set({ uid: 'p', repulsions: [repulsion] }, 'n1')
  for (let i = 0; i < 2 * MANY; i++) fences.against({ namespace: `ns-${i}`, labels: { app: 'y' } })
  expect(fences.namespacesKnown).toBeLessThanOrEqual(MANY)
  for (let i = 0; i < 2 * MANY; i++) fences.against({ namespace: 'one', labels: { app: `${i}` } })
  expect(fences.against({ namespace: 'ns-0', labels: { app: 'x' } }).fences).toHaveLength(1)
  expect(fences.against({ namespace: 'ns-0', labels: { app: 'y' } }).fences).toHaveLength(0)
})

test('namespaces are forgotten too where pods with the same anti-affinity come and go all the time', () => {
  const fences = new Fences()
  const form = { topologyKey: 'rack', labelSelector: {}, namespaces: [], isAnyNamespace: true }
  fences.set({ uid: 'p', repulsions: [form] }, 'n1')
  for (let i = 0; i < MANY; i++) {
    fences.set({ uid: 'q', repulsions: [form] }, i % 2 === 0 ? 'n2' : null)
    fences.against({ namespace: `ns-${i}`, labels: {} })
  }
  expect(fences.namespacesKnown).toBeLessThanOrEqual(10_000)
})

test('a namespace with two schedulers that is gone is forgotten when there is another', () => {
  const rivals = new Rivals()
  for (let i = 0; i < 1_000; i++) rivals.add(`ns-${i}`, i * 10_000)
  expect(rivals.namespaces()).toHaveLength(30)
})

test('what kubelets refused of pods that never come again is forgotten', () => {
  const refusals = new Refusals()
  for (let i = 0; i < 1_000; i++) refusals.add(`class ${i}`, { name: 'n', uid: 'u' }, i * 60_000)
  expect([...refusals.waits()].length).toBeLessThan(20)
})

test('a refused gang that went while it stood in the queue is forgotten', () => {
  const cluster = new ClusterState(['espalier'])
  const book = new Book({ cluster, isSuspended: () => false, stopped: () => null, onEnd: () => undefined })
  const due = new Due({ cluster, waitMs: () => 0 })
  const facts = podIn('default', 'p')
  cluster.setPod(facts)
  const entry = book.refresh(facts.gangKey, 0)!
  const reason = { code: 'InsufficientResources', message: '' } as const
  entry.refusal = { reason, shortfalls: [], tried: triedNow(cluster, entry.situation, 0), notBeforeMs: 0 }
  due.rest(entry)
  due.begin(60_000, 1)
  expect([due.hasMore, due.size]).toEqual([true, 1])
  cluster.deletePod(facts.uid)
  book.refresh(facts.gangKey, 60_000)
  expect(due.next(60_000)).toBeUndefined()
  expect(due.size).toBe(0)
})
