import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PodGang } from '../../api/generated/kinds.ts'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { MANAGED_BY, PART_OF } from '../../api/names.ts'
import {
  NODES,
  POD_CLIQUE_SETS,
  POD_CLIQUES,
  POD_GANGS,
  PODS,
  type ResourceType,
  SCALING_GROUPS,
  SERVICES,
} from '../../kube/resources.ts'
import { gb200Nvl72 } from '../../sim/shapes.ts'
import { type Harness, isReady, startHarness } from './harness.ts'
import { workloadYaml } from './workloads.ts'

/** What people and other controllers do to objects of ours behind our back. */

let at: Harness
beforeEach(async () => {
  at = await startHarness({ nodes: gb200Nvl72({ racks: 1, racksPerBlock: 1 }) })
})
afterEach(() => at.stop())

const LOST: readonly (readonly [ResourceType, string, string])[] = [
  [SERVICES, 'workload2-0', MANAGED_BY],
  [POD_CLIQUES, 'workload2-0-pc-a', PART_OF],
  [SCALING_GROUPS, 'workload2-0-sg-x', PART_OF],
  [POD_GANGS, 'workload2-0', PART_OF],
]

for (const [type, name, label] of LOST) {
  test(`a ${type.kind} whose ${label} somebody takes away gets it back`, async () => {
    await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2'))
    await at.settle()
    const { labels } = (await at.get(type, name)).metadata
    await at.patch(type, name, { metadata: { labels: { [label]: null } } })
    await at.settle()
    expect((await at.get(type, name)).metadata.labels).toEqual(labels)
  })
}

test('a base gang that is made anew lets the scaled gangs behind it go on', async () => {
  at.mayBind = (pod) => !pod.metadata.name.includes('pc-b')
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2'))
  await at.settle()
  await at.stopOperator()
  at.mayBind = () => true
  for (const { metadata } of await at.list<Pod>(PODS)) {
    await at.patch(PODS, metadata.name, { metadata: { annotations: { poke: 'binder' } } })
  }
  await at.remove(POD_GANGS, 'workload2-0')
  await at.settle()
  await at.restartOperator()
  await at.settle()
  expect((await at.list<Pod>(PODS)).filter(isReady)).toHaveLength(10)
})

test('a gang keeps the domain that it must lie in while the nodes that have one are away', async () => {
  at.mayBind = () => false
  const inOneDomain = '  template:\n    topologyConstraint: {pack: {required: nvlink}}\n'
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1').replace('  template:\n', inOneDomain))
  await at.settle()
  for (const { metadata } of await at.list(NODES)) await at.remove(NODES, metadata.name)
  await at.settle()
  const { spec } = await at.get<PodGang>(POD_GANGS, 'workload1-0')
  expect(spec.topologyConstraint).toEqual({ packConstraint: { required: 'nvidia.com/gpu.clique' } })
})
