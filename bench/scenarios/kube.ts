import { strict as assert } from 'node:assert'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Line } from '../harness.ts'
import { fillLarge, type Sizes } from '../large-cluster.ts'
import type { Start } from '../processes/reflect.ts'
import { type BenchServer, startEmbedded, startReal } from '../servers.ts'

/** How the reflector starts on a large cluster, against the embedded server and against kube-apiserver. */

const NODE_COUNT = 5_000
const POD_COUNT = 20_000
const STARTS = 5

/** In which form the reflector asks for pods and nodes; the embedded server has JSON only. */
type Form = 'protobuf' | 'json'

/** One start in a process of its own; ESPALIER_PROFILE names a folder for its CPU profile. */
async function start(what: 'nodes' | 'pods' | 'both', form: Form, { address }: BenchServer): Promise<Start> {
  const folder = process.env['ESPALIER_PROFILE']
  const profile = folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]
  const file = join(import.meta.dirname, '../processes/reflect.ts')
  const args = [...profile, '--expose-gc', file, what, form, ...address]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const found = JSON.parse(stdout) as Start
  assert.equal(found.nodes, what === 'pods' ? 0 : NODE_COUNT)
  const pods = what === 'nodes' ? 0 : POD_COUNT
  assert.deepEqual([found.pods, found.bound, found.ready], [pods, pods, pods])
  return found
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0
const verdict = (isReached: boolean): string => (isReached ? 'yes' : 'no')

interface Started extends Start {
  /** Of the API server, for this start; null where that cannot be read. */
  readonly serverCpuMs: number | null
}

async function startBoth(form: Form, server: BenchServer): Promise<Started> {
  const before = server.cpuMs()
  const found = await start('both', form, server)
  const after = server.cpuMs()
  return { ...found, serverCpuMs: before === null || after === null ? null : after - before }
}

const FORMS: Readonly<Record<BenchServer['name'], readonly Form[]>> = { embedded: ['json'], real: ['protobuf', 'json'] }

/** Both kinds at once, as the scheduler starts them; forms take turns, so that the machine's other work falls on both. */
async function bothAtOnce(server: BenchServer): Promise<ReadonlyMap<Form, readonly Started[]>> {
  const starts = new Map<Form, Started[]>(FORMS[server.name].map((form) => [form, []]))
  for (let i = 0; i < STARTS; i++) {
    for (const [form, those] of starts) those.push(await startBoth(form, server))
  }
  return starts
}

/**
 * Time, blocks, and what the API server works for it. Of the turns of the event loop the worst of all starts counts, in
 * processor time; their wall time depends on who else runs here.
 */
function startLine(scenario: string, starts: readonly Started[], seed: number, sizes: Sizes): Line {
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
    serverCpuMs: serverCpuMs(starts) ?? 'unknown',
    bar: 'longest turn <= 50 ms',
    reached: verdict(turnCpuMs <= 50),
  }
  return { scenario, ms: median(of('ms')), ok: true, seed, facts }
}

function serverCpuMs(starts: readonly Started[]): number | null {
  const known = starts.flatMap((each) => each.serverCpuMs ?? [])
  return known.length === 0 ? null : median(known)
}

/** What protobuf saves, of processor time on both sides together. */
function comparison(starts: ReadonlyMap<Form, readonly Started[]>, seed: number): Line[] {
  const [protobuf, json] = (['protobuf', 'json'] as const).map((form) => {
    const those = starts.get(form) ?? []
    return { client: median(those.map(({ cpuMs }) => cpuMs)), server: serverCpuMs(those) }
  })
  if (protobuf?.server == null || json?.server == null) return []
  const ratio = (of: number, to: number): number => Math.round((of / to) * 100) / 100
  const both = ratio(protobuf.client + protobuf.server, json.client + json.server)
  const facts = {
    client: ratio(protobuf.client, json.client),
    server: ratio(protobuf.server, json.server),
    both,
    bar: 'both <= 0.7',
    reached: verdict(both <= 0.7),
  }
  return [{ scenario: 'kube/protobuf-to-json-cpu', ms: protobuf.client + protobuf.server, ok: true, seed, facts }]
}

/** One kind alone, for what its cache holds. */
async function retained(server: BenchServer, seed: number, what: 'nodes' | 'pods', bar: number): Promise<Line> {
  const found = await start(what, FORMS[server.name][0] ?? 'json', server)
  const each = Math.round(found.retainedBytes / (what === 'nodes' ? NODE_COUNT : POD_COUNT))
  const facts = { bytesEach: each, bar: `<= ${bar} bytes`, reached: verdict(each <= bar) }
  return { scenario: `kube/retained-${what}/${server.name}`, ms: found.ms, ok: true, seed, facts }
}

async function* of(server: BenchServer, seed: number): AsyncGenerator<Line> {
  try {
    const sizes = await fillLarge(server.client, { nodes: NODE_COUNT, pods: POD_COUNT })
    const starts = await bothAtOnce(server)
    for (const [form, those] of starts)
      yield startLine(`kube/reflector-start/${server.name}/${form}`, those, seed, sizes)
    yield* comparison(starts, seed)
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
