import { beforeEach, expect, test } from 'vitest'
import { type Asking, asking, binding, type Json, pod, PODS } from './asking.ts'

let api: Asking
beforeEach(async () => {
  api = asking()
  await api.post('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } })
})

const conditionsOf = (status: Json): string[] =>
  ((status['conditions'] ?? []) as { type: string; status: string; reason?: string }[]).map((one) =>
    [one.type, one.status, one.reason].filter(Boolean).join(' '),
  )

test('a pod gets the defaults that users rely on', async () => {
  const { body } = await api.post(
    PODS,
    pod('a', { containers: [{ name: 'c', image: 'i', resources: { limits: { 'nvidia.com/gpu': '2', cpu: 1 } } }] }),
  )
  expect(body.spec).toMatchObject({
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    schedulerName: 'default-scheduler',
    terminationGracePeriodSeconds: 30,
    priority: 0,
  })
  expect(body.spec['containers']).toMatchObject([
    { imagePullPolicy: 'Always', resources: { requests: { 'nvidia.com/gpu': '2', cpu: '1' } } },
  ])
  expect((body.spec['tolerations'] as { key: string }[]).map(({ key }) => key)).toEqual([
    'node.kubernetes.io/not-ready',
    'node.kubernetes.io/unreachable',
  ])
  expect(body.status).toEqual({ phase: 'Pending', qosClass: 'Burstable' })
})

test('priority comes from the class, the default class, and never from the pod', async () => {
  const scheduling = '/apis/scheduling.k8s.io/v1/priorityclasses'
  await api.post(scheduling, { metadata: { name: 'high' }, value: 1000 })
  expect((await api.post(PODS, pod('a', { priorityClassName: 'high' }))).body.spec['priority']).toBe(1000)
  expect((await api.post(PODS, pod('s', { priorityClassName: 'system-node-critical' }))).body.spec['priority']).toBe(
    2_000_001_000,
  )
  const unknown = await api.post(PODS, pod('b', { priorityClassName: 'none' }))
  expect([unknown.status, unknown.body.message]).toEqual([
    403,
    'pods "b" is forbidden: no PriorityClass with name none was found',
  ])
  expect((await api.post(PODS, pod('c', { priority: 5 }))).status).toBe(403)
  await api.post(scheduling, { metadata: { name: 'usual' }, value: 7, globalDefault: true })
  expect((await api.post(PODS, pod('d'))).body.spec).toMatchObject({ priority: 7, priorityClassName: 'usual' })
})

test('binding sets the node, copies annotations and says PodScheduled, in one version', async () => {
  await api.post(PODS, pod('a', {}, { annotations: { own: '1' } }))
  const bound = await api.post(`${PODS}/a/binding`, binding('a', 'n1', { annotations: { 'espalier.io/attempt': 'x' } }))
  expect([bound.status, bound.body.kind, bound.body.code]).toEqual([201, 'Status', 201])
  const { body } = await api.get(`${PODS}/a`)
  expect([body.spec['nodeName'], body.metadata.annotations, conditionsOf(body.status)]).toEqual([
    'n1',
    { own: '1', 'espalier.io/attempt': 'x' },
    ['PodScheduled True'],
  ])
  const again = await api.post(`${PODS}/a/binding`, binding('a', 'n2'))
  expect([again.status, again.body.message]).toEqual([
    409,
    'Operation cannot be fulfilled on pods/binding "a": pod a is already assigned to node "n1"',
  ])
})

test('a binding for another uid, a gated pod or one that is going is refused', async () => {
  await api.post(PODS, pod('a', {}, { finalizers: ['t.io/hold'] }))
  expect((await api.post(`${PODS}/a/binding`, binding('a', 'n1', { uid: 'other' }))).status).toBe(409)
  await api.delete(`${PODS}/a`)
  const going = await api.post(`${PODS}/a/binding`, binding('a', 'n1'))
  expect([going.status, going.body.message]).toEqual([
    409,
    expect.stringContaining('pod a is being deleted, cannot be assigned to a host'),
  ])
  await api.post(PODS, pod('g', { schedulingGates: [{ name: 't.io/gate' }] }))
  const gated = await api.post(`${PODS}/g/binding`, binding('g', 'n1'))
  expect([gated.status, gated.body.message]).toEqual([409, expect.stringContaining('non-empty .spec.schedulingGates')])
  expect((await api.post(`${PODS}/none/binding`, binding('none', 'n1'))).status).toBe(404)
})

test('gates can be lifted, never added, and nothing else of a pod changes but what may', async () => {
  const made = await api.post(PODS, pod('a', { schedulingGates: [{ name: 't.io/one' }, { name: 't.io/two' }] }))
  expect(conditionsOf(made.body.status)).toEqual(['PodScheduled False SchedulingGated'])
  const one = await api.patch(`${PODS}/a`, 'json', [{ op: 'remove', path: '/spec/schedulingGates/0' }])
  expect(one.body.spec['schedulingGates']).toEqual([{ name: 't.io/two' }])
  expect((await api.patch(`${PODS}/a`, 'merge', { spec: { nodeSelector: { a: 'b' } } })).status).toBe(200)
  expect(
    (await api.patch(`${PODS}/a`, 'merge', { spec: { schedulingGates: [] } })).body.spec['schedulingGates'],
  ).toBeUndefined()
  expect((await api.patch(`${PODS}/a`, 'merge', { spec: { schedulingGates: [{ name: 't.io/new' }] } })).status).toBe(
    422,
  )
  expect((await api.patch(`${PODS}/a`, 'merge', { spec: { nodeSelector: { a: 'c' } } })).status).toBe(422)
  expect(
    (await api.patch(`${PODS}/a`, 'strategic', { spec: { containers: [{ name: 'c', image: 'i:2' }] } })).status,
  ).toBe(200)
  const changed = await api.patch(`${PODS}/a`, 'strategic', { spec: { containers: [{ name: 'c', command: ['x'] }] } })
  expect([changed.status, changed.body.message]).toEqual([
    422,
    expect.stringContaining('spec: Forbidden: pod updates may not change fields other than'),
  ])
})

test('a pod without node goes at once; a bound one waits for its kubelet; a finished one does not', async () => {
  await api.post(PODS, pod('a'))
  await api.delete(`${PODS}/a`)
  expect((await api.get(`${PODS}/a`)).status).toBe(404)
  await api.post(PODS, pod('b', { nodeName: 'n1' }))
  const going = await api.delete(`${PODS}/b`, { gracePeriodSeconds: 5 })
  expect(going.body.metadata).toMatchObject({
    deletionTimestamp: '2026-01-01T00:00:05Z',
    deletionGracePeriodSeconds: 5,
  })
  expect((await api.delete(`${PODS}/b`)).body.metadata.deletionGracePeriodSeconds).toBe(5)
  await api.delete(`${PODS}/b`, { gracePeriodSeconds: 0 })
  expect((await api.get(`${PODS}/b`)).status).toBe(404)
  await api.post(PODS, pod('c', { nodeName: 'n1' }))
  await api.patch(`${PODS}/c/status`, 'merge', { status: { phase: 'Succeeded' } })
  await api.delete(`${PODS}/c`)
  expect((await api.get(`${PODS}/c`)).status).toBe(404)
})

test('a budget holds an eviction up until it allows one more', async () => {
  const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
  await api.post(PODS, pod('a', { nodeName: 'n1' }, { labels: { app: 'x' } }))
  await api.patch(`${PODS}/a/status`, 'merge', {
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  })
  await api.post(budgets, {
    metadata: { name: 'b' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'x' } } },
  })
  const status = { observedGeneration: 1, disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 }
  await api.patch(`${budgets}/b/status`, 'merge', { status })
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'a' } }
  const refused = await api.post(`${PODS}/a/eviction`, eviction)
  expect([refused.status, refused.body.reason, refused.body.details?.causes?.[0]?.message]).toEqual([
    429,
    'TooManyRequests',
    'The disruption budget b needs 1 healthy pods and has 1 currently',
  ])
  await api.patch(`${budgets}/b/status`, 'merge', { status: { ...status, disruptionsAllowed: 1 } })
  expect((await api.post(`${PODS}/a/eviction`, eviction)).status).toBe(201)
  const { body } = await api.get(`${PODS}/a`)
  expect([body.metadata.deletionGracePeriodSeconds, conditionsOf(body.status).at(-1)]).toEqual([
    30,
    'DisruptionTarget True EvictionByEvictionAPI',
  ])
  expect((await api.get(`${budgets}/b`)).body.status['disruptionsAllowed']).toBe(0)
})

test('extended resources must be limited, and requests stay below limits', async () => {
  const container = (resources: Json): Json => pod('a', { containers: [{ name: 'c', image: 'i', resources }] })
  const open = await api.post(PODS, container({ requests: { 'nvidia.com/gpu': '1' } }))
  expect(open.body.message).toBe(
    'Pod "a" is invalid: spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources',
  )
  const above = await api.post(PODS, container({ requests: { cpu: '2' }, limits: { cpu: '1' } }))
  expect(above.body.message).toContain(
    'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
  )
})

test('what a simulation brings keeps its uid, age, status and worked-out priority', async () => {
  const kept = { uid: 'u-1', creationTimestamp: '2020-01-01T00:00:00Z' }
  const object = {
    ...pod('a', { nodeName: 'n1', priority: 42, priorityClassName: 'elsewhere' }, kept),
    status: { phase: 'Running' },
  }
  api.server.seed(object as never)
  const { body } = await api.get(`${PODS}/a`)
  expect([body.metadata.uid, body.metadata.creationTimestamp, body.status['phase'], body.spec['priority']]).toEqual([
    'u-1',
    '2020-01-01T00:00:00Z',
    'Running',
    42,
  ])
})
