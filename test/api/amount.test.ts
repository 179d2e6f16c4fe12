import { expect, test } from 'vitest'
import { amountText } from '../../api/amount.ts'

test('amounts are written as people write them', () => {
  expect(amountText('cpu', 1_500)).toBe('1500m')
  expect(amountText('cpu', 64_000)).toBe('64')
  expect(amountText('memory', 12 * 2 ** 30)).toBe('12Gi')
  expect(amountText('memory', 1_000_000_000)).toBe('954Mi')
  expect(amountText('ephemeral-storage', 512)).toBe('512')
  expect(amountText('nvidia.com/gpu', 16)).toBe('16')
})
