import { expect, test } from 'vitest'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { PodTable } from './pod-table.ts'

const pod = (gang: string | null, nodeName?: string): Pod =>
  ({ metadata: { labels: gang === null ? {} : { 'grove.io/podgang': gang } }, spec: { nodeName } }) as unknown as Pod

test('a pod is found by its node and by its gang, as it was set last', () => {
  const table = new PodTable()
  const [waits, bound, alone] = [pod('g'), pod('g', 'n'), pod(null, 'n')]
  table.set('u', waits).set('v', alone)
  expect([...table.ofGang('g')]).toEqual([waits])
  expect([...table.onNode('n')]).toEqual([alone])
  table.set('u', bound)
  expect([...table.ofGang('g')]).toEqual([bound])
  expect([...table.onNode('n')]).toEqual([alone, bound])
  table.set('u', pod('h', 'm'))
  expect([...table.ofGang('g')]).toEqual([])
  expect([...table.onNode('n')]).toEqual([alone])
})

test('what is taken out is found nowhere', () => {
  const table = new PodTable()
  table.set('u', pod('g', 'n'))
  expect([table.delete('u'), table.delete('u')]).toEqual([true, false])
  expect([table.size, ...table.onNode('n'), ...table.ofGang('g')]).toEqual([0])
  table.set('v', pod('g', 'n'))
  table.clear()
  expect([table.size, ...table.onNode('n'), ...table.ofGang('g')]).toEqual([0])
})
