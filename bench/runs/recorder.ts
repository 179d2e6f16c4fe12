import { strict as assert } from 'node:assert'
import type { KubeClient } from '../../kube/client.ts'
import type { ClusterConfig } from '../../kube/config.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { PODS } from '../../kube/resources.ts'
import { take } from '../load.ts'

/**
 * When each pod of a namespace got its node, seen from outside of any scheduler by a watch of bound pods. An event's name
 * is cut out of its text and nothing is parsed, so that looking costs little. Times are of this process's monotonic clock.
 */
export interface Recorder {
  /** By pod; the order is that of the bindings. */
  readonly bound: ReadonlyMap<string, number>
  /** `true` when so many are bound; `false` when nothing was for `idleMs` (longer before the first), or at `untilMs`, or at the signal. */
  until(count: number, limits: Limits): Promise<boolean>
  stop(): Promise<void>
}

export interface Limits {
  readonly idleMs: number
  readonly untilMs: number
  readonly signal: AbortSignal
  /** Hears now and then how many are bound. */
  readonly tell: (bound: number) => void
}

const HEADERS = { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' }
const ADDED = '{"type":"ADDED"'
const LOOK_MS = 20
const TELL_MS = 10_000
/** kube-scheduler looks at its queue once for each PodGroup when it starts: 90 s for 1,000 of 8 pods before it binds one. */
const BEFORE_THE_FIRST = 4

/** `isCounted`: a pod that is left out here is not noted. */
export async function record(
  { config, client }: { readonly config: ClusterConfig; readonly client: KubeClient },
  namespace: string,
  isCounted: (pod: string) => boolean = () => true,
): Promise<Recorder> {
  const listed = take(await client.list(PODS, { namespace, limit: 1 }))
  const path =
    `/api/v1/namespaces/${namespace}/pods?watch=true&resourceVersion=${listed.resourceVersion}` +
    `&fieldSelector=${encodeURIComponent('spec.nodeName!=')}`
  const transport = httpTransport(config)
  const aborter = new AbortController()
  const stream = await transport.stream({
    method: 'GET',
    path,
    headers: HEADERS,
    deadlineMs: 60_000,
    signal: aborter.signal,
  })
  assert.equal(stream.status, 200)
  const bound = new Map<string, number>()
  const reading = read(stream.lines, bound, isCounted)
  return {
    bound,
    until: (count, limits) => untilBound(bound, count, limits),
    async stop() {
      aborter.abort()
      await reading
      await transport.close()
    },
  }
}

async function read(
  lines: AsyncIterable<string>,
  bound: Map<string, number>,
  isCounted: (pod: string) => boolean,
): Promise<void> {
  for await (const line of lines) {
    if (!line.startsWith(ADDED)) continue
    const name = /"name":"([^"]+)"/.exec(line)?.[1]
    if (name !== undefined && !bound.has(name) && isCounted(name)) bound.set(name, performance.now())
  }
}

async function untilBound(
  bound: ReadonlyMap<string, number>,
  count: number,
  { idleMs, untilMs, signal, tell }: Limits,
): Promise<boolean> {
  let seen = bound.size
  let movedMs = performance.now()
  let toldMs = movedMs
  while (bound.size < count) {
    const nowMs = performance.now()
    if (bound.size > seen) [seen, movedMs] = [bound.size, nowMs]
    if (nowMs - toldMs > TELL_MS) {
      toldMs = nowMs
      tell(bound.size)
    }
    const patienceMs = bound.size === 0 ? idleMs * BEFORE_THE_FIRST : idleMs
    if (signal.aborted || nowMs > untilMs || nowMs - movedMs > patienceMs) return false
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  return true
}
