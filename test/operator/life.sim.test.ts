import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PodClique, PodCliqueScalingGroup, PodCliqueSet, PodGang } from '../../api/generated/kinds.ts'
import type { Pod, Service } from '../../api/kinds/kubernetes.ts'
import { POD_CLIQUE_SETS, POD_CLIQUES, POD_GANGS, PODS, SCALING_GROUPS, SERVICES } from '../../kube/resources.ts'
import { type Harness, isReady, names, startHarness } from './harness.ts'
import { workloadYaml } from './workloads.ts'

let at: Harness
beforeEach(async () => {
  at = await startHarness()
})
afterEach(() => at.stop())

test('a set becomes pods that are all Ready', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.settle()
  expect(at.trouble).toEqual([])
  const pods = await at.list<Pod>(PODS)
  expect(pods).toHaveLength(10)
  expect(pods.filter(isReady)).toHaveLength(10)
  const set = await at.get<PodCliqueSet>(POD_CLIQUE_SETS, 'workload1')
  expect(set.status).toMatchObject({ replicas: 1, availableReplicas: 1, updatedReplicas: 1, observedGeneration: 1 })
  expect(set.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True')
})
