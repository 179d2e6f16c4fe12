import { expect, test } from 'vitest'
import type { HttpRequest } from '../../kube/transport.ts'
import { manners } from './checkers/manners.ts'
import { History } from './history.ts'
import { Life } from './life.ts'
import { Observer, type Violation } from './observer.ts'

const LEASE: HttpRequest = {
  method: 'PATCH',
  path: '/apis/coordination.k8s.io/v1/namespaces/espalier-system/leases/espalier-scheduler',
  deadlineMs: 5_000,
  body: JSON.stringify({ spec: { holderIdentity: 'a' } }),
}
const BINDING: HttpRequest = {
  method: 'POST',
  path: '/api/v1/namespaces/default/pods/p/binding',
  deadlineMs: 5_000,
  body: JSON.stringify({ metadata: { uid: 'p' }, target: { name: 'n' } }),
}

/** The same process sends at these times, and each is answered at once: a renewal with 200, a binding with 429. */
function sentAt(sent: readonly (readonly [ms: number, HttpRequest])[]): readonly Violation[] {
  let nowMs = 0
  const observer = new Observer(new History(() => nowMs), [manners], () => nowMs)
  const life = new Life('scheduler-a/1', () => nowMs)
  for (const [ms, request] of sent) {
    nowMs = ms
    observer.answered(observer.sent(life, request), request === LEASE ? 200 : 429)
  }
  return observer.violations
}

test('what was turned away may be sent again after two seconds', () => {
  const before = [
    [0, LEASE],
    [5_000, BINDING],
  ] as const
  expect(sentAt([...before, [7_000, BINDING]])).toEqual([])
  expect(sentAt([...before, [6_000, BINDING]])).toMatchObject([{ promise: 'manners', atMs: 6_000 }])
})

test('a renewal begins no term, and what was turned away is known after it', () => {
  const sent = [
    [0, LEASE],
    [5_000, BINDING],
    [5_500, LEASE],
    [6_000, BINDING],
  ] as const
  expect(sentAt(sent)).toMatchObject([{ promise: 'manners', atMs: 6_000 }])
})

test('a new term knows nothing of what was turned away in the last one, and all that is in its own', () => {
  const terms = [
    [0, LEASE],
    [9_500, BINDING],
    [10_500, LEASE],
    [10_600, BINDING],
  ] as const
  expect(sentAt(terms)).toEqual([])
  expect(sentAt([...terms, [10_700, BINDING]])).toMatchObject([{ promise: 'manners', atMs: 10_700 }])
})
