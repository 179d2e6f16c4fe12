import type { Binding, KubeObject, Status } from '../../api/kinds/kubernetes.ts'
import { ATTEMPT } from '../../api/names.ts'
import type { Answer, Failure, KubeClient } from '../../kube/client.ts'
import { type Clock, sleep } from '../../kube/clock.ts'
import type { Log } from '../../kube/log.ts'
import { PODS } from '../../kube/resources.ts'
import type { Writer } from '../../kube/writer.ts'
import type { SchedulerMetrics } from '../counted.ts'
import { firstFailing } from '../predicates/list.ts'
import type { ClusterState } from '../state/cluster.ts'
import { type GangFacts, keysOf } from '../state/gang-facts.ts'
import type { Domains } from '../state/node-domains.ts'
import type { NodeFacts } from '../state/node-facts.ts'
import { projectPod, type PodFacts } from '../state/pod-facts.ts'
import { type Outcome, outcomeOf } from './outcome.ts'
import type { Suspended } from './suspended.ts'
import { isRivalBind } from './two-schedulers.ts'

/** One pod, its seat, and what goes with it as annotations. */
export interface Order {
  readonly pod: PodFacts
  readonly node: string
  /** Null: a pod of no gang. */
  readonly gangUid: string | null
  /** Of the gang, as Kubernetes counts it: above -2^31. */
  readonly priority: number
  readonly attempt: string
  readonly domains: Domains
  /** Of the node, as the plan saw it. */
  readonly labels: NodeFacts['labels']
}

export interface BinderOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly writer: Writer
  readonly log: Log
  readonly metrics: SchedulerMetrics
  readonly cluster: ClusterState
  readonly suspended: Suspended
  /** The binding is wanted now, though its plan may be seconds old: it waited for its turn, or was turned away before. */
  readonly isWanted: (order: Order) => boolean
  /** A read has shown the pod where somebody else bound it. */
  readonly onRival: (pod: PodFacts) => void
  /** An answer about the pod is in: look at its gang again. */
  readonly onNews: (pod: PodFacts) => void
}

/** The server gives a binding up after this: at client-go's lease times the most that a leader may ask for. */
const BIND_TIMEOUT_MS = 5_000
/**
 * Before status and events in the writer's queue, and among bindings as the plans were made: where thousands of pods of a
 * low priority wait to be sent, those of a gang of a higher one that comes later go first.
 */
const turnOf = ({ priority }: Order): number => 10 + 2 ** 31 + priority
const RETRY_FIRST_MS = 1_000
const RETRY_MAX_MS = 60_000
const WORK_RETRIES = 8

/**
 * Carries plans out. The seat of each pod is assumed before its binding is sent; what ends that is an event on the
 * pod's uid, or a read of it. No timer ends it: a timer only says when to read.
 */
export class Binder {
  readonly #options: BinderOptions
  readonly #aborter = new AbortController()
  #inFlight = 0
  #whenStill: (() => void)[] = []

  constructor(options: BinderOptions) {
    this.#options = options
  }

  /** Bindings that are not settled yet. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Assumes all seats, then sends all bindings at once. */
  bind(orders: readonly Order[]): void {
    this.#options.cluster.assumeAll(orders)
    for (const order of orders) void this.#carryOut(order)
  }

  /** Sends nothing any more; resolves when every answer is in. */
  async stop(): Promise<void> {
    this.#aborter.abort()
    if (this.#inFlight > 0) await new Promise<void>((resolve) => this.#whenStill.push(resolve))
  }

  async #carryOut(order: Order): Promise<void> {
    this.#inFlight++
    await this.#settle(order, await this.#outcomeOf(order))
    this.#inFlight--
    if (this.#inFlight === 0) for (const resolve of this.#whenStill.splice(0)) resolve()
    this.#options.onNews(order.pod)
  }

  /** What breaks on its way, a defect of ours, may have reached the server all the same. */
  async #outcomeOf(order: Order): Promise<Outcome> {
    const { log, clock } = this.#options
    try {
      return await this.#send(order)
    } catch (error) {
      log.error('a binding broke', { pod: order.pod.name, error: String(error) })
      return { kind: 'unknown', readAfterMs: clock.monotonicMs() + BIND_TIMEOUT_MS, why: String(error) }
    }
  }

  async #send(order: Order): Promise<Outcome> {
    const { client, clock, writer, metrics } = this.#options
    let deadlineMs = 0
    const send = (): Promise<Answer<Status>> => {
      deadlineMs = clock.monotonicMs() + BIND_TIMEOUT_MS
      return client.bind(bindingOf(order), { timeoutMs: BIND_TIMEOUT_MS })
    }
    const answer = await writer.write(() => (this.#isStillMeant(order) ? send() : Promise.resolve(NOT_SENT)), {
      priority: turnOf(order),
    })
    const outcome = outcomeOf(answer, deadlineMs)
    if (deadlineMs > 0) metrics.answered(outcome.kind, clock.monotonicMs() - (deadlineMs - BIND_TIMEOUT_MS))
    return outcome
  }

  /** What the plan saw is still so, as far as we have heard since. */
  #isStillMeant(order: Order): boolean {
    const { pod, node, gangUid } = order
    const { cluster, clock, isWanted } = this.#options
    const now = cluster.pod(pod.uid)
    if (this.#aborter.signal.aborted || now === undefined || now.isTerminating || now.isFinished) return false
    if (now.node !== null || cluster.nodeOf(now) !== node) return false
    const facts = cluster.nodes.get(node)
    if (facts === undefined || firstFailing(now.demand, facts) >= 0) return false
    if (cluster.refusals.avoided(now.demand.key, clock.monotonicMs()).includes(node)) return false
    if (!cluster.nodes.bears(node, now.demand.requests)) return false // turned away and sent again, it may come late
    const gang = gangUid === null ? null : cluster.gangs.byUid(gangUid)
    if (gang === undefined || (gang !== null && !isWhereItWas(cluster, gang, order))) return false
    return isWanted(order)
  }

  async #settle(order: Order, outcome: Outcome): Promise<void> {
    const { cluster, suspended, log, clock } = this.#options
    const { uid } = order.pod
    if (outcome.kind === 'bound') {
      suspended.forget(uid)
      cluster.confirm(uid)
      return
    }
    const facts = { namespace: order.pod.namespace, pod: order.pod.name, node: order.node, answer: outcome.why }
    if (outcome.kind === 'unknown') {
      log.warn('no certain answer to a binding: the pod is read once the server has given it up', facts)
      await this.#rest(Math.max(0, outcome.readAfterMs - clock.monotonicMs()), suspended.add(uid, outcome.why))
      return this.#read(order, outcome.why)
    }
    const failures = suspended.add(uid, outcome.why)
    cluster.release(uid)
    if (outcome.kind === 'forbidden') log.error('not allowed to bind', facts)
    else log.info('a binding was refused', facts)
    const restMs = outcome.kind === 'later' ? outcome.afterMs : failures > 1 ? backOffMs(failures - 1) : 0
    await this.#rest(restMs, failures)
    return this.#read(order, outcome.why)
  }

  #rest(ms: number, failures: number): Promise<void> {
    if (ms === 0) return Promise.resolve()
    return sleep(this.#options.clock, ms, failures <= WORK_RETRIES ? 'work' : 'background', this.#aborter.signal)
  }

  /** Asks until somebody answers, or until an event has told already. */
  async #read(order: Order, why: string): Promise<void> {
    const { client, cluster, suspended, log } = this.#options
    const { uid, namespace, name } = order.pod
    for (let tries = 1; !this.#aborter.signal.aborted; tries++) {
      const known = cluster.pod(uid)
      if (known === undefined || known.node !== null) return suspended.forget(uid)
      let askedMs = 0
      try {
        const answer = await client.get<KubeObject>(PODS, { namespace, name })
        if (answer.kind === 'ok') return this.#learn(order, answer.value, why)
        if (isGone(answer, name)) return this.#learn(order, null, why)
        askedMs = answer.retryAfterMs ?? 0
      } catch (error) {
        log.error('a pod could not be read after its binding', { pod: name, error: String(error) })
      }
      await this.#rest(Math.max(backOffMs(tries), askedMs), tries)
    }
  }

  /** `read`: the pod of that name as it is now; null: there is none. */
  #learn({ pod: { uid }, node }: Order, read: KubeObject | null, why: string): void {
    const { cluster, suspended, onRival } = this.#options
    const known = cluster.pod(uid)
    // An answer may be late: what events have told of a pod with a node meanwhile is no older.
    if (known === undefined || known.node !== null) return suspended.forget(uid)
    if (read === null || read.metadata.uid !== uid) {
      suspended.foundGone(uid)
      return cluster.release(uid)
    }
    const { facts } = projectPod(read)
    if (facts.node !== null) {
      suspended.forget(uid)
      cluster.setPod(facts)
      return isRivalBind(known, facts, cluster.isOurs(facts), node) ? onRival(facts) : undefined
    }
    cluster.release(uid)
    if (facts.isTerminating) suspended.add(uid, why)
    else suspended.end(uid)
  }
}

/** The node lies in the domains where the plan saw it, and says the same of what else the gang's rules name. */
function isWhereItWas(cluster: ClusterState, gang: GangFacts, { node, domains, labels }: Order): boolean {
  const now = cluster.nodes.get(node)?.labels
  const domainsNow = cluster.domains.of(cluster.topologyOf(gang), node)
  if (now === labels && domainsNow === domains) return true
  const isSameDomain = isSameRecord(domainsNow, domains)
  return isSameDomain && keysOf(gang).every((key) => now?.[key] === labels[key])
}

function isSameRecord(a: Domains, b: Domains): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}

/** The API server says it of the pod itself; what stands between us and it may know no such page. */
const isGone = ({ status, details }: Failure, name: string): boolean => status === 404 && details?.name === name

const backOffMs = (failures: number): number => Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** (failures - 1))

const NOT_SENT: Answer<Status> = {
  kind: 'failure',
  status: 0,
  reason: 'NotSent',
  message: 'pod, PodGang or node changed before the binding was sent',
  retryable: false,
  retryAfterMs: null,
  outcome: 'refused',
  details: null,
}

const bindingOf = ({ pod, node, attempt, domains }: Order): Binding => ({
  apiVersion: 'v1',
  kind: 'Binding',
  metadata: { name: pod.name, namespace: pod.namespace, uid: pod.uid, annotations: { [ATTEMPT]: attempt, ...domains } },
  target: { apiVersion: 'v1', kind: 'Node', name: node },
})
