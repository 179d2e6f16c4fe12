import { strict as assert } from 'node:assert'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { PODS } from '../../kube/resources.ts'
import { createAll } from '../load.ts'
import { record } from './recorder.ts'
import { bindingOf, ESPALIER, nodeName, type Party, podsOf, type Shape, workOf } from './shapes.ts'
import type { Plane } from './plane.ts'

/** Of each concurrency; enough to outlast the first requests on new connections. */
const PODS_MAX = 1_000
export const CONCURRENCIES: readonly number[] = [16, 64, 256]

const NOBODY: Party = { ...ESPALIER, namespace: 'ceiling-work', schedulerName: 'nobody' }

/** What the scheduler watches, in the forms in which it asks for them. */
const WATCHES = ['/api/v1/pods', '/api/v1/nodes', '/apis/scheduler.grove.io/v1alpha1/podgangs'].map(
  (path) => `${path}?watch=true&allowWatchBookmarks=true`,
)
/** A pod that the observer does not see within this is not bound. */
const SEEN_MS = 30_000

export interface Ceiling {
  readonly perSecond: number
  readonly concurrency: number
  /** Processor time of the loop's process for one binding. */
  readonly cpuMsPerPod: number
}

/**
 * Bindings a second of a bare loop, the best of its concurrencies, under the eyes of the same observer as a scheduler's.
 * Its pods ask for no GPU and stay where they are.
 */
export async function ceiling(
  plane: Plane,
  shape: Shape,
  round: string,
  concurrencies: readonly number[] = CONCURRENCIES,
): Promise<Ceiling> {
  let best: Ceiling = { perSecond: 0, concurrency: 0, cpuMsPerPod: 0 }
  for (const concurrency of concurrencies) {
    const pods = Math.min(podsOf(shape), PODS_MAX)
    const work = workOf({ ...shape, gangs: pods, size: 1, gpus: 0 }, NOBODY, `${round}-${concurrency}`)
    const uids = await createAll(plane.client, PODS, work.pods)
    const lines = work.pods.map(({ metadata: { name = '' } }, i) => {
      const at = i % shape.nodes
      const body = bindingOf(NOBODY.namespace, name, uids[i]!, nodeName(at), `rack-${at}`)
      return `/api/v1/namespaces/${NOBODY.namespace}/pods/${name}/binding?timeout=5000ms\t${JSON.stringify(body)}`
    })
    const recorder = await record(plane.config, plane.client, NOBODY.namespace)
    const found = await bare(plane.kubeconfig, concurrency, lines)
    assert.ok(await recorder.until(pods, SEEN_MS), `${recorder.count} of ${pods} bindings were seen`)
    await recorder.stop()
    if (found.perSecond > best.perSecond) best = { ...found, concurrency }
  }
  return best
}

async function bare(
  kubeconfig: string,
  concurrency: number,
  lines: readonly string[],
): Promise<Omit<Ceiling, 'concurrency'>> {
  const file = join(import.meta.dirname, '../processes/bind.ts')
  const args = [file, kubeconfig, String(concurrency), ...WATCHES]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(lines.join('\n'))
  const { count, ms, cpuMs } = (await json(child.stdout)) as { count: number; ms: number; cpuMs: number }
  assert.equal(count, lines.length)
  return { perSecond: (count / ms) * 1_000, cpuMsPerPod: cpuMs / count }
}
