import { expect, test } from 'vitest'
import { isKubeletRefusal, Refusals } from '../../scheduler/state/refusals.ts'

const N1 = { name: 'n1', uid: 'uid-1' }

test('a class that a kubelet refused avoids the node for 10 s, and twice as long each time', () => {
  const refusals = new Refusals()
  expect(refusals.add('class', N1, 0)).toBe(10_000)
  expect(refusals.avoided('class', 9_999)).toEqual(['n1'])
  expect(refusals.avoided('other', 0)).toEqual([])
  expect(refusals.avoided('class', 10_000)).toEqual([])
  expect(refusals.add('class', N1, 11_000)).toBe(20_000)
  let waitMs = 0
  for (let nowMs = 12_000, times = 0; times < 12; times++, nowMs += waitMs) waitMs = refusals.add('class', N1, nowMs)
  expect(waitMs).toBe(600_000)
})

test('a node that was quiet, or is another one of that name, starts over', () => {
  const refusals = new Refusals()
  refusals.add('class', N1, 0)
  expect(refusals.avoided('class', 20_000)).toEqual([])
  expect(refusals.add('class', N1, 20_000)).toBe(10_000)
  refusals.forgetNode('n1', 'uid-1')
  expect(refusals.avoided('class', 20_000), 'the very node').toEqual(['n1'])
  refusals.forgetNode('n1', 'uid-2')
  expect(refusals.avoided('class', 20_000)).toEqual([])
})

test('every way in which a kubelet says no is known', () => {
  for (const reason of ['OutOfcpu', 'OutOfnvidia.com/gpu', 'UnexpectedAdmissionError', 'TopologyAffinityError']) {
    expect(isKubeletRefusal(reason)).toBe(true)
  }
  expect(isKubeletRefusal('Evicted')).toBe(false)
})
