import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type {
  DynamoGraphDeployment,
  PodClique,
  PodCliqueScalingGroup,
  PodCliqueSet,
} from '../../api/generated/kinds.ts'
import type { Condition, Pod } from '../../api/kinds/kubernetes.ts'
import {
  DYNAMO_GRAPHS,
  POD_CLIQUE_SETS,
  POD_CLIQUES,
  PODS,
  SCALING_GROUPS,
  SECRETS,
  TOPOLOGY_BINDINGS,
} from '../../kube/resources.ts'
import { gb200Nvl72 } from '../../sim/shapes.ts'
import { type Harness, startHarness } from './harness.ts'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const SECRET = 'apiVersion: v1\nkind: Secret\nmetadata: {name: hf-token-secret}\nstringData: {HF_TOKEN: x}'
const DECODE = 'dynamo-grove-0-vllmdecodeworker'

let at: Harness
beforeEach(async () => {
  at = await startHarness({ nodes: gb200Nvl72({ racks: 1, racksPerBlock: 1 }) })
  await at.apply(SECRETS, SECRET)
})
afterEach(() => at.stop())

const graph = (name: string): Promise<DynamoGraphDeployment> => at.get<DynamoGraphDeployment>(DYNAMO_GRAPHS, name)
/** Pods by the name of their clique, `name-uid`. */
const pods = async (): Promise<string[]> =>
  (await at.list<Pod>(PODS)).map(({ metadata }) => `${metadata.name} ${metadata.uid}`).sort()

test('the published example runs from graph to Ready pods', async () => {
  await at.apply(DYNAMO_GRAPHS, read('deploy/samples/dynamo-grove.yaml'))
  await at.settle()
  expect(at.trouble).toEqual([])
  expect((await pods()).map((line) => line.replace(/-[^-]{5} .*/, ''))).toEqual([
    'dynamo-grove-0-frontend',
    DECODE,
    DECODE,
    'dynamo-grove-0-vllmprefillworker',
  ])
  const { status, metadata } = await graph('dynamo-grove')
  expect(status?.state).toBe('successful')
  expect(status?.observedGeneration).toBe(metadata.generation)
})

test('four decode workers in place of two restart nothing', async () => {
  await at.apply(DYNAMO_GRAPHS, read('deploy/samples/dynamo-grove.yaml'))
  await at.settle()
  const before = await pods()
  const { generation } = (await at.get<PodCliqueSet>(POD_CLIQUE_SETS, 'dynamo-grove')).metadata
  await at.patch(DYNAMO_GRAPHS, 'dynamo-grove', { spec: { services: { VllmDecodeWorker: { replicas: 4 } } } })
  await at.settle()
  const after = await pods()
  expect(after).toHaveLength(6)
  expect(after.filter((pod) => before.includes(pod))).toEqual(before)
  expect((await at.get<PodClique>(POD_CLIQUES, DECODE)).spec.replicas).toBe(4)
  expect((await at.get<PodCliqueSet>(POD_CLIQUE_SETS, 'dynamo-grove')).metadata.generation).toBe(generation)
  expect((await graph('dynamo-grove')).status?.services?.['VllmDecodeWorker']?.readyReplicas).toBe(4)
  expect((await graph('dynamo-grove')).status?.state).toBe('successful')
})

test('no decode workers leave the rest running, and come back', async () => {
  await at.apply(DYNAMO_GRAPHS, read('deploy/samples/dynamo-grove.yaml'))
  await at.settle()
  await at.patch(DYNAMO_GRAPHS, 'dynamo-grove', { spec: { services: { VllmDecodeWorker: { replicas: 0 } } } })
  await at.settle()
  expect(await pods()).toHaveLength(2)
  expect((await graph('dynamo-grove')).status?.state).toBe('successful')
  await at.patch(DYNAMO_GRAPHS, 'dynamo-grove', { spec: { services: { VllmDecodeWorker: { replicas: 2 } } } })
  await at.settle()
  expect(await pods()).toHaveLength(4)
  expect((await graph('dynamo-grove')).status?.state).toBe('successful')
})

test('an engine over several nodes scales by whole engines, through its scaling group', async () => {
  await at.apply(DYNAMO_GRAPHS, read('test/fixtures/dynamo/d5-sglang-multinode/graph.yaml'))
  await at.settle()
  expect(at.trouble).toEqual([])
  expect(await pods()).toHaveLength(9)
  const prefill = 'sglang-disagg-multinode-0-prefill'
  expect((await graph('sglang-disagg-multinode')).status).toMatchObject({
    state: 'successful',
    services: { prefill: { componentKind: 'PodCliqueScalingGroup', componentName: prefill, availableReplicas: 2 } },
  })
  await at.patch(DYNAMO_GRAPHS, 'sglang-disagg-multinode', { spec: { services: { prefill: { replicas: 3 } } } })
  await at.settle()
  expect((await at.get<PodCliqueScalingGroup>(SCALING_GROUPS, prefill)).spec.replicas).toBe(3)
  expect(await pods()).toHaveLength(12)
  expect((await graph('sglang-disagg-multinode')).status?.state).toBe('successful')
})

test('a graph without room for all says so', async () => {
  at.mayBind = (pod) => !pod.metadata.name.startsWith(DECODE)
  await at.apply(DYNAMO_GRAPHS, read('deploy/samples/dynamo-grove.yaml'))
  await at.settle()
  const { status } = await graph('dynamo-grove')
  expect(status?.state).toBe('pending')
  expect(status?.conditions?.find(({ type }) => type === 'Ready')?.reason).toBe('insufficient_capacity')
})

test('a graph whose set cannot go on says why', async () => {
  const fabric = '  topologyConstraint: {topologyProfile: fabric, packDomain: rack}\n  services:\n'
  await at.apply(DYNAMO_GRAPHS, read('deploy/samples/dynamo-grove.yaml').replace('  services:\n', fabric))
  await at.settle()
  const said = async (type: string): Promise<Condition | undefined> =>
    (await graph('dynamo-grove')).status?.conditions?.find((each) => each.type === type)
  expect((await said('Ready'))?.message).toContain('ClusterTopologyBinding "fabric" not found')
  expect(await said('TopologyLevelsAvailable')).toMatchObject({ status: 'False', reason: 'TopologyDefinitionNotFound' })
  const levels = '{levels: [{domain: rack, key: nvidia.com/gpu.clique}]}'
  const kind = 'apiVersion: grove.io/v1alpha1\nkind: ClusterTopologyBinding'
  await at.apply(TOPOLOGY_BINDINGS, `${kind}\nmetadata: {name: fabric}\nspec: ${levels}`)
  await at.settle()
  expect(await said('Ready')).toMatchObject({ status: 'True' })
  expect(await said('TopologyLevelsAvailable')).toMatchObject({ status: 'True', reason: 'AllTopologyLevelsAvailable' })
})

test('a deleted graph leaves nothing behind', async () => {
  await at.apply(DYNAMO_GRAPHS, read('deploy/samples/dynamo-grove.yaml'))
  await at.settle()
  await at.remove(DYNAMO_GRAPHS, 'dynamo-grove')
  await at.settle()
  expect(await pods()).toEqual([])
  expect(await at.list(POD_CLIQUE_SETS)).toEqual([])
  expect(await at.list(DYNAMO_GRAPHS)).toEqual([])
})
