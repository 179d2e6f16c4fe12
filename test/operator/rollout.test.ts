import { expect, test } from 'vitest'
import type { PodClique, PodCliqueSetStatus } from '../../api/generated/kinds.ts'
import type { NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import { parse } from 'yaml'
import { cliqueRollout } from '../../operator/decisions/clique-rollout.ts'
import { type ReplicaStanding, setRollout } from '../../operator/decisions/set-rollout.ts'
import { hashFor, isOutdated } from '../../operator/expansion/adopt.ts'
import { expandClique } from '../../operator/expansion/clique.ts'
import { generationOf } from '../../operator/expansion/generation.ts'
import { standaloneIdentity } from '../../operator/expansion/identity.ts'
import { type CliqueShape, shapeOf } from '../../operator/expansion/shape.ts'
import { asSet } from './expand.ts'
import { workloadYaml } from './workloads.ts'

const now = '2026-01-01T01:00:00Z'
const generation = { hash: 'g2', isBegun: true, strategy: 'RollingRecreate' } as const

interface Drawn {
  readonly index: number
  readonly hash?: string
  readonly ready?: boolean
  readonly node?: boolean
  readonly hasCrashedOnce?: boolean
  readonly made?: number
}

const pod = ({ index, hash = 'old', ready = true, node = true, hasCrashedOnce = false, made = index }: Drawn): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `${hash}-${index}`,
    uid: `${hash}-${index}`,
    resourceVersion: '1',
    creationTimestamp: `2026-01-01T00:00:0${made}Z`,
    labels: { 'grove.io/podclique-pod-index': String(index), 'grove.io/pod-template-hash': hash },
  },
  spec: { containers: [], ...(node ? { nodeName: 'n' } : {}) },
  status: {
    phase: node ? 'Running' : 'Pending',
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    containerStatuses: [
      {
        name: 'main',
        ready,
        started: true,
        restartCount: hasCrashedOnce ? 1 : 0,
        ...(hasCrashedOnce ? { lastState: { terminated: { exitCode: 137 } } } : {}),
      },
    ],
  } as unknown as NonNullable<Pod['status']>,
})

const clique = (status: PodClique['status'], replicas = 3, minAvailable = replicas): PodClique =>
  ({
    apiVersion: 'grove.io/v1alpha1',
    kind: 'PodClique',
    metadata: { name: 'c', uid: 'c', labels: { 'grove.io/pod-template-hash': 'new' } },
    spec: { roleName: 'r', podSpec: { containers: [] }, replicas, minAvailable },
    status: { currentPodTemplateHash: 'old', currentPodCliqueSetGenerationHash: 'g1', ...status },
  }) as unknown as PodClique

const stepOf = (of: PodClique, pods: readonly Drawn[], more = {}) =>
  cliqueRollout({
    clique: of,
    pods: pods.map(pod),
    generation,
    isOutdated: false,
    isTurn: true,
    isMember: false,
    now,
    ...more,
  })
const going = (of: PodClique, pods: readonly Drawn[], more = {}): string[] =>
  stepOf(of, pods, more).remove.map(({ metadata }) => metadata.name)

test('a Ready pod is not deleted for an old crash: one goes at a time, the oldest first', () => {
  const pods = [0, 1, 2].map((index) => ({ index, hasCrashedOnce: true, made: 9 - index }))
  expect(going(clique({}), pods)).toEqual(['old-2'])
})

test('what serves nobody goes at once, and no Ready pod with it while the minimum is not there', () => {
  const pods = [{ index: 0 }, { index: 1, ready: false }, { index: 2, ready: false, node: false }]
  expect(going(clique({}), pods)).toEqual(['old-1', 'old-2'])
  expect(going(clique({}, 3, 1), pods)).toEqual(['old-0', 'old-1', 'old-2'])
})

const selected = (current: string, currentPodIndex: number): PodClique['status'] => ({
  updateProgress: {
    updateStartedAt: now,
    podCliqueSetGenerationHash: 'g2',
    podTemplateHash: 'new',
    readyPodsSelectedToUpdate: { current, currentPodIndex },
  },
})

test('the next one goes when the pod in its place is Ready, whoever else is', () => {
  const of = clique(selected('old-0', 0), 3, 1)
  const others = [{ index: 1 }, { index: 2 }]
  expect(going(of, [{ index: 0, hash: 'new', ready: false }, ...others])).toEqual([])
  expect(going(of, others)).toEqual([])
  expect(going(of, [{ index: 0, hash: 'new' }, ...others])).toEqual(['old-1'])
  // Its choice was written down, and the operator stopped before the delete.
  expect(going(of, [{ index: 0 }, ...others])).toEqual(['old-0'])
})

test('a clique that is scaled in while a pod is replaced does not wait for a pod that nobody will make', () => {
  const of = clique(selected('old-2', 2), 2, 1)
  expect(going(of, [{ index: 0 }])).toEqual([])
  expect(going(of, [{ index: 0, hash: 'new', ready: false }, { index: 1 }])).toEqual([])
  expect(going(of, [{ index: 0 }, { index: 1 }])).toEqual(['old-0'])
  const both = [0, 1].map((index) => ({ index, hash: 'new' }))
  expect(stepOf(of, both).progress).toHaveProperty('updateEndedAt')
})

test('it has ended when the new pods are Ready, and a pod that finds no node holds nobody up', () => {
  const of = (minAvailable: number): PodClique => clique(selected('old-0', 0), 3, minAvailable)
  const fresh = (...ready: boolean[]): Drawn[] => ready.map((is, index) => ({ index, hash: 'new', ready: is }))
  expect(stepOf(of(1), fresh(true, true, false)).progress).not.toHaveProperty('updateEndedAt')
  expect(stepOf(of(3), fresh(true, true, true)).progress).toHaveProperty('updateEndedAt')
  const homeless = { index: 2, hash: 'new', ready: false, node: false }
  expect(stepOf(of(1), [...fresh(true, true), homeless]).progress).toHaveProperty('updateEndedAt')
  expect(stepOf(of(3), [...fresh(true, true), homeless]).progress).not.toHaveProperty('updateEndedAt')
})

test('a pod that was above the minimum and found no node does not stop the others from being replaced', () => {
  const of = clique(selected('old-0', 0), 3, 1)
  const pods = [{ index: 2, hash: 'new', ready: false, node: false }, { index: 0, hash: 'new' }, { index: 1 }]
  expect(going(of, pods)).toEqual(['old-1'])
})

test('an update that replaces none of its pods is over for a clique as soon as it is noted, and noted once', () => {
  const kept = clique({ currentPodTemplateHash: 'new' })
  const { progress, generationHash } = stepOf(kept, [{ index: 0, hash: 'new' }])
  const times = { updateStartedAt: now, updateEndedAt: now }
  expect([progress, generationHash]).toEqual([
    { ...times, podCliqueSetGenerationHash: 'g2', podTemplateHash: 'new' },
    'g2',
  ])
  const noted = clique({ ...kept.status, currentPodCliqueSetGenerationHash: 'g2' })
  expect(stepOf(noted, [{ index: 0, hash: 'new' }]).progress).toBeNull()
  expect(stepOf(kept, [{ index: 0, hash: 'new' }], { isMember: true }).progress).toBeNull()
  const made = clique({ currentPodTemplateHash: 'new', currentPodCliqueSetGenerationHash: '' })
  expect(stepOf(made, [{ index: 0, hash: 'new' }]).progress).toBeNull()
})

test('with OnDelete, or before its turn, nothing goes', () => {
  const pods = [{ index: 0 }, { index: 1, ready: false }]
  expect(going(clique({}), pods, { generation: { ...generation, strategy: 'OnDelete' } })).toEqual([])
  expect(going(clique({}), pods, { isTurn: false })).toEqual([])
})

test('a template label that nobody gave replaces nothing; that of an update under way does', () => {
  const pods = [{ index: 0 }, { index: 1 }, { index: 2 }]
  expect(going(clique({}), pods, { isOutdated: true })).toEqual([])
  const updateProgress = { updateStartedAt: now, podCliqueSetGenerationHash: 'g2', podTemplateHash: 'new' }
  expect(going(clique({ updateProgress }), pods, { isOutdated: true })).toHaveLength(1)
})

const whole: ReplicaStanding = { isUpdated: false, scheduledPods: 4, isBreached: false, isDue: false }

function nextReplica(standings: readonly Partial<ReplicaStanding>[], status: PodCliqueSetStatus = {}) {
  const { progress } = setRollout({
    status: { currentGenerationHash: 'g1', ...status },
    replicas: standings.length,
    generation: { ...generation, hash: 'g1', isBegun: status.updateProgress !== undefined },
    newestHash: 'g2',
    standingOf: (index) => ({ ...whole, ...standings[index] }),
    now,
  })
  return progress?.currentlyUpdating?.map(({ replicaIndex }) => replicaIndex) ?? progress?.updateEndedAt
}

test('of the replicas first those that nothing runs of, then those below their minimum, then by index', () => {
  expect(nextReplica([{}, { isBreached: true }, { scheduledPods: 0, isBreached: true }])).toEqual([2])
  expect(nextReplica([{}, { isBreached: true }, {}])).toEqual([1])
  expect(nextReplica([{}, {}])).toEqual([0])
  expect(nextReplica([{ isDue: true, isBreached: true }, {}])).toEqual([1])
})

test('a replica keeps its turn until it is updated, and after the last the update has ended', () => {
  const updateProgress = { updateStartedAt: now, currentlyUpdating: [{ replicaIndex: 1 }] }
  expect(nextReplica([{ scheduledPods: 0 }, {}], { updateProgress })).toEqual([1])
  expect(nextReplica([{}, { isUpdated: true }], { updateProgress })).toEqual([0])
  expect(nextReplica([{ isUpdated: true }, { isUpdated: true }], { updateProgress })).toBe(now)
  expect(nextReplica([{ isUpdated: true }], { updateProgress })).toBe(now)
})

const set = (more = '') =>
  asSet(parse(workloadYaml('workload1').replace('image: busybox', `image: busybox${more}`)) as NewObject)

function liveOf(shape: ReturnType<typeof shapeOf>, marks: object = {}): [CliqueShape, PodClique] {
  const identity = standaloneIdentity(shape, 0, shape.standalone[0] as CliqueShape)
  const made = expandClique(shape, identity, shape.set, undefined) as unknown as PodClique
  const labels = { ...made.metadata.labels, 'grove.io/pod-template-hash': 'of-another-operator' }
  return [identity.clique, { ...made, metadata: { ...made.metadata, uid: 'u', labels, ...marks } } as PodClique]
}

const grove = { finalizers: ['grove.io/podclique.grove.io'] }

test("taking over: another operator's hash stands as long as its clique is made from the template", () => {
  const shape = shapeOf(set())
  const [clique, live] = liveOf(shape, grove)
  expect(hashFor(clique, live)).toBe('of-another-operator')
  const [changed] = liveOf(shapeOf(set(':new')), grove)
  expect(isOutdated(changed, live)).toBe(true)
  const taken = shapeOf({ ...shape.set, status: { currentGenerationHash: 'theirs' } })
  expect(generationOf(taken, () => [live])).toMatchObject({ hash: 'theirs', isBegun: true })
})

test('a hash that is not ours on a clique that is ours is no reason to keep it', () => {
  const [clique, live] = liveOf(shapeOf(set()))
  expect(hashFor(clique, live)).toBe(clique.templateHash)
})
