import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import type { PodGang } from '../../api/generated/kinds.ts'
import type { Reason, ReasonCode } from '../../api/reasons.ts'
import { Allowance } from '../../kube/allowance.ts'
import { KubeError } from '../../kube/answers.ts'
import type { Answer, Failure, KubeClient } from '../../kube/client.ts'
import { type Clock, sleep, timestamp } from '../../kube/clock.ts'
import { type EventRecorder, eventRecorder, type EventTarget } from '../../kube/events/recorder.ts'
import type { Log } from '../../kube/log.ts'
import type { Random } from '../../kube/random.ts'
import { apiVersionOf } from '../../kube/paths.ts'
import { POD_GANGS, PODS } from '../../kube/resources.ts'
import { type Reconciled, WorkQueue } from '../../kube/work-queue.ts'
import type { Writer } from '../../kube/writer.ts'
import { isMinimumConfirmed, isWhole, situationOf } from '../gang/situation.ts'
import type { Book } from '../queue/book.ts'
import { type Entry, wasWhole } from '../queue/entry.ts'
import type { ClusterState } from '../state/cluster.ts'
import { gangFacts, isSameSpec } from '../state/gang-facts.ts'
import { isMissing } from '../state/gangs.ts'
import type { PodFacts } from '../state/pod-facts.ts'
import { Forbidden } from './forbidden.ts'
import { gangStatus, gangStatusPatch, isAlike, isReworded } from './gang.ts'
import { Starting } from './starting.ts'
import { podCondition, podReason, type Said, saysSo } from './pod.ts'
import { gangReason } from './reason.ts'
import { type Telling, Wording } from './wording.ts'

export interface StatusOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly writer: Writer
  readonly log: Log
  readonly component: string
  readonly cluster: ClusterState
  readonly book: Book
  readonly whySuspended: (uid: string) => string | null
}

/** What is placed so soon is not called pending first. */
const PATIENCE_MS = 1_000
const WRITES_PER_SECOND = 50
/** Behind the bindings. */
const PRIORITY = -10
const CONFLICTS_MAX = 5

/**
 * Writes what the book says onto PodGangs and pods: behind binds, at most 50 writes a second together with events, and
 * only what is not there already, so that a quiet cluster sees no write.
 */
export class StatusWriter {
  readonly #options: StatusOptions
  readonly #allowance: Allowance
  readonly #recorder: EventRecorder
  readonly #queue: WorkQueue<string>
  readonly #forbidden: Forbidden
  readonly #starting: Starting
  readonly #wording: Wording
  /** What we wrote on a pod and have not heard back yet; a watch can be late by minutes. */
  readonly #written = new WeakMap<PodFacts, Said>()
  readonly #aborter = new AbortController()

  constructor(options: StatusOptions) {
    const { client, clock, random, writer, log, component } = options
    this.#options = options
    this.#forbidden = new Forbidden(clock)
    this.#starting = new Starting(clock)
    this.#wording = new Wording(clock)
    this.#allowance = new Allowance(clock, WRITES_PER_SECOND)
    this.#recorder = eventRecorder({ client, clock, component, writer, allowance: this.#allowance })
    this.#queue = new WorkQueue({
      clock,
      random,
      concurrency: 4,
      reconcile: (key) => this.#reconcile(key),
      onError: (key, error) =>
        log.warn('a status could not be written and is tried again', { key, error: String(error) }),
    })
  }

  start(): void {
    this.#queue.start()
  }

  async stop(): Promise<void> {
    this.#aborter.abort()
    await Promise.all([this.#queue.stop(), this.#recorder.stop()])
  }

  /** What is remembered of gangs, and of pods of none, because of what they were told. */
  get remembered(): number {
    return this.#forbidden.size + this.#starting.size + this.#wording.size
  }

  /** Something about the gang may have changed, or it went. */
  touch(key: string): void {
    this.#queue.add(key)
  }

  /** Two schedulers bind pods of one name: told on the pod that was taken. */
  warn(pod: PodFacts, code: string, message: string): void {
    this.#recorder.event(target(pod), 'Warning', code, message, { component: pod.schedulerName })
  }

  /** A warning about any other object. */
  warnOn(object: EventTarget, code: string, message: string): void {
    this.#recorder.event(object, 'Warning', code, message)
  }

  async #reconcile(key: string): Promise<Reconciled | void> {
    const { book, clock } = this.#options
    const entry = book.get(key)
    if (entry === undefined) return this.#forget(key)
    const rest = this.#forbidden.restOf(key)
    if (rest !== null) return rest
    const { unplacedSinceMs, situation } = entry
    const restMs = unplacedSinceMs === null ? 0 : unplacedSinceMs + PATIENCE_MS - clock.monotonicMs()
    if (restMs > 0 && !isWhole(situation)) return { again: restMs }
    try {
      const hasStatus = situation.isOurs && !situation.gang.isPlain && !isMissing(situation.gang)
      const soonMs = hasStatus ? this.#starting.restMs(key, situation) : 0
      const wordsMs = this.#wording.restMs(key)
      const telling: Telling = { mayReword: wordsMs === 0, isHeld: false }
      const isGangWritten = hasStatus && soonMs === 0 && (await this.#writeGang(entry, telling))
      const arePodsWritten = restMs <= 0 && (await this.#writePods(entry, telling))
      if (isGangWritten || arePodsWritten) this.#told(key)
      const laterMs = [restMs, soonMs, telling.isHeld ? wordsMs : 0].filter((ms) => ms > 0)
      if (laterMs.length > 0) return { again: Math.min(...laterMs) }
    } catch (error) {
      this.#forbidden.note(key, error)
      throw error
    }
  }

  #told(key: string): void {
    this.#forbidden.forget(key)
    this.#wording.note(key)
  }

  #forget(key: string): void {
    this.#forbidden.forget(key)
    this.#wording.forget(key)
    this.#starting.forget(key)
  }

  /** True: a write was let through. */
  async #writeGang(entry: Entry, telling: Telling): Promise<boolean> {
    const { client, clock, writer } = this.#options
    const { namespace, name, uid, status } = entry.situation.gang
    const want = wanted(entry)
    if (isUndecided(entry) || gangStatusPatch(status, want, '') === null) return false
    if (!telling.mayReword && isReworded(status, want)) {
      telling.isHeld = true
      return false
    }
    for (let tries = 1; tries <= CONFLICTS_MAX; tries++) {
      const get = (): Promise<Answer<KubeObject>> => client.get<KubeObject>(POD_GANGS, { namespace, name })
      const read = await writer.write(get, { priority: PRIORITY }) // a read, too, takes from the bindings
      if (read.kind === 'failure' && read.status === 404) return false
      if (read.kind === 'failure') throw new KubeError(read)
      if (read.value.metadata.uid !== uid || this.#isOver(entry)) return false
      const newest = gangFacts(read.value as PodGang)
      if (!isSameSpec(newest, entry.situation.gang)) return false // its watch event brings us here again
      const now = wanted(entry)
      const patch = gangStatusPatch(newest.status, now, timestamp(clock.nowMs()))
      if (patch === null || !(await this.#take())) return false
      if (!this.#isAsLookedAt(entry)) return false // it is looked at soon, which brings us here again
      const { resourceVersion } = read.value.metadata
      const body = { metadata: { resourceVersion }, status: patch }
      const isStill = (): boolean => !this.#isOver(entry) && isAlike(wanted(entry), now) && this.#isAsLookedAt(entry)
      const send = (): Promise<Answer<KubeObject>> =>
        isStill() ? client.mergePatch(POD_GANGS, { namespace, name }, body, STATUS) : Promise.resolve(OUTDATED)
      const answer = await writer.write(send, { priority: PRIORITY })
      if (answer.kind === 'ok') this.#tellWaiting(entry)
      if (answer.kind === 'ok' || answer.status === 404) return true
      if (answer.status !== 409 || tries === CONFLICTS_MAX) throw new KubeError(answer)
    }
    return false
  }

  /** Some of its pods are there and wait for others, which may be named wrongly. */
  #tellWaiting({ situation: { gang }, waiting, unplacedSinceMs }: Entry): void {
    if (waiting?.code !== 'WaitingForPods' || unplacedSinceMs === null) return
    const { namespace, name, uid } = gang
    this.#options.log.info(waiting.message, { namespace, podGang: name })
    const podGang = { apiVersion: apiVersionOf(POD_GANGS), kind: POD_GANGS.kind, metadata: { namespace, name, uid } }
    this.#recorder.event(podGang, 'Normal', waiting.code, waiting.message)
  }

  /** What has been told since the gang was looked at says the same of its minimum. */
  #isAsLookedAt({ situation }: Entry): boolean {
    const now = situationOf(this.#options.cluster, situation.key, () => false, situation)
    return now !== null && isMinimumConfirmed(now) === isMinimumConfirmed(situation)
  }

  /** The gang went while a read or a write of it was under way. */
  #isOver(entry: Entry): boolean {
    return this.#options.book.get(entry.situation.key) !== entry
  }

  /** True: a write was let through. */
  async #writePods(entry: Entry, telling: Telling): Promise<boolean> {
    const { cluster, book, whySuspended } = this.#options
    const { groups, strays, key } = entry.situation
    const waiting = groups.flatMap(({ pending, unsupported, suspended }) => [...pending, ...unsupported, ...suspended])
    let isWritten = false
    const ours = strays.filter((pod) => cluster.isOurs(pod) && !pod.isTerminating && !pod.isFinished)
    for (const { uid } of [...waiting, ...ours]) {
      const now = book.get(key)
      const pod = cluster.pod(uid)
      if (now === undefined || pod === undefined || cluster.nodeOf(pod) !== null || pod.gates.length > 0) continue
      const why = podReason(cluster, now, pod, whySuspended(uid))
      const isTold = why.code !== 'Queued' && why.code !== 'Binding'
      if (isTold && (await this.#writePod(pod, why, telling))) isWritten = true
    }
    return isWritten
  }

  async #writePod(pod: PodFacts, why: Reason, telling: Telling): Promise<boolean> {
    const want = podCondition(why)
    const is = this.#written.get(pod) ?? pod.scheduled
    if (saysSo(is, want)) return false
    const isNewCause = codeIn(is?.message) !== codeIn(want.message)
    if (!telling.mayReword && !isNewCause && is?.status === want.status && is.reason === want.reason) {
      telling.isHeld = true
      return false
    }
    const { client, clock, writer } = this.#options
    if (!(await this.#take())) return false
    const nowText = timestamp(clock.nowMs())
    const isNew = is?.status !== want.status
    const condition = { ...want, lastProbeTime: null, ...(isNew ? { lastTransitionTime: nowText } : {}) }
    const body = { metadata: { uid: pod.uid }, status: { conditions: [condition] } }
    const send = (): Promise<Answer<KubeObject>> => client.strategicPatch(PODS, pod, body, STATUS)
    const answer = await writer.write(send, { priority: PRIORITY })
    if (answer.kind === 'failure' && answer.status !== 404 && answer.status !== 409) throw new KubeError(answer)
    if (answer.kind === 'ok') this.#written.set(pod, want)
    if (answer.kind === 'ok' && isNewCause) this.#warnOf(pod, why, want)
    return true
  }

  #warnOf(pod: PodFacts, { code, message }: Reason, want: Said): void {
    if (want.reason === 'Unschedulable') this.warn(pod, 'Unschedulable', want.message ?? '')
    if (!ASTRAY.includes(code)) return
    this.#options.log.warn(message, { namespace: pod.namespace, pod: pod.name })
    this.warn(pod, code, message)
  }

  /** False: we are stopping. */
  async #take(): Promise<boolean> {
    const { signal } = this.#aborter
    for (let ms = this.#allowance.take(); ms > 0 && !signal.aborted; ms = this.#allowance.take()) {
      await sleep(this.#options.clock, ms, 'work', signal)
    }
    return !signal.aborted
  }
}

/** It waited for its turn, or was turned away for a while, and something else is true by now. */
const OUTDATED: Failure = {
  kind: 'failure',
  status: 409,
  reason: 'Outdated',
  message: 'the status was outdated before it was sent',
  retryable: true,
  retryAfterMs: null,
  outcome: 'refused',
  details: null,
}

/** Its gang may never come: somebody wrote a label or a PodGang wrongly. */
const ASTRAY: readonly ReasonCode[] = ['PodGangMissing', 'NotAMember']

const STATUS = { subresource: 'status', ignoresReply: true } as const

/** Waits for its turn or for answers to its bindings: a burst of gangs is not told one by one what they will be soon. */
const isUndecided = (entry: Entry): boolean =>
  entry.situation.groups.length > 0 &&
  !wasWhole(entry) &&
  !isMinimumConfirmed(entry.situation) &&
  (gangReason(entry)?.code ?? 'Queued') === 'Queued'

const wanted = (entry: Entry): ReturnType<typeof gangStatus> =>
  gangStatus({
    situation: entry.situation,
    wasWhole: wasWhole(entry),
    score: entry.score,
    reason: gangReason(entry),
  })

/** Counts in a message change often; an event is worth a new cause only. */
const codeIn = (message: string | undefined): string => message?.split(':')[0] ?? ''

const target = (pod: PodFacts): EventTarget => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: pod.namespace, name: pod.name, uid: pod.uid },
})
