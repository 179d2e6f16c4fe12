import { afterEach, describe, expect, test } from 'vitest'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import type { Failure, KubeClient } from '../../kube/client.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { leaderElection } from '../../kube/leader/lease.ts'
import { seededRandom } from '../../kube/random.ts'
import { reflector } from '../../kube/reflector/reflector.ts'
import { CONFIG_MAPS, LEASES, NODES, PODS } from '../../kube/resources.ts'
import { eventRecorder } from '../../kube/events/recorder.ts'
import { VirtualClock } from '../../sim/clock.ts'
import { type ApiServer, createApiServer } from '../../sim/server/api-server.ts'
import { sentenceOf } from './reflected.ts'

const ends: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const configMap = (name: string, value: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'default', name },
  data: { value },
})

interface World {
  readonly clock: VirtualClock
  readonly server: ApiServer
  readonly client: KubeClient
  readonly settle: () => Promise<unknown>
}

function world(): World {
  const clock = new VirtualClock()
  const server = createApiServer({ clock, random: seededRandom(1) })
  ends.push(() => server.stop())
  return {
    clock,
    server,
    client: kubeClient(server.transport),
    settle: () => clock.runUntilSettled({ maxVirtualMs: 600_000 }),
  }
}

/** A world with a reflector on its ConfigMaps; what was told of those in `default` that a test made. */
async function watched(): Promise<World & { told: string[]; troubles: string[] }> {
  const made = world()
  const told: string[] = []
  const troubles: string[] = []
  const { client, clock } = made
  const started = reflector<KubeObject>({
    client,
    type: CONFIG_MAPS,
    namespace: 'default',
    clock,
    random: seededRandom(2),
    onDelta: (delta) => void (delta.object.metadata.name.startsWith('kube-') || told.push(sentenceOf(delta))),
    onTrouble: (message) => troubles.push(message),
  })
  started.start()
  ends.push(() => started.stop())
  await made.settle()
  expect(started.isSynced).toBe(true)
  return { ...made, told, troubles }
}

describe('against the embedded server', () => {
  test('the reflector tells what is written, deleted and recreated', async () => {
    const { client, settle, told, troubles } = await watched()
    const key = { namespace: 'default', name: 'a' }
    const writing = (async () => {
      const made = valueOrThrow(await client.create<KubeObject>(CONFIG_MAPS, configMap('a', '1')))
      valueOrThrow(await client.mergePatch(CONFIG_MAPS, key, { data: { value: '2' } }))
      const wrong = await client.delete(CONFIG_MAPS, key, { uid: 'another' })
      expect((wrong as Failure).reason).toBe('Conflict')
      valueOrThrow(await client.delete(CONFIG_MAPS, key, { uid: made.metadata.uid }))
      valueOrThrow(await client.apply(CONFIG_MAPS, configMap('a', '3'), 'test', { force: true }))
    })()
    await settle()
    await writing
    expect(told).toEqual(['added a=1', 'updated a=2 (was 1)', 'deleted a=2', 'added a=3'])
    expect(troubles).toEqual([])
  })

  test('a dropped watch whose past is forgotten ends in the same state', async () => {
    const { client, server, settle, told } = await watched()
    void client.create(CONFIG_MAPS, configMap('a', '1'))
    void client.create(CONFIG_MAPS, configMap('b', '1'))
    await settle()
    told.length = 0
    server.dropWatches(() => true)
    void client.delete(CONFIG_MAPS, { namespace: 'default', name: 'a' })
    await Promise.resolve()
    void client.create(CONFIG_MAPS, configMap('c', '1'))
    for (let i = 0; i < 20; i++) await Promise.resolve()
    server.compact()
    await settle()
    expect([...told].sort()).toEqual(['added c=1', 'deleted a=1'])
  })

  test('refusals have the reasons that Kubernetes gives them', async () => {
    const { client, settle } = world()
    const asking = Promise.all([
      client.get(PODS, { namespace: 'default', name: 'none' }),
      client.create(CONFIG_MAPS, configMap('Bad Name', '1')),
      client.create(CONFIG_MAPS, { ...configMap('a', '1'), metadata: { name: 'a', namespace: 'none' } }),
      client.mergePatch(NODES, { namespace: '', name: 'none' }, {}),
      client
        .create(CONFIG_MAPS, configMap('twice', '1'))
        .then(() => client.create(CONFIG_MAPS, configMap('twice', '1'))),
    ])
    await settle()
    const failures = (await asking) as Failure[]
    expect(failures.map(({ status, reason, outcome }) => `${status} ${reason} ${outcome}`)).toEqual([
      '404 NotFound refused',
      '422 Invalid refused',
      '404 NotFound refused',
      '404 NotFound refused',
      '409 AlreadyExists refused',
    ])
  })

  test('a leader is elected and hands over its Lease', async () => {
    const { client, clock } = world()
    const heard: string[] = []
    const elections = ['a', 'b'].map((identity, i) =>
      leaderElection({
        client,
        clock,
        random: seededRandom(i),
        lease: { namespace: 'default', name: 'espalier-test' },
        identity,
        onStarted: () => heard.push(`${identity} leads`),
        onStopped: () => void heard.push(`${identity} stops`),
      }),
    )
    for (const election of elections) election.start()
    await clock.runFor(30_000)
    expect(heard).toHaveLength(1)
    const first = elections.findIndex(({ isLeader }) => isLeader)
    const stopping = elections[first]?.stop()
    await clock.runFor(10_000)
    await stopping
    expect(heard).toHaveLength(3)
    expect(elections[1 - first]?.isLeader).toBe(true)
    const reading = client.get(LEASES, { namespace: 'default', name: 'espalier-test' })
    await clock.runFor(0)
    expect(valueOrThrow(await reading)['spec']).toMatchObject({ leaseTransitions: 1 })
    const rest = elections[1 - first]?.stop()
    await clock.runFor(10_000)
    await rest
  })

  test('an event is stored, counted and found by its object', async () => {
    const { client, clock } = world()
    const recorder = eventRecorder({ client, clock, component: 'espalier' })
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'default', name: 'p', uid: 'u-1' } }
    recorder.event(object, 'Warning', 'Unschedulable', 'one')
    recorder.event(object, 'Warning', 'Unschedulable', 'two')
    await clock.runFor(1_000)
    const events = { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true }
    const listing = client.list(events, { namespace: 'default', fieldSelector: 'involvedObject.uid=u-1' })
    await clock.runFor(0)
    expect(valueOrThrow(await listing).items).toMatchObject([
      { count: 2, message: 'two', source: { component: 'espalier' } },
    ])
    expect(recorder.lost).toBe(0)
  })
})
