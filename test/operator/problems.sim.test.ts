import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ClusterTopologyBinding, PodCliqueSet, PodGang } from '../../api/generated/kinds.ts'
import type { Condition, KubeObject, NewObject, Pod } from '../../api/kinds/kubernetes.ts'
import {
  CONFIG_MAPS,
  CRDS,
  EVENTS,
  NODES,
  POD_CLIQUE_SETS,
  POD_CLIQUES,
  POD_GANGS,
  PODS,
  SERVICE_ACCOUNTS,
  TOPOLOGY_BINDINGS,
} from '../../kube/resources.ts'
import { type Harness, isReady, startHarness } from './harness.ts'
import { workloadYaml } from './workloads.ts'

let at: Harness
beforeEach(async () => {
  at = await startHarness()
})
afterEach(() => at.stop())

const conditionOf = async (set: string, type: string): Promise<Condition | undefined> =>
  (await at.get<PodCliqueSet>(POD_CLIQUE_SETS, set)).status?.conditions?.find((each) => each.type === type)
const packed = (domain: string, topology = ''): string =>
  workloadYaml('workload1').replace(
    '  template:\n',
    `  template:\n    topologyConstraint: {topologyName: "${topology}", pack: {required: ${domain}}}\n`,
  )
const binding = (name: string, ...domains: string[]): string =>
  JSON.stringify({
    apiVersion: 'grove.io/v1alpha1',
    kind: 'ClusterTopologyBinding',
    metadata: { name },
    spec: { levels: domains.map((domain) => ({ domain, key: `example.com/${domain}` })) },
  })

test('cliques that wait for each other stall the set, with the circle in the condition and in an event', async () => {
  const yaml = workloadYaml('workload5').replace('startsAfter: [pc-a]', 'startsAfter: [pc-b]')
  await at.apply(POD_CLIQUE_SETS, yaml)
  await at.settle()
  const stalled = await conditionOf('workload5', 'Stalled')
  expect(stalled).toMatchObject({ status: 'True', reason: 'InvalidStartOrder' })
  expect(stalled?.message).toContain('spec.template.cliques[1].spec.startsAfter')
  expect(stalled?.message).toContain('pc-b after pc-c after pc-b')
  expect(await at.list(POD_CLIQUES)).toEqual([])
  const events = await at.list<KubeObject & { reason: string; type: string }>(EVENTS)
  expect(events.filter(({ reason }) => reason === 'InvalidStartOrder')).toMatchObject([{ type: 'Warning' }])
})

test('a gang of which no pod can be made is there after two seconds, not after half a minute', async () => {
  at.cluster.server.setIntercept(({ method, path }) =>
    method === 'POST' && path.endsWith('/pods') ? { status: 403, reason: 'Forbidden' } : 'pass',
  )
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.clock.runFor(1_000)
  expect(await at.list(POD_GANGS)).toEqual([])
  await at.clock.runFor(4_000)
  expect((await at.list<PodGang>(POD_GANGS)).length).toBeGreaterThan(0)
})

test('a domain that the topology lacks stalls a new set, and a binding that has it lets it go on', async () => {
  await at.apply(TOPOLOGY_BINDINGS, binding('fabric', 'block', 'rack'))
  await at.apply(POD_CLIQUE_SETS, packed('pod', 'fabric'))
  await at.settle()
  expect(await conditionOf('workload1', 'Stalled')).toMatchObject({ status: 'True', reason: 'DomainNotFound' })
  expect((await conditionOf('workload1', 'Stalled'))?.message).toContain(
    'spec.template.topologyConstraint.pack.required',
  )
  expect(await conditionOf('workload1', 'TopologyLevelsUnavailable')).toMatchObject({
    status: 'True',
    reason: 'ClusterTopologyLevelsUnavailable',
  })
  expect(await at.list(PODS)).toEqual([])
  const levels = ['block', 'rack', 'pod'].map((domain) => ({ domain, key: `example.com/${domain}` }))
  await at.client.mergePatch(TOPOLOGY_BINDINGS, { namespace: '', name: 'fabric' }, { spec: { levels } })
  await at.settle()
  expect((await at.list<Pod>(PODS)).filter(isReady)).toHaveLength(10)
  expect(await conditionOf('workload1', 'Stalled')).toMatchObject({ status: 'False' })
  const gang = await at.get<PodGang>(POD_GANGS, 'workload1-0')
  expect(gang.spec.topologyConstraint?.packConstraint).toEqual({ required: 'example.com/pod' })
  expect(gang.metadata.annotations?.['grove.io/topology-name']).toBe('fabric')
})

test('a binding that goes takes only its constraints from a set that runs', async () => {
  await at.apply(TOPOLOGY_BINDINGS, binding('fabric', 'rack'))
  await at.apply(POD_CLIQUE_SETS, packed('rack'))
  await at.settle()
  await at.client.delete(TOPOLOGY_BINDINGS, { namespace: '', name: 'fabric' })
  await at.settle()
  const gang = await at.get<PodGang>(POD_GANGS, 'workload1-0')
  expect(gang.spec.topologyConstraint).toBeUndefined()
  expect(gang.metadata.annotations?.['grove.io/topology-name']).toBeUndefined()
  expect((await at.list<Pod>(PODS)).filter(isReady)).toHaveLength(10)
  expect((await conditionOf('workload1', 'TopologyLevelsUnavailable'))?.status).not.toBe('False')
})

test("the administrator's file is a topology, and one that does not parse changes nothing", async () => {
  const file = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'espalier-topology', namespace: 'espalier-system' },
  }
  const text = 'topologies:\n  - name: default\n    levels: [{name: rack, key: example.com/rack}]\n'
  await at.create(CONFIG_MAPS, { ...file, data: { 'topology.yaml': text } })
  await at.apply(POD_CLIQUE_SETS, packed('rack'))
  await at.settle()
  const key = { namespace: 'espalier-system', name: 'espalier-topology' }
  await at.client.mergePatch(CONFIG_MAPS, key, { data: { 'topology.yaml': 'topologies: [' } })
  await at.settle()
  const gang = await at.get<PodGang>(POD_GANGS, 'workload1-0')
  expect(gang.spec.topologyConstraint?.packConstraint).toEqual({ required: 'example.com/rack' })
})

test('with no topology declared, levels are found from the labels of nodes', async () => {
  await at.apply(POD_CLIQUE_SETS, packed('zone'))
  await at.settle()
  expect(await conditionOf('workload1', 'Stalled')).toMatchObject({ status: 'True', reason: 'DomainNotFound' })
  await at.client.mergePatch(
    NODES,
    { namespace: '', name: 'n01' },
    { metadata: { labels: { 'topology.kubernetes.io/zone': 'z' } } },
  )
  await at.settle()
  const gang = await at.get<PodGang>(POD_GANGS, 'workload1-0')
  expect(gang.spec.topologyConstraint?.packConstraint).toEqual({ required: 'topology.kubernetes.io/zone' })
})

test('a name that somebody else has is told, and the rest of the set is made', async () => {
  await at.create(POD_CLIQUES, {
    apiVersion: 'grove.io/v1alpha1',
    kind: 'PodClique',
    metadata: { name: 'workload1-0-pc-a' },
    spec: { roleName: 'x', replicas: 0, podSpec: { containers: [{ name: 'x', image: 'x' }] } },
  })
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.settle()
  const stalled = await conditionOf('workload1', 'Stalled')
  expect(stalled).toMatchObject({ status: 'True', reason: 'NameTaken' })
  expect(stalled?.message).toContain('PodClique workload1-0-pc-a')
  expect(await at.list(PODS)).toHaveLength(8)
  await at.remove(POD_CLIQUES, 'workload1-0-pc-a')
  await at.clock.runFor(31_000)
  await at.settle()
  expect((await at.list<Pod>(PODS)).filter(isReady)).toHaveLength(10)
  expect(await conditionOf('workload1', 'Stalled')).toMatchObject({ status: 'False' })
})

test("a user's service account of the set's name is used and left as it is", async () => {
  await at.create(SERVICE_ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'workload1' } })
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.settle()
  expect((await at.list<Pod>(PODS)).filter(isReady)).toHaveLength(10)
  expect((await at.get(SERVICE_ACCOUNTS, 'workload1')).metadata.ownerReferences).toBeUndefined()
})

test('where a kind that only some clusters have is not installed, the rest works', async () => {
  await at.client.delete(CRDS, { namespace: '', name: 'dynamographdeployments.nvidia.com' })
  await at.restartOperator()
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.clock.runFor(60_000)
  expect((await at.list<Pod>(PODS)).filter(isReady)).toHaveLength(10)
  expect(at.trouble.join()).toContain('not installed')
})

test('a set with something in it that is not acted on runs, and says so as long as it stands there', async () => {
  const mark = (group: string | null): Promise<void> =>
    at.patch(POD_CLIQUE_SETS, 'workload1', { metadata: { annotations: { 'grove.io/mnnvl-group': group } } })
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await mark('m')
  await at.settle()
  expect((await at.list<Pod>(PODS)).filter(isReady)).toHaveLength(10)
  const said = await conditionOf('workload1', 'UnsupportedFields')
  expect(said).toMatchObject({ status: 'True', reason: 'NotImplemented' })
  expect(said?.message).toContain('grove.io/mnnvl-group')
  await mark(null)
  await at.settle()
  expect(await conditionOf('workload1', 'UnsupportedFields')).toBeUndefined()
})

test('a name that we serve follows the binding itself, also one that was another product’s', async () => {
  await at.stop()
  at = await startHarness({ config: { servedNames: ['espalier', 'kai-scheduler'] } })
  const kai = { schedulerName: 'kai-scheduler', topologyReference: 'cluster' }
  const fabric = JSON.parse(binding('fabric', 'block', 'rack')) as NewObject & { spec: object }
  await at.create(TOPOLOGY_BINDINGS, { ...fabric, spec: { ...fabric.spec, schedulerTopologyBindings: [kai] } })
  await at.settle()
  const { status } = await at.get<ClusterTopologyBinding>(TOPOLOGY_BINDINGS, 'fabric')
  const follows = (schedulerName: string): object => ({ schedulerName, topologyReference: 'fabric', inSync: true })
  expect(status).toMatchObject({
    schedulerTopologyStatuses: [follows('espalier'), follows('kai-scheduler')],
    conditions: [{ type: 'SchedulerTopologyDrift', status: 'False', reason: 'InSync' }],
  })
})

test('a binding says who follows it, in the generation that was looked at', async () => {
  const read = (): Promise<ClusterTopologyBinding> => at.get<ClusterTopologyBinding>(TOPOLOGY_BINDINGS, 'fabric')
  await at.apply(TOPOLOGY_BINDINGS, binding('fabric', 'block', 'rack'))
  await at.settle()
  const ours = { schedulerName: 'espalier', topologyReference: 'fabric', inSync: true }
  const drift = { type: 'SchedulerTopologyDrift', status: 'False', reason: 'InSync' }
  expect((await read()).status).toMatchObject({
    observedGeneration: 1,
    schedulerTopologyStatuses: [ours],
    conditions: [drift],
  })
  const kai = { schedulerName: 'kai-scheduler', topologyReference: 'cluster' }
  const written = at.client.mergePatch(
    TOPOLOGY_BINDINGS,
    { namespace: '', name: 'fabric' },
    { spec: { schedulerTopologyBindings: [kai] } },
  )
  await at.settle()
  expect((await written).kind).toBe('ok')
  expect((await read()).status).toMatchObject({
    observedGeneration: 2,
    schedulerTopologyStatuses: [ours, { ...kai, inSync: false, message: expect.stringContaining('kai-scheduler') }],
    conditions: [{ ...drift, status: 'Unknown', reason: 'TopologyNotFound' }],
  })
  at.writes.length = 0
  await at.restartOperator()
  await at.settle()
  expect(at.writes).toEqual([])
})
