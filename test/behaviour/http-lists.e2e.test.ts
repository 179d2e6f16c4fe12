/** Lists, watches and evictions, asked of both servers and compared answer by answer; bounds of the embedded one. */
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { describeAnswers } from './kubectl.ts'
import { configMap, pod } from './objects.ts'

const MERGE = { 'content-type': 'application/merge-patch+json' }

type Body = Record<string, unknown>
interface List {
  readonly kind: string
  readonly metadata: {
    readonly continue?: string
    readonly remainingItemCount?: number
    readonly resourceVersion: string
  }
  readonly items: readonly { readonly metadata: { readonly name: string } }[]
}
const isList = (body: unknown): body is List => Array.isArray((body as Body)['items'])
/** Of a refusal all; of a list the names, and whether there is more. */
const names = (body: unknown): unknown =>
  isList(body)
    ? [
        body.items.map(({ metadata }) => metadata.name),
        body.metadata.continue === undefined ? 'all' : 'more',
        body.metadata.remainingItemCount,
      ]
    : body

describeAnswers(
  'lists by http',
  (same, server) => {
    same('which revision a list shows follows from resourceVersion and its match', async (t) => {
      const secrets = `/api/v1/namespaces/${t.namespace}/secrets`
      for (const name of ['a', 'b', 'c']) await t.server.call('POST', secrets, { metadata: { name } })
      const { body } = await t.server.call<List>('GET', secrets)
      const { resourceVersion } = body.metadata
      await t.server.call('DELETE', `${secrets}/b`)
      await t.http(
        'GET',
        `${secrets}?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`,
        undefined,
        {},
        names,
      )
      await t.http('GET', `${secrets}?resourceVersion=${resourceVersion}&limit=2`, undefined, {}, names)
      await t.http('GET', secrets, undefined, {}, names)
      await t.http('GET', `${secrets}?resourceVersion=0&resourceVersionMatch=Exact`)
      await t.http('GET', `${secrets}?resourceVersionMatch=Exact`)
      await t.http('GET', `${secrets}?resourceVersion=1&resourceVersionMatch=Sometimes`)
      await t.http('GET', `${secrets}?resourceVersion=x`)
      await t.http('GET', `${secrets}/a?resourceVersion=x`, undefined, {}, (b) => b['code'])
      await t.http('GET', `${secrets}?limit=x`, undefined, {}, (b) => b['code'])
      await t.http('GET', `${secrets}?continue=x`)
      await t.http('GET', `${secrets}?continue=x&resourceVersion=5`)
      await t.http('GET', `${secrets}?continue=x&resourceVersionMatch=Exact`)
      await t.http('GET', `${secrets}?limit=-1`, undefined, {}, names)
    })

    same('limits count what matches', async (t) => {
      const pods = `/api/v1/namespaces/${t.namespace}/pods`
      for (const name of ['a', 'b', 'c', 'd']) {
        await t.server.call(
          'POST',
          pods,
          pod(name, name < 'c' ? {} : { nodeName: 'n' }, { odd: String(name === 'a' || name === 'c') }),
        )
      }
      await t.http('GET', `${pods}?limit=1`, undefined, {}, names)
      await t.http('GET', `${pods}?limit=3`, undefined, {}, names)
      await t.http('GET', `${pods}?limit=4`, undefined, {}, names)
      await t.http('GET', `${pods}?limit=1&fieldSelector=spec.nodeName%3Dn`, undefined, {}, names)
      await t.http('GET', `${pods}?limit=1&labelSelector=odd%3Dtrue`, undefined, {}, names)
      await t.http('GET', `${pods}?limit=2&fieldSelector=metadata.name%3Dd`, undefined, {}, names)
      // How many pages there are is the server's affair: a real one looks no further than the page to say "more".
      const found: string[] = []
      let token = ''
      do {
        const path = `${pods}?limit=1&labelSelector=odd%3Dtrue&continue=${encodeURIComponent(token)}`
        const { body } = await t.server.call<List>('GET', path)
        found.push(...body.items.map(({ metadata }) => metadata.name))
        token = body.metadata.continue ?? ''
      } while (token !== '')
      expect(found).toEqual(['a', 'c'])
    })

    same('what is no watch is refused', async (t) => {
      const secrets = `/api/v1/namespaces/${t.namespace}/secrets`
      await t.http('GET', `${secrets}?timeoutSeconds=1&watch=true&resourceVersion=x`)
      await t.http('GET', `${secrets}?timeoutSeconds=1&watch=true&sendInitialEvents=true`)
      await t.http('GET', `${secrets}?timeoutSeconds=1&watch=true&sendInitialEvents=true&resourceVersionMatch=Exact`)
      await t.http('GET', `${secrets}?sendInitialEvents=true`)
      await t.http('GET', `${secrets}?timeoutSeconds=1&watch=true&fieldSelector=data%3Dx`)
      await t.http('GET', `${secrets}?timeoutSeconds=1&watch=true&labelSelector=in%20(`)
    })

    same('a budget stands between an eviction and a pod', async (t) => {
      const pods = `/api/v1/namespaces/${t.namespace}/pods`
      const budgets = `/apis/policy/v1/namespaces/${t.namespace}/poddisruptionbudgets`
      const eviction = (name: string, more: object = {}): object => ({
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name },
        ...more,
      })
      const code = (b: Body): unknown => (b['kind'] === 'Status' ? [b['code'], b['status'], b['reason']] : b['kind'])
      for (const name of ['a', 'b', 'idle']) {
        await t.server.call('POST', pods, pod(name, { nodeName: 'n' }, { app: name === 'idle' ? 'idle' : 'web' }))
      }
      for (const name of ['a', 'b']) {
        await t.server.call(
          'PATCH',
          `${pods}/${name}/status`,
          { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
          MERGE,
        )
      }
      await t.http(
        'POST',
        budgets,
        { metadata: { name: 'keep' }, spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } } } },
        {},
        (b) => b['spec'],
      )
      await t.server.until<{ status?: { currentHealthy?: number } }>(
        `${budgets}/keep`,
        ({ body }) => body.status?.currentHealthy === 2,
      )
      await t.http('GET', `${budgets}/keep`, undefined, {}, (b) => {
        const { conditions: _, ...status } = b['status'] as Body
        return status
      })
      await t.http('POST', `${pods}/a/eviction`, eviction('a'))
      await t.http('POST', `${pods}/a/eviction`, eviction('a', { deleteOptions: { dryRun: ['All'] } }))
      await t.http('POST', `${pods}/idle/eviction`, eviction('idle', { deleteOptions: { dryRun: ['All'] } }))
      await t.http(
        'POST',
        `${pods}/idle/eviction`,
        eviction('idle', { deleteOptions: { preconditions: { uid: '00000000-0000-0000-0000-000000000000' } } }),
        {},
        code,
      )
      await t.http('POST', `${pods}/idle/eviction`, eviction('idle', { deleteOptions: { gracePeriodSeconds: 0 } }))
      await t.http('GET', `${pods}/idle`, undefined, {}, code)
      await t.http('POST', `${pods}/none/eviction`, eviction('none'))
      await t.http('POST', `${pods}/a/eviction`, eviction('b'))
      await t.http('PATCH', `${budgets}/keep`, { spec: { minAvailable: 1 } }, MERGE, (b) => b['spec'])
      await t.server.until<{ status?: { disruptionsAllowed?: number } }>(
        `${budgets}/keep`,
        ({ body }) => body.status?.disruptionsAllowed === 1,
      )
      await t.http('POST', `${pods}/a/eviction`, eviction('a'))
      await t.http('POST', `${pods}/b/eviction`, eviction('b'), {}, code)
      await t.http('GET', `${pods}/a`, undefined, {}, (b) =>
        ((b['status'] as Body)['conditions'] as Body[]).filter(({ type }) => type === 'DisruptionTarget'),
      )
      await t.http(
        'POST',
        budgets,
        { metadata: { name: 'second' }, spec: { maxUnavailable: '50%', selector: { matchLabels: { app: 'web' } } } },
        {},
        (b) => b['spec'],
      )
      await t.http('POST', `${pods}/b/eviction`, eviction('b'))
      await t.http('POST', budgets, { metadata: { name: 'both' }, spec: { minAvailable: 1, maxUnavailable: 1 } })
      await t.http('POST', budgets, { metadata: { name: 'odd' }, spec: { minAvailable: '150%' } })
    })

    test('a watch from before the last compaction, and a page from there, are told 410', async () => {
      const { cluster, transport } = server()
      if (cluster === null) return
      const secrets = `/api/v1/namespaces/${await server().namespace()}/secrets`
      for (const name of ['a', 'b']) await server().call('POST', secrets, { metadata: { name } })
      const { body } = await server().call<List>('GET', `${secrets}?limit=1`)
      await server().call('POST', secrets, { metadata: { name: 'c' } })
      cluster.server.compact()
      const { resourceVersion, continue: token = '' } = body.metadata
      const page = await server().call<Body>('GET', `${secrets}?limit=1&continue=${encodeURIComponent(token)}`)
      expect([page.status, page.body['reason']]).toEqual([410, 'Expired'])
      const path = `${secrets}?timeoutSeconds=1&watch=true&resourceVersion=${resourceVersion}`
      const { lines } = await transport.stream({
        method: 'GET',
        path,
        deadlineMs: 10_000,
        signal: new AbortController().signal,
      })
      for await (const line of lines) {
        const { type, object } = JSON.parse(line) as { type: string; object: { code: number; reason: string } }
        expect([type, object.code, object.reason]).toEqual(['ERROR', 410, 'Expired'])
        break
      }
    })

    test('a thousand watchers that read nothing cost bounded memory, and one that reads hears every change', async () => {
      const { cluster, transport, url } = server()
      if (cluster === null) return
      const maps = `/api/v1/namespaces/${await server().namespace()}/configmaps`
      const { port } = new URL(url)
      const idle = Array.from({ length: 1_000 }, () => {
        const socket = connect(Number(port), '127.0.0.1')
        socket.on('error', () => {}).pause()
        socket.write(`GET ${maps}?watch=true HTTP/1.1\r\nhost: x\r\n\r\n`)
        return socket
      })
      const gone = new AbortController()
      const path = `${maps}?watch=true`
      const { lines } = await transport.stream({ method: 'GET', path, deadlineMs: 60_000, signal: gone.signal })
      const before = process.memoryUsage().rss
      const writing = (async () => {
        for (let i = 0; i < 100; i++) await server().call('POST', maps, configMap(`w${i}`, { a: 'x'.repeat(100_000) }))
      })()
      let heard = 0
      for await (const line of lines) {
        if (line.includes('"name":"w') && ++heard === 100) break
      }
      await writing
      gone.abort()
      // A hundred objects of 100 kB for a thousand readers would be 10 GB, were they kept for each.
      expect(process.memoryUsage().rss - before).toBeLessThan(1_500_000_000)
      for (const socket of idle) socket.destroy()
      expect((await server().call('POST', maps, configMap('after', {}))).status).toBe(201)
    })
  },
  { needsKubectl: false },
)
