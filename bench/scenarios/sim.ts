import { strict as assert } from 'node:assert'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import type { KubeClient } from '../../kube/client.ts'
import { NODES, PODS } from '../../kube/resources.ts'
import type { Line } from '../harness.ts'
import { assertHolds, createAll, inParallel, plainNodes, plainPods, take, timed } from '../load.ts'
import { type BenchServer, startEmbedded, startReal } from '../servers.ts'

/** The embedded API server over HTTP from one client, beside kube-apiserver with etcd asked the same. */

const NODE_COUNT = 5_000
const POD_COUNT = 10_000
const LISTS = 5

/** What one question takes on one server. */
interface Measured {
  readonly ms: number
  readonly facts: Readonly<Record<string, number | string>>
}

/** A scenario: asked of one server after the other, in the order of this list; each builds on those before it. */
interface Scenario {
  readonly name: string
  readonly bar: string
  isReached(measured: Measured): boolean
  run(client: KubeClient): Promise<Measured>
}

const perSecond = (count: number, ms: number): number => Math.round((count / ms) * 1_000)

async function createNodes(client: KubeClient): Promise<Measured> {
  const nodes = plainNodes(NODE_COUNT)
  let uids: readonly string[] = []
  const ms = await timed(async () => {
    uids = await createAll(client, NODES, nodes)
  })
  await assertHolds(client, NODES, uids)
  return { ms, facts: { nodes: NODE_COUNT, perSecond: perSecond(NODE_COUNT, ms) } }
}

async function createPods(client: KubeClient): Promise<Measured> {
  let uids: readonly string[] = []
  const ms = await timed(async () => {
    uids = await createAll(client, PODS, plainPods(POD_COUNT))
  })
  await assertHolds(client, PODS, uids)
  return { ms, facts: { pods: POD_COUNT, perSecond: perSecond(POD_COUNT, ms) } }
}

async function listPods(client: KubeClient): Promise<Measured> {
  const times: number[] = []
  let bytes = 0
  for (let i = 0; i < LISTS; i++) {
    let items: readonly KubeObject[] = []
    times.push(
      await timed(async () => {
        items = take(await client.list<KubeObject>(PODS)).items
      }),
    )
    assert.equal(new Set(items.map(({ metadata }) => metadata.uid)).size, POD_COUNT)
    bytes = JSON.stringify(items).length
  }
  const [firstMs = 0] = times
  const ms = times.sort((a, b) => a - b)[LISTS >> 1] ?? 0
  return { ms, facts: { pods: POD_COUNT, firstMs: Math.round(firstMs), megabytes: Math.round(bytes / 1e5) / 10 } }
}

async function bindPods(client: KubeClient): Promise<Measured> {
  const nodes = take(await client.list<KubeObject>(NODES)).items.map(({ metadata }) => metadata.name)
  const pods = take(await client.list<KubeObject>(PODS)).items.map(({ metadata }) => metadata)
  const nodeOf = (i: number): string => nodes[(i * 7) % nodes.length]!
  const ms = await timed(() =>
    inParallel(pods.length, async (i) => {
      const { name, namespace = '', uid } = pods[i]!
      const metadata = { name, namespace, uid, annotations: { 'espalier.io/attempt': `${uid}/${i}/first/1` } }
      const target = { apiVersion: 'v1', kind: 'Node', name: nodeOf(i) } as const
      take(await client.bind({ apiVersion: 'v1', kind: 'Binding', metadata, target }))
    }),
  )
  const bound = new Map(
    take(await client.list<KubeObject>(PODS)).items.map((pod) => [
      pod.metadata.uid,
      [(pod['spec'] as { nodeName?: string }).nodeName, pod.metadata.annotations?.['espalier.io/attempt']],
    ]),
  )
  assert.deepEqual(
    bound,
    new Map(pods.map(({ uid }, i) => [uid, [nodeOf(i), `${uid}/${i}/first/1`]])),
    'every pod is on its node, with the annotation of its binding',
  )
  return { ms, facts: { pods: POD_COUNT, perSecond: perSecond(POD_COUNT, ms) } }
}

/** Reads MODIFIED events until there is one for each pod; every one of them once, with growing versions. */
async function readChanges(client: KubeClient, version: string, isOpen: () => void): Promise<Map<string, KubeObject>> {
  const gone = new AbortController()
  const options = { resourceVersion: version, timeoutSeconds: 600 }
  const events = take(await client.watch(PODS, options, gone.signal))
  isOpen()
  const seen = new Map<string, KubeObject>()
  let last = 0
  for await (const event of events) {
    if (event.type === 'BOOKMARK') continue
    assert.equal(event.type, 'MODIFIED')
    const { uid, resourceVersion } = (event.object as KubeObject).metadata
    assert.ok(Number(resourceVersion) > last, 'versions grow')
    assert.ok(!seen.has(uid), 'no change is told twice')
    last = Number(resourceVersion)
    seen.set(uid, event.object as KubeObject)
    if (seen.size === POD_COUNT) break
  }
  gone.abort()
  return seen
}

async function watchPods(client: KubeClient): Promise<Measured> {
  const { items, resourceVersion } = take(await client.list<KubeObject>(PODS))
  let tellOpen = (): void => {}
  const open = new Promise<void>((resolve) => {
    tellOpen = resolve
  })
  const reading = readChanges(client, resourceVersion, tellOpen)
  await open
  let writtenMs = 0
  let seen = new Map<string, KubeObject>()
  const ms = await timed(async () => {
    writtenMs = await timed(() =>
      inParallel(POD_COUNT, async (i) => {
        const { name, namespace = '' } = items[i]!.metadata
        take(await client.mergePatch(PODS, { namespace, name }, { metadata: { labels: { round: String(i) } } }))
      }),
    )
    seen = await reading
  })
  assert.deepEqual(
    new Map([...seen].map(([uid, { metadata }]) => [uid, metadata.labels?.['round']])),
    new Map(items.map(({ metadata }, i) => [metadata.uid, String(i)])),
  )
  return {
    ms,
    facts: { changes: POD_COUNT, lost: 0, perSecond: perSecond(POD_COUNT, ms), behindMs: Math.round(ms - writtenMs) },
  }
}

const always = (): boolean => true

const SCENARIOS: readonly Scenario[] = [
  { name: 'create-nodes', bar: '< 2000 ms', isReached: ({ ms }) => ms < 2_000, run: createNodes },
  { name: 'create-pods', bar: '', isReached: always, run: createPods },
  { name: 'list-pods', bar: '< 500 ms', isReached: ({ ms }) => ms < 500, run: listPods },
  { name: 'bind', bar: '>= 5000/s', isReached: ({ facts }) => Number(facts['perSecond']) >= 5_000, run: bindPods },
  { name: 'watch', bar: 'no event lost', isReached: always, run: watchPods },
]

function lineOf(scenario: Scenario, server: BenchServer, seed: number, measured: Measured, peerMs: number): Line {
  const { ms, facts } = measured
  const isOurs = server.name === 'embedded'
  const bar = scenario.bar === '' ? {} : { bar: scenario.bar, reached: scenario.isReached(measured) ? 'yes' : 'no' }
  const beside = peerMs === 0 ? {} : { timesFaster: Math.round((peerMs / ms) * 10) / 10 }
  const all = { ...facts, ...(isOurs ? { ...bar, ...beside } : {}) }
  return { scenario: `sim/${scenario.name}/${server.name}`, ms, ok: true, seed, facts: all }
}

/** Each scenario on the real server first, so that the embedded one's line can say the ratio. */
export async function* run(seed: number): AsyncGenerator<Line> {
  const servers: BenchServer[] = []
  try {
    const real = await startReal()
    if (real !== null) servers.push(real)
    servers.push(await startEmbedded(seed))
    for (const scenario of SCENARIOS) {
      let peerMs = 0
      for (const server of servers) {
        const before = server.cpuMs()
        const { ms, facts } = await scenario.run(server.client)
        const after = server.cpuMs()
        const cpu = before === null || after === null ? {} : { serverCpuMs: after - before }
        const peer = server.name === 'embedded' ? peerMs : 0
        yield lineOf(scenario, server, seed, { ms, facts: { ...facts, ...cpu } }, peer)
        peerMs = ms
      }
    }
  } finally {
    for (const server of servers) await server.stop()
  }
}
