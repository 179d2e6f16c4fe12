import { strict as assert } from 'node:assert'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { PodCliqueSet, PodGang } from '../../api/generated/kinds.ts'
import type { KubeObject, Pod } from '../../api/kinds/kubernetes.ts'
import { POD_CLIQUE_SETS, POD_CLIQUES, POD_GANGS, PODS, type ResourceType, SERVICES } from '../../kube/resources.ts'
import { inParallel, take } from '../load.ts'
import { benchSet } from './objects.ts'
import { type PodWatch, watchPods } from './pod-watch.ts'
import { endWithUs, type RecordedProcess, startRecorded } from './recorded-process.ts'
import { replayOf } from './replay.ts'
import { isWrite, type SentRequest } from './sent-requests.ts'
import { type BenchWorld, until } from './world.ts'

/** Operator and scheduler, as two commands. */
export interface Halves {
  readonly operator: RecordedProcess
  readonly scheduler: RecordedProcess
  /** The watches that they have open. */
  readonly watches: readonly SentRequest[]
}

/** Sets of one namespace, all alike. */
export interface Work {
  readonly namespace: string
  readonly sets: number
  readonly replicas: number
  /** Of a replica. */
  readonly pods: number
}

export interface Course {
  /** From the request to the last pod created, and to the last Ready. */
  readonly createdMs: number
  readonly readyMs: number
  /** To the last set whose status counts all its replicas as available. */
  readonly statusMs: number
  readonly operatorCpuMs: number
  readonly schedulerCpuMs: number
  /** Of all that the cluster consists of. */
  readonly clusterCpuMs: number
  readonly sent: readonly SentRequest[]
}

/** Nothing was written for so long: all has come to rest. Longer than anything is gathered for. */
const QUIET_MS = 2_000
const LOOK_MS = 100

const podsOf = ({ sets, replicas, pods }: Work): number => sets * replicas * pods
const setName = (at: number): string => `set-${at}`
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Started, warmed up by a small set that has come and gone, and at rest. */
export async function startHalves(world: BenchWorld, warmUp: string): Promise<Halves> {
  const processes = {
    operator: startRecorded('operator', world.kubeconfig),
    scheduler: startRecorded('scheduler', world.kubeconfig),
  }
  await world.makeNamespace(warmUp)
  const watch = await watchPods(world.config, warmUp)
  const work = { namespace: warmUp, sets: 1, replicas: 50, pods: 2 }
  await apply(world, work)
  await watch.until(() => watch.ready === podsOf(work), 'warm-up')
  await world.client.delete(POD_CLIQUE_SETS, { namespace: warmUp, name: setName(0) })
  await watch.until(() => watch.there === 0, 'end of the warm-up')
  await watch.stop()
  const sent = await rest(processes)
  return { ...processes, watches: sent.filter(({ method }) => method === 'GET') }
}

export async function stopHalves({ operator, scheduler }: Halves): Promise<void> {
  await Promise.all([operator.stop(), scheduler.stop()])
}

/** What both sent since the last time, once neither has written anything for a while. */
async function rest({ operator, scheduler }: Omit<Halves, 'watches'>): Promise<SentRequest[]> {
  const all: SentRequest[] = []
  for (let quietMs = 0; quietMs < QUIET_MS; ) {
    await sleep(LOOK_MS * 5)
    const sent = [...(await operator.sent()), ...(await scheduler.sent())]
    quietMs = sent.some(isWrite) ? 0 : quietMs + LOOK_MS * 5
    all.push(...sent)
  }
  return all
}

async function apply({ client }: BenchWorld, { namespace, sets, replicas, pods }: Work): Promise<void> {
  await inParallel(sets, async (at) => {
    take(await client.create(POD_CLIQUE_SETS, benchSet(namespace, setName(at), replicas, pods)))
  })
}

/** From nothing to all Ready. `watch` sees the namespace, which is empty. */
export function bringUp(world: BenchWorld, halves: Halves, work: Work, watch: PodWatch): Promise<Course> {
  return course(world, halves, work, watch, () => apply(world, work))
}

/** From fewer replicas, all Ready, to those of `work`. */
export function grow(world: BenchWorld, halves: Halves, work: Work, watch: PodWatch): Promise<Course> {
  return course(world, halves, work, watch, () => scaleAll(world, work, work.replicas))
}

async function scaleAll({ client }: BenchWorld, { namespace, sets }: Work, replicas: number): Promise<void> {
  await inParallel(sets, async (at) => {
    const key = { namespace, name: setName(at) }
    take(await client.mergePatch(POD_CLIQUE_SETS, key, { spec: { replicas } }, { subresource: 'scale' }))
  })
}

async function course(
  world: BenchWorld,
  halves: Halves,
  work: Work,
  watch: PodWatch,
  begin: () => Promise<void>,
): Promise<Course> {
  const cpuMs = (): number[] => [halves.operator.cpuMs(), halves.scheduler.cpuMs(), world.cpuMs()]
  const before = cpuMs()
  const all = podsOf(work)
  const beganMs = performance.now()
  await begin()
  await watch.until(() => watch.ready === all, 'readiness')
  await until(() => areAvailable(world, work))
  const statusMs = performance.now() - beganMs
  const sent = await rest(halves)
  const [operatorCpuMs = 0, schedulerCpuMs = 0, clusterCpuMs = 0] = cpuMs().map((ms, at) => ms - before[at]!)
  assert.equal(watch.created, all, 'no pod was made twice')
  await assertUp(world, work)
  return {
    createdMs: watch.lastMs.created - beganMs,
    readyMs: watch.lastMs.ready - beganMs,
    statusMs,
    operatorCpuMs,
    schedulerCpuMs,
    clusterCpuMs,
    sent,
  }
}

const list = async <T extends KubeObject>(
  { client }: BenchWorld,
  type: ResourceType,
  namespace: string,
): Promise<readonly T[]> => take(await client.list<T>(type, { namespace })).items

async function areAvailable(world: BenchWorld, { namespace, sets, replicas }: Work): Promise<boolean> {
  const all = await list<PodCliqueSet>(world, POD_CLIQUE_SETS, namespace)
  return all.length === sets && all.every(({ status }) => status?.availableReplicas === replicas)
}

/** Every replica has its Service, clique, gang and pods; every pod is listed in its gang and has a node. */
async function assertUp(world: BenchWorld, work: Work): Promise<void> {
  const { namespace, sets, replicas } = work
  for (const type of [SERVICES, POD_CLIQUES, POD_GANGS]) {
    assert.equal((await list(world, type, namespace)).length, sets * replicas, type.kind)
  }
  const pods = await list<Pod>(world, PODS, namespace)
  assert.equal(pods.length, podsOf(work))
  assert.equal(new Set(pods.map(({ spec }) => spec.hostname)).size, pods.length)
  assert.ok(pods.every(({ spec }) => (spec.nodeName ?? '') !== '' && spec.schedulingGates === undefined))
  const gangs = await list<PodGang>(world, POD_GANGS, namespace)
  const listed = gangs.flatMap(({ spec }) => spec.podgroups.flatMap(({ podReferences }) => podReferences))
  assert.deepEqual(listed.map(({ name }) => name).sort(), pods.map(({ metadata }) => metadata.name).sort())
}

export interface Shrunk {
  /** To the last pod gone, and to nothing of the replicas left. */
  readonly podsGoneMs: number
  readonly goneMs: number
  readonly sent: readonly SentRequest[]
}

/** To no replica, with nothing left of them. */
export async function shrink(world: BenchWorld, halves: Halves, work: Work, watch: PodWatch): Promise<Shrunk> {
  const beganMs = performance.now()
  await scaleAll(world, work, 0)
  const kinds = [SERVICES, POD_CLIQUES, POD_GANGS, PODS]
  const left = async (): Promise<number[]> =>
    Promise.all(kinds.map(async (type) => (await list(world, type, work.namespace)).length))
  await watch.until(() => watch.there === 0, 'end of the pods')
  await until(async () => (await left()).every((count) => count === 0))
  const goneMs = performance.now() - beganMs
  const sent = await rest(halves)
  assert.deepEqual(await left(), [0, 0, 0, 0], 'nothing comes back')
  return { podsGoneMs: watch.lastMs.gone - beganMs, goneMs, sent }
}

/** Deletes the sets; what they made goes with them. */
export async function remove({ client }: BenchWorld, { namespace, sets }: Work, watch: PodWatch): Promise<void> {
  await inParallel(
    sets,
    async (at) => void take(await client.delete(POD_CLIQUE_SETS, { namespace, name: setName(at) })),
  )
  await watch.until(() => watch.there === 0, 'end of the pods')
}

/** What an operator that begins anew, on a cluster that is as it should be, writes; it is shown to be at work after it. */
export async function resync(world: BenchWorld, { namespace, replicas }: Work): Promise<SentRequest[]> {
  const operator = startRecorded('operator', world.kubeconfig)
  const idle = { operator, scheduler: { ...operator, sent: () => Promise.resolve([]) } }
  try {
    await sleep(QUIET_MS)
    const sent = await rest(idle)
    const { name } = (await list(world, SERVICES, namespace))[0]!.metadata
    take(await world.client.delete(SERVICES, { namespace, name }))
    await until(async () => (await list(world, SERVICES, namespace)).length === replicas)
    const repair = (await rest(idle)).filter(isWrite).filter(({ path }) => !path.includes('/events'))
    assert.deepEqual(
      repair.map(({ method }) => method),
      ['POST'],
      'it mends what is amiss, and that alone',
    )
    return sent.filter(isWrite)
  } finally {
    await operator.stop()
  }
}

export interface Bare {
  readonly concurrency: number
  readonly createdMs: number
  readonly readyMs: number
  readonly writes: number
  readonly loopCpuMs: number
  readonly clusterCpuMs: number
}

/** The writes of a course once more by a bare loop, in a namespace of their own, with no operator about. */
export async function bare(
  world: BenchWorld,
  { sent, watches }: { readonly sent: readonly SentRequest[]; readonly watches: readonly SentRequest[] },
  work: Work,
  concurrency: number,
): Promise<Bare> {
  const namespace = `bare-${concurrency}`
  await world.makeNamespace(namespace)
  const watch = await watchPods(world.config, namespace)
  const replay = replayOf(sent, watches, work.namespace, namespace)
  const set = take(
    await world.client.create(POD_CLIQUE_SETS, benchSet(namespace, setName(0), work.replicas, work.pods)),
  )
  const args = [join(import.meta.dirname, '../processes/bare-loop.ts'), world.kubeconfig, String(concurrency)]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify({ ...replay, set: `PodCliqueSet/${setName(0)}`, uid: set.metadata.uid }))
  const clusterMs = world.cpuMs()
  endWithUs(child)
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    child.once('exit', (code) => reject(new Error(`the bare loop ended with ${code}`)))
  })
  const { count, beganMs, cpuMs } = JSON.parse(line) as { count: number; beganMs: number; cpuMs: number }
  const startMs = beganMs - performance.timeOrigin
  assert.equal(count, replay.writes.length)
  await watch.until(() => watch.ready === podsOf(work), 'readiness of the bare loop')
  assert.equal(watch.created, podsOf(work))
  const { created, ready } = watch.lastMs
  const clusterCpuMs = world.cpuMs() - clusterMs
  child.kill('SIGTERM')
  // Its pods are on the nodes that the next one's go to; on a real control plane there is no next one.
  if (world.name === 'embedded') await remove(world, { ...work, namespace }, watch)
  await watch.stop()
  const times = { createdMs: created - startMs, readyMs: ready - startMs }
  return { concurrency, ...times, writes: count, loopCpuMs: cpuMs, clusterCpuMs }
}
