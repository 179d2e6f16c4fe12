import { expect, test } from 'vitest'
import type { WatchEvent } from '../../../kube/client.ts'
import { type Asking, asking, binding, pod, PODS } from './asking.ts'

const READY = { type: 'Ready', status: 'True' }

/** Writes of every way in which a stored pod becomes another one. */
async function writeInEveryWay(api: Asking): Promise<void> {
  await api.post('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } })
  await api.post(PODS, pod('a', {}, { labels: { x: 'y' }, annotations: { k: 'v' } }))
  await api.post(`${PODS}/a/binding`, binding('a', 'n', { annotations: { k: 'w' } }))
  const status = `${PODS}/a/status`
  await api.patch(status, 'strategic', { status: { phase: 'Running', conditions: [READY] } })
  await api.patch(status, 'strategic', { status: { conditions: [{ ...READY, status: 'False' }] } })
  await api.patch(status, 'merge', { status: { hostIP: '1.2.3.4', unknown: 1 }, spec: { priority: 7, unknown: 2 } })
  await api.patch(status, 'json', [{ op: 'add', path: '/status/podIP', value: '1.2.3.5' }])
  await api.patch(status, 'json', [{ op: 'replace', path: '/spec/containers/0/image', value: 'other' }])
  await api.patch(status, 'strategic', { metadata: { labels: { x: null, z: '1' } }, status: { message: 'm' } })
  await api.patch(`${PODS}/a`, 'strategic', { spec: { containers: [{ name: 'c', image: 'i:2' }] } })
  const now = (await api.get(`${PODS}/a`)).body
  await api.put(status, { ...now, status: { phase: 'Running' }, spec: { ...now.spec, priority: 9 } })
  await api.delete(`${PODS}/a`)
  await api.delete(`${PODS}/a`, { gracePeriodSeconds: 0 })
}

test('no write changes anything of what an earlier one has stored', async () => {
  const stored: { readonly object: object; readonly text: string }[] = []
  const api = asking({
    onWrite: ({ after }) => {
      if (after !== null) stored.push({ object: after, text: JSON.stringify(after) })
    },
  })
  await writeInEveryWay(api)
  expect(stored.length).toBeGreaterThan(9)
  expect(stored.map(({ object }) => JSON.stringify(object))).toEqual(stored.map(({ text }) => text))
})

test('a patch of a status changes nothing but the status and metadata, and drops what is not known of it', async () => {
  const api = asking()
  await api.post(PODS, pod('a'))
  const { spec } = (await api.get(`${PODS}/a`)).body
  const changes = { status: { phase: 'Running', unknown: 1 }, spec: { priority: 7 }, metadata: { labels: { x: 'y' } } }
  const { body } = await api.patch(`${PODS}/a/status`, 'strategic', changes)
  expect(body.spec).toEqual(spec)
  expect(body.status).toMatchObject({ phase: 'Running' })
  expect(body.status).not.toHaveProperty('unknown')
  expect(body.metadata.labels).toEqual({ x: 'y' })
})

test('a watch tells the same as text and as it is held', async () => {
  const told = async (holdsEvents: boolean): Promise<unknown[]> => {
    const api = asking({})
    const { transport, held } = api.server
    const signal = new AbortController()
    const request = { method: 'GET', path: `${PODS}?watch=true`, deadlineMs: 1_000, signal: signal.signal } as const
    const stream = await (holdsEvents ? held : transport).stream(request)
    await writeInEveryWay(api)
    api.server.stop()
    const lines: (WatchEvent | string)[] = []
    for await (const line of stream.events ?? stream.lines) lines.push(line)
    expect(lines.every((line) => (typeof line === 'string') === !holdsEvents)).toBe(true)
    return lines.map((line) => (typeof line === 'string' ? (JSON.parse(line) as unknown) : line))
  }
  const asText = await told(false)
  expect(asText.length).toBeGreaterThan(9)
  expect(await told(true)).toEqual(asText)
})

test('an answer says the same as text and as it is held; what is refused has its text alone', async () => {
  const api = asking()
  const ask = (method: 'GET' | 'POST', path: string, accept = 'application/json') =>
    api.server.held.request({ method, path, headers: { accept }, body: JSON.stringify(pod('b')), deadlineMs: 1_000 })
  await api.post(PODS, pod('a'))
  for (const answer of [await ask('GET', `${PODS}/a`), await ask('POST', PODS)]) {
    expect(answer.status).toBeLessThan(300)
    expect(answer.held?.()).toEqual(JSON.parse(answer.body))
  }
  const least = await ask('GET', `${PODS}/a`, 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1')
  expect(JSON.parse(least.body)).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'a' } })
  expect((await ask('GET', `${PODS}/none`)).held).toBeUndefined()
})

test('who owns which field is kept for the kinds for which that is asked', async () => {
  const api = asking({ keepsOwners: (collection) => collection !== '/pods' })
  await api.post(PODS, pod('a'))
  const made = await api.patch(`${PODS}/a`, 'merge', { metadata: { labels: { x: 'y' } } })
  expect(made.body.metadata).not.toHaveProperty('managedFields')
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' }, data: { a: 'b' } }
  const kept = await api.post('/api/v1/namespaces/default/configmaps', map)
  expect(kept.body.metadata).toHaveProperty('managedFields')
})
