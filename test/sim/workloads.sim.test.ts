import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import { seededRandom } from '../../kube/random.ts'
import { NAMESPACES, PODS } from '../../kube/resources.ts'
import { boundsOf, generationsOf, planScaling } from '../../sim/controllers/workloads/deployment-plan.ts'
import { parseIndexes, writeIndexes } from '../../sim/controllers/workloads/indexes.ts'
import {
  type Deployment,
  DEPLOYMENTS,
  type Job,
  JOBS,
  REPLICA_SETS,
  type ReplicaSet,
  STATEFUL_SETS,
} from '../../sim/controllers/workloads/kinds.ts'
import type { Intercept } from '../../sim/server/intercept.ts'
import { startWorld, type World } from './world.ts'

const seed = Number(process.env['SEED'] ?? 1)
let world: World
afterEach(() => world?.stop())

const selector = { matchLabels: { app: 'web' } }
const template = (image: string, spec: object = {}): object => ({
  metadata: { labels: { app: 'web' } },
  spec: { nodeName: 'n1', containers: [{ name: 'main', image }], ...spec },
})
const apps = (kind: string, spec: object): NewObject => ({
  apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
  kind,
  metadata: { name: 'web' },
  spec: { ...(kind === 'Job' ? {} : { selector }), ...spec },
})
const pods = (): Promise<readonly Pod[]> => world.list<Pod>(PODS, 'default')
const patch = async (type: typeof DEPLOYMENTS, change: object): Promise<void> => {
  valueOrThrow(await world.during(world.client.mergePatch(type, { namespace: 'default', name: 'web' }, change)))
  await world.settle()
}

/** Of the writes to pods, one in three is lost on the way there, refused as busy, or carried out unheard. */
function unreliable(): Intercept {
  const random = seededRandom(seed)
  return ({ method, path }) => {
    if (method === 'GET' || !path.includes('/pods')) return 'pass'
    const draw = random()
    if (draw < 0.1) return 'drop'
    if (draw < 0.2) return 'lose-answer'
    return draw < 0.3 ? { status: 429, retryAfterSeconds: 1 } : 'pass'
  }
}

describe('workloads on a server that loses answers', () => {
  test.each([
    ['Deployment', DEPLOYMENTS, { strategy: { type: 'RollingUpdate' } }],
    ['StatefulSet', STATEFUL_SETS, { serviceName: 's' }],
    ['StatefulSet', STATEFUL_SETS, { serviceName: 's', podManagementPolicy: 'Parallel' }],
  ] as const)('a %s ends with exactly the pods that it asks for', async (kind, type, spec) => {
    world = await startWorld({ random: seededRandom(seed), seed })
    world.cluster.server.setIntercept(unreliable())
    await world.create(type, apps(kind, { replicas: 20, template: template('i:1'), ...spec }))
    expect((await world.settle()).isSettled).toBe(true)
    const running = async (): Promise<string[]> =>
      (await pods()).map(({ spec: { containers }, status }) => `${containers[0]?.image} ${status?.phase}`)
    expect(await running(), `SEED=${seed}`).toEqual(Array.from({ length: 20 }, () => 'i:1 Running'))
    await patch(type, { spec: { replicas: 7, template: template('i:2') } })
    expect(await running(), `SEED=${seed}`).toEqual(Array.from({ length: 7 }, () => 'i:2 Running'))
  })

  test('a Job counts every pod once', async () => {
    world = await startWorld({ random: seededRandom(seed), seed })
    world.cluster.server.setIntercept(unreliable())
    const spec = { parallelism: 4, completions: 12, template: template('i', { restartPolicy: 'Never' }) }
    await world.create(JOBS, apps('Job', spec))
    const job = async (): Promise<Job['status']> => (await world.get<Job>(JOBS, 'web'))?.status
    for (let round = 0; round < 20 && (await job())?.completionTime === undefined; round++) {
      await world.settle()
      for (const { metadata, status } of await pods()) {
        const key = { namespace: 'default', name: metadata.name }
        if (status?.phase === 'Running') world.cluster.faults.finishPod(key)
      }
    }
    await world.settle()
    expect(await job(), `SEED=${seed}`).toMatchObject({ succeeded: 12, uncountedTerminatedPods: {} })
    expect((await pods()).map(({ status }) => status?.phase)).toEqual(Array.from({ length: 12 }, () => 'Succeeded'))
    expect((await pods()).flatMap(({ metadata }) => metadata.finalizers ?? [])).toEqual([])
  })
})

describe('workloads whose news come late', () => {
  test.each([
    ['ReplicaSet', REPLICA_SETS, { replicas: 9 }],
    ['StatefulSet', STATEFUL_SETS, { replicas: 9, serviceName: 's', podManagementPolicy: 'Parallel' }],
    ['Job', JOBS, { parallelism: 9, completions: 9 }],
  ] as const)('a %s makes no pod twice', async (kind, type, spec) => {
    world = await startWorld({ random: seededRandom(seed), seed })
    world.cluster.server.delayWatches(({ type: { plural } }) => plural === 'pods', 3_000)
    let made = 0
    world.cluster.server.setIntercept(({ method, path }) => {
      if (method === 'POST' && path.split('?')[0]?.endsWith('/pods')) made++
      return 'pass'
    })
    const restartPolicy = kind === 'Job' ? { restartPolicy: 'Never' } : {}
    await world.create(type, apps(kind, { ...spec, template: template('i:1', restartPolicy) }))
    await world.clock.runFor(1_000)
    const change = { metadata: { annotations: { looked: 'at' } } }
    await world.during(world.client.mergePatch(type, { namespace: 'default', name: 'web' }, change))
    await world.clock.runFor(20_000)
    expect([made, (await pods()).length]).toEqual([9, 9])
  })
})

describe('a Job', () => {
  test('waits 10 s after the first failure, then twice as long each time', async () => {
    world = await startWorld()
    const spec = { backoffLimit: 3, template: template('i', { restartPolicy: 'Never' }) }
    await world.create(JOBS, apps('Job', spec))
    await world.settle()
    const waits: number[] = []
    for (let tries = 0; tries < 4; tries++) {
      const running = (await pods()).find(({ status }) => status?.phase === 'Running')
      world.cluster.faults.failPod({ namespace: 'default', name: running?.metadata.name ?? '' })
      const failedMs = world.clock.monotonicMs()
      await world.settle()
      const made = (await pods()).filter(({ status }) => status?.phase === 'Running')
      const [next] = made
      if (next !== undefined)
        waits.push(
          (Date.parse(next.metadata.creationTimestamp) - world.clock.nowMs() + world.clock.monotonicMs() - failedMs) /
            1_000,
        )
    }
    expect(waits.map((seconds) => Math.round(seconds / 5) * 5)).toEqual([10, 20, 40])
    const { conditions } = (await world.get<Job>(JOBS, 'web'))?.status ?? {}
    expect(conditions?.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'FailureTarget BackoffLimitExceeded',
      'Failed BackoffLimitExceeded',
    ])
  })

  test('lets go of its pods when it is deleted, also with its namespace', async () => {
    world = await startWorld()
    await world.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } })
    const job = apps('Job', { parallelism: 2, template: template('i', { restartPolicy: 'Never' }) })
    await world.create(JOBS, job)
    await world.create(JOBS, { ...job, metadata: { name: 'web', namespace: 'team' } })
    await world.settle()
    expect(await world.list(PODS)).toHaveLength(4)
    const background = { propagationPolicy: 'Background' } as const
    await world.during(world.client.delete(JOBS, { namespace: 'default', name: 'web' }, background))
    await world.during(world.client.delete(NAMESPACES, { namespace: '', name: 'team' }))
    await world.settle()
    expect(await world.list(PODS)).toEqual([])
    expect(await world.get(NAMESPACES, 'team')).toBeNull()
  })

  test('writes runs of indexes as ranges, and reads them back', () => {
    expect(writeIndexes(new Set([7, 0, 2, 3, 4, 9, 8]))).toBe('0,2-4,7-9')
    const sets = fc.uniqueArray(fc.nat(40))
    fc.assert(
      fc.property(sets, (indexes) => {
        const kept = [...parseIndexes(writeIndexes(new Set(indexes)))]
        expect(kept).toEqual([...indexes].sort((a, b) => a - b))
      }),
      { seed },
    )
  })
})

describe('what cannot be made', () => {
  test('lets the cluster settle, and is told at the ReplicaSet and the Deployment', async () => {
    world = await startWorld()
    const spec = { replicas: 2, template: template('i', { priorityClassName: 'no-such-class' }) }
    await world.create(DEPLOYMENTS, apps('Deployment', spec))
    expect((await world.settle()).isSettled).toBe(true)
    const failure = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' }
    const [set] = await world.list<ReplicaSet>(REPLICA_SETS)
    expect(set?.status?.conditions).toMatchObject([failure])
    const { conditions } = (await world.get<Deployment>(DEPLOYMENTS, 'web'))?.status ?? {}
    expect(conditions?.find(({ type }) => type === 'ReplicaFailure')).toMatchObject(failure)
  })
})

describe('a rolling update, step by step', () => {
  const set = (name: string, image: string, replicas: number, available: number): ReplicaSet => ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { replicas, selector, template: template(image) as ReplicaSet['spec']['template'] },
    status: { replicas, availableReplicas: available },
  })

  test('never has more pods than the surge, nor fewer available ones than promised, and comes to its end', () => {
    const step = fc.record({ becomes: fc.nat(3) })
    const input = fc.record({
      replicas: fc.integer({ min: 1, max: 12 }),
      maxSurge: fc.oneof(fc.nat(3), fc.constantFrom('0%', '25%', '100%')),
      maxUnavailable: fc.oneof(fc.nat(3), fc.constantFrom('0%', '25%', '100%')),
      steps: fc.array(step, { maxLength: 60 }),
    })
    fc.assert(
      fc.property(input, ({ replicas, maxSurge, maxUnavailable, steps }) => {
        const deployment: Deployment = {
          ...(apps('Deployment', {}) as Deployment),
          spec: {
            replicas,
            selector,
            template: template('new') as Deployment['spec']['template'],
            strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
          },
        }
        const { surge, unavailable } = boundsOf(deployment)
        let [fresh, old] = [
          { size: 0, available: 0 },
          { size: replicas, available: replicas },
        ]
        const advance = (becomes: number): void => {
          const sets = [set('a-old', 'old', old.size, old.available), set('b-new', 'new', fresh.size, fresh.available)]
          for (const { set: scaled, replicas: size } of planScaling(
            deployment,
            generationsOf(deployment, sets),
            false,
          )) {
            const before = scaled.metadata.name === 'a-old' ? old : fresh
            // Unhealthy pods go first, as a ReplicaSet chooses them.
            const after = { size, available: Math.min(before.available, size) }
            if (scaled.metadata.name === 'a-old') old = after
            else fresh = after
          }
          expect(fresh.size + old.size).toBeLessThanOrEqual(replicas + surge)
          expect(fresh.available + old.available).toBeGreaterThanOrEqual(replicas - unavailable)
          fresh = { size: fresh.size, available: Math.min(fresh.size, fresh.available + becomes) }
        }
        for (const { becomes } of steps) advance(becomes)
        for (let i = 0; i < 100; i++) advance(1)
        expect([fresh, old.size]).toEqual([{ size: replicas, available: replicas }, 0])
      }),
      { seed, numRuns: 100 },
    )
  })
})
