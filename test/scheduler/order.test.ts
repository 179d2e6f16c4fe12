import { assert, array, constantFrom, integer, property, record, boolean } from 'fast-check'
import { expect, test } from 'vitest'
import { Heap } from '../../scheduler/queue/heap.ts'
import { byTurn, type Item } from '../../scheduler/queue/order.ts'

const item = (name: string, form: Partial<Item> = {}): Item => ({
  kind: 'minimum',
  priority: 0,
  surplusBound: 0,
  isScaled: false,
  createdAt: '2026-01-01T00:00:00Z',
  namespace: 'default',
  name,
  ...form,
})
const order = (...items: readonly Item[]): string[] => [...items].sort(byTurn).map(({ name }) => name)

test('priority goes before everything else', () => {
  expect(order(item('low', { kind: 'repair' }), item('high', { kind: 'surplus', priority: 1 }))).toEqual([
    'high',
    'low',
  ])
})

test('repairs go before minimums, and minimums before anybody’s surplus', () => {
  const items = [item('c', { kind: 'surplus' }), item('b'), item('a', { kind: 'repair' })]
  expect(order(...items)).toEqual(['a', 'b', 'c'])
})

test('base gangs go before scaled ones, then the older, then namespace and name', () => {
  const items = [
    item('scaled', { isScaled: true, createdAt: '2025-01-01T00:00:00Z' }),
    item('young', { createdAt: '2026-02-01T00:00:00Z' }),
    item('b'),
    item('a'),
    item('z', { namespace: 'alpha' }),
  ]
  expect(order(...items)).toEqual(['z', 'a', 'b', 'young', 'scaled'])
})

test('the gang with the fewest surplus pods gets the next one', () => {
  const items = [item('a', { kind: 'surplus', surplusBound: 2 }), item('b', { kind: 'surplus', surplusBound: 1 })]
  expect(order(...items)).toEqual(['b', 'a'])
})

const run = { numRuns: 300, seed: Number(process.env['SEED'] ?? 1) }
const items = array(
  record({
    kind: constantFrom('repair', 'completion', 'minimum', 'surplus'),
    priority: integer({ min: 0, max: 2 }),
    surplusBound: integer({ min: 0, max: 2 }),
    isScaled: boolean(),
    createdAt: constantFrom('a', 'b'),
    namespace: constantFrom('x', 'y'),
    name: constantFrom('p', 'q', 'r'),
  }),
  { maxLength: 30 },
)

test('the queue gives out in the order of turns, however it was filled', () => {
  assert(
    property(items, (all) => {
      const heap = new Heap<Item>(byTurn)
      for (const each of all) heap.push(each as Item)
      const out = all.map(() => heap.pop() as Item)
      for (let at = 1; at < out.length; at++)
        expect(byTurn(out[at - 1] as Item, out[at] as Item)).toBeLessThanOrEqual(0)
      expect(heap.pop()).toBeUndefined()
    }),
    run,
  )
})
