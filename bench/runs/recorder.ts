import type { KubeClient } from '../../kube/client.ts'
import type { ClusterConfig } from '../../kube/config.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { PODS } from '../../kube/resources.ts'
import type { Transport } from '../../kube/transport.ts'
import { watchBound } from '../binding/recorder.ts'
import { take } from '../load.ts'

/**
 * When each pod of a namespace got its node, seen from outside of any scheduler by a watch of bound pods. An event's name
 * is cut out of its text and nothing is parsed, so that looking costs little. Times are of this process's monotonic clock.
 */
export interface Recorder {
  /** By pod; the order is that of the bindings. */
  readonly bound: ReadonlyMap<string, number>
  /**
   * `true` when so many are bound; `false` when nothing was for `idleMs` (longer before the first), or at `untilMs`, or at
   * the signal. Throws what kept it from seeing more.
   */
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

const ADDED = '{"type":"ADDED"'
const LOOK_MS = 20
const TELL_MS = 10_000
/** kube-scheduler goes over its queue for each PodGroup at its start: 250 of 8 pods took 5 s before the first, 500 over 20. */
const BEFORE_THE_FIRST = 4

/** `isCounted`: a pod that is left out here is not noted. */
export async function record(
  { config, client }: { readonly config: ClusterConfig; readonly client: KubeClient },
  namespace: string,
  isCounted: (pod: string) => boolean = () => true,
): Promise<Recorder> {
  const listed = take(await client.list(PODS, { namespace, limit: 1 }))
  const transport = httpTransport(config)
  const aborter = new AbortController()
  const watched = { transport, namespace, signal: aborter.signal }
  const seen: Seen = { bound: new Map(), lost: null }
  const first = await watchBound(transport, namespace, listed.resourceVersion, aborter.signal)
  const reading = readAll(watched, { lines: first, version: listed.resourceVersion }, seen, isCounted)
  return {
    bound: seen.bound,
    until: (count, limits) => untilBound(seen, count, limits),
    async stop() {
      aborter.abort()
      await reading
      await transport.close()
    },
  }
}

interface Watched {
  readonly transport: Transport
  readonly namespace: string
  readonly signal: AbortSignal
}

interface Seen {
  readonly bound: Map<string, number>
  /** Why nothing is seen any more. */
  lost: unknown
}

/** A server that is overloaded ends a watch: it goes on where it was. */
async function readAll(
  watched: Watched,
  from: { readonly lines: AsyncIterable<string>; readonly version: string },
  seen: Seen,
  isCounted: (pod: string) => boolean,
): Promise<void> {
  const { transport, namespace, signal } = watched
  let { lines, version } = from
  for (;;) {
    try {
      version = await read(lines, version, seen.bound, isCounted)
      if (signal.aborted) return
      lines = await watchBound(transport, namespace, version, signal)
    } catch (error) {
      seen.lost = error
      return
    }
  }
}

/** The version of the last event. */
async function read(
  lines: AsyncIterable<string>,
  from: string,
  bound: Map<string, number>,
  isCounted: (pod: string) => boolean,
): Promise<string> {
  let version = from
  for await (const line of lines) {
    version = /"resourceVersion":"(\d+)"/.exec(line)?.[1] ?? version
    if (!line.startsWith(ADDED)) continue
    const name = /"name":"([^"]+)"/.exec(line)?.[1]
    if (name !== undefined && !bound.has(name) && isCounted(name)) bound.set(name, performance.now())
  }
  return version
}

async function untilBound(seen: Seen, count: number, { idleMs, untilMs, signal, tell }: Limits): Promise<boolean> {
  const { bound } = seen
  let counted = bound.size
  let movedMs = performance.now()
  let toldMs = movedMs
  while (bound.size < count) {
    const nowMs = performance.now()
    if (seen.lost !== null && !signal.aborted) throw seen.lost
    if (bound.size > counted) [counted, movedMs] = [bound.size, nowMs]
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
