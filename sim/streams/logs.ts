import type { Container, Pod } from '../../api/kinds/kubernetes.ts'
import { type Clock, sleep } from '../../kube/clock.ts'
import type { ContainerRun, Running, Terminated } from '../nodes/container-run.ts'
import type { Kubelet } from '../nodes/kubelet.ts'
import type { LogOptions, StreamRefusal } from '../server/pod-streams.ts'
import { endLine, heartbeatLine, startLines } from './log-lines.ts'

export interface LogSource {
  readonly clock: Clock
  readonly kubelet: Kubelet
}

/** Lines of a container that ran longer are those of its first hours. */
const LINES_MAX = 10_000
const FOLLOW_EVERY_MS = 1_000

const refusal = (code: number, message: string): StreamRefusal => ({ kind: 'refusal', code, message })

/** The log of one container as its kubelet would answer it. */
export function logOf(source: LogSource, pod: Pod, options: LogOptions): AsyncIterable<string> | StreamRefusal {
  const container = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(
    (c) => c.name === options.container,
  )
  if (container === undefined)
    return refusal(400, `container ${options.container} is not valid for pod ${pod.metadata.name}`)
  const run = runOf(source, pod, container)
  const stay = options.previous ? (run?.last ?? null) : stayOf(run)
  if (stay !== null) return lines(source, pod, container, stay, options)
  const name = `container "${container.name}" in pod "${pod.metadata.name}"`
  if (options.previous) return refusal(400, `previous terminated ${name} not found`)
  const reason = run?.state.kind === 'waiting' ? run.state.reason : 'ContainerCreating'
  return refusal(400, `${name} is waiting to start: ${reason}`)
}

function runOf({ kubelet }: LogSource, pod: Pod, container: Container): ContainerRun | null {
  const run = kubelet.runOf(pod)
  return [...(run?.main ?? []), ...(run?.init ?? [])].find((candidate) => candidate.name === container.name) ?? null
}

/** The time that a container is or was running; of one that waits to be restarted, its last. */
function stayOf(run: ContainerRun | null): Running | Terminated | null {
  if (run === null) return null
  return run.state.kind === 'waiting' ? run.last : run.state
}

interface Said {
  readonly atMs: number
  readonly text: string
}

/** Everything said until `nowMs`; times are monotonic. */
function said(pod: Pod, container: Container, stay: Running | Terminated, nowMs: number): readonly Said[] {
  const { startedMs } = stay
  const endMs = stay.kind === 'terminated' ? stay.finishedMs : nowMs
  const all: Said[] = startLines(pod, container).map(({ afterMs, text }) => ({ atMs: startedMs + afterMs, text }))
  for (let round = 1; round <= LINES_MAX; round++) {
    const { afterMs, text } = heartbeatLine(round)
    if (startedMs + afterMs > endMs) break
    all.push({ atMs: startedMs + afterMs, text })
  }
  const visible = all.filter(({ atMs }) => atMs <= endMs)
  return stay.kind === 'terminated' ? [...visible, { atMs: endMs, text: endLine(stay.exitCode) }] : visible
}

async function* lines(
  source: LogSource,
  pod: Pod,
  container: Container,
  stay: Running | Terminated,
  options: LogOptions,
): AsyncGenerator<string> {
  const { clock } = source
  const wallOffsetMs = clock.nowMs() - clock.monotonicMs()
  const text = ({ atMs, text: line }: Said): string =>
    options.timestamps ? `${new Date(atMs + wallOffsetMs).toISOString().slice(0, 23)}000000Z ${line}\n` : `${line}\n`
  const first = selected(said(pod, container, stay, clock.monotonicMs()), options, clock.monotonicMs())
  const whole = first.map(text).join('')
  yield options.limitBytes === null ? whole : Buffer.from(whole).subarray(0, options.limitBytes).toString('utf8')
  let told = said(pod, container, stay, clock.monotonicMs()).length
  while (options.follow && !options.signal.aborted) {
    const now = stayOf(runOf(source, pod, container))
    if (now === null || now.startedMs !== stay.startedMs) return
    const all = said(pod, container, now, clock.monotonicMs())
    for (const line of all.slice(told)) yield text(line)
    told = Math.max(told, all.length)
    if (now.kind === 'terminated') return
    await sleep(clock, FOLLOW_EVERY_MS, 'background', options.signal)
  }
}

function selected(all: readonly Said[], { tailLines, sinceSeconds }: LogOptions, nowMs: number): readonly Said[] {
  const recent = sinceSeconds === null ? all : all.filter(({ atMs }) => atMs >= nowMs - sinceSeconds * 1_000)
  return tailLines === null ? recent : tailLines === 0 ? [] : recent.slice(-tailLines)
}
