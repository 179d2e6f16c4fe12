import { expect, test } from 'vitest'
import { describe, type FieldError, pathText, sentenceOf } from '../../api/field-error.ts'

const error: FieldError = {
  path: ['levels', 2, 'within'],
  found: 'zone',
  want: '"parent" or "cluster"',
  at: { line: 12, column: 9 },
}

test('an error says the file, the place, the field, what is there and what would be right', () => {
  expect(describe('topology.yaml', error)).toBe(
    'topology.yaml:12:9: levels[2].within: found "zone", want "parent" or "cluster"',
  )
})

test('an error of an object says no place', () => {
  expect(describe('PodGang a', { ...error, at: null })).toBe(
    'PodGang a: levels[2].within: found "zone", want "parent" or "cluster"',
  )
})

test('an error of the whole says no field, and nothing is called nothing', () => {
  expect(sentenceOf({ ...error, path: [], found: undefined })).toBe('found nothing, want "parent" or "cluster"')
})

test('names that are no words stand in quotes', () => {
  expect(pathText(['nodes', 'gb200-*', 'a.b', 'c-d', 0])).toBe('nodes["gb200-*"]["a.b"].c-d[0]')
})

test('what was found is cut where it is long', () => {
  expect(sentenceOf({ ...error, found: 'x'.repeat(5_000) }).length).toBeLessThan(250)
})
