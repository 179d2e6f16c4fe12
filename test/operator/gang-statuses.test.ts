import { expect, test } from 'vitest'
import type { PodGang } from '../../api/generated/kinds.ts'
import { gangStatuses } from '../../operator/gang-statuses.ts'

const condition = { type: 'Scheduled', status: 'False', reason: 'X', message: '', lastTransitionTime: '' } as const
const gang = (name: string, phase?: 'Pending' | 'Running'): PodGang =>
  ({ metadata: { name }, ...(phase === undefined ? {} : { status: { phase, conditions: [condition] } }) }) as PodGang
const many = (count: number, phase: 'Pending' | 'Running'): PodGang[] =>
  Array.from({ length: count }, (_, at) => gang(`${phase}-${String(at).padStart(3, '0')}`, phase))

test('every gang is listed by name with its phase, and with its conditions where it does not run', () => {
  expect(gangStatuses([gang('b', 'Running'), gang('a', 'Pending'), gang('c')])).toEqual([
    { name: 'a', phase: 'Pending', conditions: [condition] },
    { name: 'b', phase: 'Running' },
    { name: 'c', phase: 'Pending' },
  ])
})

test('of many gangs those are listed that do not run, and no more than a hundred', () => {
  expect(gangStatuses([...many(101, 'Running'), ...many(2, 'Pending')]).map(({ name }) => name)).toEqual([
    'Pending-000',
    'Pending-001',
  ])
  expect(gangStatuses(many(300, 'Pending'))).toHaveLength(100)
})
