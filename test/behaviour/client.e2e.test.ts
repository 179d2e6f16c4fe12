import { expect, test } from 'vitest'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import type { Failure, KubeClient } from '../../kube/client.ts'
import { realClock } from '../../kube/clock.ts'
import { eventRecorder } from '../../kube/events/recorder.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { leaderElection } from '../../kube/leader/lease.ts'
import { realRandom } from '../../kube/random.ts'
import { reflector } from '../../kube/reflector/reflector.ts'
import { CONFIG_MAPS, EVENTS, LEASES, POD_CLIQUES } from '../../kube/resources.ts'
import type { HttpRequest, Transport } from '../../kube/transport.ts'
import { describeBoth } from './servers.ts'
import { sentenceOf } from '../kube/reflected.ts'

const configMap = (namespace: string, name: string, value: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name },
  data: { value },
})

/** What is asked is noted; `cut` breaks the streams that are open. */
function tapped(transport: Transport): { tap: Transport; asked: string[]; cut: () => void } {
  const asked: string[] = []
  let aborter = new AbortController()
  const stream = (request: HttpRequest) => {
    asked.push(request.path)
    const signal = AbortSignal.any([aborter.signal, ...(request.signal === undefined ? [] : [request.signal])])
    return transport.stream({ ...request, signal })
  }
  const request: Transport['request'] = (one) => {
    asked.push(one.path)
    return transport.request(one)
  }
  const cut = (): void => {
    aborter.abort()
    aborter = new AbortController()
  }
  return { tap: { request, stream, close: () => Promise.resolve() }, asked, cut }
}

/** A state that somebody is told about: `until` looks after every change. */
function board(): { readonly changed: () => void; readonly until: (holds: () => boolean) => Promise<void> } {
  let tell: () => void = () => {}
  return {
    changed: () => tell(),
    until: async (holds) => {
      while (!holds()) await new Promise<void>((resolve) => (tell = resolve))
    },
  }
}

async function makeEach(client: KubeClient, namespace: string, names: readonly string[]): Promise<void> {
  for (const name of names) valueOrThrow(await client.create(CONFIG_MAPS, configMap(namespace, name, '1')))
}

describeBoth('the client', (server) => {
  test('a reflector lists as a stream, follows, and resumes a cut watch without a second list', async () => {
    const { tap, asked, cut } = tapped(server().transport)
    const client = kubeClient(server().transport)
    const namespace = await server().namespace()
    await makeEach(client, namespace, ['a', 'b'])
    const { changed, until } = board()
    const told: string[] = []
    const followed = reflector<KubeObject>({
      client: kubeClient(tap),
      type: CONFIG_MAPS,
      namespace,
      clock: realClock,
      random: realRandom,
      onDelta: (delta) => {
        if (!delta.object.metadata.name.startsWith('kube-')) told.push(sentenceOf(delta))
        changed()
      },
    })
    followed.start()
    await followed.synced
    const key = { namespace, name: 'a' }
    valueOrThrow(await client.mergePatch(CONFIG_MAPS, key, { data: { value: '2' } }))
    await until(() => told.length === 3)
    cut()
    valueOrThrow(await client.delete(CONFIG_MAPS, key))
    valueOrThrow(await client.create(CONFIG_MAPS, configMap(namespace, 'a', '3')))
    await until(() => told.length === 5)
    await followed.stop()
    expect(told).toEqual(['added a=1', 'added b=1', 'updated a=2 (was 1)', 'deleted a=2', 'added a=3'])
    expect(asked.filter((path) => path.includes('sendInitialEvents'))).toHaveLength(1)
    expect(asked.filter((path) => !path.includes('watch=true'))).toEqual([])
  })

  test('a list comes in pages of one version', async () => {
    const client = kubeClient(server().transport)
    const namespace = await server().namespace()
    const names = ['p0', 'p1', 'p2', 'p3', 'p4']
    await makeEach(client, namespace, names)
    const found: string[] = []
    const versions = new Set<string>()
    let next = ''
    do {
      const page = valueOrThrow(await client.list<KubeObject>(CONFIG_MAPS, { namespace, limit: 2, continue: next }))
      found.push(...page.items.map(({ kind, metadata }) => `${kind} ${metadata.name}`))
      versions.add(page.resourceVersion)
      next = page.continue
    } while (next !== '')
    expect(found.filter((name) => !name.includes('kube-'))).toEqual(names.map((name) => `ConfigMap ${name}`))
    expect(versions.size).toBe(1)
  })

  test('writes are conditional, and refusals say why', async () => {
    const client = kubeClient(server().transport)
    const namespace = await server().namespace()
    const key = { namespace, name: 'a' }
    const made = valueOrThrow(await client.create<KubeObject>(CONFIG_MAPS, configMap(namespace, 'a', '1')))
    const stale = { metadata: { resourceVersion: made.metadata.resourceVersion }, data: { value: '2' } }
    valueOrThrow(await client.mergePatch(CONFIG_MAPS, key, stale, { timeoutMs: 5_000 }))
    const badClique = { apiVersion: 'grove.io/v1alpha1', kind: 'PodClique', metadata: key, spec: { replicas: 'many' } }
    const refused = [
      await client.mergePatch(CONFIG_MAPS, key, stale),
      await client.create(CONFIG_MAPS, configMap(namespace, 'a', '1')),
      await client.delete(CONFIG_MAPS, key, { uid: 'another' }),
      await client.get(CONFIG_MAPS, { namespace, name: 'none' }),
      await client.create(POD_CLIQUES, badClique),
    ] as Failure[]
    expect(refused.map(({ status, reason }) => `${status} ${reason}`)).toEqual([
      '409 Conflict',
      '409 AlreadyExists',
      '409 Conflict',
      '404 NotFound',
      '422 Invalid',
    ])
    expect(refused.every(({ outcome }) => outcome === 'refused')).toBe(true)
    valueOrThrow(await client.delete(CONFIG_MAPS, key, { uid: made.metadata.uid }))
  })

  test('a Lease is taken, renewed and released', async () => {
    const client = kubeClient(server().transport)
    const lease = { namespace: await server().namespace(), name: 'espalier-test' }
    const { changed, until } = board()
    const timing = { leaseDurationMs: 30_000, renewDeadlineMs: 20_000, retryPeriodMs: 50 }
    const troubles: string[] = []
    const election = leaderElection({
      client,
      clock: realClock,
      random: realRandom,
      lease,
      identity: 'me',
      timing,
      onStarted: changed,
      onStopped: () => {},
      onTrouble: (message) => troubles.push(message),
    })
    election.start()
    await until(() => election.isLeader)
    const path = `/apis/coordination.k8s.io/v1/namespaces/${lease.namespace}/leases/${lease.name}`
    const first = valueOrThrow(await client.get(LEASES, lease)).metadata.resourceVersion
    await server().until(path, ({ body }) => body.metadata.resourceVersion !== first)
    await election.stop()
    const spec = valueOrThrow(await client.get(LEASES, lease))['spec'] as Record<string, unknown>
    expect(spec['holderIdentity'] ?? '').toBe('')
    expect(String(spec['renewTime'])).toMatch(/\.\d{6}Z$/)
    expect(troubles).toEqual([])
  })

  test('an event is stored, counted and found by its object', async () => {
    const client = kubeClient(server().transport)
    const namespace = await server().namespace()
    const recorder = eventRecorder({ client, clock: realClock, component: 'espalier' })
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name: 'p', uid: 'u-1' } }
    recorder.event(object, 'Warning', 'Unschedulable', 'one')
    recorder.event(object, 'Warning', 'Unschedulable', 'two')
    const path = `/api/v1/namespaces/${namespace}/events?fieldSelector=involvedObject.uid%3Du-1`
    await server().until<{ items?: { count?: number }[] }>(path, ({ body }) => body.items?.[0]?.count === 2)
    const { items } = valueOrThrow(await client.list(EVENTS, { namespace, fieldSelector: 'involvedObject.uid=u-1' }))
    expect(items).toMatchObject([{ message: 'two', source: { component: 'espalier' }, type: 'Warning' }])
    expect(recorder.lost).toBe(0)
    await recorder.stop()
  })
})
