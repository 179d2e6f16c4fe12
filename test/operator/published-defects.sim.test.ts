import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PodClique, PodGang } from '../../api/generated/kinds.ts'
import type { KubeObject, Pod } from '../../api/kinds/kubernetes.ts'
import { POD_CLIQUE_SETS, POD_CLIQUES, POD_GANGS, PODS, SCALING_GROUPS } from '../../kube/resources.ts'
import { type Harness, isReady, startHarness } from './harness.ts'
import { workloadYaml } from './workloads.ts'

/** Defects of the published system that this one does not have: docs/grove-compatibility.md lists them all. */

let at: Harness
beforeEach(async () => {
  at = await startHarness()
})
afterEach(() => at.stop())

const podsOf = async (prefix: string): Promise<Pod[]> =>
  (await at.list<Pod>(PODS)).filter(({ metadata }) => metadata.name.startsWith(prefix))

test('4: failed pods are replaced, under their index', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.settle()
  const before = await podsOf('workload1-0-sg-x-0-pc-c')
  for (const { metadata } of before) at.cluster.faults.failPod({ namespace: 'default', name: metadata.name })
  await at.settle()
  const after = await podsOf('workload1-0-sg-x-0-pc-c')
  const hosts = (pods: readonly Pod[]): Set<string> => new Set(pods.map(({ spec }) => spec.hostname ?? ''))
  expect(after.filter(isReady)).toHaveLength(3)
  expect(hosts(after)).toEqual(hosts(before))
})

test('7: conditions of others stay on a gang, and Initialized falls back when its pods are gone', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.settle()
  const gang = (): Promise<PodGang> => at.get<PodGang>(POD_GANGS, 'workload1-0')
  const theirs = {
    type: 'Scheduled',
    status: 'True',
    reason: 'Theirs',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }
  const standing = (await gang()).status?.conditions ?? []
  await at.patch(POD_GANGS, 'workload1-0', { status: { conditions: [...standing, theirs] } }, 'status')
  const conditionOf = async (type: string) => (await gang()).status?.conditions?.find((each) => each.type === type)
  expect((await conditionOf('Initialized'))?.status).toBe('True')
  at.cluster.server.setIntercept(({ method, path }) =>
    method === 'POST' && /\/pods(\?|$)/.test(path) ? { status: 403, reason: 'Forbidden' } : 'pass',
  )
  await at.remove(PODS, (await podsOf('workload1-0-pc-a'))[0]?.metadata.name ?? '')
  await at.clock.runFor(5_000)
  expect((await conditionOf('Initialized'))?.status).toBe('False')
  at.cluster.server.setIntercept(null)
  await at.settle()
  expect((await conditionOf('Initialized'))?.status).toBe('True')
  expect(await conditionOf('Scheduled')).toMatchObject({ reason: 'Theirs' })
})

test('8: an annotation that a scheduler puts on a gang stays, and nobody writes about it again and again', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.settle()
  await at.patch(POD_GANGS, 'workload1-0', { metadata: { annotations: { 'kai.scheduler/skip-podgrouper': 'true' } } })
  await at.patch(POD_CLIQUE_SETS, 'workload1', { metadata: { annotations: { 'grove.io/reconcile-trigger': '1' } } })
  await at.settle()
  at.writes.length = 0
  await at.patch(POD_CLIQUE_SETS, 'workload1', { metadata: { annotations: { 'grove.io/reconcile-trigger': '2' } } })
  await at.settle()
  expect(at.writes).toEqual([])
  const { metadata } = await at.get<KubeObject>(POD_GANGS, 'workload1-0')
  expect(metadata.annotations).toMatchObject({ 'kai.scheduler/skip-podgrouper': 'true' })
})

test('20: a set has its first pods in well under five seconds', async () => {
  const beganMs = at.clock.monotonicMs()
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload3'))
  const isMade = (): boolean => at.writes.filter((write) => /^POST .*\/pods(\?|$)/.test(write)).length >= 10
  await at.clock.runUntil(isMade, { maxVirtualMs: 60_000 })
  expect(at.clock.monotonicMs() - beganMs).toBeLessThan(2_000)
})

test('a replaced pod has the hostname of before and waits for those before it again', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload3'))
  await at.settle()
  const [leader] = await podsOf('workload3-0-pc-a')
  const [worker] = await podsOf('workload3-0-sg-x-0-pc-b')
  at.mayBind = ({ metadata }) => !metadata.name.startsWith('workload3-0-pc-a')
  await at.remove(PODS, leader?.metadata.name ?? '')
  await at.remove(PODS, worker?.metadata.name ?? '')
  await at.settle()
  const [anew] = await podsOf('workload3-0-sg-x-0-pc-b')
  expect(anew?.metadata.uid).not.toBe(worker?.metadata.uid)
  expect(anew?.spec.hostname).toBe(worker?.spec.hostname)
  expect(anew?.spec.nodeName).toBeDefined()
  expect(anew !== undefined && isReady(anew)).toBe(false)
  at.mayBind = () => true
  for (const { metadata } of await podsOf('workload3-0-pc-a')) {
    await at.patch(PODS, metadata.name, { metadata: { labels: { nudge: 'x' } } })
  }
  await at.settle()
  expect((await podsOf('workload3')).filter(isReady)).toHaveLength(10)
})

test('writers of /scale bring a clique and a group from none and to none', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2'))
  await at.settle()
  for (const replicas of [0, 3, 1]) {
    await at.patch(POD_CLIQUES, 'workload2-0-pc-a', { spec: { replicas } }, 'scale')
    await at.patch(SCALING_GROUPS, 'workload2-0-sg-x', { spec: { replicas } }, 'scale')
    await at.settle()
    expect((await podsOf('workload2-0-pc-a')).filter(isReady)).toHaveLength(replicas)
    expect((await podsOf('workload2-0-sg-x')).filter(isReady)).toHaveLength(4 * replicas)
    const { status } = await at.get<PodClique>(POD_CLIQUES, 'workload2-0-pc-a')
    expect([status?.replicas, status?.hpaPodSelector]).toEqual([replicas, expect.stringContaining('workload2-0-pc-a')])
  }
})
