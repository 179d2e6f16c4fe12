import { expect, test } from 'vitest'
import type { Failure } from '../../kube/client.ts'
import { attemptOf, formatAttempt, parseAttempt } from '../../scheduler/binder/attempt.ts'
import { outcomeOf } from '../../scheduler/binder/outcome.ts'
import { isPartial, undoable } from '../../scheduler/binder/undo.ts'
import { isRivalBind } from '../../scheduler/binder/two-schedulers.ts'
import { situationOf } from '../../scheduler/gang/situation.ts'
import { ClusterState } from '../../scheduler/state/cluster.ts'
import { type GangFacts, gangFacts } from '../../scheduler/state/gang-facts.ts'
import type { PodGang } from '../../api/generated/kinds.ts'
import { podFacts, type PodFacts } from '../../scheduler/state/pod-facts.ts'
import { gang, pod, type PodForm } from './objects.ts'
import { asObject } from './facts.ts'

test('an attempt reads back as it was written', () => {
  const attempt = { gangUid: 'u-1', seq: 7, kind: 'repair', count: 3 } as const
  expect(parseAttempt(formatAttempt(attempt))).toEqual(attempt)
  expect(formatAttempt({ gangUid: null, seq: 1, kind: 'first', count: 1 })).toBe('-/1/first/1')
  for (const text of ['', 'u/1/first', 'u/x/first/1', 'u/1/second/1', 'a/b/1/first/1'])
    expect(parseAttempt(text)).toBeNull()
})

const failure = (form: Partial<Failure>): Failure => ({
  kind: 'failure',
  status: 0,
  reason: '',
  message: '',
  retryable: false,
  retryAfterMs: null,
  outcome: 'refused',
  details: null,
  ...form,
})

test('a lost answer to a binding is neither success nor failure', () => {
  expect(outcomeOf(failure({ outcome: 'unknown', retryable: true }), 500)).toMatchObject({
    kind: 'unknown',
    readAfterMs: 500,
  })
  expect(outcomeOf(failure({ status: 500, outcome: 'unknown' }), 9).kind).toBe('unknown')
})

test('each refusal of a binding means one thing', () => {
  expect(outcomeOf({ kind: 'ok', value: null }, 0).kind).toBe('bound')
  expect(outcomeOf(failure({ status: 404 }), 0).kind).toBe('changed')
  expect(outcomeOf(failure({ status: 409 }), 0).kind).toBe('changed')
  expect(outcomeOf(failure({ status: 403 }), 0).kind).toBe('forbidden')
  expect(outcomeOf(failure({ status: 429, retryable: true, retryAfterMs: 3_000 }), 0)).toMatchObject({
    kind: 'later',
    afterMs: 3_000,
  })
})

const CONTROLLER = { kind: 'PodClique', name: 'a', uid: 'c' }

function halfBound(first: PodForm & { isReady?: boolean }): ReturnType<typeof situationOf> {
  const cluster = new ClusterState(['espalier'])
  const facts: GangFacts = gangFacts(
    asObject(gang('g', [{ name: 'a', minimum: 2, pods: ['g-0', 'g-1'] }]), 'gang-uid') as PodGang,
  )
  cluster.setGang(facts)
  const raw = asObject(pod('g-0', { gang: 'g', group: 'a', nodeName: 'n1', controller: CONTROLLER, ...first }), 'pod-0')
  const conditions = first.isReady === true ? [{ type: 'Ready', status: 'True' }] : []
  cluster.setPod(podFacts({ ...raw, status: { conditions } } as never))
  cluster.setPod(podFacts(asObject(pod('g-1', { gang: 'g', group: 'a' }), 'pod-1') as never))
  return situationOf(cluster, 'default/g', () => false)
}
const OURS = { annotations: { 'espalier.io/attempt': 'gang-uid/1/first/2' } }

test('only seats of a first attempt of this gang are given back', () => {
  const undone = (form: PodForm & { isReady?: boolean }): number => {
    const situation = halfBound(form)
    if (situation === null) throw new Error('no gang')
    expect(isPartial(situation)).toBe(true)
    return undoable(situation).length
  }
  expect(undone(OURS)).toBe(1)
  expect(undone({}), 'somebody else bound it').toBe(0)
  expect(undone({ annotations: { 'espalier.io/attempt': 'other-uid/1/first/2' } }), 'another gang of that name').toBe(0)
  expect(undone({ annotations: { 'espalier.io/attempt': 'gang-uid/2/repair/1' } }), 'a repair').toBe(0)
  expect(undone({ ...OURS, isReady: true }), 'it is Ready').toBe(0)
})

test('a pod that was pending under our name and got a node without our annotation was taken by a rival', () => {
  const facts = (form: PodForm): PodFacts => podFacts(asObject(pod('p', form), 'u') as never)
  const annotations = { 'espalier.io/attempt': '-/1/first/1' }
  const isRival = (before: PodForm, after: PodForm, assumed: string | null = null): boolean =>
    isRivalBind(facts(before), facts(after), true, assumed)
  expect(isRival({}, { nodeName: 'n' })).toBe(true)
  expect(isRival({}, { nodeName: 'n', annotations })).toBe(false)
  expect(isRival({ nodeName: 'n' }, { nodeName: 'n' })).toBe(false)
  expect(isRival({ annotations }, { nodeName: 'n', annotations }), 'the annotation was there before').toBe(true)
  expect(isRival({ annotations }, { nodeName: 'n', annotations }, 'n'), 'it is where we bind it').toBe(false)
})

test('an attempt that a tenant wrote, or that came along with a copy, counts for nothing', () => {
  const claimed = {
    manager: 'kubectl',
    fieldsV1: { 'f:metadata': { 'f:annotations': { 'f:espalier.io/attempt': {} } } },
  }
  const other = {
    manager: 'kubelet',
    fieldsV1: { 'f:metadata': { 'f:annotations': { 'f:note': {} } }, 'f:status': {} },
  }
  const ofPod = (managedFields: readonly object[]): unknown => {
    const raw = asObject(pod('p', { nodeName: 'n', ...OURS }), 'u')
    return attemptOf(podFacts({ ...raw, metadata: { ...raw.metadata, managedFields } } as never))
  }
  expect(ofPod([other])).toMatchObject({ gangUid: 'gang-uid', kind: 'first' })
  expect(ofPod([other, claimed])).toBeNull()
})
