/** Flags of the Leases: where they live, and at what pace they are renewed. */
import { parseDuration } from '../api/duration.ts'
import { SYSTEM_NAMESPACE } from '../api/names.ts'
import { TIMING, type Timing } from '../kube/leader/election.ts'
import { type Flag, type Flags, text } from './command.ts'

export const LEASE_FLAGS: readonly Flag[] = [
  { usage: '--no-leader-elect', summary: 'start at once, without a Lease: for a single process only' },
  { usage: '--lease-namespace <name>', summary: 'where the Leases live', default: SYSTEM_NAMESPACE },
  { usage: '--lease-duration <time>', summary: 'others lead when a lease was not renewed for so long', default: '15s' },
  { usage: '--renew-deadline <time>', summary: 'a leader that could not renew for so long stops', default: '10s' },
  { usage: '--retry-period <time>', summary: 'between two renewals', default: '2s' },
]

/** client-go's factor by which tries to take a lease are spread. */
const JITTER = 1.2
/** Lease times are whole seconds in the API, and a leader's writes need time to end in. */
const WRITE_MIN_MS = 1_000

/** A sentence that says which flag is wrong and what would be right. */
export function leaseTiming(flags: Flags): Timing | string {
  const times: Record<string, number> = {}
  for (const [name, flag, fallback] of NAMES) {
    const given = text(flags, name)
    const ms = given === null ? fallback : parseDuration(given)
    if (ms === null || ms < 100) return `--${flag}: found "${given}", want a time of 100ms or more, such as 15s`
    times[name] = ms
  }
  const { leaseDuration = 0, renewDeadline = 0, retryPeriod = 0 } = times
  if (leaseDuration % 1_000 !== 0) return '--lease-duration: want whole seconds, as the Lease holds them'
  if (leaseDuration - renewDeadline < WRITE_MIN_MS) return '--lease-duration must exceed --renew-deadline by 1s or more'
  if (renewDeadline <= retryPeriod * JITTER) return '--renew-deadline must exceed 1.2 times --retry-period'
  return { leaseDurationMs: leaseDuration, renewDeadlineMs: renewDeadline, retryPeriodMs: retryPeriod }
}

const NAMES: readonly (readonly [name: string, flag: string, fallbackMs: number])[] = [
  ['leaseDuration', 'lease-duration', TIMING.leaseDurationMs],
  ['renewDeadline', 'renew-deadline', TIMING.renewDeadlineMs],
  ['retryPeriod', 'retry-period', TIMING.retryPeriodMs],
]
