import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { REASONS, RETIRED_REASONS, reason, reasonOf, reasonsPage } from '../../api/reasons.ts'

test('the page of reasons is the table', () => {
  const page = readFileSync(new URL('../../docs/reasons.md', import.meta.url), 'utf8')
  expect(page).toBe(reasonsPage())
})

test('a retired code is never used again', () => {
  for (const code of RETIRED_REASONS) expect(Object.keys(REASONS)).not.toContain(code)
})

test('a reason carries its facts in its sentence', () => {
  expect(reason('PodGangMissing', { podGang: 'a/g' }).message).toBe('the PodGang a/g does not exist')
  expect(reasonOf('SearchBudgetExhausted', { steps: 7 }).message).toContain('7 steps')
})

test('a code that is not in the table is told, not thrown', () => {
  expect(reasonOf('Nonsense', { a: 1 }).message).toContain('Nonsense')
})
