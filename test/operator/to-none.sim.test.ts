import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PodGang } from '../../api/generated/kinds.ts'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { DYNAMO_GRAPHS, POD_CLIQUES, POD_GANGS, PODS, type ResourceType, SCALING_GROUPS } from '../../kube/resources.ts'
import { gb200Nvl72 } from '../../sim/shapes.ts'
import { type InProcess, isReady, startInProcess } from '../in-process.ts'
import { workloadYaml } from './workloads.ts'

/** What somebody scales to none asks for no pods, so no gang may wait for them: operator and scheduler together. */

let at: InProcess
beforeEach(async () => {
  at = await startInProcess({ nodes: gb200Nvl72({ racks: 1, racksPerBlock: 1 }) })
})
afterEach(() => at.stop())

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const SECRET = 'apiVersion: v1\nkind: Secret\nmetadata: {name: hf-token-secret}\nstringData: {HF_TOKEN: x}\n---\n'
const GRAPH = `${SECRET}${read('deploy/samples/dynamo-grove.yaml')}`

async function ready(): Promise<string[]> {
  await at.settle()
  const pods = await at.list<Pod>(PODS)
  expect(pods.filter((pod) => !isReady(pod))).toEqual([])
  return pods.map(({ metadata }) => metadata.name.replace(/-[^-]{5}$/, '')).sort()
}

async function patch(type: ResourceType, name: string, body: object, subresource?: 'scale'): Promise<void> {
  const write = subresource === undefined ? {} : { subresource }
  expect((await at.client.mergePatch(type, { namespace: 'default', name }, body, write)).kind).toBe('ok')
}

test('a graph that starts with no decode workers runs the others', async () => {
  await at.apply(GRAPH.replace('replicas: 2', 'replicas: 0'))
  expect(await ready()).toEqual(['dynamo-grove-0-frontend', 'dynamo-grove-0-vllmprefillworker'])
})

test('beside a service of none a pod that dies is placed again', async () => {
  await at.apply(GRAPH)
  expect(await ready()).toHaveLength(4)
  await patch(DYNAMO_GRAPHS, 'dynamo-grove', { spec: { services: { VllmDecodeWorker: { replicas: 0 } } } })
  expect(await ready()).toHaveLength(2)
  const [frontend] = await at.list<Pod>(PODS)
  await at.client.delete(PODS, { namespace: 'default', name: frontend?.metadata.name ?? '' })
  expect(await ready()).toEqual(['dynamo-grove-0-frontend', 'dynamo-grove-0-vllmprefillworker'])
  await patch(DYNAMO_GRAPHS, 'dynamo-grove', { spec: { services: { VllmDecodeWorker: { replicas: 2 } } } })
  expect(await ready()).toHaveLength(4)
})

test('a scaling group of none leaves the rest of its gang to be placed, and comes back whole', async () => {
  await at.apply(workloadYaml('workload1'))
  expect(await ready()).toHaveLength(10)
  await patch(SCALING_GROUPS, 'workload1-0-sg-x', { spec: { replicas: 0 } }, 'scale')
  expect(await ready()).toEqual(['workload1-0-pc-a', 'workload1-0-pc-a'])
  const minimums = async (): Promise<number[] | undefined> =>
    (await at.list<PodGang>(POD_GANGS))[0]?.spec.podgroups.map(({ minReplicas }) => minReplicas)
  expect(await minimums()).toEqual([2, 0, 0, 0, 0])
  const [pod] = await at.list<Pod>(PODS)
  await at.client.delete(PODS, { namespace: 'default', name: pod?.metadata.name ?? '' })
  expect(await ready()).toHaveLength(2)
  await patch(SCALING_GROUPS, 'workload1-0-sg-x', { spec: { replicas: 2 } }, 'scale')
  expect(await ready()).toHaveLength(10)
  expect(await minimums()).toEqual([2, 1, 3, 1, 3])
})

test('pods that start after a clique of none do not wait for it', async () => {
  await at.apply(workloadYaml('workload3'))
  expect(await ready()).toHaveLength(10)
  await patch(POD_CLIQUES, 'workload3-0-pc-a', { spec: { replicas: 0 } }, 'scale')
  expect(await ready()).toHaveLength(8)
  const second = (await at.list<Pod>(PODS)).find(({ metadata }) => metadata.name.startsWith('workload3-0-sg-x-0-pc-b'))
  await at.client.delete(PODS, { namespace: 'default', name: second?.metadata.name ?? '' })
  expect(await ready()).toHaveLength(8)
})
