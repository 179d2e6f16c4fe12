import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PodCliqueSet, PodGang } from '../../api/generated/kinds.ts'
import type { KubeObject, Pod } from '../../api/kinds/kubernetes.ts'
import { MANAGED_BY, PART_OF, POD_GANG, POD_TEMPLATE_HASH } from '../../api/names.ts'
import {
  EVENTS,
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

for (const value of [null, 'stomped'])
  test(`a clique whose template hash somebody ${value === null ? 'takes away' : 'writes over'} keeps its pods`, async () => {
    await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2'))
    await at.settle()
    const { labels } = (await at.get(POD_CLIQUES, 'workload2-0-pc-a')).metadata
    const uids = async (): Promise<string[]> => (await at.list<Pod>(PODS)).map(({ metadata }) => metadata.uid)
    const before = await uids()
    await at.patch(POD_CLIQUES, 'workload2-0-pc-a', { metadata: { labels: { [POD_TEMPLATE_HASH]: value } } })
    await at.settle()
    expect((await at.get(POD_CLIQUES, 'workload2-0-pc-a')).metadata.labels).toEqual(labels)
    expect(await uids()).toEqual(before)
    expect(at.writes.filter((write) => write.startsWith('DELETE'))).toEqual([])
  })

test("another set's clique that claims to be of a gang keeps nobody from making the gang", async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2').replaceAll('workload2', 'other'))
  await at.settle()
  const parent = await at.get(POD_CLIQUES, 'other-0-pc-a')
  const controller = { apiVersion: parent.apiVersion, kind: parent.kind, name: 'other-0-pc-a', controller: true }
  await at.create(POD_CLIQUES, {
    apiVersion: parent.apiVersion,
    kind: parent.kind,
    metadata: {
      name: 'foreign',
      labels: { [POD_GANG]: 'workload2-0' },
      ownerReferences: [{ ...controller, uid: parent.metadata.uid }],
    },
    spec: parent['spec'],
  })
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2'))
  await at.settle()
  const pods = await at.list<Pod>(PODS)
  expect(pods.filter(({ metadata }) => metadata.name.startsWith('workload2')).filter(isReady)).toHaveLength(10)
})

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

test('what the server refuses of a set is told in its condition and in an event, once', async () => {
  at.cluster.server.setIntercept(({ method, path }) =>
    method === 'POST' && path.includes('/services') ? { status: 422, reason: 'Invalid' } : 'pass',
  )
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.clock.runFor(60_000)
  const { status } = await at.get<PodCliqueSet>(POD_CLIQUE_SETS, 'workload1')
  expect(status?.conditions?.find(({ type }) => type === 'Ready')?.message).toMatch(/replicas are available; Invalid: /)
  const events = await at.list<KubeObject & { reason: string; count?: number }>(EVENTS)
  expect(events.filter(({ reason }) => reason === 'ReconcileError').map(({ count }) => count)).toEqual([1])
  at.cluster.server.setIntercept(null)
  await at.settle()
  const after = await at.get<PodCliqueSet>(POD_CLIQUE_SETS, 'workload1')
  expect(after.status).toMatchObject({ availableReplicas: 1, lastErrors: [], observedGeneration: 1 })
})

test('what the server refuses of a clique is told in the set as well', async () => {
  at.cluster.server.setIntercept(({ method, path }) =>
    method === 'POST' && /\/pods(\?|$)/.test(path) ? { status: 403, reason: 'Forbidden' } : 'pass',
  )
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.clock.runFor(5_000)
  const { status } = await at.get<PodCliqueSet>(POD_CLIQUE_SETS, 'workload1')
  const message = status?.conditions?.find(({ type }) => type === 'Ready')?.message
  expect(message).toContain('PodClique workload1-0-pc-a: Forbidden')
  at.cluster.server.setIntercept(null)
  await at.settle()
})
