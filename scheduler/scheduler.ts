import { SCHEDULER_NAME } from '../api/names.ts'
import type { ExplainAnswer } from '../api/explanation.ts'
import { reason } from '../api/reasons.ts'
import type { KubeClient } from '../kube/client.ts'
import { type Clock, surelyMs } from '../kube/clock.ts'
import type { Log } from '../kube/log.ts'
import type { Random } from '../kube/random.ts'
import { writer } from '../kube/writer.ts'
import { auditOf, type SchedulerAudit } from './audit.ts'
import { parseAttempt } from './binder/attempt.ts'
import { Binder, type Order } from './binder/bind.ts'
import { Suspended } from './binder/suspended.ts'
import type { Rivals } from './binder/two-schedulers.ts'
import { ExplanationDesk } from './explanation/desk.ts'
import { createFeeds } from './feeds.ts'
import { type GangSituation, isMinimumConfirmed, situationOf } from './gang/situation.ts'
import { Loop } from './loop.ts'
import { freshMemory, type Memory } from './memory.ts'
import { NO_METRICS, type SchedulerMetrics, type Sizes } from './counted.ts'
import { plan } from './planner/plan.ts'
import type { Plan } from './planner/request.ts'
import { Book } from './queue/book.ts'
import { Gather } from './queue/gather.ts'
import { SurplusReader } from './queue/surplus.ts'
import { reasonCounts } from './status/reason.ts'
import { reportOf, type ReportSources, type SchedulerReport, type SchedulerView, viewOf } from './report.ts'
import { ClusterState } from './state/cluster.ts'
import { gangOfPod } from './state/gangs.ts'
import type { PodFacts } from './state/pod-facts.ts'
import { StatusWriter } from './status/writer.ts'
import { createTopologyFeed } from './topology-feed.ts'

export type { SchedulerAudit } from './audit.ts'
export type { GangReport, PodReport, SchedulerReport, SchedulerView } from './report.ts'

export interface SchedulerOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Pods that ask for one of these are ours. Default: `espalier`. */
  readonly schedulerNames?: readonly string[]
  /** What a gang that states no pack prefers. Default: the narrowest level. */
  readonly defaultPack?: 'narrowest' | 'none'
  /** Default: nothing is counted. */
  readonly metrics?: SchedulerMetrics
  /** How long a gang waits for further gates to be lifted. Default: 1 s. */
  readonly gatherMs?: number
  /** What a scheduler before this one, in the same process, has learned. Default: nothing. */
  readonly memory?: Memory
}

export interface Scheduler {
  start(): void
  /** Resolves when nothing of it runs and no write is under way any more. */
  stop(): Promise<void>
  report(): SchedulerReport
  /** The report for who takes it in pieces, so that a large one blocks nobody. */
  view(): SchedulerView
  /** Why a PodGang is where it is, or why it has no place. Takes milliseconds, and only so many a second. */
  explain(namespace: string, name: string): ExplainAnswer
  /** For observers that check the state against their own count. */
  audit(): SchedulerAudit
  /** Pods, nodes, PodGangs and topology are known; from now on it places. */
  readonly ready: Promise<void>
}

const GATHER_MS = 1_000
/**
 * Bound on one search, about a microsecond a step, so that no gang blocks the loop for 250 ms; above what 10,000 pods in
 * 1,000 domains need when nothing has to be taken back.
 */
export const STEPS_MAX = 150_000

export function createScheduler(options: SchedulerOptions): Scheduler {
  const schedulerNames = options.schedulerNames?.length ? options.schedulerNames : [SCHEDULER_NAME]
  return new Running({ ...options, schedulerNames })
}

class Running implements Scheduler {
  readonly ready: Promise<void>
  readonly #options: SchedulerOptions
  readonly #cluster: ClusterState
  readonly #suspended = new Suspended()
  readonly #rivals: Rivals
  readonly #gather: Gather
  readonly #book: Book
  readonly #binder: Binder
  readonly #surplus: SurplusReader
  readonly #status: StatusWriter
  readonly #loop: Loop
  readonly #desk: ExplanationDesk
  readonly #feeds: ReturnType<typeof createFeeds>
  readonly #topology: ReturnType<typeof createTopologyFeed>
  readonly #writer: ReturnType<typeof writer>
  #isStarted = false

  constructor(options: SchedulerOptions) {
    this.#options = options
    const { client, clock, random, log, schedulerNames = [SCHEDULER_NAME] } = options
    const { refusals, rivals } = options.memory ?? freshMemory()
    this.#rivals = rivals
    const cluster = new ClusterState(schedulerNames, refusals)
    const suspended = this.#suspended
    const whySuspended = (uid: string): string | null => suspended.whyOf(uid)
    this.#cluster = cluster
    this.#gather = new Gather(options.gatherMs ?? GATHER_MS)
    this.#writer = writer({ clock, random })
    this.#book = new Book({
      cluster,
      isSuspended: (uid) => suspended.has(uid),
      stopped: (situation) => this.#stopped(situation),
      onEnd: (key) => this.#gather.forget(key),
    })
    const { metrics = NO_METRICS } = options
    const shared = { client, clock, random, log, cluster, metrics, writer: this.#writer, book: this.#book }
    const component = schedulerNames[0] ?? SCHEDULER_NAME
    this.#status = new StatusWriter({ ...shared, component, whySuspended })
    this.#binder = new Binder({
      ...shared,
      suspended,
      isWanted: (order) => this.#isWanted(order),
      onRival: (pod) => this.#onRival(pod),
      onNews: (pod) => this.#look(gangOfPod(pod)),
    })
    this.#surplus = new SurplusReader({
      client,
      clock,
      isKnown: (entry) => this.#book.get(entry.situation.key) === entry,
      onCleared: ({ situation }) => this.#look(situation.key),
    })
    const asking = { defaultPack: options.defaultPack ?? 'narrowest', maxSteps: STEPS_MAX } as const
    this.#loop = new Loop({
      ...shared,
      ...asking,
      binder: this.#binder,
      gather: this.#gather,
      status: this.#status,
      surplus: this.#surplus,
      plan: timed(plan, clock, metrics),
    })
    this.#desk = new ExplanationDesk({ ...shared, ...asking })
    this.#topology = createTopologyFeed({
      ...shared,
      onNote: () => this.#loop.notify(),
      onError: (target, message) => {
        metrics.topologyRefused()
        this.#status.warnOn(target, 'InvalidTopology', message)
      },
    })
    this.#feeds = createFeeds({
      ...shared,
      onNote: () => this.#loop.notify(),
      onPodGone: (uid) => suspended.ended(uid),
      isGone: (uid) => suspended.isGone(uid),
      onRival: (pod) => this.#onRival(pod),
      onRefused: (pod, node) => this.#onRefused(pod, node),
      onShrunk: ({ name, uid }, what) => {
        metrics.nodeShrank()
        log.warn(what, { node: name })
        this.#status.warnOn({ apiVersion: 'v1', kind: 'Node', metadata: { name, uid } }, 'AllocatableBelowUse', what)
      },
    })
    metrics.watch(this.#sizes())
    this.ready = Promise.all([this.#feeds.synced, this.#topology.synced]).then(() => undefined)
  }

  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    this.#feeds.start()
    this.#topology.start()
    this.#status.start()
    this.ready.then(
      () => this.#isStarted && this.#begin(),
      () => undefined,
    )
  }

  #begin(): void {
    this.#loop.start()
    for (const namespace of this.#rivals.namespaces()) this.#lookWhenQuiet(namespace)
    const nowMs = this.#options.clock.monotonicMs()
    for (const { classKey, node, untilMs } of this.#cluster.refusals.waits()) {
      if (untilMs > nowMs) this.#growWhenRefused(classKey, node, untilMs - nowMs)
    }
  }

  async stop(): Promise<void> {
    this.#isStarted = false
    this.#options.metrics?.watch(null) // else a process that only stands by tells of this one, and keeps all that it knew
    const still = this.#loop.stop()
    this.#surplus.stop()
    await Promise.all([still, this.#feeds.stop(), this.#topology.stop()])
    await Promise.all([this.#binder.stop(), this.#status.stop(), this.#writer.stop()])
  }

  report(): SchedulerReport {
    return reportOf(this.#reportSources())
  }

  view(): SchedulerView {
    return viewOf(this.#reportSources())
  }

  #reportSources(): ReportSources {
    return {
      cluster: this.#cluster,
      book: this.#book,
      decisions: this.#loop.decisions,
      topologyErrors: this.#topology.errors(),
      whySuspended: (uid) => this.#suspended.whyOf(uid),
    }
  }

  #sizes(): Sizes {
    const [cluster, book, binder] = [this.#cluster, this.#book, this.#binder]
    return {
      nodes: () => cluster.nodes.size,
      pods: () => cluster.podCount,
      gangs: () => book.size,
      pendingGangs: () => book.pendingCount(),
      assumedPods: () => cluster.assumedCount,
      bindingsInFlight: () => binder.inFlight,
      reasons: () => reasonCounts(book.entries(), cluster),
    }
  }

  explain(namespace: string, name: string): ExplainAnswer {
    return this.#desk.explain(namespace, name)
  }

  audit(): SchedulerAudit {
    const { size: entries } = this.#book
    const [{ size: suspended }, { inFlight: bindings }] = [this.#suspended, this.#binder]
    return auditOf(this.#cluster, { entries, suspended, bindings, told: this.#status.remembered })
  }

  #look(key: string): void {
    this.#cluster.gangs.touch(key)
    this.#loop.notify()
  }

  /** Nobody else has been seen to bind in the namespace since it was planned, and surplus still is: no minimum was lost. */
  #isWanted({ pod, attempt }: Order): boolean {
    if (this.#rivals.isStopped(pod.namespace, this.#options.clock.monotonicMs())) return false
    if (parseAttempt(attempt)?.kind !== 'surplus') return true
    const situation = situationOf(this.#cluster, gangOfPod(pod), () => false)
    return situation !== null && isMinimumConfirmed(situation)
  }

  #stopped({ gang: { namespace } }: GangSituation): ReturnType<typeof reason> | null {
    if (!this.#rivals.isStopped(namespace, this.#options.clock.monotonicMs())) return null
    return reason('TwoSchedulers', { schedulerName: [...this.#cluster.schedulerNames].join(', ') })
  }

  /** Nothing is bound in the namespace until it has been quiet for 5 min. */
  #onRival(pod: PodFacts): void {
    const { namespace, schedulerName } = pod
    const nowMs = this.#options.clock.monotonicMs()
    this.#rivals.add(namespace, nowMs)
    this.#options.metrics?.rivalSeen()
    const { code, message } = reason('TwoSchedulers', { schedulerName })
    this.#options.log.warn(message, { namespace, pod: pod.name, node: pod.node })
    this.#status.warn(pod, code, message)
    this.#touchNamespace(namespace)
    this.#lookWhenQuiet(namespace)
  }

  #lookWhenQuiet(namespace: string): void {
    const waitMs = this.#rivals.waitMs(namespace, this.#options.clock.monotonicMs())
    this.#loop.notifyIn(`rival ${namespace}`, surelyMs(waitMs), () => this.#touchNamespace(namespace))
  }

  #touchNamespace(namespace: string): void {
    for (const { situation } of this.#book.entries()) {
      if (situation.gang.namespace === namespace) this.#cluster.gangs.touch(situation.key)
    }
  }

  #onRefused(pod: PodFacts, node: string): void {
    const uid = this.#cluster.nodes.get(node)?.uid ?? ''
    const waitMs = this.#cluster.refusals.add(pod.demand.key, { name: node, uid }, this.#options.clock.monotonicMs())
    this.#options.metrics?.kubeletRefused()
    const { namespace, name, failure } = pod
    this.#options.log.warn('a kubelet refused a pod', { namespace, pod: name, node, failure, waitMs })
    this.#growWhenRefused(pod.demand.key, node, waitMs)
  }

  /** Once a node is no longer avoided, that is as good as room that came. */
  #growWhenRefused(classKey: string, node: string, waitMs: number): void {
    this.#loop.notifyIn(`refusal ${node} ${classKey}`, surelyMs(waitMs), () => this.#cluster.growth.add(node))
  }
}

const timed =
  (planner: Plan, clock: Clock, metrics: SchedulerMetrics): Plan =>
  (request, view) => {
    const beganMs = clock.monotonicMs()
    const verdict = planner(request, view)
    metrics.planned(verdict.kind, clock.monotonicMs() - beganMs)
    return verdict
  }
