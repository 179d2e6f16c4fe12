import { expect, test } from 'vitest'
import type { PodClique, PodCliqueScalingGroup } from '../../api/generated/kinds.ts'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { type GroupRollout, groupRollout } from '../../operator/decisions/group-rollout.ts'
import { recoveryOf } from '../../operator/decisions/recovery.ts'
import { expandClique } from '../../operator/expansion/clique.ts'
import { type Generation } from '../../operator/expansion/generation.ts'
import { groupIdentity, membersOf } from '../../operator/expansion/identity.ts'
import { expandScalingGroup } from '../../operator/expansion/scaling-group.ts'
import { shapeOf } from '../../operator/expansion/shape.ts'
import { POD_TEMPLATE_HASH } from '../../api/names.ts'
import { groupStatus } from '../../operator/status.ts'
import { asSet } from './expand.ts'

/** A group `g` of two copies, both of which it needs, each one clique `w` of one pod. */
const set = (image: string) =>
  asSet({
    apiVersion: 'grove.io/v1alpha1',
    kind: 'PodCliqueSet',
    metadata: { name: 's' },
    spec: {
      replicas: 1,
      template: {
        podCliqueScalingGroups: [{ name: 'g', replicas: 2, minAvailable: 2, cliqueNames: ['w'] }],
        cliques: [
          { name: 'w', spec: { roleName: 'w', replicas: 1, podSpec: { containers: [{ name: 'main', image }] } } },
        ],
      },
    },
  })

const CREATED = '2026-01-01T00:00:00Z'
const stored = (object: NewObject, status: object): unknown => ({
  ...object,
  metadata: {
    ...object.metadata,
    uid: object.metadata.name,
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: CREATED,
  },
  status,
})

const [before, after] = [shapeOf(set('first')), shapeOf(set('second'))]
const identity = groupIdentity(after, 0, after.groups[0]!)
const groupWith = (status: object): PodCliqueScalingGroup =>
  stored(expandScalingGroup(after, identity, undefined), status) as PodCliqueScalingGroup
const cliqueOf = (replica: number): PodClique => {
  const member = membersOf(groupIdentity(before, 0, before.groups[0]!), replica)[0]!
  const made = expandClique(before, member, groupWith({}), undefined)
  return stored(made, { readyReplicas: 1, scheduledReplicas: 1, observedGeneration: 1 }) as PodClique
}
const generation: Generation = { hash: after.generationHash, isBegun: true, strategy: 'RollingRecreate' }

const rolloutWith = (ready: readonly number[]): GroupRollout =>
  groupRollout({
    group: groupWith({ availableReplicas: 2, currentPodCliqueSetGenerationHash: before.generationHash }),
    generation,
    isTurn: true,
    membersOf: (replica) =>
      membersOf(identity, replica).map(({ clique }) => ({ shape: clique, clique: cliqueOf(replica) })),
    readyPodsOf: ({ metadata: { name } }) => ready[Number(/g-(\d)/.exec(name)?.[1])] ?? 0,
    placedPodsOf: () => 1,
    now: '2026-01-01T01:00:00Z',
  })

test('a replica has its turn when all that the group needs are Ready now, not when their statuses still say so', () => {
  expect(rolloutWith([1, 1])).toMatchObject({ recreating: new Set([0]), isStatusLate: false })
  expect(rolloutWith([1, 0])).toMatchObject({ recreating: new Set(), keeping: new Set([0, 1]), isStatusLate: true })
})

test('an update that replaces none of its replicas is over for a group as soon as it is noted, and noted once', () => {
  const now = '2026-01-01T01:00:00Z'
  const view = { isTurn: true, membersOf: () => [], readyPodsOf: () => 0, placedPodsOf: () => 0, now }
  const progressAt = (hash: string) =>
    groupRollout({ ...view, generation, group: groupWith({ currentPodCliqueSetGenerationHash: hash }) }).progress
  const ended = { updateStartedAt: now, updateEndedAt: now, podCliqueSetGenerationHash: generation.hash }
  expect(progressAt('before')).toEqual(ended)
  expect([progressAt(generation.hash), progressAt('')]).toEqual([null, null])
})

test('an update goes on while a replica that has its nodes is not up, whatever its status tells yet', () => {
  const { hash } = generation
  const group = groupWith({
    currentPodCliqueSetGenerationHash: before.generationHash,
    updateProgress: { updateStartedAt: CREATED, podCliqueSetGenerationHash: hash },
  })
  const made = (replica: number): PodClique => {
    const member = membersOf(identity, replica)[0]!
    const clique = stored(expandClique(after, member, group, undefined), {}) as PodClique
    const applied = {
      currentPodTemplateHash: clique.metadata.labels?.[POD_TEMPLATE_HASH] ?? '',
      currentPodCliqueSetGenerationHash: hash,
      observedGeneration: 1,
    }
    const pods = replica === 0 ? 1 : 0
    return { ...clique, status: { ...applied, readyReplicas: pods, scheduledReplicas: pods } }
  }
  const isRunning = (placed: number): boolean =>
    groupRollout({
      group: { ...group, spec: { ...group.spec, minAvailable: 1 } },
      generation,
      isTurn: true,
      membersOf: (replica) =>
        membersOf(identity, replica).map(({ clique }) => ({ shape: clique, clique: made(replica) })),
      readyPodsOf: () => 0,
      placedPodsOf: ({ metadata }) => (metadata.name.includes('g-0') ? 1 : placed),
      now: CREATED,
    }).isRunning
  expect([isRunning(1), isRunning(0)]).toEqual([true, false])
})

test('a group that was never healthy does not pass as once healthy because an update passed over its breach', () => {
  const still = { progress: null, generationHash: '', keeping: new Set<number>(), recreating: new Set<number>() }
  const statusOf = (group: PodCliqueScalingGroup, isRunning: boolean, now: string) => {
    const view = { identity, shape: after, targetHash: generation.hash, memberNamed: () => undefined }
    const rollout: GroupRollout = { ...still, isRunning, isStatusLate: false }
    return groupStatus({ ...view, group, rollout }, { now, generation: 1 })
  }
  const steps = [
    [false, '2026-01-01T00:00:03Z'],
    [true, '2026-01-01T00:10:00Z'],
    [false, '2026-01-01T00:20:00Z'],
  ] as const
  let group = groupWith({})
  for (const [isRunning, now] of steps) group = groupWith(statusOf(group, isRunning, now))
  const breach = group.status?.conditions?.find(({ type }) => type === 'MinAvailableBreached')
  expect(breach).toMatchObject({ status: 'True', lastTransitionTime: CREATED })
  expect(recoveryOf([group], 10_000, Date.parse('2026-01-01T02:00:00Z'))).toEqual({ kind: 'none' })
})

const NEVER_HEALTHY = [
  {
    what: 'whose first look came in an update',
    steps: [
      [true, 1],
      [false, 1],
    ],
  },
  {
    what: 'that was scaled from none',
    steps: [
      [false, 0],
      [false, 1],
      [false, 1],
    ],
  },
  {
    what: 'that was scaled from none in an update',
    steps: [
      [false, 0],
      [true, 1],
      [false, 1],
    ],
  },
] as const

test.each(NEVER_HEALTHY)('a group $what was never healthy', ({ steps }) => {
  const still = { progress: null, generationHash: '', keeping: new Set<number>(), recreating: new Set<number>() }
  const view = { identity, shape: after, targetHash: generation.hash, memberNamed: () => undefined }
  let group = groupWith({})
  for (const [minute, [isRunning, replicas]] of steps.entries()) {
    const asked = { ...group, spec: { ...group.spec, replicas } }
    const rollout: GroupRollout = { ...still, isRunning, isStatusLate: false }
    const context = { now: `2026-01-01T00:1${minute}:00Z`, generation: 1 }
    group = { ...asked, status: groupStatus({ ...view, group: asked, rollout }, context) }
  }
  expect(group.status?.conditions?.find(({ type }) => type === 'MinAvailableBreached')?.status).toBe('True')
  expect(recoveryOf([group], 10_000, Date.parse('2026-01-01T02:00:00Z'))).toEqual({ kind: 'none' })
})

test('a group of which nothing is told yet does not seem healthy before its first pods are placed', () => {
  const still = { progress: null, generationHash: '', keeping: new Set<number>(), recreating: new Set<number>() }
  const rollout: GroupRollout = { ...still, isRunning: false, isStatusLate: false }
  const untold = (name: string): PodClique => {
    const { status: _, ...clique } = cliqueOf(Number(name.at(-3)))
    return clique
  }
  const view = { identity, shape: after, targetHash: generation.hash, memberNamed: untold, rollout }
  const first = groupStatus({ ...view, group: groupWith({}) }, { now: '2026-01-01T00:00:01Z', generation: 1 })
  const breach = first.conditions?.find(({ type }) => type === 'MinAvailableBreached')
  expect(breach).toMatchObject({ status: 'True', lastTransitionTime: CREATED })
})
