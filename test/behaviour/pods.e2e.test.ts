import { expect, test } from 'vitest'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { describeBoth, type Reply } from './servers.ts'

type Body = Pod & { message: string; reason: string; items: Pod[] }

const MERGE = { 'content-type': 'application/merge-patch+json' }

const pod = (name: string, spec: object = {}): object => ({
  metadata: { name },
  spec: { schedulerName: 'nobody', containers: [{ name: 'main', image: 'engine' }], ...spec },
})
const binding = (name: string, node: string, metadata: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Binding',
  metadata: { name, ...metadata },
  target: { apiVersion: 'v1', kind: 'Node', name: node },
})

describeBoth('pods', (server) => {
  const call = (
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Reply<Body>> => server().call<Body>(method, path, body, headers)
  const pods = async (): Promise<string> => `/api/v1/namespaces/${await server().namespace()}/pods`

  test('a new pod is Pending with the defaults of Kubernetes', async () => {
    const { status, body } = await call(
      'POST',
      await pods(),
      pod('a', {
        containers: [{ name: 'main', image: 'engine', resources: { limits: { 'nvidia.com/gpu': '1', cpu: '1' } } }],
      }),
    )
    expect(status, body.message).toBe(201)
    expect(body.spec).toMatchObject({
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      terminationGracePeriodSeconds: 30,
      schedulerName: 'nobody',
      priority: 0,
    })
    expect(body.spec.containers[0]?.resources?.requests).toEqual({ cpu: '1', 'nvidia.com/gpu': '1' })
    expect(body.spec.containers[0]).toMatchObject({
      imagePullPolicy: 'Always',
      terminationMessagePath: '/dev/termination-log',
    })
    expect(body.spec.tolerations?.map(({ key, tolerationSeconds }) => `${key} ${tolerationSeconds}`)).toEqual([
      'node.kubernetes.io/not-ready 300',
      'node.kubernetes.io/unreachable 300',
    ])
    expect(body.status).toMatchObject({ phase: 'Pending', qosClass: 'Burstable' })
  })

  test('a pod without an image is refused by field', async () => {
    const { status, body } = await call('POST', await pods(), pod('a', { containers: [{ name: 'main' }] }))
    expect([status, body.reason]).toEqual([422, 'Invalid'])
    expect(body.message).toContain('spec.containers[0].image: Required value')
  })

  test('binding sets the node, copies annotations, and says so in a condition', async () => {
    const path = await pods()
    const { body: made } = await call('POST', path, pod('a'))
    const bound = await call(
      'POST',
      `${path}/a/binding`,
      binding('a', 'node-1', { uid: made.metadata.uid, annotations: { 'espalier.io/attempt': 'x' } }),
    )
    expect(bound.status, JSON.stringify(bound.body)).toBe(201)
    const { body } = await call('GET', `${path}/a`)
    expect([body.spec.nodeName, body.metadata.annotations]).toEqual(['node-1', { 'espalier.io/attempt': 'x' }])
    expect(body.status?.conditions?.find(({ type }) => type === 'PodScheduled')?.status).toBe('True')
  })

  test('a bound pod, another uid, a gated pod and a missing pod cannot be bound', async () => {
    const path = await pods()
    await call('POST', path, pod('a'))
    const wrongUid = await call(
      'POST',
      `${path}/a/binding`,
      binding('a', 'n', { uid: '00000000-0000-0000-0000-000000000000' }),
    )
    expect([wrongUid.status, wrongUid.body.reason]).toEqual([409, 'Conflict'])
    await call('POST', `${path}/a/binding`, binding('a', 'node-1'))
    const twice = await call('POST', `${path}/a/binding`, binding('a', 'node-2'))
    expect([twice.status, twice.body.reason]).toEqual([409, 'Conflict'])
    expect(twice.body.message).toContain('pod a is already assigned to node "node-1"')
    await call('POST', path, pod('g', { schedulingGates: [{ name: 'example.com/wait' }] }))
    const gated = await call('POST', `${path}/g/binding`, binding('g', 'node-1'))
    expect([gated.status >= 400 && gated.status < 500, gated.body.message]).toEqual([
      true,
      expect.stringContaining('has non-empty .spec.schedulingGates'),
    ])
    expect((await call('POST', `${path}/none/binding`, binding('none', 'node-1'))).status).toBe(404)
  })

  test('gates can be lifted and not added; the rest of the spec is immutable', async () => {
    const path = await pods()
    const { body: made } = await call(
      'POST',
      path,
      pod('a', { schedulingGates: [{ name: 'example.com/one' }, { name: 'example.com/two' }] }),
    )
    expect(made.status?.conditions?.find(({ type }) => type === 'PodScheduled')).toMatchObject({
      status: 'False',
      reason: 'SchedulingGated',
    })
    expect(
      (await call('PATCH', `${path}/a`, { spec: { schedulingGates: [{ name: 'example.com/two' }] } }, MERGE)).status,
    ).toBe(200)
    expect(
      (
        await call(
          'PATCH',
          `${path}/a`,
          { spec: { schedulingGates: [{ name: 'example.com/two' }, { name: 'example.com/new' }] } },
          MERGE,
        )
      ).status,
    ).toBe(422)
    const changed = await call('PATCH', `${path}/a`, { spec: { hostNetwork: true } }, MERGE)
    expect([changed.status, changed.body.message]).toEqual([
      422,
      expect.stringContaining('pod updates may not change fields other than'),
    ])
    expect((await call('PATCH', `${path}/a`, { spec: { schedulingGates: null } }, MERGE)).status).toBe(200)
  })

  test('an unbound pod is deleted at once, a bound one waits for its kubelet', async () => {
    const path = await pods()
    await call('POST', path, pod('a'))
    await call('DELETE', `${path}/a`)
    expect((await call('GET', `${path}/a`)).status).toBe(404)
    await call('POST', path, pod('b'))
    await call('POST', `${path}/b/binding`, binding('b', 'no-kubelet-here'))
    const { body } = await call('DELETE', `${path}/b`, { gracePeriodSeconds: 7 })
    expect([body.metadata.deletionGracePeriodSeconds, typeof body.metadata.deletionTimestamp]).toEqual([7, 'string'])
    expect((await call('GET', `${path}/b`)).status).toBe(200)
    expect((await call('DELETE', `${path}/b`, { gracePeriodSeconds: 0 })).status).toBe(200)
    expect((await call('GET', `${path}/b`)).status).toBe(404)
  })

  test('priority comes from the class, and an unknown class is refused', async () => {
    const name = `gold-${process.pid}`
    await call('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name }, value: 700 })
    const path = await pods()
    expect((await call('POST', path, pod('a', { priorityClassName: name }))).body.spec.priority).toBe(700)
    const unknown = await call('POST', path, pod('b', { priorityClassName: 'no-such' }))
    expect([unknown.status, unknown.body.message]).toEqual([
      403,
      expect.stringContaining('no PriorityClass with name no-such was found'),
    ])
  })

  test('pods are listed by node and by phase', async () => {
    const path = await pods()
    for (const name of ['a', 'b']) await call('POST', path, pod(name))
    await call('POST', `${path}/a/binding`, binding('a', 'node-7'))
    const names = async (selector: string): Promise<string[]> =>
      (await call('GET', `${path}?fieldSelector=${encodeURIComponent(selector)}`)).body.items.map(
        ({ metadata }) => metadata.name,
      )
    expect(await names('spec.nodeName=node-7')).toEqual(['a'])
    expect(await names('spec.nodeName=')).toEqual(['b'])
    expect(await names('status.phase=Pending')).toEqual(['a', 'b'])
  })
})
