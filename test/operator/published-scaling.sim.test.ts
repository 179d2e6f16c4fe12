import { afterEach, expect, test } from 'vitest'
import { POD_CLIQUE_SETS, type ResourceType, SCALING_GROUPS } from '../../kube/resources.ts'
import type { Harness } from './harness.ts'
import { cordon, running, runs, startSuite } from './suite-nodes.ts'
import { workloadYaml } from './workloads.ts'

/** The published suite's gangs that are scaled while they run or wait: one pod a node, nodes opened step by step. */

let at: Harness
afterEach(() => at.stop())

async function up(name: string, nodes: number, open: number): Promise<void> {
  at = await startSuite(nodes, open)
  await at.apply(POD_CLIQUE_SETS, workloadYaml(name))
  await at.settle()
}

async function scale(type: ResourceType, name: string, replicas: number): Promise<void> {
  await at.patch(type, name, { spec: { replicas } }, 'scale')
  await at.settle()
}

/** Opens nodes up to `open`, and says how many pods are Ready and how many have no node then. */
async function opened(from: number, open: number): Promise<[ready: number, pending: number]> {
  await cordon(at, from, open)
  return runs(at)
}

const base = (i: number): string[] => [
  `workload2-${i}-pc-a`,
  `workload2-${i}-sg-x-0-pc-b`,
  `workload2-${i}-sg-x-0-pc-c`,
]
const copy = (i: number, j: number): string[] => [`workload2-${i}-sg-x-${j}-pc-b`, `workload2-${i}-sg-x-${j}-pc-c`]

test('GS3: a set scaled to two waits for all ten nodes of its second replica', async () => {
  await up('workload1', 20, 10)
  expect(await runs(at)).toEqual([10, 0])
  await scale(POD_CLIQUE_SETS, 'workload1', 2)
  expect(await opened(10, 19)).toEqual([10, 10])
  expect(await opened(19, 20)).toEqual([20, 0])
})

test('GS4: group, set and group of the second replica scaled one after the other', async () => {
  await up('workload1', 28, 10)
  await scale(SCALING_GROUPS, 'workload1-0-sg-x', 3)
  expect(await runs(at)).toEqual([10, 4])
  expect(await opened(10, 14)).toEqual([14, 0])
  await scale(POD_CLIQUE_SETS, 'workload1', 2)
  expect(await runs(at)).toEqual([14, 10])
  expect(await opened(14, 24)).toEqual([24, 0])
  await scale(SCALING_GROUPS, 'workload1-1-sg-x', 3)
  expect(await runs(at)).toEqual([24, 4])
  expect(await opened(24, 28)).toEqual([28, 0])
})

test('GS6: a copy that is added runs with its minimum first, then with the rest', async () => {
  await up('workload2', 14, 10)
  await scale(SCALING_GROUPS, 'workload2-0-sg-x', 3)
  expect(await runs(at)).toEqual([10, 4])
  expect(await opened(10, 11)).toEqual([10, 4])
  expect(await opened(11, 12)).toEqual([12, 2])
  expect((await running(at)).filter((clique) => clique.startsWith('workload2-0-sg-x-2'))).toEqual(copy(0, 2))
  expect(await opened(12, 14)).toEqual([14, 0])
})

test('GS9, GS11: the second replica of a set runs with its base first, then with the rest; then a copy is added', async () => {
  await up('workload2', 24, 10)
  await scale(POD_CLIQUE_SETS, 'workload2', 2)
  expect(await runs(at)).toEqual([10, 10])
  expect(await opened(10, 13)).toEqual([13, 7])
  expect((await running(at)).filter((clique) => clique.startsWith('workload2-1'))).toEqual(base(1))
  expect(await opened(13, 20)).toEqual([20, 0])
  await scale(SCALING_GROUPS, 'workload2-1-sg-x', 3)
  expect(await opened(20, 22)).toEqual([22, 2])
  expect(await opened(22, 24)).toEqual([24, 0])
})

test('GS10, GS12: of what waits the bases of all replicas go first, then all other minimums, then the rest', async () => {
  await up('workload2', 28, 2)
  await scale(POD_CLIQUE_SETS, 'workload2', 2)
  await scale(SCALING_GROUPS, 'workload2-0-sg-x', 3)
  await scale(SCALING_GROUPS, 'workload2-1-sg-x', 3)
  expect(await runs(at)).toEqual([0, 28])
  expect(await opened(2, 6)).toEqual([6, 22])
  expect(await running(at)).toEqual([...base(0), ...base(1)])
  expect(await opened(6, 14)).toEqual([14, 14])
  const copies = [0, 1].flatMap((i) => [...base(i), ...copy(i, 1), ...copy(i, 2)])
  expect(await running(at)).toEqual(copies.sort())
  expect(await opened(14, 28)).toEqual([28, 0])
})
