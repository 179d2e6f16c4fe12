import { array, assert, constantFrom, property, record, string, uniqueArray } from 'fast-check'
import { expect, test } from 'vitest'
import { globMatches } from '../../topology/declaration.ts'
import { patternValues } from '../../topology/patterns.ts'

const letter = constantFrom('a', 'b', '*', '?')
const patterns = array(
  record({
    pattern: string({ unit: letter, minLength: 1, maxLength: 4 }),
    values: record({ rack: string({ maxLength: 1 }) }),
  }),
  { maxLength: 12 },
)
const names = uniqueArray(string({ unit: constantFrom('a', 'b'), minLength: 1, maxLength: 4 }), {
  minLength: 1,
  maxLength: 8,
})

test('a node gets what the last pattern that matches its name writes, as if each were tried', () => {
  const seen = { matched: 0, none: 0 }
  assert(
    property(patterns, names, (nodes, all) => {
      for (const name of all) {
        const last = nodes.findLast(({ pattern }) => globMatches(pattern, name))
        seen[last === undefined ? 'none' : 'matched']++
        expect(patternValues({ name: 't', levels: [], nodes }, name)?.['rack']).toBe(last?.values.rack)
      }
    }),
    { numRuns: 2_000, seed: Number(process.env['SEED'] ?? 1) },
  )
  expect(Math.min(seen.matched, seen.none)).toBeGreaterThan(1_000)
})
