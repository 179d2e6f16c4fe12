import { type Clock, surelyMs, type Timer } from '../kube/clock.ts'
import type { Log } from '../kube/log.ts'
import type { KubeClient } from '../kube/client.ts'
import { formatAttempt } from './binder/attempt.ts'
import type { Binder, Order } from './binder/bind.ts'
import { isPartial, undo, undoable, UNDO_AFTER_MS, undoRestMs } from './binder/undo.ts'
import { heldSeats, lookAtHolds } from './gang/holding.ts'
import { Questions } from './gang/questions.ts'
import { type GangSituation, isWhole } from './gang/situation.ts'
import type { SchedulerMetrics } from './counted.ts'
import type { Plan } from './planner/request.ts'
import type { Book } from './queue/book.ts'
import { Due } from './queue/due.ts'
import { type Entry, wasWhole } from './queue/entry.ts'
import type { Gather } from './queue/gather.ts'
import { Refused } from './queue/refused.ts'
import { type Placement, planRound } from './queue/round.ts'
import type { SurplusReader } from './queue/surplus.ts'
import type { ClusterState } from './state/cluster.ts'
import type { Hold } from './state/holds.ts'
import type { StatusWriter } from './status/writer.ts'

export interface LoopOptions {
  readonly clock: Clock
  readonly client: KubeClient
  readonly log: Log
  readonly metrics: SchedulerMetrics
  readonly cluster: ClusterState
  readonly book: Book
  readonly binder: Pick<Binder, 'bind'>
  readonly gather: Gather
  readonly status: Pick<StatusWriter, 'touch'>
  readonly surplus: Pick<SurplusReader, 'look'>
  readonly plan: Plan
  readonly defaultPack: 'narrowest' | 'none'
  readonly maxSteps: number
}

/** Everything is tried again so often, whatever was heard. */
const ROUND_MS = 60_000
/** A turn gives way to answers and events after this, on the monotonic clock. */
const TURN_MS = 20

/** Whatever the load, nothing waits longer for a turn to begin. */
const GATHER_MAX_MS = 50

/** Gangs whose seats are given back at once, each with a few requests a pod; the others are looked at again a little later. */
const UNDOS_MAX = 8
const UNDOS_REST_MS = 500

const noteWhole = (entry: Entry): void => {
  entry.wasSeenWhole = true
  entry.undos = 0
}

/** uids of the pods that had the seats. */
const vacatedIn = (holds: readonly Hold[]): string[] => holds.filter(({ isVacated }) => isVacated).map(({ uid }) => uid)

function* firstSteps(cluster: ClusterState): Generator<undefined, void> {
  cluster.nodes.read()
  yield
  yield* cluster.prepareTopology()
}

const NO_PODS: ReadonlySet<string> = new Set()
const nothing = (): void => {}
const textOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error))

/**
 * Notes in, one bounded turn, binds out. A note (an event, an answer, a timer) only says that something may have
 * changed; the turn looks at what is.
 */
export class Loop {
  readonly #options: LoopOptions
  readonly #due: Due
  readonly #kept: { readonly questions: Questions; readonly refused: Refused }
  #turn: Timer | null = null
  /** For how long the next notes are gathered. */
  #gatherMs = 0
  #round = 0
  #roundTimer: Timer | null = null
  readonly #timers = new Map<string, Timer>()
  /** What the first plan on a large cluster would make in one go otherwise, some 50 ms: each step has a turn of its own. */
  readonly #first: Iterator<undefined, void>
  #isPrepared = false
  /** What is left of the gangs that are looked at before the next plan. */
  #sweep: Iterator<string, unknown> | null = null
  /** Gangs of which something was told during a sweep of several turns, perhaps after they were looked at. */
  #toldMeanwhile: Set<string> = new Set()
  /** Gangs that could not be looked at, a defect of ours: they do not stand in the way of others, and are not forgotten. */
  readonly #unseen = new Set<string>()
  /** Gangs with seats taken, not looked at since. */
  readonly #placed: string[] = []
  readonly #undoing = new Set<Promise<void>>()
  #isRunning = false
  #decisions = 0

  constructor(options: LoopOptions) {
    this.#options = options
    const { cluster, gather } = options
    this.#due = new Due({ cluster, waitMs: ({ situation }, nowMs) => gather.waitMs(situation, nowMs) })
    this.#kept = { questions: new Questions(cluster), refused: new Refused(cluster) }
    this.#first = firstSteps(cluster)
  }

  get decisions(): number {
    return this.#decisions
  }

  start(): void {
    this.#isRunning = true
    this.#nextRound()
    this.notify()
  }

  /** Resolves when no undo is under way any more. */
  async stop(): Promise<void> {
    this.#isRunning = false
    for (const timer of [this.#turn, this.#roundTimer, ...this.#timers.values()]) timer?.cancel()
    this.#timers.clear()
    await Promise.all(this.#undoing)
  }

  /**
   * A turn comes soon; many notes make one turn. How many adapts to load: after a turn that took long, notes are
   * gathered for as long again, so that at most half of the time goes into looking at what is.
   */
  notify(): void {
    this.#turnIn(this.#gatherMs)
  }

  #turnIn(ms: number): void {
    if (!this.#isRunning || this.#turn !== null) return
    const { clock } = this.#options
    this.#turn = clock.after(ms, 'work', () => {
      this.#turn = null
      const beganMs = clock.monotonicMs()
      this.#run()
      const tookMs = clock.monotonicMs() - beganMs
      this.#gatherMs = Math.min(GATHER_MAX_MS, tookMs)
      this.#options.metrics.turned(tookMs)
    })
  }

  /** A turn comes then, after `first`; of several calls with one name the last holds. */
  notifyIn(name: string, ms: number, first: () => void = nothing): void {
    if (!this.#isRunning) return
    this.#timers.get(name)?.cancel()
    const wake = (): void => {
      this.#timers.delete(name)
      first()
      this.notify()
    }
    this.#timers.set(name, this.#options.clock.after(ms, 'work', wake))
  }

  #nextRound(): void {
    this.#roundTimer = this.#options.clock.after(ROUND_MS, 'background', () => {
      this.#round++
      this.#options.cluster.forgetUnasked()
      for (const key of this.#unseen) this.#options.cluster.gangs.touch(key)
      this.#unseen.clear()
      this.notify()
      this.#nextRound()
    })
  }

  #run(): void {
    const { clock, cluster, log } = this.#options
    try {
      if (!this.#isPrepared) return this.#prepare()
      const nowMs = clock.monotonicMs()
      if (!this.#lookAgain(nowMs)) return this.#turnIn(0)
      const result = planRound(this.#due, this.#kept, {
        ...this.#options,
        nowMs,
        round: this.#round,
        lookAgain: ({ situation: { key } }) => this.#toldMeanwhile.delete(key) && this.#lookSafely(key, nowMs),
        onPlacement: (placement) => this.#place(placement, nowMs),
        onRefusal: (entry) => this.#afterwards(entry, nowMs),
        onBroken: ({ situation: { key } }, error) =>
          log.error('a gang could not be planned', { key, error: textOf(error) }),
        isOver: () => clock.monotonicMs() - nowMs > TURN_MS,
      })
      this.#decisions += result.decisions
      if (result.waitMs !== null) this.notifyIn('gather', result.waitMs)
      if (!result.isCut) for (const key of this.#placed.splice(0)) cluster.gangs.touch(key)
      if (result.isCut || cluster.gangs.hasDirty) this.#turnIn(0)
    } catch (error) {
      log.error('a turn broke off', { error: textOf(error) })
    }
  }

  #prepare(): void {
    this.#turnIn(0) // whatever comes of it
    this.#isPrepared = true // also where a step throws: the plan makes it for itself then
    this.#isPrepared = this.#first.next().done === true
  }

  /**
   * Looks at all that was touched before the sweep began; false: there is more of it, for the next turn, and nothing is
   * planned before it was seen. What is touched meanwhile waits for the next sweep, so that news never keep off a plan;
   * those of it that are planned now are looked at again first.
   */
  #lookAgain(nowMs: number): boolean {
    const { clock, cluster } = this.#options
    const isBegun = this.#sweep !== null
    this.#sweep ??= cluster.gangs.takeDirty().values()
    for (let next = this.#sweep.next(); next.done !== true; next = this.#sweep.next()) {
      this.#lookSafely(next.value, nowMs)
      if (clock.monotonicMs() - nowMs > TURN_MS) return false
    }
    if (isBegun && clock.monotonicMs() - nowMs > TURN_MS / 2) return false // the plan has a turn of its own then
    this.#sweep = null
    this.#toldMeanwhile = new Set(isBegun ? cluster.gangs.dirty : [])
    return true
  }

  /** True, whatever came of it. */
  #lookSafely(key: string, nowMs: number): true {
    try {
      this.#look(key, nowMs)
    } catch (error) {
      this.#unseen.add(key)
      this.#options.log.error('a gang could not be looked at', { key, error: textOf(error) })
    }
    return true
  }

  #look(key: string, nowMs: number): void {
    const { book, status, surplus } = this.#options
    const known = book.get(key)
    const before = known?.situation ?? null
    const entry = book.refresh(key, nowMs, known)
    this.#lookAtHolds(key, before, entry, nowMs)
    if (entry === null) return known === undefined ? undefined : status.touch(key) // what was told of it is forgotten
    if (!entry.situation.gang.isPlain && entry.uid !== '' && isWhole(entry.situation)) noteWhole(entry)
    surplus.look(entry)
    this.#afterwards(entry, nowMs)
    this.#due.rest(entry)
    status.touch(key)
  }

  /** Seats that became free for those whom they are kept for are a reason to try at once. */
  #lookAtHolds(key: string, before: GangSituation | null, entry: Entry | null, nowMs: number): void {
    const { holds } = this.#options.cluster
    if (entry?.situation.gang.isPlain === true) return // a pod of no gang leaves nothing to anybody
    const isKnownWhole = entry !== null && wasWhole(entry)
    if (!isKnownWhole && !holds.hasAny(key)) {
      if (entry !== null) entry.held = NO_PODS
      return
    }
    const { cluster } = this.#options
    const isAnother = before !== null && before.gang.uid !== entry?.uid
    if (isAnother) lookAtHolds({ cluster, key, before, now: null, wasWhole: false, nowMs }) // what it kept went with it
    const vacatedBefore = new Set(vacatedIn(holds.of(key)))
    const now = entry?.situation ?? null
    const known = isAnother ? null : before
    const restMs = lookAtHolds({ cluster, key, before: known, now, wasWhole: isKnownWhole, nowMs })
    if (entry !== null) {
      const seats = heldSeats(cluster, entry.situation)
      entry.held = seats.size === 0 ? NO_PODS : new Set(seats.keys())
      if (vacatedIn(holds.of(key)).some((uid) => !vacatedBefore.has(uid))) entry.refusal = null
    }
    if (restMs !== null) this.notifyIn(`hold ${key}`, restMs, () => cluster.gangs.touch(key))
  }

  /**
   * A gang that cannot be completed: told by status, and its seats given back after a while. The time counts until the
   * minimum is bound, because a plan that the server keeps refusing completes nothing.
   */
  #afterwards(entry: Entry, nowMs: number): void {
    const { situation, waiting, refusal } = entry
    const { key } = situation
    if (refusal !== null && refusal !== entry.toldRefusal) this.#options.status.touch(key)
    entry.toldRefusal = refusal
    if (!isPartial(situation) || wasWhole(entry)) {
      entry.stuckSinceMs = null
      return
    }
    if (entry.isBeingUndone || (waiting ?? refusal) === null || undoable(situation).length === 0) return
    entry.stuckSinceMs ??= nowMs
    const leftMs = entry.stuckSinceMs + UNDO_AFTER_MS - nowMs
    const restMs = leftMs <= 0 && this.#undoing.size >= UNDOS_MAX ? UNDOS_REST_MS : leftMs
    if (restMs > 0) {
      this.notifyIn(`undo ${key}`, restMs, () => this.#options.cluster.gangs.touch(key))
      return
    }
    entry.stuckSinceMs = null
    this.#undo(entry)
  }

  #undo(entry: Entry): void {
    const { situation } = entry
    const { client, log, cluster } = this.#options
    const facts = { namespace: situation.gang.namespace, podGang: situation.gang.name }
    entry.isBeingUndone = true
    const undoing = undo(client, situation, () => !this.#isRunning)
      .then((deleted) => {
        if (deleted > 0) this.#restAfterUndo(entry)
        this.#options.metrics.undone(deleted)
        log.info('gave the seats of an incomplete gang back', { ...facts, deleted, times: entry.undos })
      })
      .catch((error: unknown) => log.warn('an undo broke off', { ...facts, error: String(error) }))
      .finally(() => {
        entry.isBeingUndone = false
        this.#undoing.delete(undoing)
        cluster.gangs.touch(situation.key)
        this.notify()
      })
    this.#undoing.add(undoing)
  }

  #restAfterUndo(entry: Entry): void {
    const { key } = entry.situation
    const restMs = undoRestMs(++entry.undos)
    entry.restsUntilMs = this.#options.clock.monotonicMs() + restMs
    if (restMs > 0) this.notifyIn(`rest ${key}`, surelyMs(restMs), () => this.#options.cluster.gangs.touch(key))
  }

  #place(placement: Placement, nowMs: number): void {
    const { entry, item, pods } = placement
    const { binder, book, cluster, surplus } = this.#options
    const gangUid = entry.situation.gang.isPlain ? null : entry.uid
    const kind = item.kind === 'surplus' ? 'surplus' : wasWhole(entry) ? 'repair' : 'first'
    const attempt = formatAttempt({ gangUid, seq: entry.seq++, kind, count: pods.length })
    this.#useHolds(placement)
    binder.bind(this.#orders(placement, gangUid, attempt))
    if (item.kind !== 'surplus') return this.#lookLater(entry.situation.key)
    cluster.gangs.touch(entry.situation.key)
    const refreshed = book.refresh(entry.situation.key, nowMs)
    if (refreshed !== null) surplus.look(refreshed)
  }

  #orders({ entry, pods, seats }: Placement, gangUid: Order['gangUid'], attempt: string): Order[] {
    const { cluster } = this.#options
    const { gang, priority } = entry.situation
    const { facts, nodeNames } = cluster.nodes.read()
    const topology = cluster.topologyOf(gang)
    return pods.map((pod, i) => {
      const row = seats[i]!.node
      const { labels } = facts[row]!
      const domains = cluster.domains.at(topology, row)
      return { pod, node: nodeNames[row]!, gangUid, priority, attempt, domains, labels }
    })
  }

  /**
   * What follows from its seats can wait until nobody waits for a place, or somebody tells something of the gang: in a
   * turn that is cut short, looking at what was placed would take the time that the rest of the queue needs.
   */
  #lookLater(key: string): void {
    this.#options.cluster.gangs.settle(key)
    this.#placed.push(key)
  }

  /** What was kept for these pods is theirs now, wherever they go. */
  #useHolds({ entry: { situation }, pods }: Placement): void {
    const { holds } = this.#options.cluster
    if (!holds.hasAny(situation.key)) return
    const kept = heldSeats(this.#options.cluster, situation)
    for (const pod of pods) {
      const hold = kept.get(pod.uid)
      if (hold !== undefined) holds.release(situation.key, hold)
    }
  }
}
