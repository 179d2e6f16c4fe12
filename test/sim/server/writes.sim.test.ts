import { beforeEach, expect, test } from 'vitest'
import type { WriteRecord } from '../../../sim/server/core.ts'
import { type Asking, asking, configMap, CONFIG_MAPS, type Json, pod } from './asking.ts'

let api: Asking
beforeEach(() => {
  api = asking()
})

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
const deployment = (replicas: number | null, image = 'i:1'): Json => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd' },
  spec: {
    ...(replicas === null ? {} : { replicas }),
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image }] } },
  },
})

test('apply takes away what its manager no longer applies and leaves what others own', async () => {
  const path = `${CONFIG_MAPS}/a`
  await api.patch(`${path}?fieldManager=one`, 'apply', configMap('a', { x: '1', y: '1' }))
  await api.patch(`${path}?fieldManager=two`, 'apply', configMap('a', { y: '1', z: '1' }))
  const { body } = await api.patch(`${path}?fieldManager=one`, 'apply', configMap('a', { x: '1' }))
  expect(body.data).toEqual({ x: '1', y: '1', z: '1' })
  expect((await api.patch(`${path}?fieldManager=two`, 'apply', configMap('a', { z: '1' }))).body.data).toEqual({
    x: '1',
    z: '1',
  })
})

test('a conflict names the manager and the field; force takes the field over', async () => {
  await api.patch(`${DEPLOYMENTS}/d?fieldManager=one`, 'apply', deployment(2))
  const refused = await api.patch(`${DEPLOYMENTS}/d?fieldManager=two`, 'apply', deployment(3))
  expect([refused.status, refused.body.message, refused.body.details?.causes]).toEqual([
    409,
    'Apply failed with 1 conflict: conflict with "one": .spec.replicas',
    [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.spec.replicas' }],
  ])
  const forced = await api.patch(`${DEPLOYMENTS}/d?fieldManager=two&force=true`, 'apply', deployment(3))
  expect(forced.body.spec['replicas']).toBe(3)
  const back = await api.patch(`${DEPLOYMENTS}/d?fieldManager=one`, 'apply', deployment(2))
  expect(back.body.message).toContain('conflict with "two"')
})

test('items of keyed lists are merged and given up one by one', async () => {
  const containers = (...names: string[]): Json => pod('p', { containers: names.map((name) => ({ name, image: 'i' })) })
  const template = (names: string[]): Json => {
    const made = deployment(1)
    ;(made['spec'] as Json)['template'] = { metadata: { labels: { a: 'b' } }, spec: containers(...names)['spec'] }
    return made
  }
  const names = (body: { spec: Json }): string[] =>
    (body.spec['template'] as { spec: { containers: { name: string }[] } }).spec.containers.map(({ name }) => name)
  await api.patch(`${DEPLOYMENTS}/d?fieldManager=one`, 'apply', template(['x', 'y']))
  expect(names((await api.patch(`${DEPLOYMENTS}/d?fieldManager=two`, 'apply', template(['y', 'z']))).body)).toEqual([
    'x',
    'y',
    'z',
  ])
  expect(names((await api.patch(`${DEPLOYMENTS}/d?fieldManager=one`, 'apply', template(['y']))).body)).toEqual([
    'y',
    'z',
  ])
})

test('applying the same again makes no version, and a plain write by others is told in a conflict', async () => {
  const first = await api.patch(`${DEPLOYMENTS}/d?fieldManager=one`, 'apply', deployment(2))
  const again = await api.patch(`${DEPLOYMENTS}/d?fieldManager=one`, 'apply', deployment(2))
  expect(again.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion)
  await api.patch(`${DEPLOYMENTS}/d?fieldManager=hpa`, 'merge', { spec: { replicas: 5 } })
  expect((await api.patch(`${DEPLOYMENTS}/d?fieldManager=one`, 'apply', deployment(2))).status).toBe(409)
  const gaveUp = await api.patch(`${DEPLOYMENTS}/d?fieldManager=one`, 'apply', deployment(null))
  expect(gaveUp.body.spec['replicas']).toBe(5)
  expect((await api.patch(`${DEPLOYMENTS}/d`, 'apply', deployment(1))).body.message).toContain(
    'fieldManager: Required value',
  )
})

test('a strategic patch merges containers by name, deletes by directive and keeps the order it states', async () => {
  await api.post(DEPLOYMENTS, deployment(1))
  const patch = async (containers: unknown, more: Json = {}): Promise<string[]> => {
    const { body } = await api.patch(`${DEPLOYMENTS}/d`, 'strategic', {
      spec: { template: { spec: { containers, ...more } } },
    })
    return (body.spec['template'] as { spec: { containers: { name: string; image: string }[] } }).spec.containers.map(
      ({ name, image }) => `${name} ${image}`,
    )
  }
  expect(await patch([{ name: 'new', image: 'j' }])).toEqual(['c i:1', 'new j'])
  expect(
    await patch([{ name: 'c', image: 'i:2' }], { '$setElementOrder/containers': [{ name: 'new' }, { name: 'c' }] }),
  ).toEqual(['new j', 'c i:2'])
  expect(await patch([{ name: 'new', $patch: 'delete' }])).toEqual(['c i:2'])
})

test('a patch can be made conditional, and media types that are not known are refused', async () => {
  const { metadata } = (await api.post(CONFIG_MAPS, configMap('a'))).body
  await api.patch(`${CONFIG_MAPS}/a`, 'merge', { data: { x: '1' } })
  const stale = await api.patch(`${CONFIG_MAPS}/a`, 'merge', {
    metadata: { resourceVersion: metadata.resourceVersion },
    data: {},
  })
  expect([stale.status, stale.body.reason]).toEqual([409, 'Conflict'])
  expect((await api.patch(`${CONFIG_MAPS}/a`, 'merge', { metadata: { uid: 'other' } })).status).toBe(422)
  const request = {
    method: 'PATCH',
    path: `${CONFIG_MAPS}/a`,
    headers: { 'content-type': 'text/html' },
    body: '{}',
    deadlineMs: 1,
  } as const
  expect((await api.server.transport.request(request)).status).toBe(415)
})

const hostile: { name: string; body: string; want: number }[] = [
  { name: 'no JSON', body: '{"kind":', want: 400 },
  { name: 'a list', body: '[1]', want: 400 },
  { name: 'a number', body: '7', want: 400 },
  { name: 'nothing', body: '', want: 400 },
  { name: 'metadata that is text', body: '{"apiVersion":"v1","kind":"ConfigMap","metadata":"x"}', want: 400 },
  {
    name: 'data that is a list',
    body: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":[1]}',
    want: 400,
  },
  {
    name: 'a label that is a number',
    body: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","labels":{"a":1}}}',
    want: 400,
  },
  { name: 'deep nesting', body: `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`, want: 400 },
  { name: 'a body above the limit', body: `{"a":"${'x'.repeat(4_000_000)}"}`, want: 413 },
  {
    name: 'a hostile prototype',
    body: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"__proto__":{"polluted":true}}',
    want: 201,
  },
]
for (const { name, body, want } of hostile) {
  test(`a body of ${name} is answered with ${want}, and the server goes on`, async () => {
    const said = await api.post(CONFIG_MAPS, body === '' ? '' : body)
    expect([said.status, said.body.kind]).toEqual([want, want === 201 ? 'ConfigMap' : 'Status'])
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    expect((await api.get(CONFIG_MAPS)).status).toBe(200)
  })
}

test('faults: refused, lost, dropped and late, as they are asked for', async () => {
  const fates = ['pass', { status: 429, retryAfterSeconds: 3 }, 'lose-answer', 'drop', { delayMs: 500 }] as const
  let turn = 0
  const faulty = asking({ intercept: () => fates[turn++] ?? 'pass' })
  expect((await faulty.post(CONFIG_MAPS, configMap('a'))).status).toBe(201)
  const busy = await faulty.post(CONFIG_MAPS, configMap('b'))
  expect([busy.status, busy.body.reason, busy.headers['retry-after']]).toEqual([429, 'TooManyRequests', '3'])
  const lost = faulty.post(CONFIG_MAPS, configMap('c')).catch((error: unknown) => error)
  await faulty.clock.runFor(2_000)
  expect(await lost).toMatchObject({ name: 'TransportError', kind: 'timeout' })
  await expect(faulty.post(CONFIG_MAPS, configMap('d'))).rejects.toMatchObject({ kind: 'connection' })
  const late = faulty.post(CONFIG_MAPS, configMap('e'))
  await faulty.clock.runFor(1_000)
  expect((await late).status).toBe(201)
  expect((await faulty.get(CONFIG_MAPS)).body.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'c', 'e'])
})

test('every write is told to the audit once, with what was and what is', async () => {
  const told: WriteRecord[] = []
  const audited = asking({ onWrite: (record) => told.push(record) })
  await audited.post(`${CONFIG_MAPS}?fieldManager=me`, configMap('a'))
  await audited.patch(`${CONFIG_MAPS}/a`, 'merge', { data: { x: '1' } })
  await audited.patch(`${CONFIG_MAPS}/a`, 'merge', { data: { x: '1' } })
  await audited.post(`${CONFIG_MAPS}?dryRun=All`, configMap('b'))
  await audited.delete(`${CONFIG_MAPS}/a`)
  expect(told.map(({ verb, name, before, after }) => `${verb} ${name} ${before !== null} ${after !== null}`)).toEqual([
    'create a false true',
    'patch a true true',
    'delete a true false',
  ])
  expect(told[0]?.manager).toBe('me')
})

test('a namespace that is going takes no new objects', async () => {
  await api.post('/api/v1/namespaces', { metadata: { name: 'going' } })
  await api.delete('/api/v1/namespaces/going')
  const refused = await api.post('/api/v1/namespaces/going/configmaps', configMap('a'))
  expect([refused.status, refused.body.details?.causes?.[0]?.reason]).toEqual([403, 'NamespaceTerminating'])
  const { body } = await api.get('/api/v1/namespaces/going')
  await api.put('/api/v1/namespaces/going/finalize', { ...body, spec: { finalizers: [] } })
  expect((await api.get('/api/v1/namespaces/going')).status).toBe(404)
})
