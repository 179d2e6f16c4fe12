import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  toMilli,
  toUnits,
} from '../../api/quantity.ts'
import { RUN } from './seed.ts'

const read = (text: string): Quantity => {
  const quantity = parseQuantity(text)
  if (quantity === null) throw new Error(`${text} is no amount`)
  return quantity
}

describe('an amount', () => {
  const cases: readonly (readonly [text: string, printed: string, units: number, milli: number])[] = [
    ['0', '0', 0, 0],
    ['1', '1', 1, 1000],
    ['100m', '100m', 1, 100],
    ['1500m', '1500m', 2, 1500],
    ['2000m', '2', 2, 2000],
    ['0.5', '500m', 1, 500],
    ['.5', '500m', 1, 500],
    ['5.', '5', 5, 5000],
    ['1.5Gi', '1536Mi', 1_610_612_736, 1_610_612_736_000],
    ['0.5Gi', '512Mi', 536_870_912, 536_870_912_000],
    ['1Ki', '1Ki', 1024, 1_024_000],
    ['1000Ki', '1000Ki', 1_024_000, 1_024_000_000],
    ['0.5Ki', '512', 512, 512_000],
    ['1.1Ki', '1126400m', 1127, 1_126_400],
    ['1e3', '1e3', 1000, 1_000_000],
    ['1E3', '1e3', 1000, 1_000_000],
    ['12e2', '1200', 1200, 1_200_000],
    ['1E', '1E', 1e18, 1e21],
    ['1Ei', '1Ei', 2 ** 60, 2 ** 60 * 1000],
    ['100u', '100u', 1, 1],
    ['1n', '1n', 1, 1],
    ['0.1n', '1n', 1, 1],
    ['-1.5', '-1500m', -2, -1500],
    ['1000', '1k', 1000, 1_000_000],
    ['12345', '12345', 12_345, 12_345_000],
    ['1e999999999', '9223372036854775807', 2 ** 63, 2 ** 63 * 1000],
    ['1e-999999999', '1e-9', 1, 1],
  ]
  for (const [text, printed, units, milli] of cases) {
    test(`${text} prints as ${printed} and rounds up to ${units}`, () => {
      expect([formatQuantity(read(text)), toUnits(text), toMilli(text)]).toEqual([printed, units, milli])
    })
  }

  for (const text of ['', ' 1', '1 ', '1GB', '1gi', 'Gi', '.', '-', '1e', '1e1.5', '1,5', '0x10', '1Kii', '١', 'NaN']) {
    test(`${JSON.stringify(text)} is none`, () => {
      expect(parseQuantity(text)).toBeNull()
      expect([toUnits(text), toMilli(text)]).toEqual([0, 0])
    })
  }

  test('beyond 2^53 nothing is lost inside', () => {
    expect(read('9007199254740993').nanos).toBe(9_007_199_254_740_993_000_000_000n)
    expect(formatQuantity(read('9007199254740993'))).toBe('9007199254740993')
  })
})

const suffix = fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e3', 'E-2', 'e0')
const written = fc
  .tuple(
    fc.constantFrom('', '-', '+'),
    fc.integer({ min: 0, max: 999_999 }),
    fc.stringMatching(/^(\.\d{0,6})?$/),
    suffix,
  )
  .map((parts) => parts.join(''))

describe('any amount', () => {
  test('printing and reading again changes nothing that fits a billionth, nor the print', () => {
    fc.assert(
      fc.property(written, (text) => {
        const quantity = read(text)
        const printed = formatQuantity(quantity)
        expect(formatQuantity(read(printed))).toBe(printed)
        const isWhole = quantity.nanos % 1_000_000_000n === 0n
        if (quantity.family !== 'binary' || isWhole) expect(read(printed).nanos).toBe(quantity.nanos)
      }),
      RUN,
    )
  })

  test('rounding up never loses, and adds less than one', () => {
    fc.assert(
      fc.property(written, (text) => {
        const { nanos } = read(text)
        const units = BigInt(toUnits(text)) * 1_000_000_000n
        const excess = nanos < 0n ? nanos - units : units - nanos
        expect(excess >= 0n && excess < 1_000_000_000n).toBe(true)
      }),
      RUN,
    )
  })

  test('sums and order agree with each other', () => {
    fc.assert(
      fc.property(written, written, (a, b) => {
        const [x, y] = [read(a), read(b)]
        expect(addQuantities(x, y).nanos).toBe(addQuantities(y, x).nanos)
        expect(Math.sign(compareQuantities(addQuantities(x, y), y))).toBe(Math.sign(compareQuantities(x, read('0'))))
      }),
      RUN,
    )
  })

  test('no text makes it throw', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        const quantity = parseQuantity(text)
        if (quantity !== null) formatQuantity(quantity)
      }),
      RUN,
    )
  })
})
