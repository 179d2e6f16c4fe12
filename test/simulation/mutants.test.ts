import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MUTANTS } from './mutants/list.ts'

test('every planted defect has a name of its own, and its place in the product', () => {
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length)
  const lost = MUTANTS.filter(({ file, find }) => {
    const text = readFileSync(join(import.meta.dirname, '..', '..', file), 'utf8')
    return text.split(find).length !== 2
  })
  expect(lost.map(({ name, file }) => `${name}: ${file} does not hold its text once`)).toEqual([])
})
