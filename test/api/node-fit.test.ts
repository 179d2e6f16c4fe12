import { describe, expect, test } from 'vitest'
import type { NodeSelectorTerm, PodSpec, Taint, Toleration } from '../../api/kinds/kubernetes.ts'
import { matchesNodeSelectorTerms, mayBeOn, pinnedNode } from '../../api/node-affinity.ts'
import { repellingTaint, tolerates } from '../../api/taint.ts'

const taint: Taint = { key: 'gpu', value: 'h100', effect: 'NoSchedule' }

describe('a taint is borne', () => {
  const cases: readonly (readonly [toleration: Toleration, isBorne: boolean])[] = [
    [{ key: 'gpu', value: 'h100' }, true],
    [{ key: 'gpu', value: 'h100', effect: 'NoSchedule' }, true],
    [{ key: 'gpu', operator: 'Equal', value: 'a100' }, false],
    [{ key: 'gpu', operator: 'Exists' }, true],
    [{ key: 'gpu', operator: 'Exists', effect: 'NoExecute' }, false],
    [{ key: 'cpu', operator: 'Exists' }, false],
    [{ operator: 'Exists' }, true],
    [{ operator: 'Exists', effect: 'NoSchedule' }, true],
    [{ operator: '', key: 'gpu', value: 'h100' }, true],
    [{ operator: 'Near', key: 'gpu', value: 'h100' }, false],
    [{}, false],
    [{ key: 'gpu' }, false],
    [{ value: 'h100' }, false],
  ]
  for (const [toleration, isBorne] of cases) {
    test(`${isBorne ? 'by' : 'not by'} ${JSON.stringify(toleration)}`, () => {
      expect(tolerates([toleration], taint)).toBe(isBorne)
    })
  }

  test('an absent value is the empty one', () => {
    expect(tolerates([{ key: 'gpu' }], { key: 'gpu', effect: 'NoSchedule' })).toBe(true)
  })

  test('a preference keeps nobody away, the first other taint does', () => {
    const soft: Taint = { key: 'a', effect: 'PreferNoSchedule' }
    const hard: Taint = { key: 'b', effect: 'NoExecute' }
    expect(repellingTaint([soft], [])).toBeNull()
    expect(repellingTaint([soft, hard, taint], [])).toBe(hard)
    expect(repellingTaint([soft, hard, taint], [{ key: 'b', operator: 'Exists' }])).toBe(taint)
  })
})

const labels = { zone: 'z1', gpus: '8', empty: '' }
const terms = (...all: NodeSelectorTerm[]): boolean => matchesNodeSelectorTerms(all, labels, 'n1')
const term = (key: string, operator: string, ...values: string[]): NodeSelectorTerm => ({
  matchExpressions: [{ key, operator, values }],
})

describe('a node is chosen', () => {
  const cases: readonly (readonly [name: string, term: NodeSelectorTerm, isChosen: boolean])[] = [
    ['by a value among several', term('zone', 'In', 'z0', 'z1'), true],
    ['not by other values', term('zone', 'In', 'z2'), false],
    ['not by In without the label', term('rack', 'In', 'r'), false],
    ['by NotIn without the label', term('rack', 'NotIn', 'r'), true],
    ['by a label that exists, even empty', term('empty', 'Exists'), true],
    ['by a label that does not', term('rack', 'DoesNotExist'), true],
    ['by more than', term('gpus', 'Gt', '7'), true],
    ['not by more than as many', term('gpus', 'Gt', '8'), false],
    ['by less than', term('gpus', 'Lt', '9'), true],
    ['not by less than when the label is no number', term('zone', 'Lt', '9'), false],
    ['not by a bound that is no number', term('gpus', 'Gt', 'few'), false],
    ['not by an operator that nobody knows', term('gpus', 'Near', '8'), false],
    ['by its name', { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }, true],
    ['not by another name', { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n2'] }] }, false],
    ['by not being another', { matchFields: [{ key: 'metadata.name', operator: 'NotIn', values: ['n2'] }] }, true],
    ['not by another field', { matchFields: [{ key: 'spec.x', operator: 'NotIn', values: ['n1'] }] }, false],
    ['not by a term that says nothing', {}, false],
  ]
  for (const [name, one, isChosen] of cases) test(name, () => expect(terms(one)).toBe(isChosen))

  test('all of a term holds, and one of the terms', () => {
    const both = {
      matchExpressions: [
        ...(term('zone', 'Exists').matchExpressions ?? []),
        ...(term('rack', 'Exists').matchExpressions ?? []),
      ],
    }
    expect(terms(both)).toBe(false)
    expect(terms(both, term('zone', 'Exists'))).toBe(true)
    expect(terms()).toBe(false)
  })

  test('by nodeSelector and affinity together', () => {
    const spec = (selector: Record<string, string>, one?: NodeSelectorTerm): PodSpec => ({
      containers: [],
      nodeSelector: selector,
      ...(one && {
        affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [one] } } },
      }),
    })
    const node = { name: 'n1', labels }
    expect(mayBeOn(spec({ zone: 'z1' }), node)).toBe(true)
    expect(mayBeOn(spec({ zone: 'z2' }), node)).toBe(false)
    expect(mayBeOn(spec({ constructor: 'z2' }), node)).toBe(false)
    expect(mayBeOn(spec({ zone: 'z1' }, term('gpus', 'Gt', '8')), node)).toBe(false)
    expect(mayBeOn(spec({ zone: 'z1' }, term('gpus', 'Gt', '7')), node)).toBe(true)
  })

  test("a DaemonSet's pod is pinned to its node, a pod with a choice is not", () => {
    const required = (...all: NodeSelectorTerm[]): PodSpec => ({
      containers: [],
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: all } } },
    })
    const pin = (name: string): NodeSelectorTerm => ({
      matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }],
    })
    expect(pinnedNode(required(pin('n1'), pin('n1')))).toBe('n1')
    expect(pinnedNode(required(pin('n1'), pin('n2')))).toBeNull()
    expect(pinnedNode(required(pin('n1'), term('zone', 'Exists')))).toBeNull()
    expect(pinnedNode({ containers: [] })).toBeNull()
  })
})
