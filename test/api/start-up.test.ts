import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PodCliqueSetSpec } from '../../api/generated/kinds.ts'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { validateStartOrder } from '../../api/kinds/start-order.ts'
import { awaited, isStartUpMet, parseWaiterArgs, waiterArgs } from '../../api/start-up.ts'
import { sentenceOf } from '../../api/field-error.ts'
import { RUN } from './seed.ts'

const pod = (name: string, clique: string, ready = 'True', more: Partial<Pod['metadata']> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    uid: name,
    resourceVersion: '1',
    creationTimestamp: '',
    labels: { 'grove.io/podclique': clique },
    ...more,
  },
  spec: { containers: [] },
  status: { conditions: [{ type: 'Ready', status: ready === 'True' ? 'True' : 'False' }] },
})

const leader = { podClique: 'p-0-a', minAvailable: 2 }

describe('pods start', () => {
  test('once the minimum of every clique before them is Ready', () => {
    expect(isStartUpMet([leader], [pod('x', 'p-0-a'), pod('y', 'p-0-a')])).toBe(true)
  })
  test('not while one more must become Ready', () => {
    expect(isStartUpMet([leader], [pod('x', 'p-0-a'), pod('y', 'p-0-a', 'False')])).toBe(false)
    expect(awaited([leader], [pod('x', 'p-0-a')])).toEqual([{ ...leader, ready: 1 }])
  })
  test('not on the Ready pods of a clique whose name begins the same', () => {
    expect(isStartUpMet([leader], [pod('p-0-a-x-1', 'p-0-a-x'), pod('p-0-a-x-2', 'p-0-a-x')])).toBe(false)
  })
  test('not on pods that are being deleted', () => {
    const leaving = pod('y', 'p-0-a', 'True', { deletionTimestamp: '2026-01-01T00:00:00Z' })
    expect(isStartUpMet([leader], [pod('x', 'p-0-a'), leaving])).toBe(false)
  })
  test('only when all cliques are ready at the same time', () => {
    const worker = { podClique: 'p-0-b', minAvailable: 1 }
    expect(isStartUpMet([leader, worker], [pod('x', 'p-0-a'), pod('y', 'p-0-a')])).toBe(false)
  })
  test('at once when they wait for nobody', () => {
    expect(isStartUpMet([], [])).toBe(true)
  })
})

describe("the waiter's arguments", () => {
  test('are read one a dependency', () => {
    expect(parseWaiterArgs(['--podcliques=p-0-a:2', '--podcliques', 'p-0-b:1'])).toEqual({
      dependencies: [leader, { podClique: 'p-0-b', minAvailable: 1 }],
      errors: [],
    })
  })
  test('are told when they are not understood, with what would be', () => {
    const { dependencies, errors } = parseWaiterArgs(['--podcliques=p-0-a', '--what', '--podcliques'])
    expect(dependencies).toEqual([])
    expect(errors).toHaveLength(3)
    for (const error of errors) expect(error).toContain('want --podcliques=<PodClique>:<minAvailable>')
  })
  test('read back as they were written', () => {
    const name = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/)
    const dependency = fc.record({ podClique: name, minAvailable: fc.nat(1000) })
    fc.assert(
      fc.property(fc.array(dependency, { maxLength: 5 }), (dependencies) => {
        expect(parseWaiterArgs(waiterArgs(dependencies))).toEqual({ dependencies, errors: [] })
      }),
      RUN,
    )
  })
})

const set = (after: Record<string, string[]>, type = 'CliqueStartupTypeExplicit'): PodCliqueSetSpec => ({
  template: {
    cliqueStartupType: type as 'CliqueStartupTypeExplicit',
    cliques: Object.entries(after).map(([name, startsAfter]) => ({
      name,
      spec: { roleName: name, startsAfter, podSpec: { containers: [] } },
    })),
  },
})

describe('a start order', () => {
  test('without a cycle is right', () => {
    expect(validateStartOrder(set({ a: [], b: ['a'], c: ['a', 'b'] }))).toEqual([])
  })
  test('is not looked at unless it is explicit', () => {
    expect(validateStartOrder(set({ a: ['a'] }, 'CliqueStartupTypeAnyOrder'))).toEqual([])
  })
  test('with a cycle is told with the cycle, from its first name', () => {
    const errors = validateStartOrder(set({ x: ['c'], c: ['a'], b: ['c'], a: ['b'] }))
    expect(errors.map(sentenceOf)).toEqual([
      'spec.template.cliques[3].spec.startsAfter: found ["b"], want an order without a cycle; now a after b after c after a',
    ])
  })
  test('with two cycles is told with both', () => {
    expect(validateStartOrder(set({ a: ['b'], b: ['a'], c: ['d'], d: ['c'] })).map(({ want }) => want)).toEqual([
      'an order without a cycle; now a after b after a',
      'an order without a cycle; now c after d after c',
    ])
  })
  test('after oneself is a cycle of one', () => {
    expect(validateStartOrder(set({ a: ['a'] })).map(({ want }) => want)).toEqual([
      'an order without a cycle; now a after a',
    ])
  })
  test('after a clique that is not there is told', () => {
    expect(validateStartOrder(set({ a: ['z'] })).map(({ found }) => found)).toEqual([['z']])
  })

  test('is told exactly when no order of all cliques exists', () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const graph = fc.array(fc.subarray(names), { minLength: 5, maxLength: 5 })
    fc.assert(
      fc.property(graph, (lists) => {
        const after = Object.fromEntries(names.map((name, i) => [name, lists[i] ?? []]))
        const started = new Set<string>()
        for (let round = 0; round < names.length; round++) {
          for (const name of names) if ((after[name] ?? []).every((one) => started.has(one))) started.add(name)
        }
        expect(validateStartOrder(set(after)).length === 0).toBe(started.size === names.length)
      }),
      RUN,
    )
  })
})
