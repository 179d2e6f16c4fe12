import { expect, test } from 'vitest'
import type { HttpRequest } from '../../kube/transport.ts'
import { lease } from './checkers/lease.ts'
import { History } from './history.ts'
import { Life } from './life.ts'
import { Observer, type Violation } from './observer.ts'

const leaseFor = (holder: string | null): HttpRequest => ({
  method: 'PATCH',
  path: '/apis/coordination.k8s.io/v1/namespaces/espalier-system/leases/espalier-scheduler',
  deadlineMs: 5_000,
  body: JSON.stringify({ spec: { holderIdentity: holder } }),
})

/** A renewal at 0 ms is not answered for 5 s; what is wrong with what is sent 2 s later. */
function sentLate(request: HttpRequest, meanwhile: (life: Life) => void, leads = true): readonly Violation[] {
  let nowMs = 0
  const observer = new Observer(new History(() => nowMs), [lease], () => nowMs)
  const life = new Life('scheduler-a/1', () => nowMs)
  life.isLeading = () => leads
  observer.answered(observer.sent(life, leaseFor('a')), 200)
  const lost = observer.sent(life, leaseFor('a'))
  nowMs = 5_000
  observer.answered(lost, 0)
  meanwhile(life)
  nowMs = 7_000
  observer.sent(life, request)
  return observer.violations
}

test.each([
  ['while nothing comes', () => {}],
  ['while it is handed something', ({ mirror }: Life) => mirror.hand(() => {})],
])('a renewal that is late after one that was not answered is told, also %s', (_, meanwhile) => {
  expect(sentLate(leaseFor('a'), meanwhile)).toMatchObject([{ promise: 'lease' }])
})

test('a lease may be handed over late', () => {
  expect(sentLate(leaseFor(null), () => {})).toEqual([])
})

test('who campaigns may take his time, though the lease names him', () => {
  expect(sentLate(leaseFor('a'), () => {}, false)).toEqual([])
})
