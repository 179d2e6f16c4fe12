import type { Condition, ContainerStatus, Pod } from '../../../api/kinds/kubernetes.ts'
import { ageOf, type TableColumns } from '../table.ts'
import { AGE, column, NAME, orNone, tableColumns, wide } from './column.ts'

/** What one pod's line says besides its names: kubectl's own reading of a status. */
interface PodLine {
  readonly status: string
  readonly ready: number
  readonly total: number
  readonly restarts: number
  /** When a container last ended and was started again; '' if none was. */
  readonly lastRestart: string
}

/** What the init containers have to say; `isDone` is false while one of them decides the pod's status. */
interface InitLine {
  readonly reason: string | null
  readonly ready: number
  readonly restarts: number
  readonly sidecarRestarts: number
  readonly lastRestart: string
  readonly lastSidecarRestart: string
}

const hasCondition = (pod: Pod, type: string, holds: (c: Condition) => boolean): boolean =>
  (pod.status?.conditions ?? []).some((c) => c.type === type && holds(c))

const isSidecarName = (pod: Pod, name: string): boolean =>
  (pod.spec.initContainers ?? []).some((c) => c.name === name && c.restartPolicy === 'Always')

const endedAt = (status: ContainerStatus): string => {
  const last = status.lastState?.['terminated'] as { finishedAt?: string } | undefined
  return last?.finishedAt ?? ''
}

const later = (a: string, b: string): string => (a > b ? a : b)

function exitText({ exitCode, reason }: { exitCode: number; reason?: string }): string {
  return reason === undefined || reason === '' ? `ExitCode:${exitCode}` : reason
}

/** Null: this init container is through, or runs as a sidecar. */
function initReason(status: ContainerStatus, index: number, pod: Pod): string | null {
  const { terminated, waiting } = status.state ?? {}
  if (terminated?.exitCode === 0) return null
  if (isSidecarName(pod, status.name) && status.started === true) return null
  if (terminated !== undefined) return `Init:${exitText(terminated)}`
  if (waiting?.reason !== undefined && waiting.reason !== '' && waiting.reason !== 'PodInitializing') {
    return `Init:${waiting.reason}`
  }
  return `Init:${index}/${pod.spec.initContainers?.length ?? 0}`
}

function initLine(pod: Pod): InitLine {
  let line: InitLine = {
    reason: null,
    ready: 0,
    restarts: 0,
    sidecarRestarts: 0,
    lastRestart: '',
    lastSidecarRestart: '',
  }
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const isSidecar = isSidecarName(pod, status.name)
    const reason = initReason(status, index, pod)
    line = {
      reason,
      ready: line.ready + (isSidecar && reason === null && status.ready ? 1 : 0),
      restarts: line.restarts + status.restartCount,
      sidecarRestarts: line.sidecarRestarts + (isSidecar ? status.restartCount : 0),
      lastRestart: later(line.lastRestart, endedAt(status)),
      lastSidecarRestart: isSidecar ? later(line.lastSidecarRestart, endedAt(status)) : line.lastSidecarRestart,
    }
    if (reason !== null) return line
  }
  return line
}

function ownReason(pod: Pod): string {
  const isGated = hasCondition(pod, 'PodScheduled', (c) => c.reason === 'SchedulingGated')
  if (isGated) return 'SchedulingGated'
  return pod.status?.reason || pod.status?.phase || ''
}

function mainReason(status: ContainerStatus): string | null {
  const { waiting, terminated } = status.state ?? {}
  if (waiting?.reason) return waiting.reason
  return terminated === undefined ? null : exitText(terminated)
}

/** The last container's reason is asked first, so the first one's is what shows. */
function mainLine(pod: Pod, init: InitLine): PodLine {
  const statuses = pod.status?.containerStatuses ?? []
  const reasons = statuses.map(mainReason).filter((reason) => reason !== null)
  const running = statuses.filter((status) => mainReason(status) === null && status.ready && status.state?.running)
  const reason = reasons[0] ?? ownReason(pod)
  const isPodReady = hasCondition(pod, 'Ready', (c) => c.status === 'True')
  return {
    status: reason === 'Completed' && running.length > 0 ? (isPodReady ? 'Running' : 'NotReady') : reason,
    ready: init.ready + running.length,
    total: 0,
    restarts: statuses.reduce((sum, status) => sum + status.restartCount, init.sidecarRestarts),
    lastRestart: statuses.map(endedAt).reduce(later, init.lastSidecarRestart),
  }
}

function liveLine(pod: Pod): PodLine {
  const init = initLine(pod)
  const isInitialized = hasCondition(pod, 'Initialized', (c) => c.status === 'True')
  if (init.reason === null || isInitialized) return mainLine(pod, init)
  const { ready, restarts, lastRestart } = init
  return { status: init.reason, ready, total: 0, restarts, lastRestart }
}

export function podLine(pod: Pod): PodLine {
  const line = liveLine(pod)
  const sidecars = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always').length
  const total = pod.spec.containers.length + sidecars
  const isTerminal = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
  if (pod.metadata.deletionTimestamp === undefined || isTerminal) return { ...line, total }
  return { ...line, total, status: pod.status?.reason === 'NodeLost' ? 'Unknown' : 'Terminating' }
}

function restartsText({ restarts, lastRestart }: PodLine, nowMs: number): string {
  return restarts === 0 || lastRestart === '' ? String(restarts) : `${restarts} (${ageOf(lastRestart, nowMs)} ago)`
}

function gatesText(pod: Pod): string {
  const gates = (pod.spec['readinessGates'] ?? []) as readonly { conditionType: string }[]
  const open = gates.filter((gate) => hasCondition(pod, gate.conditionType, (c) => c.status === 'True'))
  return gates.length === 0 ? '<none>' : `${open.length}/${gates.length}`
}

export const POD_COLUMNS: TableColumns = tableColumns<Pod>([
  NAME,
  column<Pod>('Ready', (pod) => `${podLine(pod).ready}/${podLine(pod).total}`),
  column<Pod>('Status', (pod) => podLine(pod).status),
  column<Pod>('Restarts', (pod, nowMs) => restartsText(podLine(pod), nowMs)),
  AGE,
  wide<Pod>('IP', (pod) => orNone(pod.status?.podIP ?? '')),
  wide<Pod>('Node', (pod) => orNone(pod.spec.nodeName ?? '')),
  wide<Pod>('Nominated Node', (pod) => orNone(pod.status?.nominatedNodeName ?? '')),
  wide<Pod>('Readiness Gates', gatesText),
])
