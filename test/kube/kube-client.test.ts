import { describe, expect, test } from 'vitest'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { isOk, KubeError, valueOrThrow } from '../../kube/answers.ts'
import type { Answer, Failure, KubeClient, WatchEvent } from '../../kube/client.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { NODES, POD_CLIQUES, PODS } from '../../kube/resources.ts'
import { type HttpAnswer, type HttpRequest, type Transport, TransportError } from '../../kube/transport.ts'

interface Probe {
  readonly client: KubeClient
  readonly asked: HttpRequest[]
}

const OK: HttpAnswer = { status: 200, headers: {}, body: '{}' }

/** A client whose server always gives this answer. */
function probe(answer: HttpAnswer | TransportError = OK): Probe {
  const asked: HttpRequest[] = []
  const give = <T>(value: T): Promise<T> =>
    answer instanceof TransportError ? Promise.reject(answer) : Promise.resolve(value)
  const lines = (async function* () {
    if (!(answer instanceof TransportError)) yield* answer.body.split('\n')
  })()
  const transport: Transport = {
    request: (request) => {
      asked.push(request)
      return give(answer as HttpAnswer)
    },
    stream: (request) => {
      asked.push(request)
      return give({ ...(answer as HttpAnswer), lines })
    },
    close: () => Promise.resolve(),
  }
  return { client: kubeClient(transport, { userAgent: 'espalier/test' }), asked }
}

const key = { namespace: 'team a', name: 'p' }
const clique: NewObject = {
  apiVersion: 'grove.io/v1alpha1',
  kind: 'PodClique',
  metadata: { namespace: 'n', name: 'c' },
}

describe('requests', () => {
  const cases: [string, (client: KubeClient) => Promise<unknown>, string][] = [
    ['get', (c) => c.get(PODS, key), 'GET /api/v1/namespaces/team%20a/pods/p'],
    ['get of a cluster-scoped kind', (c) => c.get(NODES, { namespace: '', name: 'n1' }), 'GET /api/v1/nodes/n1'],
    [
      'get scale',
      (c) => c.get(POD_CLIQUES, { namespace: 'n', name: 'c' }, 'scale'),
      'GET /apis/grove.io/v1alpha1/namespaces/n/podcliques/c/scale',
    ],
    ['list everywhere', (c) => c.list(PODS), 'GET /api/v1/pods'],
    [
      'list',
      (c) => c.list(PODS, { namespace: 'n', labelSelector: 'a in (b,c)', limit: 5, continue: 'x' }),
      'GET /api/v1/namespaces/n/pods?labelSelector=a%20in%20(b%2Cc)&limit=5&continue=x',
    ],
    [
      'list from a version',
      (c) => c.list(PODS, { resourceVersion: '7' }),
      'GET /api/v1/pods?resourceVersion=7&resourceVersionMatch=NotOlderThan',
    ],
    [
      'create',
      (c) => c.create(POD_CLIQUES, clique, { timeoutMs: 5_000 }),
      'POST /apis/grove.io/v1alpha1/namespaces/n/podcliques?timeout=5000ms',
    ],
    [
      'apply',
      (c) => c.apply(POD_CLIQUES, clique, 'op', { force: true }),
      'PATCH /apis/grove.io/v1alpha1/namespaces/n/podcliques/c?fieldManager=op&force=true application/apply-patch+yaml',
    ],
    [
      'merge patch',
      (c) => c.mergePatch(PODS, key, {}, { subresource: 'status' }),
      'PATCH /api/v1/namespaces/team%20a/pods/p/status application/merge-patch+json',
    ],
    [
      'strategic patch',
      (c) => c.strategicPatch(PODS, key, {}),
      'PATCH /api/v1/namespaces/team%20a/pods/p application/strategic-merge-patch+json',
    ],
    [
      'bind',
      (c) =>
        c.bind(
          {
            apiVersion: 'v1',
            kind: 'Binding',
            metadata: { namespace: 'n', name: 'p', uid: 'u' },
            target: { apiVersion: 'v1', kind: 'Node', name: 'x' },
          },
          { timeoutMs: 900 },
        ),
      'POST /api/v1/namespaces/n/pods/p/binding?timeout=900ms',
    ],
    ['raw', (c) => c.raw('/version'), 'GET /version'],
  ]
  for (const [name, call, want] of cases) {
    test(`${name} goes where Kubernetes expects it`, async () => {
      const { client, asked } = probe()
      await call(client)
      const { method, path, headers } = asked[0] as HttpRequest
      const type = method === 'PATCH' ? ` ${headers?.['content-type']}` : ''
      expect(`${method} ${path}${type}`).toBe(want)
      expect(headers?.['user-agent']).toBe('espalier/test')
    })
  }

  test('the server gives up before we do', async () => {
    const { client, asked } = probe()
    await client.create(POD_CLIQUES, clique, { timeoutMs: 5_000 })
    expect(asked[0]?.deadlineMs).toBeGreaterThan(5_000)
  })

  test('a delete carries its preconditions, and only those', async () => {
    const { client, asked } = probe()
    await client.delete(PODS, key, { uid: 'u', resourceVersion: '5', gracePeriodSeconds: 0 })
    await client.delete(PODS, key)
    const meta = { apiVersion: 'v1', kind: 'DeleteOptions' }
    const preconditions = { uid: 'u', resourceVersion: '5' }
    expect(asked.map(({ body }) => JSON.parse(body ?? ''))).toEqual([
      { ...meta, preconditions, gracePeriodSeconds: 0 },
      meta,
    ])
  })

  test('items of a list say what they are; a list without a version is none', async () => {
    const page = await probe({
      ...OK,
      body: '{"metadata":{"resourceVersion":"3"},"items":[{"metadata":{"name":"a"}}]}',
    }).client.list(PODS)
    expect(page).toMatchObject({
      value: { resourceVersion: '3', continue: '', items: [{ kind: 'Pod', apiVersion: 'v1' }] },
    })
    expect(await probe({ ...OK, body: '{"items":[]}' }).client.list(PODS)).toMatchObject({ reason: 'Malformed' })
  })
})

describe('what did not succeed is a value', () => {
  const body = (status: object): string => JSON.stringify({ kind: 'Status', ...status })
  const brief = ({ reason, retryable, retryAfterMs, outcome }: Failure): unknown[] => [
    reason,
    retryable,
    retryAfterMs,
    outcome,
  ]
  const cases: [string, HttpAnswer | TransportError, unknown[]][] = [
    [
      'a conflict',
      { status: 409, headers: {}, body: body({ reason: 'AlreadyExists' }) },
      ['AlreadyExists', false, null, 'refused'],
    ],
    ['plain text', { status: 404, headers: {}, body: '404 page not found' }, ['NotFound', false, null, 'refused']],
    ['a code of a proxy', { status: 502, headers: {}, body: '<html>' }, ['InternalError', true, null, 'unknown']],
    [
      '429 with a header',
      { status: 429, headers: { 'retry-after': '3' }, body: '' },
      ['TooManyRequests', true, 3_000, 'refused'],
    ],
    [
      '429 with details',
      { status: 429, headers: {}, body: body({ details: { retryAfterSeconds: 2 } }) },
      ['TooManyRequests', true, 2_000, 'refused'],
    ],
    [
      '503 turned away',
      { status: 503, headers: { 'retry-after': '1' }, body: '' },
      ['ServiceUnavailable', true, 1_000, 'refused'],
    ],
    ['503 from anywhere', { status: 503, headers: {}, body: '' }, ['ServiceUnavailable', true, null, 'unknown']],
    [
      'a 500 that may have written',
      { status: 500, headers: {}, body: body({ reason: 'InternalError' }) },
      ['InternalError', true, null, 'unknown'],
    ],
    [
      'a server time-out',
      { status: 504, headers: {}, body: body({ reason: 'Timeout' }) },
      ['Timeout', true, null, 'unknown'],
    ],
    [
      'no permission',
      { status: 403, headers: {}, body: body({ reason: 'Forbidden' }) },
      ['Forbidden', false, null, 'refused'],
    ],
    ['no answer', new TransportError('timeout', 't'), ['Timeout', true, null, 'unknown']],
    ['a broken connection', new TransportError('connection', 'c'), ['Connection', true, null, 'unknown']],
    ['given up', new TransportError('aborted', 'a'), ['Aborted', false, null, 'unknown']],
    ['not sent', new TransportError('unsent', 'u'), ['NotSent', false, null, 'refused']],
    ['an answer that is no JSON', { status: 201, headers: {}, body: 'ok' }, ['Malformed', true, null, 'unknown']],
  ]
  for (const [name, answer, want] of cases) {
    test(`${name}: ${want.join(', ')}`, async () => {
      const written = await probe(answer).client.create(PODS, clique)
      expect(brief(written as Failure)).toEqual(want)
      const read = (await probe(answer).client.get(PODS, key)) as Failure
      expect([read.reason, read.outcome]).toEqual([want[0], 'refused']) // a read has written nothing
    })
  }

  test('its thrown form carries it', async () => {
    const answer = await probe({
      status: 404,
      headers: {},
      body: body({ reason: 'NotFound', message: 'no such pod' }),
    }).client.get(PODS, key)
    expect(isOk(answer)).toBe(false)
    expect(() => valueOrThrow(answer)).toThrow(KubeError)
    expect(() => valueOrThrow(answer)).toThrow('NotFound: no such pod')
  })
})

describe('a watch', () => {
  const options = { resourceVersion: '5', timeoutSeconds: 300 }
  const watched = (answer: HttpAnswer | TransportError): Promise<Answer<AsyncIterable<WatchEvent>>> =>
    probe(answer).client.watch(PODS, options, new AbortController().signal)

  test('asks for bookmarks, and for the objects that there are only on request', async () => {
    const { client, asked } = probe()
    await client.watch(PODS, options, new AbortController().signal)
    await client.watch(PODS, { ...options, resourceVersion: '', sendInitialEvents: true }, new AbortController().signal)
    expect(asked.map(({ path }) => path)).toEqual([
      '/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds=300',
      '/api/v1/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds=300&sendInitialEvents=true&resourceVersionMatch=NotOlderThan',
    ])
  })

  test('gives what can be read, then throws at the first line that cannot', async () => {
    const good = '{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"6"}}}'
    const answer = await watched({ ...OK, body: `${good}\n\n{"type":"ADDED","object":{"metadata":{}}}\n${good}` })
    const seen: WatchEvent[] = []
    const reading = async (): Promise<void> => {
      for await (const event of valueOrThrow(answer)) seen.push(event)
    }
    await expect(reading()).rejects.toThrow(TransportError)
    expect(seen).toHaveLength(1)
  })

  test('that is refused or cannot be opened is a failure', async () => {
    expect(await watched({ status: 410, headers: {}, body: body410 })).toMatchObject({ status: 410, reason: 'Expired' })
    expect(await watched(new TransportError('connection', 'c'))).toMatchObject({ status: 0, reason: 'Connection' })
  })
  const body410 = '{"kind":"Status","reason":"Expired"}'
})
