import { expect, test } from 'vitest'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { describeBoth } from './servers.ts'

type Body = KubeObject &
  Record<string, unknown> & {
    spec: Record<string, unknown>
    status: Record<string, unknown>
    data: Record<string, string>
    message: string
    reason: string
    details: { causes?: { field: string; message: string }[]; uid?: string }
    items: Body[]
  }

const MERGE = { 'content-type': 'application/merge-patch+json' }
const JSON_PATCH = { 'content-type': 'application/json-patch+json' }
const STRATEGIC = { 'content-type': 'application/strategic-merge-patch+json' }
const APPLY = { 'content-type': 'application/apply-patch+yaml' }

describeBoth('objects', (server) => {
  const call = async (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: Body; headers: Readonly<Record<string, string>> }> =>
    server().call<Body>(method, path, body, headers)
  const configMaps = async (): Promise<string> => `/api/v1/namespaces/${await server().namespace()}/configmaps`

  test('a created object has uid, resourceVersion and creationTimestamp; a second one of that name is refused', async () => {
    const path = await configMaps()
    const made = await call('POST', path, { metadata: { name: 'a' }, data: { x: '1' } })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { x: '1' } })
    expect(made.body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/)
    expect(made.body.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    expect(Number(made.body.metadata.resourceVersion)).toBeGreaterThan(0)
    const again = await call('POST', path, { metadata: { name: 'a' } })
    expect([again.status, again.body.reason, again.body.message]).toEqual([
      409,
      'AlreadyExists',
      'configmaps "a" already exists',
    ])
  })

  test('what is not there is a 404 that names it', async () => {
    const missing = await call('GET', `${await configMaps()}/none`)
    expect([missing.status, missing.body.reason, missing.body.message]).toEqual([
      404,
      'NotFound',
      'configmaps "none" not found',
    ])
    expect((await call('GET', '/apis/nothing.example.com/v1/things')).status).toBe(404)
  })

  test('generateName appends five letters', async () => {
    const { body } = await call('POST', await configMaps(), { metadata: { generateName: 'gen-' } })
    expect(body.metadata.name).toMatch(/^gen-[a-z0-9]{5}$/)
    expect(body.metadata.generateName).toBe('gen-')
  })

  test('a wrong name is refused by field', async () => {
    const { status, body } = await call('POST', await configMaps(), { metadata: { name: 'Not_Good' } })
    expect([status, body.reason]).toEqual([422, 'Invalid'])
    expect(body.details.causes?.map(({ field }) => field)).toEqual(['metadata.name'])
  })

  test('an object in a namespace that does not exist is refused', async () => {
    const { status, body } = await call('POST', '/api/v1/namespaces/no-such/configmaps', { metadata: { name: 'a' } })
    expect([status, body.message]).toEqual([404, 'namespaces "no-such" not found'])
  })

  test('an update from an old resourceVersion is a conflict, and one that changes nothing makes no version', async () => {
    const path = await configMaps()
    const { body: first } = await call('POST', path, { metadata: { name: 'a' }, data: { x: '1' } })
    const { body: second } = await call('PUT', `${path}/a`, { ...first, data: { x: '2' } })
    expect(Number(second.metadata.resourceVersion)).toBeGreaterThan(Number(first.metadata.resourceVersion))
    const stale = await call('PUT', `${path}/a`, { ...first, data: { x: '3' } })
    expect([stale.status, stale.body.reason]).toEqual([409, 'Conflict'])
    expect(stale.body.message).toContain(
      'the object has been modified; please apply your changes to the latest version',
    )
    const { body: same } = await call('PATCH', `${path}/a`, { data: { x: '2' } }, MERGE)
    expect(same.metadata.resourceVersion).toBe(second.metadata.resourceVersion)
  })

  test('merge patch sets, replaces and removes; JSON patch tests and replaces', async () => {
    const path = await configMaps()
    await call('POST', path, { metadata: { name: 'a', labels: { l: '1' } }, data: { x: '1', y: '1' } })
    const merged = await call('PATCH', `${path}/a`, { data: { x: null, z: '3' } }, MERGE)
    expect(merged.body.data).toEqual({ y: '1', z: '3' })
    const patched = await call(
      'PATCH',
      `${path}/a`,
      [
        { op: 'test', path: '/data/y', value: '1' },
        { op: 'replace', path: '/data/y', value: '2' },
      ],
      JSON_PATCH,
    )
    expect([patched.status, patched.body.data]).toEqual([200, { y: '2', z: '3' }])
    const failed = await call('PATCH', `${path}/a`, [{ op: 'test', path: '/data/y', value: '9' }], JSON_PATCH)
    expect([failed.status, failed.body.reason]).toEqual([422, 'Invalid'])
    expect((await call('PATCH', `${path}/a`, '{"data":', MERGE)).status).toBe(400)
    expect((await call('PATCH', `${path}/a`, {}, { 'content-type': 'text/plain' })).status).toBe(415)
  })

  test('strategic merge patch merges lists by key', async () => {
    const name = `node-${process.pid}-${server().name}`
    await call('POST', '/api/v1/nodes', { metadata: { name }, spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } })
    const conditions = [
      { type: 'A', status: 'True' },
      { type: 'B', status: 'True' },
    ]
    await call('PATCH', `/api/v1/nodes/${name}/status`, { status: { conditions } }, STRATEGIC)
    const { body } = await call(
      'PATCH',
      `/api/v1/nodes/${name}/status`,
      { status: { conditions: [{ type: 'B', status: 'False' }] } },
      STRATEGIC,
    )
    const found = body.status['conditions'] as { type: string; status: string }[]
    // A simulated node adds conditions of its own.
    const ours = found.filter(({ type }) => type === 'A' || type === 'B')
    expect(ours.map(({ type, status }) => `${type} ${status}`).sort()).toEqual(['A True', 'B False'])
    expect((await call('DELETE', `/api/v1/nodes/${name}`)).status).toBe(200)
  })

  test('server-side apply owns fields, removes what it no longer applies, and conflicts over what others own', async () => {
    const path = `${await configMaps()}/applied`
    const apply = (manager: string, data: object, force = false): ReturnType<typeof call> =>
      call(
        'PATCH',
        `${path}?fieldManager=${manager}${force ? '&force=true' : ''}`,
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data },
        APPLY,
      )
    expect((await apply('one', { a: '1', b: '1' })).status).toBe(201)
    expect((await apply('one', { a: '1' })).body.data).toEqual({ a: '1' })
    expect((await apply('two', { c: '1' })).body.data).toEqual({ a: '1', c: '1' })
    const conflict = await apply('two', { a: '2', c: '1' })
    expect([conflict.status, conflict.body.reason]).toEqual([409, 'Conflict'])
    expect(conflict.body.details.causes?.map(({ field }) => field)).toEqual(['.data.a'])
    expect((await apply('two', { a: '2', c: '1' }, true)).body.data).toEqual({ a: '2', c: '1' })
    const { body } = await call('GET', path)
    const managers = (body.metadata.managedFields as { manager: string; operation: string }[]).map(
      ({ manager, operation }) => `${manager} ${operation}`,
    )
    expect(managers).toEqual(['two Apply'])
  })

  test('dry run writes nothing', async () => {
    const path = await configMaps()
    expect((await call('POST', `${path}?dryRun=All`, { metadata: { name: 'dry' } })).status).toBe(201)
    expect((await call('GET', `${path}/dry`)).status).toBe(404)
  })

  test('an unknown field is refused when asked to be strict, and warned of otherwise', async () => {
    const path = await configMaps()
    const strict = await call('POST', `${path}?fieldValidation=Strict`, { metadata: { name: 's' }, dat: {} })
    expect([strict.status, strict.body.reason]).toEqual([400, 'BadRequest'])
    expect(strict.body.message).toContain('strict decoding error: unknown field "dat"')
    const warned = await call('POST', `${path}?fieldValidation=Warn`, { metadata: { name: 's' }, dat: {} })
    expect([warned.status, warned.headers['warning']]).toEqual([201, '299 - "unknown field \\"dat\\""'])
  })

  test('deleting honours preconditions', async () => {
    const path = await configMaps()
    const { body } = await call('POST', path, { metadata: { name: 'a' } })
    const wrong = await call('DELETE', `${path}/a`, { preconditions: { uid: '00000000-0000-0000-0000-000000000000' } })
    expect([wrong.status, wrong.body.reason]).toEqual([409, 'Conflict'])
    expect((await call('DELETE', `${path}/a`, { preconditions: { resourceVersion: '1' } })).status).toBe(409)
    const gone = await call('DELETE', `${path}/a`, {
      preconditions: { uid: body.metadata.uid, resourceVersion: body.metadata.resourceVersion },
    })
    expect([gone.status, gone.body.status, gone.body.details.uid]).toEqual([200, 'Success', body.metadata.uid])
  })

  test('a finalizer keeps a deleted object until it is taken away, and none can be added then', async () => {
    const path = await configMaps()
    await call('POST', path, { metadata: { name: 'a', finalizers: ['example.com/wait'] } })
    const deleting = await call('DELETE', `${path}/a`)
    expect(deleting.body.metadata.deletionTimestamp).toBeTypeOf('string')
    expect((await call('GET', `${path}/a`)).status).toBe(200)
    const added = await call(
      'PATCH',
      `${path}/a`,
      { metadata: { finalizers: ['example.com/wait', 'example.com/more'] } },
      MERGE,
    )
    expect([added.status, added.body.reason]).toEqual([422, 'Invalid'])
    expect((await call('PATCH', `${path}/a`, { metadata: { finalizers: null } }, MERGE)).status).toBe(200)
    expect((await call('GET', `${path}/a`)).status).toBe(404)
  })

  test('owned objects go with their owner; orphans stay', async () => {
    const path = await configMaps()
    for (const [owner, policy] of [
      ['one', 'Background'],
      ['two', 'Foreground'],
      ['three', 'Orphan'],
    ] as const) {
      const { body } = await call('POST', path, { metadata: { name: owner } })
      const ownerReferences = [
        { apiVersion: 'v1', kind: 'ConfigMap', name: owner, uid: body.metadata.uid, blockOwnerDeletion: true },
      ]
      await call('POST', path, { metadata: { name: `${owner}-child`, ownerReferences } })
      await call('DELETE', `${path}/${owner}`, { propagationPolicy: policy })
      await server().until(`${path}/${owner}`, ({ status }) => status === 404)
    }
    await server().until(`${path}/one-child`, ({ status }) => status === 404)
    await server().until(`${path}/two-child`, ({ status }) => status === 404)
    const kept = await server().until<Body>(
      `${path}/three-child`,
      ({ body }) => body.metadata.ownerReferences === undefined,
    )
    expect(kept.status).toBe(200)
  })

  test('lists are filtered by labels and fields, and say what is wrong with a selector', async () => {
    const path = await configMaps()
    for (const [name, tier] of [
      ['a', 'gold'],
      ['b', 'silver'],
      ['c', ''],
    ] as const) {
      await call('POST', path, { metadata: { name, labels: tier === '' ? {} : { tier } } })
    }
    const names = async (query: string): Promise<string[]> =>
      (await call('GET', `${path}?${query}`)).body.items
        .map(({ metadata }) => metadata.name)
        .filter((name) => name !== 'kube-root-ca.crt')
    expect(await names(`labelSelector=${encodeURIComponent('tier=gold')}`)).toEqual(['a'])
    expect(await names(`labelSelector=${encodeURIComponent('tier in (gold, silver)')}`)).toEqual(['a', 'b'])
    expect(await names(`labelSelector=${encodeURIComponent('!tier')}`)).toEqual(['c'])
    expect(await names(`labelSelector=${encodeURIComponent('tier!=gold')}`)).toEqual(['b', 'c'])
    expect(await names('fieldSelector=metadata.name%3Db')).toEqual(['b'])
    expect((await call('GET', `${path}?labelSelector=${encodeURIComponent('tier in gold')}`)).status).toBe(400)
    expect((await call('GET', `${path}?fieldSelector=data.x%3D1`)).status).toBe(400)
  })

  test('a list is paged consistently', async () => {
    const path = await configMaps()
    for (const name of ['a', 'b', 'c', 'd', 'e']) await call('POST', path, { metadata: { name, labels: { p: '1' } } })
    const page = async (token: string): Promise<Body> =>
      (
        await call(
          'GET',
          `${path}?labelSelector=p%3D1&limit=2${token === '' ? '' : `&continue=${encodeURIComponent(token)}`}`,
        )
      ).body
    const first = await page('')
    await call('DELETE', `${path}/d`)
    const token = (list: Body): string => (list.metadata as unknown as { continue?: string }).continue ?? ''
    const second = await page(token(first))
    const third = await page(token(second))
    expect([first, second, third].flatMap(({ items }) => items.map(({ metadata }) => metadata.name))).toEqual([
      'a',
      'b',
      'c',
      'd',
      'e',
    ])
    expect(token(third)).toBe('')
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
  })

  test('a namespace takes everything in it along', async () => {
    const name = await server().namespace()
    await call('POST', `/api/v1/namespaces/${name}/configmaps`, { metadata: { name: 'a' } })
    expect((await call('DELETE', `/api/v1/namespaces/${name}`)).status).toBe(200)
    const refused = await call('POST', `/api/v1/namespaces/${name}/configmaps`, { metadata: { name: 'b' } })
    expect([403, 404]).toContain(refused.status)
    await server().until(`/api/v1/namespaces/${name}`, ({ status }) => status === 404)
    expect((await call('GET', `/api/v1/namespaces/${name}/configmaps`)).body.items).toEqual([])
  })
})
