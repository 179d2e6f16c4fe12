import { parse } from 'yaml'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PodClique } from '../../api/generated/kinds.ts'
import type { KubeObject, NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import {
  EVENTS,
  NAMESPACES,
  POD_CLIQUE_SETS,
  POD_CLIQUES,
  POD_GANGS,
  PODS,
  SCALING_GROUPS,
  SERVICES,
} from '../../kube/resources.ts'
import type { Intercept } from '../../sim/server/intercept.ts'
import { TransportError } from '../../kube/transport.ts'
import { seededRandom } from '../../kube/random.ts'
import { type Harness, isReady, names, startHarness } from './harness.ts'
import { changed, imagesOf } from './updating.ts'
import { workloadYaml } from './workloads.ts'

let at: Harness
beforeEach(async () => {
  at = await startHarness()
})
afterEach(async () => {
  at.cluster.server.setIntercept(null)
  await at.stop()
})

const podCreates = (): number => at.writes.filter((write) => /^POST .*\/pods(\?|$)/.test(write)).length
const podDeletes = (): number => at.writes.filter((write) => /^DELETE .*\/pods\//.test(write)).length
const isWrite = (method: string): boolean => method !== 'GET'

test('pods are made once, however late the watch tells of them', async () => {
  at.cluster.server.delayWatches(({ type }) => type.kind === 'Pod' || type.kind === 'PodClique', 3_000)
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.settle()
  expect((await at.list<Pod>(PODS)).filter(isReady)).toHaveLength(10)
  expect(podCreates()).toBe(10)
})

test('a scale-in followed by a scale-out under a late watch deletes and makes exactly what is asked for', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2'))
  await at.settle()
  at.cluster.server.delayWatches(({ type }) => type.kind === 'Pod', 2_000)
  at.writes.length = 0
  await at.patch(POD_CLIQUES, 'workload2-0-pc-a', { spec: { replicas: 1 } }, 'scale')
  await at.clock.runFor(500)
  await at.patch(POD_CLIQUES, 'workload2-0-pc-a', { spec: { replicas: 3 } }, 'scale')
  await at.settle()
  expect(podCreates()).toBe(2)
  expect(podDeletes()).toBe(1)
  const pods = (await at.list<Pod>(PODS)).filter(({ metadata }) => metadata.name.startsWith('workload2-0-pc-a'))
  expect(pods.filter(isReady)).toHaveLength(3)
})

test('a create whose answer is lost makes one pod, not two', async () => {
  let lost = 0
  at.cluster.server.delayWatches(({ type }) => type.kind === 'Pod', 60_000)
  at.cluster.server.setIntercept(({ method, path }) => {
    if (method !== 'POST' || !/\/pods(\?|$)/.test(path) || lost >= 4) return 'pass'
    lost++
    return 'lose-answer'
  })
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.settle()
  expect(lost).toBe(4)
  const pods = await at.list<Pod>(PODS)
  expect(pods.filter(isReady)).toHaveLength(10)
  expect(new Set(pods.map(({ spec }) => spec.hostname)).size).toBe(10)
  expect(podDeletes()).toBe(0)
})

test('a create that is carried out long after it was given up makes one pod, under whatever name was free then', async () => {
  const late: (() => Promise<unknown>)[] = []
  const state = { isLosing: false }
  const losing = await startHarness({
    through: (transport) => ({
      stream: (request) => transport.stream(request),
      close: () => transport.close(),
      request: async (request) => {
        if (!state.isLosing || request.method !== 'POST' || !/\/pods(\?|$)/.test(request.path)) {
          return transport.request(request)
        }
        late.push(() => transport.request(request))
        throw new TransportError('timeout', 'no answer')
      },
    }),
  })
  try {
    await losing.apply(POD_CLIQUE_SETS, workloadYaml('workload2'))
    await losing.settle()
    const before = await losing.list<Pod>(PODS)
    const [going] = before.filter(({ metadata }) => metadata.name.startsWith('workload2-0-pc-a'))
    state.isLosing = true
    losing.writes.length = 0
    await losing.remove(PODS, going!.metadata.name)
    await losing.clock.runFor(60_000)
    expect(late.length).toBeGreaterThan(1)
    expect(await losing.list<Pod>(PODS)).toHaveLength(before.length - 1)
    state.isLosing = false
    await losing.settle()
    const [first] = late
    void first!()
    await losing.settle()
    const pods = await losing.list<Pod>(PODS)
    expect(new Set(pods.map(({ spec }) => spec.hostname)).size).toBe(before.length)
    expect(losing.writes.filter((write) => /^DELETE .*\/pods\//.test(write))).toEqual([])
  } finally {
    await losing.stop()
  }
})

test('a clique whose delete is not answered, and is not told of, makes no pods for those that go with it', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.settle()
  at.cluster.server.delayWatches(({ type }) => type.kind === 'PodClique', 3_000)
  let lost = 0
  at.cluster.server.setIntercept(({ method, path }) => {
    if (method !== 'DELETE' || !path.includes('/podcliques/')) return 'pass'
    lost++
    return 'lose-answer'
  })
  at.writes.length = 0
  await at.patch(POD_CLIQUE_SETS, 'workload1', { spec: { replicas: 0 } }, 'scale')
  await at.settle()
  expect(lost).toBeGreaterThan(0)
  expect(podCreates()).toBe(0)
  expect(await at.list(PODS)).toEqual([])
})

test('whatever every third write meets, the end is the same', async () => {
  const random = seededRandom(Number(process.env['SEED'] ?? 5))
  let writes = 0
  const breaks: Intercept = ({ method, path }) => {
    const isOurs = isWrite(method) && !path.includes('/binding') && !path.includes('/leases')
    if (!isOurs || path.includes('/pods/') || writes++ % 3 !== 0 || writes > 300) return 'pass'
    const draw = random()
    if (draw < 0.3) return { status: 500 }
    if (draw < 0.5) return { status: 429, retryAfterSeconds: 1 }
    if (draw < 0.7) return 'drop'
    return 'lose-answer'
  }
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2', 2))
  at.cluster.server.setIntercept(breaks)
  await at.settle()
  expect((await at.list<Pod>(PODS)).filter(isReady)).toHaveLength(20)
  expect(writes).toBeGreaterThan(30)
})

test('what somebody takes away is put back, and what they add is kept', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.settle()
  await at.remove(SERVICES, 'workload1-0')
  await at.remove(POD_GANGS, 'workload1-0')
  await at.patch(POD_CLIQUES, 'workload1-0-pc-a', {
    metadata: { labels: { 'grove.io/podgang': 'other', mine: 'kept' }, annotations: { note: 'kept' } },
    spec: { minAvailable: 1 },
  })
  await at.settle()
  expect(names(await at.list(SERVICES))).toContain('workload1-0')
  expect(names(await at.list(POD_GANGS))).toEqual(['workload1-0'])
  const clique = await at.get<PodClique>(POD_CLIQUES, 'workload1-0-pc-a')
  expect(clique.metadata.labels).toMatchObject({ 'grove.io/podgang': 'workload1-0', mine: 'kept' })
  expect(clique.metadata.annotations).toEqual({ note: 'kept' })
  expect(clique.spec.minAvailable).toBe(2)
})

test('a clique that somebody deletes comes back whole, and its old pods go', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.settle()
  await at.remove(POD_CLIQUES, 'workload1-0-sg-x-1-pc-c')
  await at.settle()
  const pods = (await at.list<Pod>(PODS)).filter(({ metadata }) => metadata.name.startsWith('workload1-0-sg-x-1-pc-c'))
  expect(pods.filter(isReady)).toHaveLength(3)
  expect(await at.list(PODS)).toHaveLength(10)
})

test("another operator's finalizers keep nothing from going", async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.settle()
  const add = (finalizer: string): object => ({ metadata: { finalizers: [finalizer] } })
  await at.patch(POD_CLIQUE_SETS, 'workload1', add('grove.io/podcliqueset.grove.io'))
  await at.patch(POD_CLIQUES, 'workload1-0-pc-a', add('grove.io/podclique.grove.io'))
  await at.patch(SCALING_GROUPS, 'workload1-0-sg-x', add('grove.io/podcliquescalinggroup.grove.io'))
  await at.remove(POD_CLIQUE_SETS, 'workload1')
  await at.settle()
  for (const type of [POD_CLIQUE_SETS, POD_CLIQUES, SCALING_GROUPS, PODS]) {
    expect(await at.list<KubeObject>(type)).toEqual([])
  }
})

test('a deleted namespace goes with everything that was made in it', async () => {
  await at.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'short' } })
  const set = parse(workloadYaml('workload2')) as NewObject
  await at.create(POD_CLIQUE_SETS, { ...set, metadata: { ...set.metadata, namespace: 'short' } })
  await at.settle()
  await at.client.delete(NAMESPACES, { namespace: '', name: 'short' })
  await at.settle()
  const left = await at.client.list(NAMESPACES)
  expect(left.kind === 'ok' ? names(left.value.items) : left).not.toContain('short')
  const pods = await at.client.list(PODS, { namespace: 'short' })
  expect(pods).toMatchObject({ kind: 'ok', value: { items: [] } })
})

test('with the operator stopped a set still goes with all that it made', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.settle()
  await at.stopOperator()
  await at.remove(POD_CLIQUE_SETS, 'workload1')
  await at.settle()
  for (const type of [POD_CLIQUE_SETS, POD_CLIQUES, SCALING_GROUPS, POD_GANGS, PODS]) {
    expect(names(await at.list<KubeObject>(type))).toEqual([])
  }
})

test('a refused pod is told in the clique and in an event, asked for once a round, and made when it may be', async () => {
  let refused = 0
  at.cluster.server.setIntercept(({ method, path }) => {
    if (method !== 'POST' || !/\/pods(\?|$)/.test(path)) return 'pass'
    refused++
    return { status: 403, reason: 'Forbidden' }
  })
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.clock.runFor(2_000)
  const clique = await at.get<PodClique>(POD_CLIQUES, 'workload1-0-sg-x-0-pc-c')
  expect(clique.status?.lastErrors).toMatchObject([{ code: 'ERR_CREATE_OR_DELETE_POD' }])
  expect(clique.status?.observedGeneration).toBeUndefined()
  expect(refused).toBeLessThan(5 * 12)
  at.cluster.server.setIntercept(null)
  await at.settle()
  expect((await at.list<Pod>(PODS)).filter(isReady)).toHaveLength(10)
  const after = await at.get<PodClique>(POD_CLIQUES, 'workload1-0-sg-x-0-pc-c')
  expect(after.status).toMatchObject({ lastErrors: [], observedGeneration: 1 })
  const events = await at.list<KubeObject & { reason: string }>(EVENTS)
  expect(events.map(({ reason }) => reason)).toContain('PodCreateFailed')
})

test('in an update too, a status that is forbidden is asked for once a look', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.settle()
  await changed(at, 'workload1', { 'pc-a': 'busybox:new' })
  const askedMs: number[] = []
  at.cluster.server.setIntercept(({ method, path }) => {
    if (method !== 'PATCH' || !path.includes('/workload1-0-pc-a/status')) return 'pass'
    askedMs.push(at.clock.monotonicMs())
    return { status: 403, reason: 'Forbidden' }
  })
  await at.clock.runFor(20_000)
  expect(askedMs.length).toBeGreaterThan(5)
  expect(new Set(askedMs).size).toBe(askedMs.length)
  at.cluster.server.setIntercept(null)
  await at.settle()
  expect(imagesOf(await at.list<Pod>(PODS), 'pc-a')).toEqual(Array(2).fill('busybox:new'))
})

test('a forbidden status of a clique that is not complete is asked for less and less often', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.settle()
  const askedMs: number[] = []
  at.cluster.server.setIntercept(({ method, path }) => {
    if (path.includes('/binding')) return { status: 403, reason: 'Forbidden' } // the third pod stays pending
    if (method !== 'PATCH' || !path.includes('/workload1-0-pc-a/status')) return 'pass'
    askedMs.push(at.clock.monotonicMs())
    return { status: 403, reason: 'Forbidden' }
  })
  await at.patch(POD_CLIQUES, 'workload1-0-pc-a', { spec: { replicas: 3 } }, 'scale')
  await at.clock.runFor(90_000)
  expect(askedMs.length).within(5, 25)
})
