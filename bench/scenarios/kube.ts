import { strict as assert } from 'node:assert'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { NODES, PODS } from '../../kube/resources.ts'
import type { Line } from '../harness.ts'
import { createAll, inParallel, largeNodes, largePods, RUNNING, sizeOf, take } from '../load.ts'
import type { Start } from '../processes/reflect.ts'
import { type BenchServer, startEmbedded, startReal } from '../servers.ts'

/** How the reflector starts on a large cluster, against the embedded server and against kube-apiserver. */

const NODE_COUNT = 5_000
const POD_COUNT = 20_000
const NODE_BYTES = 18_000
const POD_BYTES = 10_000
const STARTS = 5

/** So large as is meant, managedFields included, give or take a tenth. */
function assertSize(found: number, meant: number): void {
  assert.ok(Math.abs(found - meant) < meant / 10, `objects of ${found} bytes, not ${meant}`)
}

interface Sizes {
  readonly nodeBytes: number
  readonly podBytes: number
}

async function fill({ client }: BenchServer): Promise<Sizes> {
  const nodes = largeNodes(NODE_COUNT)
  const names = nodes.map(({ metadata }) => metadata.name ?? '')
  await createAll(client, NODES, nodes)
  const pods = largePods(POD_COUNT, names)
  await createAll(client, PODS, pods)
  await inParallel(POD_COUNT, async (i) => {
    const { name = '', namespace = '' } = pods[i]!.metadata
    take(await client.mergePatch(PODS, { namespace, name }, RUNNING, { subresource: 'status' }))
  })
  const sizes = { nodeBytes: await sizeOf(client, NODES), podBytes: await sizeOf(client, PODS) }
  assertSize(sizes.nodeBytes, NODE_BYTES)
  assertSize(sizes.podBytes, POD_BYTES)
  return sizes
}

/** One start in a process of its own; ESPALIER_PROFILE names a folder for its CPU profile. */
async function start(what: 'nodes' | 'pods' | 'both', { address }: BenchServer): Promise<Start> {
  const folder = process.env['ESPALIER_PROFILE']
  const profile = folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]
  const file = join(import.meta.dirname, '../processes/reflect.ts')
  const args = [...profile, '--expose-gc', file, what, ...address]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const found = JSON.parse(stdout) as Start
  assert.equal(found.nodes, what === 'pods' ? 0 : NODE_COUNT)
  const pods = what === 'nodes' ? 0 : POD_COUNT
  assert.deepEqual([found.pods, found.bound, found.ready], [pods, pods, pods])
  return found
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0
const verdict = (isReached: boolean): string => (isReached ? 'yes' : 'no')

/**
 * Both kinds at once, as the scheduler starts them: time, blocks, and what the API server works for it. Of the turns
 * of the event loop the worst of all starts counts, in processor time; their wall time depends on who else runs here.
 */
async function bothAtOnce(server: BenchServer, seed: number, sizes: Sizes): Promise<Line> {
  const starts: Start[] = []
  const serverMs: number[] = []
  for (let i = 0; i < STARTS; i++) {
    const before = server.cpuMs()
    starts.push(await start('both', server))
    const after = server.cpuMs()
    if (before !== null && after !== null) serverMs.push(after - before)
  }
  const of = (name: keyof Start): number[] => starts.map((each) => each[name])
  const turnCpuMs = Math.max(...of('longestTurnCpuMs'))
  const facts = {
    nodes: NODE_COUNT,
    pods: POD_COUNT,
    ...sizes,
    longestBlockMs: Math.round(median(of('longestBlockMs'))),
    idleBlockMs: Math.round(median(of('idleBlockMs'))),
    longestTurnCpuMs: Math.round(turnCpuMs * 10) / 10,
    clientCpuMs: Math.round(median(of('cpuMs'))),
    serverCpuMs: serverMs.length === 0 ? 'unknown' : median(serverMs),
    bar: 'longest turn <= 50 ms',
    reached: verdict(turnCpuMs <= 50),
  }
  return {
    scenario: `kube/reflector-start/${server.name}`,
    ms: median(of('ms')),
    ok: true,
    seed,
    facts,
  }
}

/** One kind alone, for what its cache holds. */
async function retained(server: BenchServer, seed: number, what: 'nodes' | 'pods', bar: number): Promise<Line> {
  const found = await start(what, server)
  const each = Math.round(found.retainedBytes / (what === 'nodes' ? NODE_COUNT : POD_COUNT))
  const facts = { bytesEach: each, bar: `<= ${bar} bytes`, reached: verdict(each <= bar) }
  return { scenario: `kube/retained-${what}/${server.name}`, ms: found.ms, ok: true, seed, facts }
}

async function* of(server: BenchServer, seed: number): AsyncGenerator<Line> {
  try {
    const sizes = await fill(server)
    yield await bothAtOnce(server, seed, sizes)
    yield await retained(server, seed, 'pods', 1_500)
    yield await retained(server, seed, 'nodes', 4_000)
  } finally {
    await server.stop()
  }
}

/** One server after the other: each holds a quarter of a gigabyte. */
export async function* run(seed: number): AsyncGenerator<Line> {
  yield* of(await startEmbedded(seed), seed)
  const real = await startReal()
  if (real !== null) yield* of(real, seed)
}
