/** Lengths of time in Go's grammar, which Kubernetes uses: `90s`, `1h30m`, `1.5h`, `300ms`. */

const NANOS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}
const MAX_NANOS = 2n ** 63n - 1n
const TEXT_MAX = 128
const WHOLE = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/
const PART = /(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h)/g

/** In milliseconds, to the nanosecond below 104 days; null for what is no duration or is longer than 292 years. */
export function parseDuration(text: string): number | null {
  if (text === '0' || text === '+0' || text === '-0') return 0
  const match = text.length > TEXT_MAX ? null : WHOLE.exec(text)
  if (match === null) return null
  let nanos = 0n
  for (const [, whole = '', fraction = '', unit = ''] of (match[2] ?? '').matchAll(PART)) {
    const digits = BigInt(`${whole}${fraction}` || '0')
    nanos += (digits * (NANOS[unit] ?? 0n)) / 10n ** BigInt(fraction.length)
  }
  if (nanos > MAX_NANOS) return null
  const ms = Number(nanos) / 1e6
  return match[1] === '-' ? -ms : ms
}

const withoutZeros = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text)

const decimal = (nanos: bigint, unitNanos: bigint, digits: number): string =>
  withoutZeros(`${nanos / unitNanos}.${String(nanos % unitNanos).padStart(digits, '0')}`)

function formatNanos(nanos: bigint): string {
  if (nanos === 0n) return '0s'
  if (nanos < 1_000n) return `${nanos}ns`
  if (nanos < 1_000_000n) return `${decimal(nanos, 1_000n, 3)}µs`
  if (nanos < 1_000_000_000n) return `${decimal(nanos, 1_000_000n, 6)}ms`
  const hours = nanos / 3_600_000_000_000n
  const minutes = (nanos / 60_000_000_000n) % 60n
  const seconds = `${decimal(nanos % 60_000_000_000n, 1_000_000_000n, 9)}s`
  if (hours > 0n) return `${hours}h${minutes}m${seconds}`
  return minutes > 0n ? `${minutes}m${seconds}` : seconds
}

/** As Go prints it: `4h0m0s`, `1.5s`, `300ms`, `0s`. */
export function formatDuration(ms: number): string {
  const whole = Math.trunc(Math.abs(ms))
  const nanos = BigInt(whole) * 1_000_000n + BigInt(Math.round((Math.abs(ms) - whole) * 1e6))
  return `${ms < 0 && nanos > 0n ? '-' : ''}${formatNanos(nanos)}`
}
