import fc from 'fast-check'
import { expect, test } from 'vitest'
import { changedCounters, type Counters, freshCounters } from '../../../scheduler/planner/counters.ts'
import type { PlanView } from '../../../scheduler/planner/request.ts'
import { buildTopologyIndex } from '../../../topology/index.ts'

const NAMES = Array.from({ length: 8 }, (_, n) => `n${n}`)
const { topologies } = buildTopologyIndex({
  declarations: [{ name: 't', levels: [{ name: 'rack', key: 'rack', within: 'parent' }], nodes: [] }],
  nodes: NAMES.map((name, n) => ({ name, labels: { rack: `r${n % 3}` } })),
})
const [rack] = topologies[0]?.levels ?? []

const cells = fc.array(fc.integer({ min: -1, max: 9 }), { minLength: 16, maxLength: 16 })
const passing = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 8, maxLength: 8 })

function viewOf(free: readonly number[], feasible: readonly (readonly number[])[]): PlanView {
  const classes = feasible.map((each, c) => ({
    requests: Float64Array.of(1 + c, 2),
    feasible: Uint8Array.from(each),
    excluded: new Map<string, number>(),
  }))
  const amounts = Float64Array.from(free)
  return { nodeNames: NAMES, resources: ['gpu', 'pods'], free: amounts, allocatable: amounts, classes, topology: null }
}

/** Everything that counters tell of two classes. */
function told(counters: Counters): unknown {
  const level = rack ?? expect.fail('no level')
  const counts = [0, 1].map((c) => counters.counts(c))
  return [
    counts.map(({ perNode, total }) => [[...perNode], total]),
    counts.map((each) => [...each.perDomain(level)]),
    [...counters.free([0, 1]).perDomain(level)],
  ]
}

test('copies of counters, told which nodes are different, are what fresh ones are', () => {
  fc.assert(
    fc.property(cells, cells, passing, passing, fc.boolean(), fc.subarray([0, 1, 2, 3, 4, 5, 6, 7]), (...drawn) => {
      const [free, other, first, second, isAsked, rows] = drawn
      const before = freshCounters(viewOf(free, [first, second]))
      if (isAsked) told(before)
      const after = viewOf(
        free.map((amount, at) => (rows.includes(at >> 1) ? Math.max(amount, other[at] ?? 0) : amount)),
        [first, second].map((each) => each.map((is, n) => (rows.includes(n) ? 1 : is))),
      )
      expect(told(changedCounters(before, after, rows))).toEqual(told(freshCounters(after)))
    }),
  )
})
