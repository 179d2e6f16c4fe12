import type { Container, Node, Pod } from '../../api/kinds/kubernetes.ts'
import { isOk, valueOrThrow } from '../../kube/answers.ts'
import type { KubeClient } from '../../kube/client.ts'
import { type Clock, timestamp } from '../../kube/clock.ts'
import type { Random } from '../../kube/random.ts'
import type { Cache, Delta } from '../../kube/reflector/types.ts'
import { NODES, PODS } from '../../kube/resources.ts'
import { type Reconciled, WorkQueue } from '../../kube/work-queue.ts'
import type { Informers } from '../informers.ts'
import { refuse } from './admission.ts'
import { Catalog } from './catalog.ts'
import { terminate } from './container-run.ts'
import type { Delays } from './delays.ts'
import { IpPool } from './ip-pool.ts'
import { hostIpOf } from './node-status.ts'
import { acceptPod, adoptPod, advance, type PodRun, type Surroundings, type Verdict } from './pod-run.ts'
import { statusOf } from './pod-status.ts'
import { missingInEnvironment, missingVolume } from './references.ts'
import { GangPods, isPodReady } from './start-up.ts'
import { dated, forgetWritten, mayBeBlocked, track, type TrackedPod, waitsForOthers } from './tracked.ts'

/** What a node has to tell people about a pod. */
export type TellPod = (pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string) => void

export interface KubeletOptions {
  readonly client: KubeClient
  readonly informers: Informers
  readonly clock: Clock
  readonly random: Random
  readonly delays: Delays
  readonly tell: TellPod
  /** Whether the node's kubelet runs at this moment; pods of dead nodes stay as they are. */
  readonly isAlive: (node: string) => boolean
  readonly onTrouble?: (message: string) => void
}

const CONCURRENCY = 16

const keyOf = (pod: Pod): string => `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`
const isTerminal = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'

/**
 * The kubelets of all simulated nodes: pods that are bound to a Node object are admitted, started, made ready and
 * taken down by it, as far as an API client can see. Knows the world through its caches alone.
 */
export class Kubelet {
  readonly #options: KubeletOptions
  readonly #pods: Cache<Pod>
  readonly #nodes: Cache<Node>
  readonly #catalog: Catalog
  readonly #gangs = new GangPods()
  readonly #ips = new IpPool()
  /** By uid. */
  readonly #tracked = new Map<string, TrackedPod>()
  /** By node: the pods that count as used there, by uid. */
  readonly #onNode = new Map<string, Map<string, Pod>>()
  /** By node: keys of the pods bound to it. */
  readonly #bound = new Map<string, Set<string>>()
  /** By namespace: keys of pods that may wait for something they refer to. */
  readonly #blocked = new Map<string, Set<string>>()
  readonly #queue: WorkQueue<string>

  constructor(options: KubeletOptions) {
    this.#options = options
    const { informers, clock, random, onTrouble } = options
    this.#catalog = new Catalog(informers, (namespace) => this.#queueBlocked(namespace))
    this.#nodes = informers.watch<Node>(NODES, (delta) => this.queueNode(delta.object.metadata.name))
    this.#pods = informers.watch<Pod>(PODS, (delta) => this.#take(delta))
    this.#queue = new WorkQueue({
      clock,
      random,
      concurrency: CONCURRENCY,
      reconcile: (key) => this.#reconcile(key),
      onError: (key, error) => onTrouble?.(`pod ${key}: ${String(error)}`),
    })
  }

  start(): void {
    this.#queue.start()
  }

  stop(): Promise<void> {
    return this.#queue.stop()
  }

  /** Every pod known, unordered. */
  pods(): Iterable<Pod> {
    return this.#pods.values()
  }

  /** The pod as it is now, whoever has its name. */
  podOf(uid: string): Pod | undefined {
    return this.#pods.byUid(uid)
  }

  /** What a node remembers of the pod at this moment; null: no node has taken it on. */
  runOf(pod: Pod): PodRun | null {
    return this.#tracked.get(pod.metadata.uid)?.run ?? null
  }

  /** Looks at every pod of a node again: it came, changed, died or came back. */
  queueNode(node: string): void {
    for (const key of this.#bound.get(node) ?? []) this.#queue.add(key)
  }

  /** A node is back: what was said of its pods meanwhile is said anew. */
  refreshNode(node: string): void {
    for (const tracked of this.#tracked.values()) if (tracked.node === node) forgetWritten(tracked)
    this.queueNode(node)
  }

  /** Changes what goes on inside a pod, as if it happened there. Throws if no node has taken the pod on. */
  alter(namespace: string, name: string, change: (run: PodRun, pod: Pod, nowMs: number) => PodRun): void {
    const pod = this.#pods.get(namespace, name)
    const tracked = pod && this.#tracked.get(pod.metadata.uid)
    if (tracked === undefined) throw new Error(`no simulated node runs pod ${namespace}/${name}`)
    tracked.run = change(tracked.run, tracked.pod, this.#options.clock.monotonicMs())
    this.#queue.add(tracked.key)
  }

  #take(delta: Delta<Pod>): void {
    const pod = delta.object
    const gang = this.#gangs.take(delta)
    if (gang !== null) this.#queueWaiters(gang)
    if (delta.kind === 'deleted') this.#forget(pod)
    else if (pod.spec.nodeName !== undefined && pod.spec.nodeName !== '') this.#queueBound(pod, pod.spec.nodeName)
  }

  #queueBound(pod: Pod, node: string): void {
    memberOf(this.#bound, node).add(keyOf(pod))
    this.#queue.add(keyOf(pod))
  }

  #queueWaiters(gang: string): void {
    for (const pod of this.#gangs.of(gang)) {
      const tracked = this.#tracked.get(pod.metadata.uid)
      if (tracked !== undefined && waitsForOthers(tracked)) this.#queue.add(tracked.key)
    }
  }

  #queueBlocked(namespace: string): void {
    for (const key of this.#blocked.get(namespace) ?? []) this.#queue.add(key)
  }

  #noteBlocked(tracked: TrackedPod): void {
    const { namespace = '' } = tracked.pod.metadata
    if (mayBeBlocked(tracked)) memberOf(this.#blocked, namespace).add(tracked.key)
    else this.#blocked.get(namespace)?.delete(tracked.key)
  }

  #forget(pod: Pod): void {
    this.#bound.get(pod.spec.nodeName ?? '')?.delete(keyOf(pod))
    this.#blocked.get(pod.metadata.namespace ?? '')?.delete(keyOf(pod))
    const tracked = this.#tracked.get(pod.metadata.uid)
    if (tracked === undefined) return
    this.#tracked.delete(pod.metadata.uid)
    this.#ips.release(tracked.run.podIp)
    this.#onNode.get(tracked.node)?.delete(pod.metadata.uid)
  }

  async #reconcile(key: string): Promise<Reconciled | void> {
    const slash = key.indexOf('/')
    const pod = this.#pods.get(key.slice(0, slash), key.slice(slash + 1))
    const node = pod?.spec.nodeName === undefined ? undefined : this.#nodes.get('', pod.spec.nodeName)
    if (pod === undefined || node === undefined || !this.#options.isAlive(node.metadata.name)) return
    const known = this.#tracked.get(pod.metadata.uid)
    if (known === undefined && isTerminal(pod)) return
    const tracked = known ?? this.#admit(key, pod, node)
    tracked.pod = pod
    return this.#carryOn(tracked, node)
  }

  #admit(key: string, pod: Pod, node: Node): TrackedPod {
    const name = node.metadata.name
    const others = this.#onNode.get(name) ?? new Map<string, Pod>()
    this.#onNode.set(name, others)
    const tracked = track(key, name, pod, this.#firstRun(pod, node, others.values()))
    this.#tracked.set(pod.metadata.uid, tracked)
    if (tracked.run.verdict === null) others.set(pod.metadata.uid, pod)
    else this.#options.tell(pod, 'Warning', tracked.run.verdict.reason, tracked.run.verdict.message)
    return tracked
  }

  /** A pod that runs already is taken as it is; any other must pass the node's own checks. */
  #firstRun(pod: Pod, node: Node, others: Iterable<Pod>): PodRun {
    const nowMs = this.#options.clock.monotonicMs()
    if (pod.status?.phase === 'Running') {
      // Nothing runs since a time that is yet to come, whatever clock wrote it.
      const sinceMs = Math.min(0, (Date.parse(pod.status.startTime ?? '') || Infinity) - this.#options.clock.nowMs())
      const conditions = pod.status.conditions ?? []
      const isReady = isPodReady(pod) || !conditions.some((c) => c.type === 'Ready')
      return adoptPod(pod, this.#addressFor(pod, node), nowMs + sinceMs, isReady)
    }
    const verdict = refuse(pod, node, others)
    if (verdict !== null) return { ...acceptPod(pod, '', nowMs), verdict }
    return acceptPod(pod, this.#addressFor(pod, node), nowMs)
  }

  #addressFor(pod: Pod, node: Node): string {
    if (pod.spec.hostNetwork) return hostIpOf(node)
    const known = pod.status?.podIP
    if (known === undefined || known === '') return this.#ips.take()
    this.#ips.keep(known)
    return known
  }

  async #carryOn(tracked: TrackedPod, node: Node): Promise<Reconciled | void> {
    if (tracked.isGone) return
    const { clock } = this.#options
    const nowMs = clock.monotonicMs()
    this.#beginStop(tracked, nowMs)
    const { run, wakeMs } = advance(tracked.run, this.#around(tracked), nowMs)
    const isLeaving = run.goneMs !== null && run.goneMs <= nowMs
    tracked.run = isLeaving ? stopped(run, nowMs) : run
    this.#noteBlocked(tracked)
    this.#report(tracked)
    await this.#write(tracked, node, nowMs)
    if (isTerminal(tracked.pod) || isEnded(tracked.run)) this.#onNode.get(tracked.node)?.delete(tracked.run.uid)
    if (isLeaving) return this.#remove(tracked)
    return { again: wakeMs === null ? null : Math.max(0, wakeMs - clock.monotonicMs()) }
  }

  /** Containers get the pod's grace to stop in; ours never need all of it. */
  #beginStop(tracked: TrackedPod, nowMs: number): void {
    const { pod, run } = tracked
    if (pod.metadata.deletionTimestamp === undefined || run.goneMs !== null) return
    const graceMs = (pod.metadata.deletionGracePeriodSeconds ?? 30) * 1_000
    const stopMs = run.verdict === null ? Math.min(graceMs, this.#options.delays('stop', tracked.key)) : 0
    tracked.run = { ...run, goneMs: nowMs + stopMs }
    const names = pod.spec.containers.map((container) => container.name).join(', ')
    this.#options.tell(pod, 'Normal', 'Killing', `Stopping container ${names}`)
  }

  #around(tracked: TrackedPod): Surroundings {
    const { pod, key } = tracked
    const namespace = pod.metadata.namespace ?? ''
    const sources = this.#catalog.of(namespace)
    return {
      pod,
      missingVolume: missingVolume(pod, sources),
      missingFor: (container: Container) => missingInEnvironment(container, namespace, sources),
      isStartUpMet: (container: Container) => this.#gangs.isStartUpMet(pod, container),
      delayMs: (activity, container) => this.#options.delays(activity, `${key}/${container}`),
    }
  }

  /** Says once what a pod waits for. */
  #report(tracked: TrackedPod): void {
    const { run, pod } = tracked
    const blocked = [...run.init, ...run.main].find(
      ({ state }) => state.kind === 'waiting' && state.reason === 'CreateContainerConfigError',
    )
    const volume = run.sandboxMs === null && run.verdict === null ? this.#around(tracked).missingVolume : null
    const message = blocked?.state.kind === 'waiting' ? `Error: ${blocked.state.message}` : volume
    if (message === tracked.reported) return
    tracked.reported = message
    if (message !== null) this.#options.tell(pod, 'Warning', blocked === undefined ? 'FailedMount' : 'Failed', message)
  }

  async #write(tracked: TrackedPod, node: Node, nowMs: number): Promise<void> {
    const { client, clock } = this.#options
    const wallMs = clock.nowMs()
    const timestampOf = (monotonicMs: number): string => timestamp(wallMs + monotonicMs - nowMs)
    const undated = statusOf(tracked.pod, tracked.run, { nowMs, hostIp: hostIpOf(node), timestampOf })
    const status = dated(tracked, undated, wallMs)
    const text = JSON.stringify(status)
    if (text === tracked.written) return
    const { namespace = '', name, uid } = tracked.pod.metadata
    const patch = { metadata: { uid }, status }
    const options = { subresource: 'status', ignoresReply: true } as const
    const answer = await client.strategicPatch<Pod>(PODS, { namespace, name }, patch, options)
    if (!isOk(answer) && (answer.status === 404 || answer.status === 409)) return
    valueOrThrow(answer)
    tracked.written = text
  }

  async #remove(tracked: TrackedPod): Promise<void> {
    const { namespace = '', name, uid } = tracked.pod.metadata
    const answer = await this.#options.client.delete(PODS, { namespace, name }, { uid, gracePeriodSeconds: 0 })
    if (!isOk(answer) && answer.status !== 404 && answer.status !== 409) valueOrThrow(answer)
    tracked.isGone = true
  }
}

function memberOf(sets: Map<string, Set<string>>, key: string): Set<string> {
  const known = sets.get(key)
  if (known !== undefined) return known
  const made = new Set<string>()
  sets.set(key, made)
  return made
}

const isEnded = (run: PodRun): boolean =>
  run.verdict !== null || run.main.every(({ state }) => state.kind === 'terminated')

/** All containers end in good order. */
const stopped = (run: PodRun, nowMs: number): PodRun => ({
  ...run,
  init: run.init.map((container) => terminate(container, 0, 'Completed', nowMs)),
  main: run.main.map((container) => terminate(container, 0, 'Completed', nowMs)),
})

/** What a node does to a pod that it evicts. */
export const evicted =
  (verdict: Verdict) =>
  (run: PodRun, _pod: Pod, nowMs: number): PodRun => ({
    ...run,
    verdict,
    main: run.main.map((container) => terminate(container, 137, 'Error', nowMs)),
  })
