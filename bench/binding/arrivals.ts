/** Work that arrives while the scheduler runs: how soon a gang is bound, and what a burst that does not fit costs. */
import { strict as assert } from 'node:assert'
import { POD_GANGS, PODS } from '../../kube/resources.ts'
import type { Line } from '../harness.ts'
import { createAll } from '../load.ts'
import { clear } from './measure.ts'
import type { Plane } from './plane.ts'
import { record } from './recorder.ts'
import { startScheduler } from '../../test/controlplane/scheduler-process.ts'
import { ESPALIER, type Shape, type Work, workOf } from './shapes.ts'

const IDLE_MS = 60_000

const bySize = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b)
export const medianOf = (numbers: readonly number[]): number => bySize(numbers)[numbers.length >> 1] ?? 0

/** From the answer to the last pod's creation to the last binding. */
async function latency(plane: Plane, work: Work): Promise<number> {
  await createAll(plane.client, POD_GANGS, work.gangs)
  const recorder = await record(plane.config, plane.client, ESPALIER.namespace)
  try {
    await createAll(plane.client, PODS, work.pods)
    const arrivedMs = performance.now()
    assert.ok(await recorder.until(work.pods.length, IDLE_MS), `${recorder.count} of ${work.pods.length} pods bound`)
    return recorder.lastMs - arrivedMs
  } finally {
    await recorder.stop()
  }
}

export async function* latencies(plane: Plane, shape: Shape, rounds: number, seed: number): AsyncGenerator<Line> {
  const scheduler = startScheduler(plane.kubeconfig, ['--no-leader-elect'])
  try {
    const times: number[] = []
    for (let round = 0; round <= rounds; round++) {
      const work = workOf(shape, ESPALIER, `r${round}`)
      const ms = await latency(plane, work)
      if (round > 0) times.push(ms) // the first warms up
      await clear(plane, POD_GANGS, work)
    }
    const sorted = bySize(times)
    const facts = { pods: shape.size, rounds, minMs: Math.round(sorted[0] ?? 0), maxMs: Math.round(sorted.at(-1) ?? 0) }
    yield { scenario: `binding/${shape.name}/latency`, ms: medianOf(times), ok: true, seed, facts }
  } finally {
    await scheduler.stop()
  }
}

/** Time for the pods that fit, with and without as many again that do not; both there when the scheduler starts. */
async function fittingMs(plane: Plane, fitting: Work, hopeless: Work): Promise<number> {
  await createAll(plane.client, PODS, interleaved(fitting, hopeless))
  const recorder = await record(plane.config, plane.client, ESPALIER.namespace)
  const scheduler = startScheduler(plane.kubeconfig, ['--no-leader-elect'])
  try {
    assert.ok(await recorder.until(fitting.pods.length, IDLE_MS), `${recorder.count} of ${fitting.pods.length} bound`)
    assert.equal(recorder.count, fitting.pods.length, 'more are bound than fit')
    return recorder.lastMs - recorder.firstMs
  } finally {
    await scheduler.stop()
    await recorder.stop()
    await clear(plane, POD_GANGS, fitting)
    await clear(plane, POD_GANGS, hopeless)
  }
}

/** One that fits, then its share of those that do not. */
function interleaved(fitting: Work, hopeless: Work): Work['pods'] {
  const share = hopeless.pods.length / fitting.pods.length
  return fitting.pods.flatMap((pod, i) => [
    pod,
    ...hopeless.pods.slice(Math.ceil(i * share), Math.ceil((i + 1) * share)),
  ])
}

const NONE: Work = { gangs: [], pods: [] }
/** More GPUs than a node has. */
const TOO_MANY_GPUS = 16

export async function* burst(plane: Plane, shape: Shape, hopelessPods: number, seed: number): AsyncGenerator<Line> {
  const hopeless = (round: string): Work =>
    workOf({ ...shape, gangs: hopelessPods, gpus: TOO_MANY_GPUS }, ESPALIER, `h${round}`)
  const aloneMs = await fittingMs(plane, workOf(shape, ESPALIER, 'a'), NONE)
  const ms = await fittingMs(plane, workOf(shape, ESPALIER, 'b'), hopeless('b'))
  const againMs = await fittingMs(plane, workOf(shape, ESPALIER, 'c'), NONE)
  const ratio = ms / ((aloneMs + againMs) / 2)
  const facts = {
    pods: shape.gangs + hopelessPods,
    fitting: shape.gangs,
    podsPerSecond: Math.round((shape.gangs / ms) * 1_000),
    aloneMs: Math.round(aloneMs),
    aloneAgainMs: Math.round(againMs),
    delay: Number(ratio.toFixed(2)),
  }
  yield { scenario: 'binding/burst', ms, ok: true, seed, facts }
}
