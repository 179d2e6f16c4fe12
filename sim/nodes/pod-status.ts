import type { Condition, Container, ContainerStatus, Pod, PodStatus } from '../../api/kinds/kubernetes.ts'
import { type ContainerRun, type ContainerState, isReady, type Terminated } from './container-run.ts'
import { isInitialized, isSidecar, type PodRun } from './pod-run.ts'

/** What turns a run into words: the present, the node's address, and how a moment is written down. */
export interface StatusContext {
  readonly nowMs: number
  readonly hostIp: string
  readonly timestampOf: (monotonicMs: number) => string
}

type Phase = NonNullable<PodStatus['phase']>

/** The status a kubelet would report, conditions without their transition times. */
export function statusOf(pod: Pod, run: PodRun, context: StatusContext): PodStatus {
  const phase = phaseOf(pod, run)
  const isPodInitialized = isInitialized(run.init, pod)
  const init = (pod.spec.initContainers ?? []).map((c, i) => containerStatus(c, run.init[i], pod, run, context))
  const main = pod.spec.containers.map((c, i) => containerStatus(c, run.main[i], pod, run, context))
  const hasSandbox = run.sandboxMs !== null
  return {
    phase,
    ...(run.verdict === null ? {} : run.verdict),
    conditions: conditionsOf(pod, run, phase, context),
    startTime: context.timestampOf(run.acceptedMs),
    ...addresses(run, hasSandbox, context),
    ...(init.length > 0 && !isRefused(run, isPodInitialized) ? { initContainerStatuses: init } : {}),
    ...(isRefused(run, isPodInitialized) ? {} : { containerStatuses: main }),
  }
}

/** Refused at admission: such a pod never had containers. */
const isRefused = (run: PodRun, isPodInitialized: boolean): boolean =>
  run.verdict !== null &&
  run.sandboxMs === null &&
  (!isPodInitialized || run.main.every((c) => c.state.kind === 'waiting'))

function addresses(run: PodRun, hasSandbox: boolean, { hostIp }: StatusContext): PodStatus {
  if (run.verdict !== null && run.sandboxMs === null) return {}
  const host = { hostIP: hostIp, hostIPs: [{ ip: hostIp }] }
  return hasSandbox ? { ...host, podIP: run.podIp, podIPs: [{ ip: run.podIp }] } : host
}

/** kubelet's rule: init containers first, then what the ordinary containers say under the restart policy. */
export function phaseOf(pod: Pod, run: PodRun): Phase {
  if (run.verdict !== null) return 'Failed'
  const policy = pod.spec.restartPolicy ?? 'Always'
  if (hasFailedInit(pod, run)) return 'Failed'
  if (!isInitialized(run.init, pod) && run.main.every((c) => c.last === null && c.state.kind === 'waiting')) {
    return 'Pending'
  }
  if (run.main.some((c) => c.state.kind === 'waiting' && c.last === null)) return 'Pending'
  const ended = run.main.map((c) => c.state).filter((state) => state.kind === 'terminated')
  if (ended.length < run.main.length) return 'Running'
  if (policy === 'Always' && run.goneMs === null) return 'Running'
  return ended.every((state) => state.exitCode === 0) ? 'Succeeded' : 'Failed'
}

const hasFailedInit = (pod: Pod, run: PodRun): boolean =>
  pod.spec.restartPolicy === 'Never' &&
  run.init.some(
    ({ state }, i) =>
      state.kind === 'terminated' && state.exitCode !== 0 && !isSidecar(pod.spec.initContainers?.[i] ?? { name: '' }),
  )

function containerStatus(
  container: Container,
  run: ContainerRun | undefined,
  pod: Pod,
  podRun: PodRun,
  context: StatusContext,
): ContainerStatus {
  const image = container.image ?? ''
  const state: ContainerState = run?.state ?? { kind: 'waiting', reason: 'PodInitializing', message: '', dueMs: null }
  const isInit = (pod.spec.initContainers ?? []).includes(container)
  const ready =
    run !== undefined && (isInit && !isSidecar(container) ? isCompleted(state) : isReady(run, context.nowMs))
  const hasRun = state.kind !== 'waiting' || (run?.last ?? null) !== null
  return {
    name: container.name,
    ready: ready && podRun.verdict === null,
    started: state.kind === 'running',
    restartCount: run?.restarts ?? 0,
    image,
    imageID: hasRun ? `simulated://${image}` : '',
    ...(hasRun ? { containerID: `simulated://${pod.metadata.uid}/${container.name}/${run?.restarts ?? 0}` } : {}),
    state: stateStatus(state, context),
    lastState: run?.last ? { terminated: terminatedStatus(run.last, context) } : {},
  }
}

const isCompleted = (state: ContainerState): boolean => state.kind === 'terminated' && state.exitCode === 0

function stateStatus(state: ContainerState, context: StatusContext): NonNullable<ContainerStatus['state']> {
  switch (state.kind) {
    case 'waiting':
      return { waiting: { reason: state.reason, ...(state.message === '' ? {} : { message: state.message }) } }
    case 'running':
      return { running: { startedAt: context.timestampOf(state.startedMs) } }
    case 'terminated':
      return { terminated: terminatedStatus(state, context) }
  }
}

const terminatedStatus = (
  { exitCode, reason, startedMs, finishedMs }: Terminated,
  { timestampOf }: StatusContext,
): NonNullable<NonNullable<ContainerStatus['state']>['terminated']> => ({
  exitCode,
  reason,
  startedAt: timestampOf(startedMs),
  finishedAt: timestampOf(finishedMs),
})

/** kubelet's conditions, in its order; PodScheduled only where no scheduler wrote it. */
function conditionsOf(pod: Pod, run: PodRun, phase: Phase, context: StatusContext): Condition[] {
  if (run.verdict !== null && run.sandboxMs === null) return scheduled(pod)
  const isLive = phase === 'Pending' || phase === 'Running'
  const isPodInitialized = isInitialized(run.init, pod) || phase === 'Succeeded'
  const hasSandbox = run.sandboxMs !== null && isLive
  const containersReady = readiness(unready(pod, run, context.nowMs), phase)
  return [
    condition('PodReadyToStartContainers', hasSandbox),
    isPodInitialized ? initialized(phase) : notInitialized(pod, run),
    { type: 'Ready', ...gated(pod, containersReady) },
    { type: 'ContainersReady', ...containersReady },
    ...scheduled(pod),
  ]
}

const condition = (type: string, isTrue: boolean): Condition => ({ type, status: isTrue ? 'True' : 'False' })

const initialized = (phase: Phase): Condition =>
  phase === 'Succeeded'
    ? { type: 'Initialized', status: 'True', reason: 'PodCompleted' }
    : { type: 'Initialized', status: 'True' }

function notInitialized(pod: Pod, run: PodRun): Condition {
  const names = (pod.spec.initContainers ?? [])
    .filter((container, i) => {
      const state = run.init[i]?.state
      return state === undefined || !(isSidecar(container) ? state.kind === 'running' : isCompleted(state))
    })
    .map((container) => container.name)
  const message = `containers with incomplete status: [${names.join(' ')}]`
  return { type: 'Initialized', status: 'False', reason: 'ContainersNotInitialized', message }
}

function unready(pod: Pod, run: PodRun, nowMs: number): readonly string[] {
  const sidecars = run.init.filter((_, i) => isSidecar(pod.spec.initContainers?.[i] ?? { name: '' }))
  return [...sidecars, ...run.main].filter((c) => !isReady(c, nowMs)).map((c) => c.name)
}

function readiness(names: readonly string[], phase: Phase): Omit<Condition, 'type'> {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' }
  if (names.length === 0) return { status: 'True' }
  const message = `containers with unready status: [${names.join(' ')}]`
  return { status: 'False', reason: 'ContainersNotReady', message }
}

/** A pod with readiness gates is Ready only while somebody else says so too. */
function gated(pod: Pod, containersReady: Omit<Condition, 'type'>): Omit<Condition, 'type'> {
  const gates = (pod.spec['readinessGates'] ?? []) as readonly { conditionType: string }[]
  const isTrue = (type: string): boolean =>
    (pod.status?.conditions ?? []).some((c) => c.type === type && c.status === 'True')
  const closed = gates.filter((gate) => !isTrue(gate.conditionType))
  if (containersReady.status !== 'True' || closed.length === 0) return containersReady
  const message = closed.map(
    (gate) => `corresponding condition of pod readiness gate "${gate.conditionType}" does not exist.`,
  )
  return { status: 'False', reason: 'ReadinessGatesNotReady', message: message.join(', ') }
}

const scheduled = (pod: Pod): Condition[] =>
  (pod.status?.conditions ?? []).some((c) => c.type === 'PodScheduled' && c.status === 'True')
    ? []
    : [{ type: 'PodScheduled', status: 'True' }]
