/** What a Lease says, read with our own eyes: nothing in it is compared with our clocks. */
export interface LeaseRecord {
  /** '' when it was released. */
  readonly holder: string
  readonly durationMs: number
  readonly acquireTime: string | null
  readonly renewTime: string | null
  readonly transitions: number
  readonly resourceVersion: string
}

/** A record and when, by the monotonic clock, we first saw it in this form. Null record: there is no Lease. */
export interface Observed {
  readonly record: LeaseRecord | null
  readonly sinceMs: number
}

export interface Timing {
  readonly leaseDurationMs: number
  /** A leader that could not renew for so long has lost. */
  readonly renewDeadlineMs: number
  readonly retryPeriodMs: number
}

/** client-go's own. */
export const TIMING: Timing = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 }

export type Action = Readonly<{ kind: 'create' } | { kind: 'renew' | 'take'; record: LeaseRecord } | { kind: 'wait' }>

/** A record that changed starts its time anew, whatever its own timestamps say: the holder's clock may be wrong. */
export function observe(before: Observed | null, record: LeaseRecord | null, nowMs: number): Observed {
  const isSame = before !== null && before.record?.resourceVersion === record?.resourceVersion
  return isSame && before.record !== null ? { record, sinceMs: before.sinceMs } : { record, sinceMs: nowMs }
}

export function decide({ record, sinceMs }: Observed, identity: string, nowMs: number): Action {
  if (record === null) return { kind: 'create' }
  if (record.holder === identity) return { kind: 'renew', record }
  const isHeld = record.holder !== '' && nowMs < sinceMs + record.durationMs
  return isHeld ? { kind: 'wait' } : { kind: 'take', record }
}

/** A write that a leader begins must have ended, at the server, before another can take the lease. */
export const leaderWriteTimeoutMs = ({ leaseDurationMs, renewDeadlineMs }: Timing): number =>
  leaseDurationMs - renewDeadlineMs

/** Candidates that see a lease end at the same moment part by up to so much. */
const PARTING_MS = 200

/**
 * How long a candidate rests before it looks again: 2 to 2.4 s at client-go's timing, and no longer than until the lease
 * that it sees held is over. (client-go rests up to 4.4 s, twice on the way: so late it sees the last renewal, and so
 * late the end.)
 */
export function acquireDelayMs(
  { retryPeriodMs }: Timing,
  observed: Observed | null,
  nowMs: number,
  random: number,
): number {
  const delayMs = retryPeriodMs * (1 + 0.2 * random)
  const record = observed?.record ?? null
  if (observed === null || record === null || record.holder === '') return delayMs
  const leftMs = observed.sinceMs + record.durationMs - nowMs
  return leftMs <= 0 ? delayMs : Math.min(delayMs, leftMs + PARTING_MS * random)
}
