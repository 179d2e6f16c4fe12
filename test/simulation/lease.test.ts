import { expect, test } from 'vitest'
import type { HttpRequest } from '../../kube/transport.ts'
import { lease } from './checkers/lease.ts'
import { History } from './history.ts'
import { Life } from './life.ts'
import { Observer } from './observer.ts'

const RENEWAL: HttpRequest = {
  method: 'PATCH',
  path: '/apis/coordination.k8s.io/v1/namespaces/espalier-system/leases/espalier-scheduler',
  deadlineMs: 5_000,
  body: '{"spec":{"holderIdentity":"a"}}',
}

test.each([
  ['while nothing comes', () => {}],
  ['while it is handed something', ({ mirror }: Life) => mirror.hand(() => {})],
])('a renewal that is late after one that was not answered is told, also %s', (_, meanwhile) => {
  let nowMs = 0
  const observer = new Observer(new History(() => nowMs), [lease], () => nowMs)
  const life = new Life('scheduler-a/1', () => nowMs)
  observer.answered(observer.sent(life, RENEWAL), 200)
  const lost = observer.sent(life, RENEWAL)
  nowMs = 5_000
  observer.answered(lost, 0)
  meanwhile(life)
  nowMs = 7_000
  observer.sent(life, RENEWAL)
  expect(observer.violations).toMatchObject([{ promise: 'lease' }])
})
