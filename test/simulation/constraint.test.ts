import { expect, test } from 'vitest'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import type { HttpRequest } from '../../kube/transport.ts'
import { constraint } from './checkers/constraint.ts'
import type { Court } from './observer.ts'
import { Life } from './life.ts'
import { gangObject, nodeObject, podObject } from './objects.ts'
import { gangOf, groupOf } from './scenarios/scenario.ts'
import { type Ticket, ticketOf } from './ticket.ts'

const GANG = gangOf('g', [groupOf('a', 3)], { isInOneRack: true })

const stored = <T>(object: object, uid: string): T => {
  const metadata = { ...(object as Pod).metadata, uid, resourceVersion: '1' }
  return { ...object, metadata } as T
}

const bindingOf = (uid: string, node: string): HttpRequest => ({
  method: 'POST',
  path: `/api/v1/namespaces/default/pods/${uid}/binding`,
  deadlineMs: 1_000,
  body: JSON.stringify({
    metadata: { uid, annotations: { 'espalier.io/attempt': 'G/1/first/3' } },
    target: { name: node },
  }),
})

/** p0's binding to r1 broke off at 0 ms and came to nothing, and p1 is in r2. */
function afterBreak(): { readonly judge: (atMs: number, node: string) => string | null; readonly life: Life } {
  let nowMs = 0
  const life = new Life('scheduler-a/1', () => nowMs)
  for (const rack of ['r1', 'r2']) {
    const node = nodeObject({ name: rack, rack, gpus: 8, cpus: 64 })
    life.mirror.hear('nodes', stored(node, rack), false)
  }
  life.mirror.hear('podgangs', stored(gangObject(GANG), 'G'), false)
  for (const at of [0, 1, 2]) {
    const form = at === 1 ? { nodeName: 'r2' } : {}
    life.mirror.hear('pods', stored(podObject(GANG, groupOf('a', 3), at, form), `p${at}`), false)
  }
  const broken = ticketOf(0, life, bindingOf('p0', 'r1'), 0)
  Object.assign(broken, { state: 'dead', status: 0, answeredMs: 0 } satisfies Partial<Ticket>)
  life.note(broken)
  const judge = (atMs: number, node: string): string | null => {
    nowMs = atMs
    return constraint.sent?.(ticketOf(1, life, bindingOf('p2', node), atMs), {} as Court) ?? null
  }
  return { judge, life }
}

test('where a binding broke off its pod may be, until it was read', () => {
  const { judge, life } = afterBreak()
  expect(judge(10_000, 'r2')).toBeNull()
  expect(judge(10_000, 'r1')).toBeNull()
  life.mirror.hearRead('pods', life.mirror.pods.get('p0') as Pod)
  expect(judge(11_000, 'r1')).toContain('r1 is in r1, its pods are in r2')
  expect(judge(11_000, 'r2')).toBeNull()
})

test('who does not read it for two minutes may not plead that it may be there', () => {
  const { judge } = afterBreak()
  expect(judge(119_000, 'r1')).toBeNull()
  expect(judge(121_000, 'r1')).toContain('its pods are in r2')
})
