import { afterEach, expect, test } from 'vitest'
import type { PodGang } from '../../api/generated/kinds.ts'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { CONFIG_MAPS, EVENTS, POD_CLIQUE_SETS, POD_GANGS, PODS, SCALING_GROUPS } from '../../kube/resources.ts'
import { type Harness, isReady, names } from './harness.ts'
import { BLOCK, cliqueOf, cordon, domains, RACK, running, runs, startSuite } from './suite-nodes.ts'
import { workloadYaml } from './workloads.ts'

/** Results that the published suite expects of operator and scheduler together: one pod a node, nodes cordoned. */

let at: Harness
afterEach(() => at.stop())

async function up(nodes: number, open: number): Promise<void> {
  at = await startSuite(nodes, open)
}
const uncordon = (from: number, to: number, everyMs = 0): Promise<void> => cordon(at, from, to, { everyMs })
const podsOf = (): Promise<Pod[]> => at.list<Pod>(PODS)

test('GS1: with a node too few nothing runs and every pod says so; with it everything does', async () => {
  await up(10, 9)
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.settle()
  expect(await runs(at)).toEqual([0, 10])
  const unschedulable = (await at.list(EVENTS)).filter((event) => event['reason'] === 'Unschedulable')
  const told = unschedulable.map((event) => (event as { involvedObject?: { name: string } }).involvedObject?.name)
  expect(new Set(told)).toEqual(new Set(names(await podsOf())))
  await uncordon(9, 10)
  expect(await runs(at)).toEqual([10, 0])
})

test('GS2: a copy that is added waits as a whole for its four nodes', async () => {
  await up(14, 9)
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.settle()
  expect(await runs(at)).toEqual([0, 10])
  await uncordon(9, 10)
  expect(await runs(at)).toEqual([10, 0])
  await at.patch(SCALING_GROUPS, 'workload1-0-sg-x', { spec: { replicas: 3 } }, 'scale')
  await at.settle()
  expect(await runs(at)).toEqual([10, 4])
  await uncordon(10, 14)
  expect(await runs(at)).toEqual([14, 0])
})

test('GS5: the minimum of three runs on three nodes, and the rest when there are more', async () => {
  await up(10, 2)
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2'))
  await at.settle()
  expect(await runs(at)).toEqual([0, 10])
  await uncordon(2, 3)
  expect(await runs(at)).toEqual([3, 7])
  expect(await running(at)).toEqual(['workload2-0-pc-a', 'workload2-0-sg-x-0-pc-b', 'workload2-0-sg-x-0-pc-c'])
  await uncordon(3, 10)
  expect(await runs(at)).toEqual([10, 0])
})

test('GS8: minimums of scaled gangs come before what a base gang has above its minimum', async () => {
  await up(14, 2)
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2'))
  await at.settle()
  await at.patch(SCALING_GROUPS, 'workload2-0-sg-x', { spec: { replicas: 3 } }, 'scale')
  await at.settle()
  expect(await runs(at)).toEqual([0, 14])
  await uncordon(2, 3)
  expect(await runs(at)).toEqual([3, 11])
  await uncordon(3, 7)
  const copies = [0, 1, 2].flatMap((j) => [`workload2-0-sg-x-${j}-pc-b`, `workload2-0-sg-x-${j}-pc-c`])
  expect(await running(at)).toEqual(['workload2-0-pc-a', ...copies].sort())
  await uncordon(7, 14)
  expect(await runs(at)).toEqual([14, 0])
})

test('GS8 with nodes that come one by one: the first is not taken by what is above a minimum', async () => {
  await up(14, 2)
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2'))
  await at.settle()
  await at.patch(SCALING_GROUPS, 'workload2-0-sg-x', { spec: { replicas: 3 } }, 'scale')
  await at.settle()
  await uncordon(2, 3)
  await uncordon(3, 7, 100)
  const copies = [0, 1, 2].flatMap((j) => [`workload2-0-sg-x-${j}-pc-b`, `workload2-0-sg-x-${j}-pc-c`])
  expect(await running(at)).toEqual(['workload2-0-pc-a', ...copies].sort())
  await uncordon(7, 14, 100)
  expect(await runs(at)).toEqual([14, 0])
})

test('a set scaled from one to two adds every component in ratio, or nothing of it', async () => {
  await up(20, 19)
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1'))
  await at.settle()
  await at.patch(POD_CLIQUE_SETS, 'workload1', { spec: { replicas: 2 } }, 'scale')
  await at.settle()
  expect(await runs(at)).toEqual([10, 10])
  await uncordon(19, 20)
  expect(await runs(at)).toEqual([20, 0])
})

const topology = `
apiVersion: v1
kind: ConfigMap
metadata: {name: espalier-topology, namespace: espalier-system}
data:
  topology.yaml: |
    topologies:
    - name: suite
      levels:
      - {name: zone, key: kubernetes.io/zone}
      - {name: block, key: kubernetes.io/block}
      - {name: rack, key: kubernetes.io/rack}
      - {name: host, key: kubernetes.io/hostname}
`

const pack = (level: string): string => `topologyConstraint: {topologyName: suite, pack: {required: ${level}}}`

const layered = (copies: number, memory: string): string => `
apiVersion: grove.io/v1alpha1
kind: PodCliqueSet
metadata: {name: tas}
spec:
  replicas: 1
  template:
    ${pack('block')}
    podCliqueScalingGroups:
    - {name: sg, replicas: ${copies}, minAvailable: 1, cliqueNames: [lead, work], ${pack('rack')}}
    cliques:
    - name: lead
      spec: {roleName: lead, replicas: 2, podSpec: {containers: [{name: main, image: x, resources: {requests: {memory: ${memory}}}}]}}
    - name: work
      ${pack('host')}
      spec: {roleName: work, replicas: 3, podSpec: {containers: [{name: main, image: x, resources: {requests: {memory: ${memory}}}}]}}
`

test('TAS8, TAS10: each clique on its host, each copy in its rack, all in one block', async () => {
  await up(30, 30)
  await at.apply(CONFIG_MAPS, topology)
  await at.apply(POD_CLIQUE_SETS, layered(3, '40Mi'))
  await at.settle()
  const pods = await podsOf()
  expect(pods.filter(isReady)).toHaveLength(15)
  expect(domains(pods, BLOCK)).toBe(1)
  for (const copy of [0, 1, 2]) {
    const ofCopy = pods.filter((pod) => cliqueOf(pod).startsWith(`tas-0-sg-${copy}-`))
    expect(domains(ofCopy, RACK)).toBe(1)
    const work = ofCopy.filter((pod) => cliqueOf(pod).endsWith('work'))
    expect(domains(work, 1)).toBe(1)
  }
  const gangs = await at.list<PodGang>(POD_GANGS)
  const groupsOf = gangs.map(({ spec }) => spec.podgroups.map(({ name }) => name))
  expect(groupsOf).toEqual([0, 1, 2].map((copy) => [`tas-0-sg-${copy}-lead`, `tas-0-sg-${copy}-work`]))
  expect(gangs[0]?.spec.topologyConstraintGroupConfigs?.map(({ name }) => name)).toEqual(['tas-0-sg-0'])
})

test('TAS13: what no rack can hold is not placed in part, and its pods say so', async () => {
  await up(30, 30)
  await at.apply(CONFIG_MAPS, topology)
  await at.apply(POD_CLIQUE_SETS, layered(1, '500Mi'))
  await at.settle()
  const pods = await podsOf()
  expect(pods.filter(({ spec }) => spec.nodeName)).toEqual([])
  const reasons = pods.map(({ status }) => status?.conditions?.find(({ type }) => type === 'PodScheduled')?.reason)
  expect(new Set(reasons)).toEqual(new Set(['Unschedulable']))
})
