import { afterEach, describe, expect, test } from 'vitest'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { SIMULATED_METRICS } from '../../api/names.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import { AUTOSCALERS, PODS, type ResourceType } from '../../kube/resources.ts'
import { decide } from '../../sim/controllers/autoscale.ts'
import { partOf, podObject, startWorld, type World } from './world.ts'

const REPLICA_SETS: ResourceType = {
  group: 'apps',
  version: 'v1',
  plural: 'replicasets',
  kind: 'ReplicaSet',
  namespaced: true,
}

describe('an autoscaler on injected metrics', () => {
  let world: World
  afterEach(() => world.stop())

  const replicaSet = (replicas: number): NewObject => ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'rs' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'test' } },
      template: { metadata: { labels: { app: 'test' } }, spec: { containers: [{ name: 'main', image: 'i' }] } },
    },
  })
  const autoscaler = (metric: object, load: string | null, spec: object = {}): NewObject => ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'hpa', annotations: load === null ? {} : { [SIMULATED_METRICS]: load } },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs' },
      minReplicas: 1,
      maxReplicas: 6,
      metrics: [metric],
      ...spec,
    },
  })
  const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }
  const queue = {
    type: 'External',
    external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '10' } },
  }
  const replicas = async (): Promise<unknown> =>
    partOf<{ replicas: number }>(await world.get(REPLICA_SETS, 'rs'), 'spec').replicas
  const status = async (): Promise<Record<string, unknown>> =>
    (await world.get(AUTOSCALERS, 'hpa'))?.['status'] as Record<string, unknown>
  const conditions = async (): Promise<Record<string, string>> =>
    Object.fromEntries(
      ((await status())['conditions'] as { type: string; reason: string }[]).map((c) => [c.type, c.reason]),
    )

  const start = async (count: number, hpa: NewObject): Promise<void> => {
    world = await startWorld()
    await world.create(REPLICA_SETS, replicaSet(count))
    await world.create(AUTOSCALERS, hpa)
    await world.settle()
  }

  test('scales up by utilisation, and says what it measured', async () => {
    await start(2, autoscaler(cpu, 'cpu=100%'))
    expect(await replicas()).toBe(4)
    expect((await status())['currentMetrics']).toEqual([
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 100 } } },
    ])
  })

  test('reads a total load against what the pods request', async () => {
    world = await startWorld()
    await world.create(REPLICA_SETS, replicaSet(2))
    const resources = { requests: { cpu: '1' } }
    for (const name of ['a', 'b']) await world.create(PODS, podObject(name, {}, { resources }))
    const key = { namespace: 'default', name: 'rs' }
    const scaled = { status: { replicas: 2 } }
    valueOrThrow(await world.during(world.client.mergePatch(REPLICA_SETS, key, scaled, { subresource: 'status' })))
    await world.settle()
    await world.create(AUTOSCALERS, autoscaler(cpu, 'cpu=1500m'))
    await world.settle()
    expect(await replicas()).toBe(3)
  })

  test('stops at its maximum and says so', async () => {
    await start(4, autoscaler(queue, 'queue=500'))
    expect(await replicas()).toBe(6)
    expect((await conditions())['ScalingLimited']).toBe('TooManyReplicas')
  })

  test('scales down only after its window', async () => {
    await start(4, autoscaler(queue, 'queue=10'))
    expect(await replicas()).toBe(1)
    expect(world.clock.monotonicMs()).toBeGreaterThanOrEqual(300_000)
  })

  test('scales down at once without a window', async () => {
    await start(4, autoscaler(queue, 'queue=10', { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } }))
    expect(await replicas()).toBe(1)
    expect(world.clock.monotonicMs()).toBeLessThan(1_000)
  })

  test('leaves alone what nobody measures, what is at zero, and what is not there', async () => {
    await start(3, autoscaler(cpu, null))
    expect([await replicas(), (await conditions())['ScalingActive']]).toEqual([3, 'FailedGetMetric'])
    await world.stop()
    await start(0, autoscaler(cpu, 'cpu=100%'))
    expect([await replicas(), (await conditions())['ScalingActive']]).toEqual([0, 'ScalingDisabled'])
    await world.stop()
    world = await startWorld()
    await world.create(AUTOSCALERS, autoscaler(cpu, 'cpu=100%'))
    await world.settle()
    expect((await conditions())['AbleToScale']).toBe('FailedGetScale')
  })

  test('asks what kinds there are once, and again when what it knows finds nothing', async () => {
    let asked = 0
    const counting = (): void =>
      world.cluster.server.setIntercept(({ path }) => {
        if (path === '/apis') asked++
        return 'pass'
      })
    await start(2, autoscaler(cpu, 'cpu=50%'))
    counting()
    await world.clock.runFor(150_000)
    expect(asked).toBe(0)
    await world.during(world.client.delete(REPLICA_SETS, { namespace: 'default', name: 'rs' }))
    await world.clock.runFor(60_000)
    expect(asked).toBeGreaterThan(0)
    await world.create(REPLICA_SETS, replicaSet(2))
    await world.clock.runFor(60_000)
    expect((await conditions())['AbleToScale']).not.toBe('FailedGetScale')
  })
})

describe('the decision of an autoscaler', () => {
  const spec = { scaleTargetRef: { kind: 'X', name: 'x' }, minReplicas: 2, maxReplicas: 100 }

  test('goes up by four or double, whichever is more, a period', () => {
    expect(decide(spec, 50, 2, [], 0)).toMatchObject({ replicas: 6, limit: 'ScaleUpLimit' })
    expect(decide(spec, 50, 10, [], 0)).toMatchObject({ replicas: 20, limit: 'ScaleUpLimit' })
  })

  test('keeps its minimum', () => {
    expect(decide(spec, 1, 2, [], 0)).toMatchObject({ replicas: 2, limit: 'TooFewReplicas' })
  })

  test('follows the highest recommendation of the window downwards', () => {
    const history = [
      { atMs: 0, replicas: 9 },
      { atMs: 100_000, replicas: 5 },
    ]
    expect(decide(spec, 3, 9, history, 200_000)).toEqual({
      replicas: 9,
      againMs: 100_000,
      limit: 'ScaleDownStabilized',
    })
    expect(decide(spec, 3, 9, history, 300_000)).toMatchObject({ replicas: 5, limit: 'ScaleDownStabilized' })
    expect(decide(spec, 3, 5, history, 400_000)).toEqual({ replicas: 3, againMs: null, limit: null })
  })
})
