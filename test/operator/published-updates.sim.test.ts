import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PodClique, PodCliqueScalingGroup, PodCliqueSet } from '../../api/generated/kinds.ts'
import type { Condition, Pod } from '../../api/kinds/kubernetes.ts'
import {
  POD_CLIQUE_SETS,
  POD_CLIQUES,
  POD_GANGS,
  PODS,
  type ResourceType,
  SCALING_GROUPS,
} from '../../kube/resources.ts'
import { type Harness, isReady, names, startHarness } from './harness.ts'
import { changed, imageOf, imagesOf, type SeenPods, watchPods } from './updating.ts'
import { workloadYaml } from './workloads.ts'

/** The published suite's updates with something scaled before or during them, and what statuses say meanwhile. */

let at: Harness
beforeEach(async () => {
  at = await startHarness()
})
afterEach(() => at.stop())

async function up(name: string, replicas = 1): Promise<void> {
  await at.apply(POD_CLIQUE_SETS, workloadYaml(name, replicas))
  await at.settle()
}

const podsOf = async (prefix = ''): Promise<Pod[]> =>
  (await at.list<Pod>(PODS)).filter(({ metadata }) => metadata.name.startsWith(prefix))
const statusOf = async (name: string) => (await at.get<PodCliqueSet>(POD_CLIQUE_SETS, name)).status
const cliqueNamed = (name: string): Promise<PodClique> => at.get<PodClique>(POD_CLIQUES, name)
const groupNamed = (name: string) => at.get<PodCliqueScalingGroup>(SCALING_GROUPS, name)
const scale = (type: ResourceType, name: string, replicas: number): Promise<void> =>
  at.patch(type, name, { spec: { replicas } }, 'scale')
const left = async (seen: SeenPods, count: number): Promise<void> => {
  await at.clock.runUntil(() => seen.orderOfLeaving().length >= count, { maxVirtualMs: 120_000 })
}
const IMAGES = { 'pc-a': 'new', 'pc-b': 'new', 'pc-c': 'new' }
const OVER = { updateEndedAt: expect.any(String) }
const breachOf = (of: PodClique | PodCliqueScalingGroup): Condition | undefined =>
  of.status?.conditions?.find(({ type }) => type === 'MinAvailableBreached')

/** Settles, and says which pods went, in their order. */
async function settled(seen: SeenPods): Promise<string[]> {
  await at.settle()
  await seen.stop()
  return seen.orderOfLeaving()
}

test('RU8: where a member changes, copy after copy of each replica goes, and nothing else', async () => {
  await up('workload1', 2)
  const seen = watchPods(at)
  await changed(at, 'workload1', { 'pc-b': 'new' })
  const gone = await settled(seen)
  const copies = ['0-sg-x-0', '0-sg-x-1', '1-sg-x-0', '1-sg-x-1'].flatMap((copy) => Array(4).fill(`workload1-${copy}`))
  expect(gone.map((name) => name.slice(0, 'workload1-0-sg-x-0'.length))).toEqual(copies)
  expect(seen.mostAway('workload1-0-sg-x')).toBe(4)
})

test('RU9: where all cliques change, one replica of the set goes after the other', async () => {
  await up('workload1', 2)
  const seen = watchPods(at)
  await changed(at, 'workload1', IMAGES)
  const gone = await settled(seen)
  expect((await podsOf()).map(imageOf)).toEqual(Array(20).fill('new'))
  expect(gone.map((name) => name.slice(0, 'workload1-0'.length))).toEqual(
    [0, 1].flatMap((replica) => Array(10).fill(`workload1-${replica}`)),
  )
  const progress = (await statusOf('workload1'))?.updateProgress
  expect(progress).toMatchObject({ ...OVER, updatedPodCliquesCount: 10, updatedPodCliqueScalingGroupsCount: 2 })
  expect(progress).not.toHaveProperty('currentlyUpdating')
})

test('RU12, RU13: the set is scaled in during an update, also by the replica that has its turn', async () => {
  await up('workload1', 3)
  const seen = watchPods(at)
  await changed(at, 'workload1', { 'pc-a': 'new' })
  await left(seen, 1)
  await scale(POD_CLIQUE_SETS, 'workload1', 2)
  await at.clock.runUntil(() => seen.orderOfLeaving().some((name) => name.startsWith('workload1-1')), {
    maxVirtualMs: 120_000,
  })
  expect((await statusOf('workload1'))?.updateProgress?.currentlyUpdating).toMatchObject([{ replicaIndex: 1 }])
  await scale(POD_CLIQUE_SETS, 'workload1', 1)
  await settled(seen)
  expect(imagesOf(await podsOf(), 'pc-a')).toEqual(['new', 'new'])
  expect(seen.mostAway('workload1-0-pc-a')).toBe(1)
  const counts = { updatedPodCliquesCount: 5, totalPodCliquesCount: 5 }
  expect((await statusOf('workload1'))?.updateProgress).toMatchObject({ ...OVER, ...counts })
})

test('RU15, RU16, RU17: a group is scaled in during an update, and in and out right before one', async () => {
  await up('workload2')
  await scale(SCALING_GROUPS, 'workload2-0-sg-x', 4)
  await at.settle()
  const seen = watchPods(at)
  await changed(at, 'workload2', { 'pc-c': 'first' })
  await left(seen, 4)
  await scale(SCALING_GROUPS, 'workload2-0-sg-x', 2)
  await settled(seen)
  expect(imagesOf(await podsOf(), 'pc-c')).toEqual(Array(6).fill('first'))
  expect(names(await at.list(POD_GANGS))).toEqual(['workload2-0', 'workload2-0-sg-x-0'])
  await scale(SCALING_GROUPS, 'workload2-0-sg-x', 1)
  await changed(at, 'workload2', { 'pc-c': 'second' })
  await at.settle()
  expect(imagesOf(await podsOf(), 'pc-c')).toEqual(Array(3).fill('second'))
  await scale(SCALING_GROUPS, 'workload2-0-sg-x', 3)
  await changed(at, 'workload2', { 'pc-b': 'second' })
  await at.settle()
  expect(imagesOf(await podsOf(), 'pc-b')).toEqual(Array(3).fill('second'))
  const { status } = await groupNamed('workload2-0-sg-x')
  expect(status).toMatchObject({ replicas: 3, availableReplicas: 3, updatedReplicas: 3, updateProgress: OVER })
  expect(status?.updateProgress).not.toHaveProperty('readyReplicaIndicesSelectedToUpdate')
})

test('RU18 to RU21: a clique is scaled in during an update, and out and in right before one', async () => {
  await up('workload2')
  await scale(POD_CLIQUES, 'workload2-0-pc-a', 4)
  await at.settle()
  const seen = watchPods(at)
  await changed(at, 'workload2', { 'pc-a': 'first' })
  await left(seen, 1)
  await scale(POD_CLIQUES, 'workload2-0-pc-a', 2)
  await settled(seen)
  expect(imagesOf(await podsOf(), 'pc-a')).toEqual(['first', 'first'])
  for (const [replicas, image] of [
    [5, 'second'],
    [1, 'third'],
  ] as const) {
    await scale(POD_CLIQUES, 'workload2-0-pc-a', replicas)
    await changed(at, 'workload2', { 'pc-a': image })
    await at.settle()
    expect(imagesOf(await podsOf(), 'pc-a')).toEqual(Array(replicas).fill(image))
  }
  const { status, metadata } = await cliqueNamed('workload2-0-pc-a')
  expect(status).toMatchObject({ observedGeneration: metadata.generation, updatedReplicas: 1, updateProgress: OVER })
  expect(status?.updateProgress).not.toHaveProperty('readyPodsSelectedToUpdate')
})

test('while an update waits, statuses say what it is at, and no breach is told', async () => {
  await up('workload1')
  at.mayBind = () => false
  await changed(at, 'workload1', IMAGES)
  await at.settle()
  const status = await statusOf('workload1')
  const hash = status?.currentGenerationHash
  expect(status).toMatchObject({ replicas: 1, availableReplicas: 0, updatedReplicas: 0 })
  expect(status?.updateProgress).toEqual({
    updateStartedAt: expect.any(String),
    currentlyUpdating: [{ replicaIndex: 0, updateStartedAt: expect.any(String) }],
    updatedPodCliquesCount: 0,
    totalPodCliquesCount: 5,
    updatedPodCliqueScalingGroupsCount: 0,
    totalPodCliqueScalingGroupsCount: 1,
  })
  const clique = await cliqueNamed('workload1-0-pc-a')
  expect(clique.status).toMatchObject({ replicas: 2, readyReplicas: 1, scheduledReplicas: 1, updatedReplicas: 1 })
  expect(clique.status?.updateProgress).toMatchObject({
    podCliqueSetGenerationHash: hash,
    podTemplateHash: clique.metadata.labels?.['grove.io/pod-template-hash'],
    readyPodsSelectedToUpdate: { current: expect.stringContaining('workload1-0-pc-a-') },
  })
  const group = await groupNamed('workload1-0-sg-x')
  expect(group.status).toMatchObject({ replicas: 2, scheduledReplicas: 1, availableReplicas: 1, updatedReplicas: 0 })
  expect(group.status?.updateProgress).toMatchObject({
    podCliqueSetGenerationHash: hash,
    readyReplicaIndicesSelectedToUpdate: { current: 0 },
  })
  for (const each of [clique, group]) {
    expect(breachOf(each)).toMatchObject({ status: 'Unknown', reason: 'UpdateInProgress' })
    expect(each.status?.currentPodCliqueSetGenerationHash).not.toBe(hash)
  }
})

test('what an update leaves as it is notes that it is over, too', async () => {
  await up('workload1')
  await changed(at, 'workload1', { 'pc-a': 'new' })
  await at.settle()
  const noted = { ...OVER, podCliqueSetGenerationHash: (await statusOf('workload1'))?.currentGenerationHash }
  const counts = { updatedPodCliquesCount: 4, totalPodCliquesCount: 4 }
  expect((await groupNamed('workload1-0-sg-x')).status?.updateProgress).toMatchObject({ ...noted, ...counts })
  await changed(at, 'workload1', { 'pc-b': 'new' })
  await at.settle()
  const again = { ...OVER, podCliqueSetGenerationHash: (await statusOf('workload1'))?.currentGenerationHash }
  expect((await cliqueNamed('workload1-0-pc-a')).status?.updateProgress).toMatchObject(again)
  expect((await podsOf()).filter(isReady)).toHaveLength(10)
})

test('OD: statuses say how many pods have the newest template, and what is scaled out is made from it', async () => {
  await up('workload-ondelete')
  await changed(at, 'workload-ondelete', IMAGES)
  await at.settle()
  const status = await statusOf('workload-ondelete')
  expect(status).toMatchObject({ availableReplicas: 1, updatedReplicas: 0 })
  expect(status?.updateProgress).toMatchObject({ ...OVER, updatedPodCliquesCount: 0, totalPodCliquesCount: 5 })
  const member = await cliqueNamed('workload-ondelete-0-sg-x-0-pc-c')
  expect(member.status).toMatchObject({ readyReplicas: 3, updatedReplicas: 0, updateProgress: OVER })
  expect(member.spec.podSpec.containers[0]?.image).toBe('new')
  const group = await groupNamed('workload-ondelete-0-sg-x')
  expect(group.status).toMatchObject({ availableReplicas: 2, updatedReplicas: 0, updateProgress: OVER })
  await scale(SCALING_GROUPS, 'workload-ondelete-0-sg-x', 3)
  await scale(POD_CLIQUES, 'workload-ondelete-0-pc-a', 3)
  await scale(POD_CLIQUE_SETS, 'workload-ondelete', 2)
  await at.settle()
  expect(imagesOf(await podsOf(), '0-sg-x-2-pc-c')).toEqual(Array(3).fill('new'))
  expect(imagesOf(await podsOf(), '0-pc-a').sort()).toEqual(['busybox', 'busybox', 'new'])
  expect((await podsOf('workload-ondelete-1')).map(imageOf)).toEqual(Array(10).fill('new'))
  const old = (await podsOf()).filter((pod) => imageOf(pod) === 'busybox')
  for (const { metadata } of old) await at.remove(PODS, metadata.name)
  await at.settle()
  const counts = { updatedPodCliquesCount: 12, totalPodCliquesCount: 12, updatedPodCliqueScalingGroupsCount: 2 }
  expect(await statusOf('workload-ondelete')).toMatchObject({ updatedReplicas: 2, updateProgress: counts })
})

test('OD: set while an update runs, it ends it where it is', async () => {
  await up('workload1')
  const seen = watchPods(at)
  await changed(at, 'workload1', IMAGES)
  await left(seen, 1)
  await at.patch(POD_CLIQUE_SETS, 'workload1', { spec: { updateStrategy: { type: 'OnDelete' } } })
  expect((await settled(seen)).length).toBeLessThan(10)
  expect((await statusOf('workload1'))?.updateProgress).toMatchObject(OVER)
  expect((await podsOf()).filter(isReady)).toHaveLength(10)
})
