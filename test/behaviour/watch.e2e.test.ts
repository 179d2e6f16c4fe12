import { expect, test } from 'vitest'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { describeBoth, type Server } from './servers.ts'

interface Event {
  readonly type: string
  readonly object: KubeObject & { code?: number; reason?: string }
}

/** Opens a watch and hands out its events one by one. */
class Watch {
  readonly #aborter = new AbortController()
  readonly #lines: AsyncIterator<string>
  readonly status: number

  private constructor(aborter: AbortController, status: number, lines: AsyncIterable<string>) {
    this.#aborter = aborter
    this.status = status
    this.#lines = lines[Symbol.asyncIterator]()
  }

  static async open(server: Server, path: string): Promise<Watch> {
    const aborter = new AbortController()
    const { signal } = aborter
    const { status, lines } = await server.transport.stream({ method: 'GET', path, deadlineMs: 10_000, signal })
    if (status !== 200) throw new Error(`${path}: ${status}`)
    return new Watch(aborter, status, lines)
  }

  async next(): Promise<Event | null> {
    const { done, value } = await this.#lines.next()
    return done === true ? null : (JSON.parse(value) as Event)
  }

  async take(count: number): Promise<string[]> {
    const seen: string[] = []
    while (seen.length < count) {
      const event = await this.next()
      if (event === null) break
      if (event.type === 'ERROR') throw new Error(JSON.stringify(event.object))
      if (event.type !== 'BOOKMARK') seen.push(`${event.type} ${event.object.metadata.name}`)
    }
    return seen
  }

  close(): void {
    this.#aborter.abort()
  }
}

const MERGE = { 'content-type': 'application/merge-patch+json' }

describeBoth('watches', (server) => {
  const secrets = async (): Promise<string> => `/api/v1/namespaces/${await server().namespace()}/secrets`
  const call: Server['call'] = (...args) => server().call(...args)
  // A real server that has just been given a CRD answers 429 until its watch cache is filled.
  const versionOf = async (path: string): Promise<string> =>
    (await server().until(path, ({ status }) => status === 200)).body.metadata.resourceVersion

  test('changes after a resourceVersion are told in order', async () => {
    const path = await secrets()
    const watch = await Watch.open(server(), `${path}?watch=true&resourceVersion=${await versionOf(path)}`)
    await call('POST', path, { metadata: { name: 'a' } })
    await call('PATCH', `${path}/a`, { metadata: { labels: { x: '1' } } }, MERGE)
    await call('POST', path, { metadata: { name: 'b' } })
    await call('DELETE', `${path}/a`)
    expect(await watch.take(4)).toEqual(['ADDED a', 'MODIFIED a', 'ADDED b', 'DELETED a'])
    watch.close()
  })

  test('a watch from an older resourceVersion replays what came since', async () => {
    const path = await secrets()
    const from = await versionOf(path)
    await call('POST', path, { metadata: { name: 'a' } })
    await call('DELETE', `${path}/a`)
    await call('POST', path, { metadata: { name: 'a' } })
    const watch = await Watch.open(server(), `${path}?watch=true&resourceVersion=${from}`)
    expect(await watch.take(3)).toEqual(['ADDED a', 'DELETED a', 'ADDED a'])
    watch.close()
  })

  test('an object that leaves a selector looks deleted, one that enters looks added', async () => {
    const path = await secrets()
    await call('POST', path, { metadata: { name: 'a' } })
    const watch = await Watch.open(
      server(),
      `${path}?watch=true&labelSelector=x%3D1&resourceVersion=${await versionOf(path)}`,
    )
    await call('PATCH', `${path}/a`, { metadata: { labels: { x: '1' } } }, MERGE)
    await call('PATCH', `${path}/a`, { metadata: { labels: { y: '1' } } }, MERGE)
    await call('PATCH', `${path}/a`, { metadata: { labels: { x: null } } }, MERGE)
    expect(await watch.take(3)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a'])
    watch.close()
  })

  test('a streaming list sends what is there, then a bookmark that says so, then changes', async () => {
    const path = await secrets()
    await call('POST', path, { metadata: { name: 'a' } })
    await call('POST', path, { metadata: { name: 'b' } })
    const watch = await Watch.open(
      server(),
      `${path}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    )
    const initial = [(await watch.next())?.object.metadata.name, (await watch.next())?.object.metadata.name]
    expect(new Set(initial)).toEqual(new Set(['a', 'b']))
    const end = await watch.next()
    expect([end?.type, end?.object.metadata.annotations]).toEqual(['BOOKMARK', { 'k8s.io/initial-events-end': 'true' }])
    await call('POST', path, { metadata: { name: 'c' } })
    expect(await watch.take(1)).toEqual(['ADDED c'])
    watch.close()
  })

  test('a streaming list without its resourceVersionMatch is refused', async () => {
    const { status } = await call('GET', `${await secrets()}?watch=true&sendInitialEvents=true`)
    expect(status).toBe(422)
  })

  test('a watch ends after its timeout', async () => {
    const path = await secrets()
    const watch = await Watch.open(
      server(),
      `${path}?watch=true&timeoutSeconds=1&resourceVersion=${await versionOf(path)}`,
    )
    expect(await watch.next()).toBeNull()
  })

  test('a list not older than a resourceVersion from the future times out', async () => {
    const path = await secrets()
    const future = await call<KubeObject & { reason: string }>(
      'GET',
      `${path}?resourceVersion=99999999&resourceVersionMatch=NotOlderThan`,
    )
    expect([future.status, future.body.reason]).toEqual([504, 'Timeout'])
  })

  test('events of our own kinds are told as those of built-in ones', async () => {
    const namespace = await server().namespace()
    const path = `/apis/scheduler.grove.io/v1alpha1/namespaces/${namespace}/podgangs`
    const watch = await Watch.open(server(), `${path}?watch=true&resourceVersion=${await versionOf(path)}`)
    const gang = {
      apiVersion: 'scheduler.grove.io/v1alpha1',
      kind: 'PodGang',
      metadata: { name: 'g' },
      spec: { podgroups: [{ name: 'a', minReplicas: 1, podReferences: [] }] },
    }
    expect((await call('POST', path, gang)).status).toBe(201)
    expect((await call('PATCH', `${path}/g/status`, { status: { phase: 'Pending' } }, MERGE)).status).toBe(200)
    await call('DELETE', `${path}/g`)
    expect(await watch.take(3)).toEqual(['ADDED g', 'MODIFIED g', 'DELETED g'])
    watch.close()
  })
})
