import { array, assert, constantFrom, property } from 'fast-check'
import { expect, test } from 'vitest'
import { Patterns } from '../../../scheduler/planner/patterns.ts'

const sets = array(
  array(constantFrom(0, 1), { minLength: 5, maxLength: 5 }).map((bits) => Uint8Array.from(bits)),
  { minLength: 1, maxLength: 12 },
)

test('a set of nodes lies within another when each of its nodes is in it', () => {
  assert(
    property(sets, (given) => {
      const patterns = new Patterns(given)
      for (const [i, inner] of given.entries()) {
        for (const [o, outer] of given.entries()) {
          expect(patterns.isWithin(i, o)).toBe(inner.every((is, n) => is <= (outer[n] ?? 0)))
        }
      }
    }),
    { numRuns: 300, seed: Number(process.env['SEED'] ?? 1) },
  )
})
