import { strict as assert } from 'node:assert'
import type { KubeClient } from '../../kube/client.ts'
import type { ClusterConfig } from '../../kube/config.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { PODS } from '../../kube/resources.ts'
import { take } from '../load.ts'

/**
 * Sees pods get their node, from outside of any scheduler: a watch of bound pods whose events are counted and not
 * parsed, so that looking costs little. Times are on the monotonic clock of this process.
 */
export interface Recorder {
  readonly count: number
  readonly firstMs: number
  readonly lastMs: number
  /** Resolves when so many are bound, with `true`, or with `false` when nothing was for `idleMs`. */
  until(count: number, idleMs: number): Promise<boolean>
  stop(): Promise<void>
}

const HEADERS = { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' }
const LOOK_MS = 20

export async function record(config: ClusterConfig, client: KubeClient, namespace: string): Promise<Recorder> {
  const listed = take(await client.list(PODS, { namespace, limit: 1 }))
  const path =
    `/api/v1/namespaces/${namespace}/pods?watch=true&resourceVersion=${listed.resourceVersion}` +
    `&fieldSelector=${encodeURIComponent('spec.nodeName!=')}`
  const transport = httpTransport(config)
  const aborter = new AbortController()
  const { lines, status } = await transport.stream({
    method: 'GET',
    path,
    headers: HEADERS,
    deadlineMs: 60_000,
    signal: aborter.signal,
  })
  assert.equal(status, 200)
  const seen = { count: 0, firstMs: 0, lastMs: performance.now() }
  const reading = read(lines, seen)
  return {
    get count() {
      return seen.count
    },
    get firstMs() {
      return seen.firstMs
    },
    get lastMs() {
      return seen.lastMs
    },
    async until(count, idleMs) {
      while (seen.count < count) {
        if (performance.now() - seen.lastMs > idleMs) return false
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
      }
      return true
    },
    async stop() {
      aborter.abort()
      await reading
      await transport.close()
    },
  }
}

async function read(
  lines: AsyncIterable<string>,
  seen: { count: number; firstMs: number; lastMs: number },
): Promise<void> {
  for await (const line of lines) {
    if (!line.startsWith('{"type":"ADDED"')) continue
    seen.lastMs = performance.now()
    if (seen.count++ === 0) seen.firstMs = seen.lastMs
  }
}
