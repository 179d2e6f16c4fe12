import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import type { Answer, Failure, KubeClient, ObjectKey } from '../client.ts'
import { type Clock, microTimestamp, sleep } from '../clock.ts'
import type { Random } from '../random.ts'
import { LEASES } from '../resources.ts'
import {
  type Action,
  acquireDelayMs,
  decide,
  leaderWriteTimeoutMs,
  type LeaseRecord,
  type Observed,
  observe,
  TIMING,
  type Timing,
} from './election.ts'

export interface LeaderElectionOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  /** Which Lease, for example espalier-system/espalier-scheduler. */
  readonly lease: ObjectKey
  /** Unlike any other candidate's: host name and something random. */
  readonly identity: string
  readonly timing?: Timing
  readonly onStarted: () => void
  /** When what it returns has settled nothing that only a leader may do is under way; the lease is released then. */
  readonly onStopped: () => void | Promise<void>
  readonly onTrouble?: (message: string) => void
  /** The namespace of the Lease is not there: makes it, if it can. */
  readonly makeNamespace?: () => Promise<void>
}

export interface LeaderElection {
  start(): void
  /**
   * By the clock, not by what was last heard: false as soon as the renew deadline is over, even in a frozen process; and
   * false where the wall clock ran ahead of the monotonic one, which stands still while a machine sleeps, until the next
   * renewal says that the lease is still ours.
   */
  readonly isLeader: boolean
  /** Who holds the lease as far as we know; null before the first read, '' when nobody does. */
  readonly holder: string | null
  /** `timeoutMs` for every write that only a leader may do. */
  readonly writeTimeoutMs: number
  /** A write that only a leader may do broke off, and may happen yet: until its time-out the lease is handed to nobody. */
  noteUnknown(): void
  /** Stops, hands over the lease if it is ours, and resolves when that is done. */
  stop(): Promise<void>
}

/** The clocks part by more than this only when the machine slept, or when somebody set the wall clock. */
const SLEPT_MS = 500

/** Campaigns for one Lease for as long as it runs: a lost lease is campaigned for again. */
export function leaderElection(options: LeaderElectionOptions): LeaderElection {
  return new Campaign(options)
}

interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string | null
    leaseDurationSeconds?: number
    acquireTime?: string
    renewTime?: string
    leaseTransitions?: number
  }
}

class Campaign implements LeaderElection {
  readonly #options: LeaderElectionOptions
  readonly #timing: Timing
  readonly #aborter = new AbortController()
  #observed: Observed | null = null
  /** Until when, by the monotonic clock, the lease is surely ours; null: we do not lead. */
  #leadsUntilMs: number | null = null
  /** Wall clock minus monotonic clock when the lease was last made sure of. */
  #skewMs = 0
  /** On the monotonic clock: nothing that we began happens later than that. */
  #settledMs = 0
  #run: Promise<void> | null = null

  constructor(options: LeaderElectionOptions) {
    this.#options = options
    this.#timing = options.timing ?? TIMING
  }

  get isLeader(): boolean {
    return this.#isHeld && this.#skew() - this.#skewMs < SLEPT_MS
  }

  get #isHeld(): boolean {
    return this.#leadsUntilMs !== null && this.#options.clock.monotonicMs() < this.#leadsUntilMs
  }

  #skew(): number {
    const { clock } = this.#options
    return clock.nowMs() - clock.monotonicMs()
  }

  get holder(): string | null {
    return this.#observed === null ? null : (this.#observed.record?.holder ?? '')
  }

  get writeTimeoutMs(): number {
    return leaderWriteTimeoutMs(this.#timing)
  }

  noteUnknown(): void {
    this.#settledMs = this.#options.clock.monotonicMs() + this.writeTimeoutMs
  }

  start(): void {
    this.#run ??= this.#campaign()
  }

  async stop(): Promise<void> {
    this.#aborter.abort()
    await this.#run
  }

  async #campaign(): Promise<void> {
    const { signal } = this.#aborter
    while (!signal.aborted) {
      const untilMs = await this.#attempt(false)
      if (typeof untilMs === 'number') await this.#lead(untilMs)
      else await this.#rest(this.#acquireDelayMs())
    }
  }

  #acquireDelayMs(): number {
    const { clock, random } = this.#options
    return acquireDelayMs(this.#timing, this.#observed, clock.monotonicMs(), random())
  }

  /** Leads until the lease is lost or the campaign is stopped. */
  async #lead(untilMs: number): Promise<void> {
    const { signal } = this.#aborter
    this.#leadsUntilMs = untilMs
    await this.#settled() // what broke off when we led before may happen yet: 5 s at most, the lease holds for 10
    if (!signal.aborted) {
      this.#options.onStarted()
      await this.#renewUntilOver()
      if (!signal.aborted) this.#options.onTrouble?.('the lease is lost')
      await this.#options.onStopped()
    }
    this.#leadsUntilMs = null
    if (signal.aborted) await this.#release()
  }

  /**
   * A renewal that is answered after the deadline counts for nothing. One that took longer than a retry period is
   * followed at once by the next: a single answer that never comes does not cost the lease.
   */
  async #renewUntilOver(): Promise<void> {
    const { clock } = this.#options
    const { retryPeriodMs } = this.#timing
    const alarm = this.#overAlarm()
    let isCurrent = true
    let restMs = retryPeriodMs
    while (this.#isHeld && !this.#aborter.signal.aborted) {
      await this.#rest(restMs)
      if (!this.#isHeld || this.#aborter.signal.aborted) break
      const beganMs = clock.monotonicMs()
      const trial = { isOver: false }
      const attempt = this.#attempt(isCurrent, trial)
      const untilMs: number | 'held' | 'failed' | 'over' = await Promise.race([attempt, alarm.over])
      trial.isOver = true
      if (untilMs === 'held') this.#leadsUntilMs = null
      if (typeof untilMs === 'number') this.#leadsUntilMs = untilMs
      isCurrent = typeof untilMs === 'number'
      restMs = Math.max(0, retryPeriodMs - (clock.monotonicMs() - beganMs))
    }
    alarm.cancel()
  }

  /** `over` resolves when the renew deadline is over, even while a renewal hangs. */
  #overAlarm(): { readonly over: Promise<'over'>; cancel(): void } {
    const aborter = new AbortController()
    const wait = async (): Promise<'over'> => {
      while (this.#isHeld && !aborter.signal.aborted) {
        const leftMs = (this.#leadsUntilMs ?? 0) - this.#options.clock.monotonicMs()
        await sleep(this.#options.clock, Math.max(1, leftMs), 'background', aborter.signal)
      }
      return 'over'
    }
    return { over: wait(), cancel: () => aborter.abort('renewed') }
  }

  #rest(delayMs: number): Promise<void> {
    return sleep(this.#options.clock, delayMs, 'background', this.#aborter.signal)
  }

  /**
   * Takes or renews the lease if it may: until when it is ours. `held`: by somebody else. `isCurrent`: our own last
   * write is what the lease says, so it need not be read first, and one slow answer less can cost the lease. A trial that
   * is over while it reads writes nothing: the lease would be held by somebody who does not lead.
   */
  async #attempt(isCurrent: boolean, trial = { isOver: false }): Promise<number | 'held' | 'failed'> {
    const { clock, identity } = this.#options
    if (!isCurrent && !(await this.#read())) return 'failed'
    if (this.#observed === null || trial.isOver) return 'failed'
    const beganMs = clock.monotonicMs()
    const action = decide(this.#observed, identity, beganMs)
    if (action.kind === 'wait') return 'held'
    const skewMs = this.#skew()
    const written = await this.#writeInNamespace(action)
    if (written.kind === 'failure') return this.#failed('written', written)
    this.#observed = observe(this.#observed, recordOf(written.value), clock.monotonicMs())
    this.#skewMs = skewMs
    return beganMs + this.#timing.renewDeadlineMs // from before it was sent: the others count from later
  }

  async #read(): Promise<boolean> {
    const { client, clock, lease } = this.#options
    const read = await client.get<Lease>(LEASES, lease)
    if (read.kind === 'failure' && read.status !== 404) {
      this.#failed('read', read)
      return false
    }
    const record = read.kind === 'ok' ? recordOf(read.value) : null
    this.#observed = observe(this.#observed, record, clock.monotonicMs())
    return true
  }

  #failed(verb: string, { reason, message }: Failure): 'failed' {
    this.#options.onTrouble?.(`the lease could not be ${verb}: ${reason}: ${message}`)
    return 'failed'
  }

  /** Asks for a namespace only where there is none: in an installation nobody who runs here may make one. */
  async #writeInNamespace(action: Exclude<Action, { kind: 'wait' }>): Promise<Answer<Lease>> {
    const { makeNamespace } = this.#options
    const written = await this.#write(action)
    const isMissing = action.kind === 'create' && written.kind === 'failure' && written.status === 404
    if (!isMissing || makeNamespace === undefined) return written
    await makeNamespace()
    return this.#write(action)
  }

  /** Conditional on the version that was read, so of two candidates one fails. */
  #write(action: Exclude<Action, { kind: 'wait' }>): Promise<Answer<Lease>> {
    const { client, clock, lease, identity } = this.#options
    const options = { timeoutMs: this.writeTimeoutMs }
    const renewTime = microTimestamp(clock.nowMs())
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#timing.leaseDurationMs / 1_000),
      acquireTime: action.kind === 'renew' ? (action.record.acquireTime ?? renewTime) : renewTime,
      renewTime,
      leaseTransitions: action.kind === 'create' ? 0 : action.record.transitions + (action.kind === 'take' ? 1 : 0),
    }
    if (action.kind !== 'create') {
      const metadata = { resourceVersion: action.record.resourceVersion }
      return client.mergePatch<Lease>(LEASES, lease, { metadata, spec }, options)
    }
    const { namespace, name } = lease
    const object = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace, name }, spec }
    return client.create<Lease>(LEASES, object, options)
  }

  async #settled(): Promise<void> {
    const { clock } = this.#options
    const unsettledMs = this.#settledMs - clock.monotonicMs()
    if (unsettledMs > 0) await sleep(clock, unsettledMs, 'work')
  }

  /**
   * So that the next one need not wait, but for writes of ours that may happen yet. Failing costs nothing but the time
   * until the lease has run out.
   */
  async #release(): Promise<void> {
    await this.#settled()
    const record = this.#observed?.record
    this.#leadsUntilMs = null
    if (record?.holder !== this.#options.identity) return
    const now = microTimestamp(this.#options.clock.nowMs())
    const spec = { holderIdentity: null, leaseDurationSeconds: 1, acquireTime: now, renewTime: now }
    const patch = { metadata: { resourceVersion: record.resourceVersion }, spec }
    const { client, lease } = this.#options
    const answer = await client.mergePatch(LEASES, lease, patch, { timeoutMs: this.writeTimeoutMs })
    if (answer.kind === 'failure') this.#failed('released', answer)
  }
}

function recordOf({ spec, metadata }: Lease): LeaseRecord {
  return {
    holder: spec?.holderIdentity ?? '',
    durationMs: (spec?.leaseDurationSeconds ?? 0) * 1_000,
    acquireTime: spec?.acquireTime ?? null,
    renewTime: spec?.renewTime ?? null,
    transitions: spec?.leaseTransitions ?? 0,
    resourceVersion: metadata.resourceVersion,
  }
}
