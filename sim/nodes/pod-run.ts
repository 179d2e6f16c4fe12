import type { Container, Pod } from '../../api/kinds/kubernetes.ts'
import { backOff, type ContainerRun, isReady, notBegun, terminate, type Waiting } from './container-run.ts'
import type { Activity } from './delays.ts'

/** How a pod ended, whatever its containers say: a refusal at admission, an eviction by its node. */
export interface Verdict {
  readonly reason: string
  readonly message: string
}

/** What a simulated node remembers of one pod. Times are milliseconds of the clock's monotonic time. */
export interface PodRun {
  readonly uid: string
  readonly acceptedMs: number
  readonly podIp: string
  /** Since when volumes are mounted and the network is up; null: something to mount is missing. */
  readonly sandboxMs: number | null
  readonly init: readonly ContainerRun[]
  readonly main: readonly ContainerRun[]
  readonly verdict: Verdict | null
  /** When a pod that is being deleted is gone; null: it is not being deleted. */
  readonly goneMs: number | null
}

/** What a step of a pod's life depends on, besides time. */
export interface Surroundings {
  readonly pod: Pod
  /** What a volume needs and does not find; null: nothing. */
  readonly missingVolume: string | null
  /** What a container's environment needs and does not find, in kubelet's words; null: nothing. */
  missingFor(container: Container): string | null
  /** Whether the start-up waiter of this pod may end now. */
  isStartUpMet(container: Container): boolean
  delayMs(activity: Activity, container: string): number
}

export interface Advanced {
  readonly run: PodRun
  /** The next moment at which time alone changes something; null: none. */
  readonly wakeMs: number | null
}

/** The init container that holds a pod back until the cliques before its own are up. */
export const WAITER_CONTAINER = 'grove-initc'

export const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always'

export function acceptPod(pod: Pod, podIp: string, nowMs: number): PodRun {
  const init = pod.spec.initContainers ?? []
  const reason = init.length > 0 ? 'PodInitializing' : 'ContainerCreating'
  return {
    uid: pod.metadata.uid,
    acceptedMs: nowMs,
    podIp,
    sandboxMs: null,
    init: init.map((container) => notBegun(container.name, 'PodInitializing')),
    main: pod.spec.containers.map((container) => notBegun(container.name, reason)),
    verdict: null,
    goneMs: null,
  }
}

/** A pod found running when its node is first simulated: `startedMs` is what its status says. */
export function adoptPod(pod: Pod, podIp: string, startedMs: number, isPodReady: boolean): PodRun {
  const running = (name: string, ready: boolean): ContainerRun => ({
    ...notBegun(name, 'ContainerCreating'),
    state: { kind: 'running', startedMs, readyMs: ready ? startedMs : null, endMs: null },
  })
  const done = (name: string): ContainerRun => ({
    ...notBegun(name, 'PodInitializing'),
    state: { kind: 'terminated', exitCode: 0, reason: 'Completed', startedMs, finishedMs: startedMs },
  })
  return {
    ...acceptPod(pod, podIp, startedMs),
    sandboxMs: startedMs,
    init: (pod.spec.initContainers ?? []).map((c) => (isSidecar(c) ? running(c.name, true) : done(c.name))),
    main: pod.spec.containers.map((container) => running(container.name, isPodReady)),
  }
}

/** Carries a pod as far as `nowMs` allows. Pure: the same run, surroundings and time give the same answer. */
export function advance(run: PodRun, around: Surroundings, nowMs: number): Advanced {
  if (run.verdict !== null) return { run, wakeMs: run.goneMs }
  if (run.goneMs !== null) return { run, wakeMs: run.goneMs }
  if (isOver(run, around.pod)) return { run, wakeMs: null }
  const mounted = mount(run, around, nowMs)
  if (mounted.sandboxMs === null) return { run: mounted, wakeMs: null }
  const init = advanceInit(mounted.init, around, nowMs)
  const main = isInitialized(init, around.pod) ? advanceMain(mounted.main, around, nowMs) : mounted.main
  const next = { ...mounted, init, main }
  if (isOver(next, around.pod)) return { run: stopSidecars(next, nowMs), wakeMs: null }
  return { run: next, wakeMs: nextWakeMs([...init, ...main], nowMs) }
}

/** Every ordinary container has ended and none is started again. */
function isOver(run: PodRun, pod: Pod): boolean {
  const policy = pod.spec.restartPolicy ?? 'Always'
  if (policy === 'Always') return false
  return run.main.every(({ state }) => state.kind === 'terminated' && (policy === 'Never' || state.exitCode === 0))
}

const stopSidecars = (run: PodRun, nowMs: number): PodRun => ({
  ...run,
  init: run.init.map((container) => terminate(container, 0, 'Completed', nowMs)),
})

function mount(run: PodRun, around: Surroundings, nowMs: number): PodRun {
  if (run.sandboxMs !== null || around.missingVolume !== null) return run
  return { ...run, sandboxMs: nowMs }
}

/** One after the other; a sidecar lets the next one begin as soon as it runs. */
function advanceInit(init: readonly ContainerRun[], around: Surroundings, nowMs: number): readonly ContainerRun[] {
  const containers = around.pod.spec.initContainers ?? []
  const next = [...init]
  for (const [index, container] of containers.entries()) {
    const before = next[index]
    if (before === undefined) break
    const after = advanceInitContainer(before, container, around, nowMs)
    next[index] = after
    if (!isPassed(after, container)) break
  }
  return next
}

function advanceInitContainer(
  run: ContainerRun,
  container: Container,
  around: Surroundings,
  nowMs: number,
): ContainerRun {
  if (isSidecar(container)) return advanceContainer(run, container, 'Always', around, nowMs)
  const policy = around.pod.spec.restartPolicy === 'Never' ? 'Never' : 'OnFailure'
  const next = advanceContainer(run, container, policy, around, nowMs)
  if (next.state.kind !== 'running') return next
  const { startedMs } = next.state
  const endMs = next.state.endMs ?? startedMs + around.delayMs('init', container.name)
  const mayEnd = container.name !== WAITER_CONTAINER || around.isStartUpMet(container)
  if (!mayEnd) return next
  if (endMs > nowMs) return { ...next, state: { ...next.state, endMs } }
  const finishedMs = container.name === WAITER_CONTAINER ? nowMs : endMs
  return { ...next, state: { kind: 'terminated', exitCode: 0, reason: 'Completed', startedMs, finishedMs } }
}

function advanceMain(main: readonly ContainerRun[], around: Surroundings, nowMs: number): readonly ContainerRun[] {
  const policy = around.pod.spec.restartPolicy ?? 'Always'
  return main.map((run, index) => {
    const container = around.pod.spec.containers[index]
    return container === undefined ? run : advanceContainer(run, container, policy, around, nowMs)
  })
}

/** Waiting → running → ended → waiting again, as far as the restart policy and time allow. */
function advanceContainer(
  run: ContainerRun,
  container: Container,
  restartPolicy: string,
  around: Surroundings,
  nowMs: number,
): ContainerRun {
  const { pod } = around
  switch (run.state.kind) {
    case 'waiting':
      return start(run, run.state, container, around, nowMs)
    case 'running':
      return run
    case 'terminated': {
      const isOver = restartPolicy === 'Never' || (restartPolicy === 'OnFailure' && run.state.exitCode === 0)
      if (isOver) return run
      const identity = `${pod.metadata.name}_${pod.metadata.namespace ?? ''}(${pod.metadata.uid})`
      return backOff(run, identity, around.delayMs('start', container.name), nowMs)
    }
  }
}

function start(
  run: ContainerRun,
  state: Waiting,
  container: Container,
  around: Surroundings,
  nowMs: number,
): ContainerRun {
  const missing = around.missingFor(container)
  if (missing !== null) {
    return { ...run, state: { kind: 'waiting', reason: 'CreateContainerConfigError', message: missing, dueMs: null } }
  }
  if (state.dueMs === null) {
    const dueMs = nowMs + around.delayMs('start', container.name)
    const reason = state.reason === 'CreateContainerConfigError' ? 'ContainerCreating' : state.reason
    return { ...run, state: { kind: 'waiting', reason, message: '', dueMs } }
  }
  if (state.dueMs > nowMs) return run
  const readyMs = state.dueMs + around.delayMs('ready', container.name)
  return {
    ...run,
    state: { kind: 'running', startedMs: state.dueMs, readyMs, endMs: null },
    restarts: run.last === null ? run.restarts : run.restarts + 1,
  }
}

const isPassed = (run: ContainerRun, container: Container): boolean =>
  isSidecar(container) ? run.state.kind === 'running' : run.state.kind === 'terminated' && run.state.exitCode === 0

/** All init containers are through, and all sidecars run or have run. */
export function isInitialized(init: readonly ContainerRun[], pod: Pod): boolean {
  return (pod.spec.initContainers ?? []).every((container, index) => {
    const run = init[index]
    if (run === undefined) return false
    return isPassed(run, container) || (isSidecar(container) && run.last !== null)
  })
}

function nextWakeMs(containers: readonly ContainerRun[], nowMs: number): number | null {
  let wakeMs: number | null = null
  for (const run of containers) {
    const atMs = changesAtMs(run, nowMs)
    if (atMs !== null && (wakeMs === null || atMs < wakeMs)) wakeMs = atMs
  }
  return wakeMs
}

function changesAtMs({ state, ...run }: ContainerRun, nowMs: number): number | null {
  if (state.kind === 'waiting') return state.dueMs
  if (state.kind === 'terminated') return null
  if (state.endMs !== null) return state.endMs
  return isReady({ state, ...run }, nowMs) ? null : state.readyMs
}
