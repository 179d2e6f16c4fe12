/** What operator and scheduler need for sets of many replicas, beside a bare loop that sends the same writes. */
import type { Line, RunOptions } from '../harness.ts'
import {
  type Bare,
  bare,
  bringUp,
  type Course,
  grow,
  remove,
  resync,
  shrink,
  type Shrunk,
  startHalves,
  stopHalves,
  type Work,
} from '../operator/measure.ts'
import { watchPods } from '../operator/pod-watch.ts'
import { countWrites, isWrite, type SentRequest } from '../operator/sent-requests.ts'
import { type BenchWorld, startEmbeddedWorld, startRealWorld } from '../operator/world.ts'

const NODES = 100
const REPLICAS = 500
const PODS = 2
const MANY = { sets: 100, replicas: 50 }
/** Of the bare loop, which is held to the better of them. */
const CONCURRENCIES: Readonly<Record<BenchWorld['name'], readonly number[]>> = { embedded: [16, 64], real: [64] }

/** To be reached: milliseconds, or this times the bare loop; and writes a pod. */
const CREATED_MS = 5_000
const READY_MS = 8_000
const BARE_RATIO = 1.3
const WRITES_PER_POD = 6

const rounded = (value: number, digits = 0): number => Number(value.toFixed(digits))
const writesOf = (sent: readonly SentRequest[]): number => sent.filter(isWrite).length
const withoutEvents = (sent: readonly SentRequest[]): number =>
  sent.filter(isWrite).filter(({ path }) => !path.includes('/events')).length

function upFacts({ sent, ...course }: Course, pods: number): Record<string, number | string> {
  return {
    pods,
    createdMs: rounded(course.createdMs),
    readyMs: rounded(course.readyMs),
    statusMs: rounded(course.statusMs),
    writesPerPod: rounded(writesOf(sent) / pods, 2),
    writesPerPodWithoutEvents: rounded(withoutEvents(sent) / pods, 2),
    operatorCpuMsPerPod: rounded(course.operatorCpuMs / pods, 2),
    schedulerCpuMsPerPod: rounded(course.schedulerCpuMs / pods, 2),
    clusterCpuMsPerPod: rounded(course.clusterCpuMs / pods, 2),
    writes: JSON.stringify(countWrites(sent)),
  }
}

const verdict = (isReached: boolean): string => (isReached ? 'yes' : 'no')

function upLine(world: BenchWorld, course: Course, pods: number, seed: number): Line {
  const isFast = course.createdMs <= CREATED_MS && course.readyMs <= READY_MS
  const facts = {
    ...upFacts(course, pods),
    bar: 'created 5 s, ready 8 s (or 1.3 times the bare loop); 6 writes a pod',
    reached: verdict(isFast && writesOf(course.sent) / pods <= WRITES_PER_POD),
  }
  return { scenario: `operator/up/${world.name}`, ms: course.readyMs, ok: true, seed, facts }
}

function bareLine(
  world: BenchWorld,
  course: Course,
  bares: readonly Bare[],
  { pods, seed }: { pods: number; seed: number },
): Line {
  const best = bares.toSorted((a, b) => a.readyMs - b.readyMs)[0]!
  const [createdRatio, readyRatio] = [course.createdMs / best.createdMs, course.readyMs / best.readyMs]
  const facts = {
    concurrency: best.concurrency,
    writes: best.writes,
    createdMs: rounded(best.createdMs),
    readyMs: rounded(best.readyMs),
    createdRatio: rounded(createdRatio, 2),
    readyRatio: rounded(readyRatio, 2),
    loopCpuMsPerPod: rounded(best.loopCpuMs / pods, 2),
    clusterCpuMsPerPod: rounded(best.clusterCpuMs / pods, 2),
    bar: 'operator and scheduler need 1.3 times as long',
    reached: verdict(Math.max(createdRatio, readyRatio) <= BARE_RATIO),
  }
  return { scenario: `operator/bare/${world.name}`, ms: best.readyMs, ok: true, seed, facts }
}

const growLine = (world: BenchWorld, course: Course, pods: number, seed: number): Line => ({
  scenario: `operator/grow/${world.name}`,
  ms: course.readyMs,
  ok: true,
  seed,
  facts: upFacts(course, pods),
})

const shrinkLine = (world: BenchWorld, { sent, ...shrunk }: Shrunk, pods: number, seed: number): Line => ({
  scenario: `operator/down/${world.name}`,
  ms: shrunk.goneMs,
  ok: true,
  seed,
  facts: {
    pods,
    podsGoneMs: rounded(shrunk.podsGoneMs),
    goneMs: rounded(shrunk.goneMs),
    writesPerPod: rounded(writesOf(sent) / pods, 2),
    writes: JSON.stringify(countWrites(sent)),
  },
})

function resyncLine(world: BenchWorld, writes: readonly SentRequest[], seed: number): Line {
  const facts = {
    writes: JSON.stringify(countWrites(writes)),
    bar: 'writes nothing',
    reached: writes.length === 0 ? 'yes' : 'no',
  }
  return { scenario: `operator/resync/${world.name}`, ms: 0, ok: writes.length === 0, seed, facts }
}

/** Up, a resync, the bare loop. */
async function* oneSet(world: BenchWorld, replicas: number, seed: number): AsyncGenerator<Line> {
  const work: Work = { namespace: 'operator-work', sets: 1, replicas, pods: PODS }
  const pods = replicas * PODS
  const halves = await startHalves(world, 'warm-up')
  await world.makeNamespace(work.namespace)
  const watch = await watchPods(world.config, work.namespace)
  const up = await bringUp(world, halves, work, watch)
  await stopHalves(halves)
  yield upLine(world, up, pods, seed)
  yield resyncLine(world, await resync(world, work), seed)
  // Nodes of the embedded cluster refuse pods beyond their size, those of kwok do not; to take a thousand down there takes a
  // minute, and they cost nobody anything.
  if (world.name === 'embedded') await remove(world, work, watch)
  await watch.stop()
  const bares: Bare[] = []
  for (const concurrency of CONCURRENCIES[world.name]) {
    bares.push(await bare(world, { sent: up.sent, watches: halves.watches }, work, concurrency))
  }
  yield bareLine(world, up, bares, { pods, seed })
}

/** Half of it grown to the whole, and down to none. */
async function* growAndShrink(world: BenchWorld, replicas: number, seed: number): AsyncGenerator<Line> {
  const halves = await startHalves(world, 'warm-up')
  const work: Work = { namespace: 'grow-work', sets: 1, replicas, pods: PODS }
  const half = { ...work, replicas: replicas / 2 }
  await world.makeNamespace(work.namespace)
  const watch = await watchPods(world.config, work.namespace)
  await bringUp(world, halves, half, watch)
  yield growLine(world, await grow(world, halves, work, watch), (replicas / 2) * PODS, seed)
  yield shrinkLine(world, await shrink(world, halves, work, watch), replicas * PODS, seed)
  await watch.stop()
  await stopHalves(halves)
}

async function* manySets(world: BenchWorld, replicas: number, seed: number): AsyncGenerator<Line> {
  const work: Work = { namespace: 'many-work', sets: MANY.sets, replicas, pods: PODS }
  const pods = MANY.sets * replicas * PODS
  const halves = await startHalves(world, 'warm-up')
  const course = await inNamespace(world, work.namespace, (watch) => bringUp(world, halves, work, watch))
  await stopHalves(halves)
  yield { scenario: `operator/many/${world.name}`, ms: course.readyMs, ok: true, seed, facts: upFacts(course, pods) }
}

async function inNamespace<T>(
  world: BenchWorld,
  namespace: string,
  work: (watch: Awaited<ReturnType<typeof watchPods>>) => Promise<T>,
): Promise<T> {
  await world.makeNamespace(namespace)
  const watch = await watchPods(world.config, namespace)
  try {
    return await work(watch)
  } finally {
    await watch.stop()
  }
}

async function* on(
  start: () => Promise<BenchWorld | null>,
  measure: (world: BenchWorld) => AsyncGenerator<Line>,
): AsyncGenerator<Line> {
  const world = await start()
  if (world === null) return
  try {
    yield* measure(world)
  } finally {
    await world.stop()
  }
}

/**
 * `--only NAME,NAME` of `embedded` and `real` (up, resync, bare loop), `embedded-grow` and `real-grow` (half to whole, down
 * to none), `many` (10,000 pods in 100 sets, on the embedded cluster) and `many-real` (left out without being named);
 * `--count N` replicas of a set; `--quick true`: few of everything, on the embedded cluster.
 */
export async function* run(seed: number, { only, count, quick, nodes }: RunOptions): AsyncGenerator<Line> {
  const isQuick = quick === 'true'
  const meant = only ?? (isQuick ? 'embedded,embedded-grow' : 'embedded,embedded-grow,real,real-grow,many')
  const replicas = Number(count ?? (isQuick ? 20 : REPLICAS))
  const nodeCount = Number(nodes ?? NODES)
  const embedded = (): Promise<BenchWorld> => startEmbeddedWorld(seed, nodeCount)
  const real = (): Promise<BenchWorld | null> => startRealWorld(nodeCount)
  const rows = {
    embedded: () => on(embedded, (world) => oneSet(world, replicas, seed)),
    'embedded-grow': () => on(embedded, (world) => growAndShrink(world, replicas, seed)),
    real: () => on(real, (world) => oneSet(world, replicas, seed)),
    'real-grow': () => on(real, (world) => growAndShrink(world, replicas, seed)),
    many: () => on(embedded, (world) => manySets(world, Number(count ?? MANY.replicas), seed)),
    'many-real': () => on(real, (world) => manySets(world, Number(count ?? MANY.replicas), seed)),
  }
  for (const [name, row] of Object.entries(rows)) if (meant.split(',').includes(name)) yield* row()
}
