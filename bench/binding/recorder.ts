import { strict as assert } from 'node:assert'
import type { KubeClient } from '../../kube/client.ts'
import type { ClusterConfig } from '../../kube/config.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { PODS } from '../../kube/resources.ts'
import type { Transport } from '../../kube/transport.ts'
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

interface Seen {
  count: number
  firstMs: number
  lastMs: number
  version: string
}

export async function record(config: ClusterConfig, client: KubeClient, namespace: string): Promise<Recorder> {
  const { resourceVersion } = take(await client.list(PODS, { namespace, limit: 1 }))
  const seen: Seen = { count: 0, firstMs: 0, lastMs: performance.now(), version: resourceVersion }
  const transport = httpTransport(config)
  const aborter = new AbortController()
  const first = await watchBound(transport, namespace, seen.version, aborter.signal)
  const reading = (async () => {
    for (let lines: AsyncIterable<string> | null = first; !aborter.signal.aborted; lines = null) {
      await read(lines ?? (await watchBound(transport, namespace, seen.version, aborter.signal)), seen)
    }
  })()
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
      await reading.catch(() => {}) // given up while it opened its watch anew
      await transport.close()
    },
  }
}

/** The events after that version: a busy API server ends watches whose reader falls behind. */
export async function watchBound(
  transport: Transport,
  namespace: string,
  version: string,
  signal: AbortSignal,
): Promise<AsyncIterable<string>> {
  const path =
    `/api/v1/namespaces/${namespace}/pods?watch=true&resourceVersion=${version}` +
    `&fieldSelector=${encodeURIComponent('spec.nodeName!=')}`
  const { lines, status } = await transport.stream({
    method: 'GET',
    path,
    headers: HEADERS,
    deadlineMs: 60_000,
    signal,
  })
  assert.equal(status, 200)
  return lines
}

async function read(lines: AsyncIterable<string>, seen: Seen): Promise<void> {
  for await (const line of lines) {
    seen.version = /"resourceVersion":"(\d+)"/.exec(line)?.[1] ?? seen.version
    if (!line.startsWith('{"type":"ADDED"')) continue
    seen.lastMs = performance.now()
    if (seen.count++ === 0) seen.firstMs = seen.lastMs
  }
}
