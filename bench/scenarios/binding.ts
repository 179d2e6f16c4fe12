import type { Line, RunOptions } from '../harness.ts'
import { burst, latencies } from '../binding/arrivals.ts'
import { type Ceiling, ceiling } from '../binding/ceiling.ts'
import { bindWithEspalier, bindWithKubeScheduler, type Bound, perSecond, totalWrites } from '../binding/measure.ts'
import { type Plane, startPlane } from '../binding/plane.ts'
import { podsOf, QUICK_SHAPES, type Shape, SHAPES } from '../binding/shapes.ts'

/** Binding on a real kube-apiserver with etcd, against the rate at which a bare loop binds there, beside kube-scheduler. */

/** Longer than this kube-scheduler is not waited for; its rate is of what it has bound by then. */
const PEER_LIMIT_MS = 60_000

const rounded = (value: number, digits = 0): number => Number(value.toFixed(digits))

interface Ceilings {
  readonly before: Ceiling
  readonly after: Ceiling
}

function lineOf(shape: Shape, who: string, bound: Bound, { before, after }: Ceilings, seed: number): Line {
  const rate = perSecond(bound)
  const ceilingRatio = rate / ((before.perSecond + after.perSecond) / 2)
  const isOurs = who === 'espalier'
  const writesPerPod = totalWrites(bound) / bound.count
  const facts = {
    pods: podsOf(shape),
    bound: bound.count,
    nodes: shape.nodes,
    podsPerSecond: rounded(rate),
    ceilingRatio: rounded(ceilingRatio, 2),
    ceilingBefore: rounded(before.perSecond),
    ceilingAfter: rounded(after.perSecond),
    ceilingConcurrency: before.concurrency,
    firstBindingMs: rounded(bound.firstMs),
    ceilingCpuMsPerPod: rounded((before.cpuMsPerPod + after.cpuMsPerPod) / 2, 2),
    cpuMsPerPod: rounded(bound.cpuMsPerPod, 2),
    bindingCpuMsPerPod: rounded(bound.bindingCpuMsPerPod, 2),
    serverCpuMsPerPod: rounded(bound.serverCpuMsPerPod, 2),
    ...(isOurs
      ? {
          writesPerPod: rounded(writesPerPod, 2),
          writes: JSON.stringify(bound.writes),
          reached: ceilingRatio >= 0.9 && writesPerPod <= 1.3 ? 'yes' : 'no',
        }
      : {}),
  }
  return { scenario: `binding/${shape.name}/${who}`, ms: bound.ms, ok: true, seed, facts }
}

async function* withPlane(
  shape: Shape,
  hasPeer: boolean,
  work: (plane: Plane) => AsyncGenerator<Line>,
): AsyncGenerator<Line> {
  const plane = await startPlane(shape, hasPeer)
  if (plane === null) return
  try {
    yield* work(plane)
  } finally {
    await plane.stop()
  }
}

async function* rates(plane: Plane, shape: Shape, hasPeer: boolean, seed: number): AsyncGenerator<Line> {
  const before = await ceiling(plane, shape, 'before')
  const ours = await bindWithEspalier(plane, shape, hasPeer)
  const after = await ceiling(plane, shape, 'after', [before.concurrency])
  yield lineOf(shape, 'espalier', ours, { before, after }, seed)
  if (!hasPeer) return
  const theirs = await bindWithKubeScheduler(plane, shape, PEER_LIMIT_MS)
  yield lineOf(shape, 'kube-scheduler', theirs, { before, after }, seed)
}

/**
 * `--quick true`: small, without kube-scheduler, as tests run it. `--only NAME,NAME`: these shapes; `gang-latency` and
 * `burst` are names too.
 */
export async function* run(seed: number, { quick, only, gangs, nodes }: RunOptions): AsyncGenerator<Line> {
  const isQuick = quick === 'true'
  const hasPeer = !isQuick && process.env['ESPALIER_PEERS'] !== 'none'
  const isMeant = (name: string): boolean => only === undefined || only.split(',').includes(name)
  for (const whole of (isQuick ? QUICK_SHAPES : SHAPES).filter(({ name }) => isMeant(name))) {
    const shape = { ...whole, gangs: Number(gangs ?? whole.gangs), nodes: Number(nodes ?? whole.nodes) }
    yield* withPlane(shape, hasPeer, (plane) => rates(plane, shape, hasPeer, seed))
  }
  const size = isQuick ? 32 : 512
  if (isMeant('gang-latency')) {
    const shape: Shape = { name: `gang-${size}`, nodes: size, gangs: 1, size, gpus: 8, isPacked: false }
    yield* withPlane(shape, false, (plane) => latencies(plane, shape, isQuick ? 3 : 20, seed))
  }
  if (isMeant('burst')) {
    const fitting = isQuick ? 80 : 2_000
    const shape: Shape = { name: 'burst', nodes: fitting / 8, gangs: fitting, size: 1, gpus: 1, isPacked: false }
    yield* withPlane(shape, false, (plane) => burst(plane, shape, isQuick ? 320 : 8_000, seed))
  }
}
