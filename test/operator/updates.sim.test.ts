import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PodClique, PodCliqueScalingGroup, PodCliqueSet } from '../../api/generated/kinds.ts'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { POD_CLIQUE_SETS, POD_CLIQUES, PODS, SCALING_GROUPS } from '../../kube/resources.ts'
import { type Harness, isReady, names, startHarness } from './harness.ts'
import { changed, imageOf, imagesOf, watchPods } from './updating.ts'
import { workloadYaml } from './workloads.ts'

let at: Harness
beforeEach(async () => {
  at = await startHarness()
})
afterEach(() => at.stop())

const progressOf = async (name: string) => (await at.get<PodCliqueSet>(POD_CLIQUE_SETS, name)).status?.updateProgress

test('RU7: one pod of a clique at a time, one replica of a set at a time, and only what changed', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1', 2))
  await at.settle()
  const before = new Set((await at.list<Pod>(PODS)).map(({ metadata }) => metadata.uid))
  const seen = watchPods(at)
  await changed(at, 'workload1', { 'pc-a': 'busybox:new' })
  await at.settle()
  await seen.stop()
  const pods = await at.list<Pod>(PODS)
  expect(pods.filter(isReady)).toHaveLength(20)
  expect(imagesOf(pods, 'pc-a')).toEqual(Array(4).fill('busybox:new'))
  const kept = pods.filter(({ metadata }) => before.has(metadata.uid))
  expect(kept.map(imageOf)).toEqual(Array(16).fill('busybox'))
  expect(seen.mostAway('workload1-0-pc-a')).toBe(1)
  expect(seen.mostAway('workload1-1-pc-a')).toBe(1)
  expect(seen.orderOfLeaving().map((pod) => pod.slice(0, 'workload1-0'.length))).toEqual([
    'workload1-0',
    'workload1-0',
    'workload1-1',
    'workload1-1',
  ])
  expect(await progressOf('workload1')).toMatchObject({
    updateEndedAt: expect.any(String),
    updatedPodCliquesCount: 10,
    totalPodCliquesCount: 10,
    updatedPodCliqueScalingGroupsCount: 2,
    totalPodCliqueScalingGroupsCount: 2,
  })
  expect((await at.get<PodCliqueSet>(POD_CLIQUE_SETS, 'workload1')).status?.updatedReplicas).toBe(2)
})

test('RU: replicas of a scaling group go whole, one at a time, and keep their indices and hostnames', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2'))
  await at.settle()
  const hostnamesOf = (pods: readonly Pod[]): Set<string> => new Set(pods.map(({ spec }) => spec.hostname ?? ''))
  const hostnames = hostnamesOf(await at.list<Pod>(PODS))
  const seen = watchPods(at)
  await changed(at, 'workload2', { 'pc-c': 'busybox:new' })
  await at.settle()
  await seen.stop()
  const pods = await at.list<Pod>(PODS)
  expect(hostnamesOf(pods)).toEqual(hostnames)
  expect(imagesOf(pods, 'pc-c')).toEqual(Array(6).fill('busybox:new'))
  expect(seen.mostAway('workload2-0-sg-x')).toBe(4)
  expect(
    seen
      .orderOfLeaving()
      .map((pod) => pod.slice('workload2-0-sg-x-'.length)[0])
      .join(''),
  ).toBe('00001111')
  const group = await at.get<PodCliqueScalingGroup>(SCALING_GROUPS, 'workload2-0-sg-x')
  expect(group.status?.updateProgress).toMatchObject({
    updateEndedAt: expect.any(String),
    updatedPodCliquesCount: 4,
    totalPodCliquesCount: 4,
  })
})

test('RU10: with nowhere to go one pod is deleted and its replacement waits; nothing else is touched', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.settle()
  at.mayBind = () => false
  const seen = watchPods(at)
  await changed(at, 'workload1', { 'pc-a': 'busybox:new' })
  await at.settle()
  expect(seen.orderOfLeaving()).toHaveLength(1)
  const waiting = (await at.list<Pod>(PODS)).filter((pod) => !isReady(pod))
  expect(imagesOf(waiting, 'pc-a')).toEqual(['busybox:new'])
  expect(await progressOf('workload1')).not.toHaveProperty('updateEndedAt')
  at.mayBind = () => true
  await at.patch(PODS, waiting[0]?.metadata.name ?? '', { metadata: { labels: { nudge: 'x' } } })
  await at.settle()
  await seen.stop()
  expect(imagesOf(await at.list<Pod>(PODS), 'pc-a')).toEqual(['busybox:new', 'busybox:new'])
  expect(await progressOf('workload1')).toHaveProperty('updateEndedAt')
})

test('a template whose pods never get ready costs one pod, and a better one mends it', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.settle()
  at.mayBind = ({ spec }) => spec.containers[0]?.image !== 'busybox:bad'
  await changed(at, 'workload1', { 'pc-a': 'busybox:bad' })
  await at.settle()
  expect(imagesOf(await at.list<Pod>(PODS), 'pc-a').sort()).toEqual(['busybox', 'busybox:bad'])
  await changed(at, 'workload1', { 'pc-a': 'busybox:good' })
  await at.settle()
  expect(imagesOf(await at.list<Pod>(PODS), 'pc-a')).toEqual(['busybox:good', 'busybox:good'])
  expect(await progressOf('workload1')).toHaveProperty('updateEndedAt')
})

test('a change that is taken back during its update leaves nothing of it', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2', 2))
  await at.settle()
  const seen = watchPods(at)
  await changed(at, 'workload2', { 'pc-a': 'busybox:new', 'pc-b': 'busybox:new' })
  await at.clock.runUntil(() => seen.orderOfLeaving().length >= 2, { maxVirtualMs: 60_000 })
  await changed(at, 'workload2', { 'pc-a': 'busybox', 'pc-b': 'busybox' })
  await at.settle()
  await seen.stop()
  expect((await at.list<Pod>(PODS)).map(imageOf)).toEqual(Array(20).fill('busybox'))
  expect(await progressOf('workload2')).toHaveProperty('updateEndedAt')
})

test('RU11, RU14: what is scaled out during an update is made from the new template', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.settle()
  const seen = watchPods(at)
  await changed(at, 'workload1', { 'pc-a': 'busybox:new', 'pc-b': 'busybox:new', 'pc-c': 'busybox:new' })
  await at.clock.runUntil(() => seen.orderOfLeaving().length >= 1, { maxVirtualMs: 60_000 })
  await at.patch(POD_CLIQUE_SETS, 'workload1', { spec: { replicas: 2 } }, 'scale')
  await at.patch(SCALING_GROUPS, 'workload1-0-sg-x', { spec: { replicas: 3 } }, 'scale')
  await at.patch(POD_CLIQUES, 'workload1-0-pc-a', { spec: { replicas: 3 } }, 'scale')
  await at.settle()
  await seen.stop()
  const pods = await at.list<Pod>(PODS)
  expect(pods.map(imageOf)).toEqual(Array(25).fill('busybox:new'))
  expect(pods.filter(isReady)).toHaveLength(25)
  expect(seen.mostAway('workload1-0-pc-a')).toBe(1)
  expect(await progressOf('workload1')).toHaveProperty('updateEndedAt')
})

test('the operator may be restarted anywhere in an update', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1', 2))
  await at.settle()
  const seen = watchPods(at)
  await changed(at, 'workload1', { 'pc-a': 'busybox:new', 'pc-b': 'busybox:new' })
  for (let step = 0; step < 12; step++) {
    await at.clock.runFor(700)
    await at.restartOperator()
  }
  await at.settle()
  await seen.stop()
  const pods = await at.list<Pod>(PODS)
  expect(imagesOf(pods, 'pc-a')).toEqual(Array(4).fill('busybox:new'))
  expect(imagesOf(pods, 'pc-b')).toEqual(Array(4).fill('busybox:new'))
  expect(seen.mostAway('workload1-0-pc-a')).toBe(1)
  expect(seen.orderOfLeaving()).toHaveLength(4 + 4 * 4)
  at.writes.length = 0
  await at.restartOperator()
  await at.settle()
  expect(at.writes).toEqual([])
})

test('OD1, OD2: with OnDelete nothing goes, and what goes comes back from the new template', async () => {
  const yaml = workloadYaml('workload2').replace('spec:\n', 'spec:\n  updateStrategy: {type: OnDelete}\n')
  await at.apply(POD_CLIQUE_SETS, yaml)
  await at.settle()
  const before = names(await at.list<Pod>(PODS))
  await changed(at, 'workload2', { 'pc-a': 'busybox:new', 'pc-c': 'busybox:new' })
  await at.settle()
  expect(names(await at.list<Pod>(PODS))).toEqual(before)
  const progress = await progressOf('workload2')
  expect(progress?.updateEndedAt).toBe(progress?.updateStartedAt)
  const clique = (): Promise<PodClique> => at.get<PodClique>(POD_CLIQUES, 'workload2-0-pc-a')
  expect((await clique()).status?.updatedReplicas).toBe(0)
  for (const name of ['workload2-0-pc-a-', 'workload2-0-sg-x-1-pc-c-']) {
    await at.remove(PODS, before.find((pod) => pod.startsWith(name)) ?? '')
  }
  await at.settle()
  const pods = await at.list<Pod>(PODS)
  expect(imagesOf(pods, 'pc-a').sort()).toEqual(['busybox', 'busybox:new'])
  expect(imagesOf(pods, 'pc-c').filter((image) => image === 'busybox:new')).toHaveLength(1)
  expect((await clique()).status?.updatedReplicas).toBe(1)
  await at.patch(POD_CLIQUE_SETS, 'workload2', { spec: { updateStrategy: { type: 'RollingRecreate' } } })
  await at.settle()
  expect(names(await at.list<Pod>(PODS))).toEqual(names(pods))
})

test('scale-in after an OnDelete change takes pods of the old template first', async () => {
  const yaml = workloadYaml('workload2').replace('spec:\n', 'spec:\n  updateStrategy: {type: OnDelete}\n')
  await at.apply(POD_CLIQUE_SETS, yaml)
  await at.settle()
  await changed(at, 'workload2', { 'pc-a': 'busybox:new' })
  await at.settle()
  const [first] = names(await at.list<Pod>(PODS))
  await at.remove(PODS, first ?? '')
  await at.settle()
  await at.patch(POD_CLIQUES, 'workload2-0-pc-a', { spec: { replicas: 1 } }, 'scale')
  await at.settle()
  expect(imagesOf(await at.list<Pod>(PODS), 'pc-a')).toEqual(['busybox:new'])
})
