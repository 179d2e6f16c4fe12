/**
 * What the scheduler costs where there is nothing to do, and how long it takes from its start to its first binding, on a
 * large cluster: nodes that say every five minutes that they live, pods of which some change their status.
 */
import { strict as assert } from 'node:assert'
import { join } from 'node:path'
import type { KubeObject, NewObject } from '../../api/kinds/kubernetes.ts'
import { installCrds } from '../../cli/serve.ts'
import type { KubeClient } from '../../kube/client.ts'
import { realClock } from '../../kube/clock.ts'
import { NODES, PODS } from '../../kube/resources.ts'
import type { Line, RunOptions } from '../harness.ts'
import { fillGangs, fillLarge } from '../large-cluster.ts'
import { take } from '../load.ts'
import { type Blocks, type MeasuredProcess, startMeasured } from '../measured-process.ts'
import { type BenchServer, kubeconfigOf, startEmbedded, startReal } from '../servers.ts'

const NODES_DEFAULT = 5_000
const PODS_DEFAULT = 20_000
/** A node writes its status so often. */
const NODE_STATUS_MS = 300_000
const POD_CHANGES_PER_SECOND = 20
const READER = join(import.meta.dirname, '../processes/read-watches.ts')
/** After the start, until caches, code and collector have come to rest. */
const REST_MS = 20_000
const MEASURED_MS = 60_000
const FIRST_BIND_LIMIT_MS = 60_000
/**
 * A change of a pod or a node is a whole object again. Of one of these at least so much comes over the connection, whatever
 * its form: pods of 10 kB of JSON text are 8.6 kB in protobuf form, nodes of 18 kB are 15.
 */
const HEARD_MIN_BYTES = 6_000

const PROBE: NewObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'probe', namespace: 'default' },
  spec: {
    schedulerName: 'espalier',
    containers: [{ name: 'a', image: 'registry.example/probe:1', resources: { requests: { cpu: '10m' } } }],
    tolerations: [{ operator: 'Exists' }],
  },
}

/**
 * Resolves when the probe has a node, and is rejected where it has none in time. Over a watch of that pod alone: who asks
 * for it every few milliseconds keeps the server from sending what the scheduler waits for.
 */
async function probeBound(client: KubeClient): Promise<void> {
  const { resourceVersion } = take(await client.get<KubeObject>(PODS, { namespace: 'default', name: 'probe' })).metadata
  const options = { namespace: 'default', fieldSelector: 'metadata.name=probe', resourceVersion, timeoutSeconds: 600 }
  const end = new AbortController()
  const timer = setTimeout(() => end.abort(), FIRST_BIND_LIMIT_MS)
  try {
    for await (const { object } of take(await client.watch(PODS, options, end.signal))) {
      if ((object as { spec?: { nodeName?: string } }).spec?.nodeName !== undefined) return
    }
  } finally {
    clearTimeout(timer)
    end.abort()
  }
  throw new Error(`no binding within ${FIRST_BIND_LIMIT_MS} ms`)
}

const names = async (client: KubeClient, type: typeof NODES): Promise<string[]> =>
  take(await client.list<KubeObject>(type)).items.map(({ metadata }) => metadata.name)

/** Writes that go on at a pace until `end`; `done`: how many were answered so far. */
interface Paced {
  done(): number
  end(): Promise<void>
}

interface Traffic {
  done(): { readonly nodeWrites: number; readonly podWrites: number }
  end(): Promise<void>
}

/** Writes at these rates until its end. */
async function startTraffic(client: KubeClient): Promise<Traffic> {
  const nodes = await names(client, NODES)
  const pods = await names(client, PODS)
  const node = every(NODE_STATUS_MS / nodes.length, (i) => {
    const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: stampOf(i) }]
    const key = { namespace: '', name: nodes[i % nodes.length]! }
    return client.strategicPatch(NODES, key, { status: { conditions } }, { subresource: 'status' })
  })
  const pod = every(1_000 / POD_CHANGES_PER_SECOND, (i) => {
    const key = { namespace: 'default', name: pods[i % pods.length]! }
    return client.strategicPatch(PODS, key, { status: podStatus(i, pods.length) }, { subresource: 'status' })
  })
  return {
    done: () => ({ nodeWrites: node.done(), podWrites: pod.done() }),
    end: async () => void (await Promise.all([node.end(), pod.end()])),
  }
}

/** One change in so many is of a pod's readiness, which its gang's status tells; the others restart a container. */
const READINESS_EVERY = 10

function podStatus(i: number, pods: number): object {
  const round = Math.floor(i / pods)
  if (i % READINESS_EVERY === 0) {
    const status = round % 2 === 0 ? 'False' : 'True'
    return { conditions: [{ type: 'Ready', status, lastTransitionTime: stampOf(i) }] }
  }
  const state = { running: { startedAt: stampOf(i) } }
  const container = { name: 'worker', image: 'a', imageID: 'a', restartCount: round + 1, ready: true, state }
  return { containerStatuses: [container] }
}

const stampOf = (i: number): string => new Date(Date.UTC(2026, 0, 1) + i * 1_000).toISOString().replace('.000', '')

/** Calls `write` at that pace until `end`, which fails where one failed. */
function every(periodMs: number, write: (i: number) => ReturnType<KubeClient['mergePatch']>): Paced {
  const writes: ReturnType<typeof write>[] = []
  let done = 0
  const startMs = performance.now()
  const written = async (i: number): ReturnType<typeof write> => {
    const answer = await write(i)
    done++
    return answer // judged at the end: thrown here, nobody would hear of it, and what was started would go on
  }
  const timer = setInterval(
    () => {
      while (performance.now() - startMs > writes.length * periodMs) writes.push(written(writes.length))
    },
    Math.max(1, periodMs / 2),
  )
  return {
    done: () => done,
    end: async () => {
      clearInterval(timer)
      for (const answer of await Promise.all(writes)) take(answer)
    },
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const rounded = (value: number, digits = 1): number => Number(value.toFixed(digits))
const verdict = (isReached: boolean): string => (isReached ? 'yes' : 'no')

interface Scale {
  readonly nodes: number
  readonly pods: number
}

function startLine(ms: number, process: MeasuredProcess, server: number, scale: Scale, seed: number): Line {
  const memory = process.memoryMegabytes()
  const facts = {
    ...scale,
    clientCpuMs: process.cpuMs(),
    serverCpuMs: server,
    highestMegabytes: rounded(memory.highest),
    bar: 'exec to first bind < 5 s',
    reached: verdict(ms < 5_000),
  }
  return { scenario: 'idle/exec-to-first-bind', ms, ok: true, seed, facts }
}

interface Cost {
  readonly own: number
  readonly server: number
  readonly heardBytes: number
  readonly nodeWrites: number
  readonly podWrites: number
}

/** What the two cost while the traffic goes on, of one core. */
async function costOf(server: BenchServer, process: MeasuredProcess, traffic: Traffic): Promise<Cost> {
  await sleep(REST_MS)
  await process.longestBlocks()
  const before = traffic.done()
  const [cpuMs, serverMs, startMs] = [process.cpuMs(), server.cpuMs() ?? 0, performance.now()]
  const readBytes = process.readBytes()
  await sleep(MEASURED_MS)
  const percent = (ms: number): number => (ms / (performance.now() - startMs)) * 100
  const cost = { own: percent(process.cpuMs() - cpuMs), server: percent((server.cpuMs() ?? 0) - serverMs) }
  const nodeWrites = traffic.done().nodeWrites - before.nodeWrites
  const podWrites = traffic.done().podWrites - before.podWrites
  const meant = (MEASURED_MS / 1_000) * POD_CHANGES_PER_SECOND
  assert.ok(Math.abs(podWrites - meant) < meant / 20, `pods changed ${podWrites} times, and ${meant} were meant`)
  const heardBytes = process.readBytes() - readBytes
  const least = (nodeWrites + podWrites) * HEARD_MIN_BYTES
  assert.ok(heardBytes > least, `of ${nodeWrites + podWrites} changes only ${heardBytes} bytes were heard`)
  return { ...cost, heardBytes, nodeWrites, podWrites }
}

function idleLine(
  cost: Cost,
  memory: { now: number; highest: number },
  blocks: { idle: Blocks; start: Blocks },
  scale: Scale,
  seed: number,
): Line {
  const { idle, start } = blocks
  const facts = {
    ...scale,
    ...costFacts(cost),
    megabytes: rounded(memory.now),
    highestMegabytes: rounded(memory.highest),
    longestBlockMs: rounded(idle.ms),
    startBlockMs: rounded(start.ms),
    loadedMs: rounded(start.loadedMs),
    bar: 'cpu < 1 %, memory < 300 MB, block <= 50 ms',
    reached: verdict(cost.own < 1 && memory.now < 300 && Math.max(idle.ms, start.ms) <= 50),
  }
  return { scenario: 'idle/nothing-pending', ms: MEASURED_MS, ok: true, seed, facts }
}

const costFacts = ({ own, server, heardBytes, nodeWrites, podWrites }: Cost): Record<string, number> => ({
  nodeWrites,
  podWrites,
  heardMegabytes: rounded(heardBytes / 1e6),
  cpuPercent: rounded(own, 2),
  serverCpuPercent: rounded(server),
})

/** Hearing alone: the same watches, read and thrown away. */
async function hearingLine(
  server: BenchServer,
  traffic: Traffic,
  kubeconfig: string,
  scale: Scale,
  seed: number,
): Promise<Line> {
  const process = startMeasured([kubeconfig], READER)
  try {
    const facts = { ...scale, ...costFacts(await costOf(server, process, traffic)) }
    return { scenario: 'idle/hearing-alone', ms: MEASURED_MS, ok: true, seed, facts }
  } finally {
    await process.stop()
  }
}

async function* on(server: BenchServer, scale: Scale, seed: number): AsyncGenerator<Line> {
  const { client } = server
  const kubeconfig = kubeconfigOf(server)
  assert.deepEqual(await installCrds(client, realClock), [])
  await fillLarge(client, scale)
  await fillGangs(client, scale.pods)
  take(await client.create(PODS, PROBE))
  yield* schedulerLines(server, kubeconfig, scale, seed)
}

async function* schedulerLines(
  server: BenchServer,
  kubeconfig: string,
  scale: Scale,
  seed: number,
): AsyncGenerator<Line> {
  const bound = probeBound(server.client)
  bound.catch(() => {}) // told below
  const before = server.cpuMs() ?? 0
  const startMs = performance.now()
  const process = startMeasured(['scheduler', '--kubeconfig', kubeconfig, '--no-leader-elect', '--log-level', 'warn'])
  let traffic: Traffic | null = null
  try {
    await bound
    yield startLine(performance.now() - startMs, process, (server.cpuMs() ?? 0) - before, scale, seed)
    const start = await process.longestBlocks()
    traffic = await startTraffic(server.client)
    const cost = await costOf(server, process, traffic)
    yield idleLine(cost, process.memoryMegabytes(), { idle: await process.longestBlocks(), start }, scale, seed)
    await process.stop()
    yield await hearingLine(server, traffic, kubeconfig, scale, seed)
  } finally {
    await process.stop()
    await traffic?.end()
  }
}

/** Flags: `--nodes N` (5,000), `--count N` pods (20,000), `--only embedded`: there, in JSON, for a first look. */
export async function* run(seed: number, options: RunOptions): AsyncGenerator<Line> {
  const scale = { nodes: Number(options['nodes'] ?? NODES_DEFAULT), pods: Number(options['count'] ?? PODS_DEFAULT) }
  const server = options['only'] === 'embedded' ? await startEmbedded(seed) : await startReal()
  if (server === null) return
  try {
    yield* on(server, scale, seed)
  } finally {
    await server.stop()
  }
}
