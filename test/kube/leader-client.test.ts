import { expect, test } from 'vitest'
import type { Answer, KubeClient } from '../../kube/client.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { leaderClient } from '../../kube/leader/leader-client.ts'
import { POD_GANGS, PODS } from '../../kube/resources.ts'
import { type HttpRequest, type Transport, TransportError } from '../../kube/transport.ts'

const key = { namespace: 'a', name: 'p' }
const target = { apiVersion: 'v1', kind: 'Node', name: 'n' } as const
const object = { apiVersion: 'v1', kind: 'Pod', metadata: key }

/** Every write that there is, so that none can be forgotten. */
const writes: readonly ((client: KubeClient) => Promise<Answer<unknown>>)[] = [
  (client) => client.create(PODS, object),
  (client) => client.apply(PODS, object, 'espalier'),
  (client) => client.mergePatch(POD_GANGS, key, {}, { subresource: 'status' }),
  (client) => client.strategicPatch(PODS, key, {}, { timeoutMs: 9_000 }),
  (client) => client.bind({ apiVersion: 'v1', kind: 'Binding', metadata: { ...key, uid: 'u' }, target }),
  (client) => client.delete(PODS, key, { uid: 'u', resourceVersion: '7' }),
]

function leading(leadership: { isLeader: boolean; writeTimeoutMs: number; noteUnknown?: () => void }): {
  client: KubeClient
  asked: HttpRequest[]
} {
  const asked: HttpRequest[] = []
  const client = kubeClient({
    request: (request) => {
      asked.push(request)
      return Promise.resolve({ status: 200, headers: {}, body: '{}' })
    },
    stream: () => Promise.reject(new Error('not asked')),
    close: () => Promise.resolve(),
  })
  return {
    client: leaderClient(client, {
      noteUnknown: () => {},
      ...leadership,
      get isLeader() {
        return leadership.isLeader
      },
    }),
    asked,
  }
}

test('every write of a leader has ended at the server before another can lead', async () => {
  const { client, asked } = leading({ isLeader: true, writeTimeoutMs: 5_000 })
  for (const write of writes) expect((await write(client)).kind).toBe('ok')
  expect(asked.map(({ path }) => new URL(path, 'http://x').searchParams.get('timeout'))).toEqual(
    writes.map(() => '5000ms'),
  )
})

test('a process that woke without its lease sends no write, and still reads', async () => {
  const leadership = { isLeader: true, writeTimeoutMs: 5_000 }
  const { client, asked } = leading(leadership)
  leadership.isLeader = false
  for (const write of writes) {
    const answer = await write(client)
    expect(answer).toMatchObject({ kind: 'failure', reason: 'NotLeading', outcome: 'refused', retryable: false })
  }
  expect(asked).toEqual([])
  expect((await client.get(PODS, key)).kind).toBe('ok')
})

test('a write that waits for a connection asks again whether the lease is ours when it has one', async () => {
  const leadership = { isLeader: true, writeTimeoutMs: 5_000 }
  const { client, asked } = leading(leadership)
  for (const write of writes) await write(client)
  expect(asked.map(({ maySend }) => maySend?.())).toEqual(writes.map(() => true))
  leadership.isLeader = false
  expect(asked.map(({ maySend }) => maySend?.())).toEqual(writes.map(() => false))
})

test('a shorter time-out of the caller stays', async () => {
  const { client, asked } = leading({ isLeader: true, writeTimeoutMs: 5_000 })
  await client.mergePatch(PODS, key, {}, { timeoutMs: 700 })
  expect(asked[0]?.path).toContain('timeout=700ms')
})

test('a write that broke off is told to the election, because it may happen yet; one that nobody answered is over', async () => {
  const kinds: TransportError['kind'][] = ['connection', 'timeout', 'unsent']
  const told: string[] = []
  for (const kind of kinds) {
    const transport: Transport = {
      request: () => Promise.reject(new TransportError(kind, 'no')),
      stream: () => Promise.reject(new Error('not asked')),
      close: () => Promise.resolve(),
    }
    const noteUnknown = (): void => void told.push(kind)
    const client = leaderClient(kubeClient(transport), { isLeader: true, writeTimeoutMs: 5_000, noteUnknown })
    for (const write of writes) await write(client)
    await client.get(PODS, key)
  }
  expect(told).toEqual(writes.map(() => 'connection'))
})

test('a gateway that waited less long than the server may is told to the election, too', async () => {
  let told = 0
  const transport: Transport = {
    request: () => Promise.resolve({ status: 504, headers: {}, body: 'upstream request timeout' }),
    stream: () => Promise.reject(new Error('not asked')),
    close: () => Promise.resolve(),
  }
  const leadership = { isLeader: true, writeTimeoutMs: 5_000, noteUnknown: () => void told++ }
  for (const write of writes) await write(leaderClient(kubeClient(transport), leadership))
  expect(told).toBe(writes.length)
})
