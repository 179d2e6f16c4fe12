import { afterEach, describe, expect, test } from 'vitest'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { reflector } from '../../kube/reflector/reflector.ts'
import { seededRandom } from '../../kube/random.ts'
import { EVENTS, NODES, PODS, SECRETS, CONFIG_MAPS } from '../../kube/resources.ts'
import { podLine } from '../../sim/server/columns/pod.ts'
import { conditionOf, partOf, podObject, startWorld, waitingOf, type World } from './world.ts'

const HOUR_MS = 3_600_000
let world: World
afterEach(() => world.stop())

/** Every status line that a watcher sees of a pod, without repeats. */
function watchLines(of: World, name: string): string[] {
  const lines: string[] = []
  const note = (object: Pod): void => {
    const { status, ready, total } = podLine(object)
    const line = `${status} ${ready}/${total}`
    if (object.metadata.name === name && lines.at(-1) !== line) lines.push(line)
  }
  reflector<Pod>({
    client: of.client,
    type: PODS,
    clock: of.clock,
    random: seededRandom(1),
    onDelta: (delta) => (delta.kind === 'deleted' ? lines.push('gone') : note(delta.object)),
  }).start()
  return lines
}

describe('a pod on a simulated node', () => {
  test('is created, runs and turns ready within cluster seconds', async () => {
    world = await startWorld()
    const lines = watchLines(world, 'a')
    await world.create(PODS, podObject('a'))
    const { isSettled, settledAfterMs } = await world.settle()
    expect(lines).toEqual(['Pending 0/1', 'ContainerCreating 0/1', 'Running 0/1', 'Running 1/1'])
    expect(isSettled).toBe(true)
    expect(settledAfterMs).toBeGreaterThan(200)
    expect(settledAfterMs).toBeLessThan(1_500)
    const pod = await world.pod('a')
    expect(pod.status).toMatchObject({ phase: 'Running', hostIP: '0.0.0.0', podIP: expect.stringMatching(/^10\./) })
    const types = ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready', 'PodReadyToStartContainers']
    expect(types.map((type) => conditionOf(pod, type))).toEqual(types.map(() => 'True'))
    expect(pod.status?.conditions?.filter((condition) => condition.reason !== undefined)).toEqual([])
  })

  test('has an address of its own', async () => {
    world = await startWorld()
    for (const name of ['a', 'b', 'c']) await world.create(PODS, podObject(name))
    await world.settle()
    const ips = (await world.list<Pod>(PODS)).map((pod) => pod.status?.podIP)
    expect(new Set(ips).size).toBe(3)
  })

  test('takes as long whichever pod came first', async () => {
    const readyAt = async (names: readonly string[]): Promise<Map<string, string>> => {
      world = await startWorld()
      for (const name of names) await world.create(PODS, podObject(name))
      const seen = new Map<string, string>()
      const stamp = (pod: Pod): void => {
        if (conditionOf(pod, 'Ready') === 'True' && !seen.has(pod.metadata.name))
          seen.set(pod.metadata.name, String(world.clock.monotonicMs()))
      }
      const { client, clock } = world
      reflector<Pod>({
        client,
        type: PODS,
        clock,
        random: seededRandom(1),
        onDelta: ({ object }) => stamp(object),
      }).start()
      await world.settle()
      return seen
    }
    const forth = await readyAt(['a', 'b', 'c'])
    await world.stop()
    const back = await readyAt(['c', 'b', 'a'])
    expect(Object.fromEntries(forth)).toEqual(Object.fromEntries(back))
    expect(forth.size).toBe(3)
  })

  test('runs its init containers one after the other, and keeps sidecars', async () => {
    world = await startWorld()
    const initContainers = [
      { name: 'first', image: 'i' },
      { name: 'side', image: 'i', restartPolicy: 'Always' },
      { name: 'last', image: 'i' },
    ]
    const lines = watchLines(world, 'a')
    await world.create(PODS, podObject('a', { initContainers }))
    await world.settle()
    expect(lines).toEqual([
      'Pending 0/2',
      'Init:0/3 0/2',
      'Init:1/3 0/2',
      'Init:2/3 0/2',
      'Init:2/3 1/2',
      'PodInitializing 1/2',
      'Running 1/2',
      'Running 2/2',
    ])
    const states = (await world.pod('a')).status?.initContainerStatuses?.map(({ state }) => Object.keys(state ?? {})[0])
    expect(states).toEqual(['terminated', 'running', 'terminated'])
  })

  test('shows a missing secret until it appears, and says so in an event', async () => {
    world = await startWorld()
    await world.create(PODS, podObject('a', {}, { envFrom: [{ secretRef: { name: 'hf-token-secret' } }] }))
    await world.create(PODS, podObject('b'))
    await world.settle()
    const message = 'secret "hf-token-secret" not found'
    expect(waitingOf(await world.pod('a'))).toEqual({ reason: 'CreateContainerConfigError', message })
    expect(conditionOf(await world.pod('b'), 'Ready')).toBe('True')
    const events = await world.list(EVENTS, 'default')
    expect(events.map((event) => [event['reason'], event['message']])).toContainEqual(['Failed', `Error: ${message}`])
    await world.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'hf-token-secret' } })
    await world.settle()
    expect(conditionOf(await world.pod('a'), 'Ready')).toBe('True')
  })

  test.each([
    [
      'a secret key',
      { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] },
      "couldn't find key k in Secret default/s",
    ],
    ['a config map', { envFrom: [{ configMapRef: { name: 'c' } }] }, 'configmap "c" not found'],
    [
      'a config map key',
      { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'm', key: 'k' } } }] },
      "couldn't find key k in ConfigMap default/m",
    ],
  ])('names %s that is missing', async (_what, container, message) => {
    world = await startWorld()
    await world.create(SECRETS, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      stringData: { other: 'x' },
    })
    await world.create(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'm' },
      data: { other: 'x' },
    })
    await world.create(PODS, podObject('a', {}, container))
    await world.settle()
    expect(waitingOf(await world.pod('a'))).toEqual({ reason: 'CreateContainerConfigError', message })
  })

  test('starts without what is optional', async () => {
    world = await startWorld()
    await world.create(PODS, podObject('a', {}, { envFrom: [{ secretRef: { name: 's', optional: true } }] }))
    await world.settle()
    expect(conditionOf(await world.pod('a'), 'Ready')).toBe('True')
  })

  test('waits for a volume that cannot be mounted', async () => {
    world = await startWorld()
    await world.create(PODS, podObject('a', { volumes: [{ name: 'v', secret: { secretName: 's' } }] }))
    await world.settle()
    expect(waitingOf(await world.pod('a'))?.reason).toBe('ContainerCreating')
    const events = await world.list(EVENTS, 'default')
    expect(events.map((event) => event['reason'])).toContain('FailedMount')
    await world.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } })
    await world.settle()
    expect(conditionOf(await world.pod('a'), 'Ready')).toBe('True')
  })

  test('is refused by a node that cannot hold it', async () => {
    world = await startWorld()
    const asking = (gpus: string): object => ({ resources: { limits: { 'nvidia.com/gpu': gpus } } })
    await world.create(PODS, podObject('a', {}, asking('3')))
    await world.settle()
    await world.create(PODS, podObject('b', {}, asking('2')))
    await world.settle()
    const { status } = await world.pod('b')
    expect([status?.phase, status?.reason]).toEqual(['Failed', 'OutOfnvidia.com/gpu'])
    expect(status?.message).toBe(
      "Pod was rejected: Node didn't have enough resource: nvidia.com/gpu, requested: 2, used: 3, capacity: 4",
    )
  })

  test('is refused by a node that its selector does not match', async () => {
    world = await startWorld()
    await world.create(PODS, podObject('a', { nodeSelector: { disk: 'ssd' } }))
    await world.settle()
    expect((await world.pod('a')).status).toMatchObject({ phase: 'Failed', reason: 'NodeAffinity' })
  })

  test('goes in its grace period and gives its room back', async () => {
    world = await startWorld()
    const asking = { resources: { limits: { 'nvidia.com/gpu': '4' } } }
    await world.create(PODS, podObject('a', {}, asking))
    await world.settle()
    const lines = watchLines(world, 'a')
    await world.during(world.client.delete(PODS, { namespace: 'default', name: 'a' }))
    const { settledAfterMs } = await world.settle()
    expect(lines.filter((line) => line !== 'Completed 0/1')).toEqual(['Running 1/1', 'Terminating 1/1', 'gone'])
    expect(settledAfterMs).toBeLessThan(1_500)
    await world.create(PODS, podObject('b', {}, asking))
    await world.settle()
    expect(conditionOf(await world.pod('b'), 'Ready')).toBe('True')
  })

  test('crashes into back-off, and is restarted', async () => {
    world = await startWorld()
    await world.create(PODS, podObject('a'))
    await world.settle()
    const key = { namespace: 'default', name: 'a' }
    world.cluster.faults.crashPod(key)
    expect((await world.settle()).settledAfterMs).toBeLessThan(2_000)
    expect((await world.pod('a')).status?.containerStatuses?.[0]).toMatchObject({ ready: true, restartCount: 1 })
    world.cluster.faults.crashPod(key)
    await world.clock.runFor(1_000)
    expect(waitingOf(await world.pod('a'))?.reason).toBe('CrashLoopBackOff')
    const { settledAfterMs } = await world.settle()
    expect(settledAfterMs).toBeGreaterThan(8_000)
    expect((await world.pod('a')).status?.containerStatuses?.[0]).toMatchObject({ ready: true, restartCount: 2 })
  })

  test.each([
    ['Never', 0, 'Succeeded'],
    ['Never', 1, 'Failed'],
    ['OnFailure', 0, 'Succeeded'],
    ['OnFailure', 1, 'Running'],
    ['Always', 0, 'Running'],
  ])('under restart policy %s, exit code %i leaves it %s', async (restartPolicy, exitCode, phase) => {
    world = await startWorld()
    await world.create(PODS, podObject('a', { restartPolicy }))
    await world.settle()
    world.cluster.faults.crashPod({ namespace: 'default', name: 'a' }, { exitCode })
    await world.settle()
    const { status } = await world.pod('a')
    expect([status?.phase, status?.containerStatuses?.[0]?.restartCount]).toEqual([phase, phase === 'Running' ? 1 : 0])
  })

  test('fails for good when its node evicts it', async () => {
    world = await startWorld()
    await world.create(PODS, podObject('a'))
    await world.settle()
    world.cluster.faults.failPod({ namespace: 'default', name: 'a' })
    await world.settle()
    expect((await world.pod('a')).status).toMatchObject({ phase: 'Failed', reason: 'Evicted' })
  })

  test('vanishes at once', async () => {
    world = await startWorld()
    await world.create(PODS, podObject('a'))
    await world.settle()
    await world.during(world.cluster.faults.vanishPod({ namespace: 'default', name: 'a' }))
    expect(await world.get(PODS, 'a')).toBeNull()
  })

  test('is not Ready on a node that fell silent, is evicted in the end, and comes back with it', async () => {
    world = await startWorld()
    const forever = { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' }
    const tolerations = [{ ...forever, tolerationSeconds: 300 }]
    await world.create(PODS, podObject('a', { tolerations }))
    await world.create(PODS, podObject('b', { tolerations: [forever] }))
    await world.settle()
    world.cluster.faults.killNode('n1')
    await world.clock.runFor(45_000)
    expect(conditionOf(await world.pod('a'), 'Ready')).toBe('False')
    expect((await world.pod('a')).metadata.deletionTimestamp).toBeUndefined()
    const { taints } = partOf<{ taints: { key: string }[] }>(await world.get(NODES, 'n1'), 'spec')
    expect(new Set(taints.map(({ key }) => key))).toEqual(new Set(['node.kubernetes.io/unreachable']))
    await world.clock.runFor(HOUR_MS)
    expect((await world.pod('a')).metadata.deletionTimestamp).toBeDefined()
    expect((await world.pod('b')).metadata.deletionTimestamp).toBeUndefined()
    world.cluster.faults.reviveNode('n1')
    await world.settle()
    expect(await world.get(PODS, 'a')).toBeNull()
    expect(conditionOf(await world.pod('b'), 'Ready')).toBe('True')
    expect(partOf<{ taints?: unknown[] }>(await world.get(NODES, 'n1'), 'spec').taints ?? []).toEqual([])
  })

  test('bears a taint that says no time for so many seconds from when it was seen there, then all is at rest', async () => {
    world = await startWorld()
    await world.create(
      PODS,
      podObject('a', { tolerations: [{ operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 }] }),
    )
    await world.settle()
    const taints = [{ key: 'k', effect: 'NoExecute' }]
    await world.during(world.client.mergePatch(NODES, { namespace: '', name: 'n1' }, { spec: { taints } }))
    await world.clock.runFor(50_000)
    expect((await world.pod('a')).metadata.deletionTimestamp).toBeUndefined()
    expect((await world.clock.runUntilSettled({ maxVirtualMs: HOUR_MS })).isSettled).toBe(true)
    expect(await world.get(PODS, 'a')).toBeNull()
  })

  test('that runs already is taken as it is', async () => {
    world = await startWorld()
    const status = { phase: 'Running', startTime: '2025-12-31T23:00:00Z', podIP: '10.130.0.9' }
    await world.cluster.load({ ...podObject('a'), metadata: { name: 'a', namespace: 'default', uid: 'u-1' }, status })
    const { settledAfterMs } = await world.settle()
    const pod = await world.pod('a')
    expect([pod.metadata.uid, pod.status?.podIP, pod.status?.startTime]).toEqual([
      'u-1',
      '10.130.0.9',
      status.startTime,
    ])
    expect(conditionOf(pod, 'Ready')).toBe('True')
    expect(settledAfterMs).toBe(0)
  })
})
