import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatDuration, parseDuration } from '../../api/duration.ts'
import { RUN } from './seed.ts'

describe('a duration', () => {
  const cases: readonly (readonly [text: string, ms: number, printed: string])[] = [
    ['4h', 14_400_000, '4h0m0s'],
    ['90s', 90_000, '1m30s'],
    ['1h30m', 5_400_000, '1h30m0s'],
    ['1.5h', 5_400_000, '1h30m0s'],
    ['.5s', 500, '500ms'],
    ['1.s', 1000, '1s'],
    ['300ms', 300, '300ms'],
    ['1500ms', 1500, '1.5s'],
    ['100us', 0.1, '100µs'],
    ['100µs', 0.1, '100µs'],
    ['1ns', 0.000_001, '1ns'],
    ['0', 0, '0s'],
    ['-90s', -90_000, '-1m30s'],
    ['+1m', 60_000, '1m0s'],
  ]
  for (const [text, ms, printed] of cases) {
    test(`${text} is ${ms} ms and prints as ${printed}`, () => {
      expect([parseDuration(text), formatDuration(ms)]).toEqual([ms, printed])
    })
  }

  for (const text of ['', '4', 'h', '4 h', '1h 30m', '4d', '.h', '1e3s', '--1s', '2562048h', '9'.repeat(200)]) {
    test(`${JSON.stringify(text)} is none`, () => {
      expect(parseDuration(text)).toBeNull()
    })
  }

  test('what is printed reads back as the same', () => {
    const ms = fc.integer({ min: -1_000_000_000_000, max: 1_000_000_000_000 }).map((micros) => micros / 1000)
    fc.assert(
      fc.property(ms, (one) => {
        expect(parseDuration(formatDuration(one))).toBe(one === 0 ? 0 : one)
      }),
      RUN,
    )
  })

  test('parts add up', () => {
    const part = fc.tuple(fc.nat(1000), fc.constantFrom('h', 'm', 's', 'ms'))
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const sum = parts.reduce((total, [count, unit]) => total + (parseDuration(`${count}${unit}`) ?? Number.NaN), 0)
        expect(parseDuration(parts.flat().join(''))).toBe(sum)
      }),
      RUN,
    )
  })
})
