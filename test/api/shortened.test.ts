import { expect, test } from 'vitest'
import { describe } from '../../api/field-error.ts'
import { shortened } from '../../api/shortened.ts'
import { podCondition } from '../../scheduler/status/pod.ts'

test('a text is cut to its length, and never inside a character', () => {
  expect(shortened('abc', 3)).toBe('abc')
  expect(shortened('abcd', 3)).toBe('abc')
  expect(shortened('ab😀', 4)).toBe('ab😀')
  expect(shortened('ab😀c', 3)).toBe('ab')
})

test('what is written where others read it is whole characters, whatever a tenant wrote', () => {
  for (const before of ['', 'a']) {
    const long = before + '😀'.repeat(2_000)
    const { message = '' } = podCondition({ code: 'TopologyUnknown', message: long })
    expect(message.isWellFormed(), 'a server stores another text in the place of halves').toBe(true)
    expect(message.length).within(999, 1_000)
    expect(describe('f', { path: [], found: long, want: 'less', at: null }).isWellFormed()).toBe(true)
  }
})
