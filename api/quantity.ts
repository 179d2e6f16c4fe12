/**
 * Kubernetes' amounts, exactly. Inside, an amount is a whole number of 1e-9, as in Kubernetes: what is finer is
 * rounded away from zero, what is beyond 2^63 - 1 is cut to it.
 */

type Family = 'binary' | 'decimal' | 'exponent'

export interface Quantity {
  readonly nanos: bigint
  /** The family of suffixes that it was written in, and is printed in. */
  readonly family: Family
}

const NANOS_PER_UNIT = 1_000_000_000n
const NANOS_PER_MILLI = 1_000_000n
const MAX_NANOS = (2n ** 63n - 1n) * NANOS_PER_UNIT
/** Longer texts are no amounts: it bounds the arithmetic. */
const TEXT_MAX = 128

const GRAMMAR = /^([+-]?)(\d+\.?\d*|\.\d+)(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?\d{1,9}))?$/
const BINARY: Readonly<Record<string, bigint>> = { Ki: 1n, Mi: 2n, Gi: 3n, Ti: 4n, Pi: 5n, Ei: 6n }
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }

/** Divides and rounds away from zero. */
function divideUp(dividend: bigint, divisor: bigint): bigint {
  const whole = dividend / divisor
  const rest = dividend % divisor
  return rest === 0n ? whole : dividend < 0n ? whole - 1n : whole + 1n
}

const cut = (nanos: bigint): bigint => (nanos > MAX_NANOS ? MAX_NANOS : nanos < -MAX_NANOS ? -MAX_NANOS : nanos)

/** digits × 10^exponent as nanos. `exponent` beyond what the cut or the rounding decides is not computed. */
function scaled(digits: bigint, exponent: number): bigint {
  if (digits === 0n) return 0n
  const tens = exponent + 9
  if (tens > 64) return digits < 0n ? -MAX_NANOS : MAX_NANOS
  if (tens < -2 * TEXT_MAX) return digits < 0n ? -1n : 1n
  return tens >= 0 ? digits * 10n ** BigInt(tens) : divideUp(digits, 10n ** BigInt(-tens))
}

/** A cluster writes few amounts, many times each. Bounded, because anybody can write new ones. */
const READ_MAX = 4_096
const read = new Map<string, Quantity | null>()

/** The amount that a text stands for; null where it stands for none. A bare number is what YAML makes of `cpu: 2`. */
export function parseQuantity(text: string | number): Quantity | null {
  const written = String(text)
  const known = read.get(written)
  if (known !== undefined) return known
  const found = readQuantity(written)
  if (written.length > TEXT_MAX) return found
  if (read.size >= READ_MAX) read.clear()
  read.set(written, found)
  return found
}

function readQuantity(written: string): Quantity | null {
  const parts = written.length > TEXT_MAX ? null : GRAMMAR.exec(written)
  if (parts === null) return null
  const [, sign = '', number = '', binary, decimal, exponent] = parts
  const [whole = '', fraction = ''] = number.split('.')
  const digits = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n)
  if (binary !== undefined) {
    const nanos = cut(scaled(digits * 1024n ** (BINARY[binary] ?? 0n), -fraction.length))
    // Below one byte the binary suffixes have no spelling.
    const isTiny = nanos !== 0n && nanos < NANOS_PER_UNIT && nanos > -NANOS_PER_UNIT
    return { nanos, family: isTiny ? 'decimal' : 'binary' }
  }
  const power = exponent === undefined ? (DECIMAL[decimal ?? ''] ?? 0) : Number(exponent)
  return {
    nanos: cut(scaled(digits, power - fraction.length)),
    family: exponent === undefined ? 'decimal' : 'exponent',
  }
}

const zeroOr = (text: string | number, divisor: bigint): number => {
  const quantity = parseQuantity(text)
  return quantity === null ? 0 : Number(divideUp(quantity.nanos, divisor))
}

/** Thousandths, rounded up; 0 for what is no amount (an API server admits none). Beyond 2^53 the nearest double. */
export const toMilli = (text: string | number): number => zeroOr(text, NANOS_PER_MILLI)

/** Whole units (bytes, devices), rounded up; 0 for what is no amount. Beyond 2^53 the nearest double. */
export const toUnits = (text: string | number): number => zeroOr(text, NANOS_PER_UNIT)

/** Whole units of an amount already read, rounded up, exact. */
export const unitsOf = (quantity: Quantity): bigint => divideUp(quantity.nanos, NANOS_PER_UNIT)

/** Thousandths of an amount already read, rounded up, exact. */
export const milliOf = (quantity: Quantity): bigint => divideUp(quantity.nanos, NANOS_PER_MILLI)

/** The sum, in the family of the first that is not zero. */
export const addQuantities = (a: Quantity, b: Quantity): Quantity => ({
  nanos: cut(a.nanos + b.nanos),
  family: a.nanos === 0n ? b.family : a.family,
})

/** Negative, zero or positive, as sorting wants it. */
export const compareQuantities = (a: Quantity, b: Quantity): number =>
  a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0

export const ZERO: Quantity = { nanos: 0n, family: 'decimal' }

const DECIMAL_SUFFIX: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(DECIMAL).map(([suffix, exponent]) => [String(exponent), suffix]),
)
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']

function formatBinary(nanos: bigint): string {
  let units = nanos / NANOS_PER_UNIT
  let suffix = 0
  while (units !== 0n && units % 1024n === 0n && suffix < 6) {
    units /= 1024n
    suffix++
  }
  return `${units}${BINARY_SUFFIXES[suffix]}`
}

/** The one spelling of an amount that Kubernetes prints: no fraction, the largest suffix that allows it. */
export function formatQuantity({ nanos, family }: Quantity): string {
  if (nanos === 0n) return '0'
  const isBelow1024 = nanos < 1024n * NANOS_PER_UNIT && nanos > -1024n * NANOS_PER_UNIT
  const isWhole = nanos % NANOS_PER_UNIT === 0n
  if (family === 'binary' && isWhole && !isBelow1024) return formatBinary(nanos)
  let mantissa = nanos
  let exponent = -9
  while (mantissa % 1000n === 0n && exponent < 18) {
    mantissa /= 1000n
    exponent += 3
  }
  if (exponent === 0) return String(mantissa)
  return `${mantissa}${family === 'exponent' ? `e${exponent}` : DECIMAL_SUFFIX[String(exponent)]}`
}
