import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PodClique, PodCliqueScalingGroup, PodCliqueSet, PodGang } from '../../api/generated/kinds.ts'
import type { KubeObject, Pod } from '../../api/kinds/kubernetes.ts'
import {
  AUTOSCALERS,
  POD_CLIQUE_SETS,
  POD_CLIQUES,
  POD_GANGS,
  PODS,
  ROLE_BINDINGS,
  ROLES,
  SCALING_GROUPS,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
} from '../../kube/resources.ts'
import { type Harness, isReady, names, startHarness } from './harness.ts'
import { workloadYaml } from './workloads.ts'

let at: Harness
beforeEach(async () => {
  at = await startHarness()
})
afterEach(() => at.stop())

const label = (object: KubeObject, key: string): string | undefined => object.metadata.labels?.[key]
const indicesOf = (pods: readonly Pod[]): number[] =>
  pods.map((pod) => Number(label(pod, 'grove.io/podclique-pod-index'))).sort((a, b) => a - b)
const scale = (name: string, type: typeof PODS, replicas: number): Promise<void> =>
  at.patch(type, name, { spec: { replicas } }, 'scale')
const podsOf = async (clique: string): Promise<Pod[]> =>
  (await at.list<Pod>(PODS)).filter((pod) => label(pod, 'grove.io/podclique') === clique)

async function up(name: string, replicas = 1): Promise<void> {
  await at.apply(POD_CLIQUE_SETS, workloadYaml(name, replicas))
  await at.settle()
}

test('a set becomes pods that are all Ready, and its statuses say so', async () => {
  await up('workload1')
  expect(at.trouble).toEqual([])
  const pods = await at.list<Pod>(PODS)
  expect(pods).toHaveLength(10)
  expect(pods.filter(isReady)).toHaveLength(10)
  const set = await at.get<PodCliqueSet>(POD_CLIQUE_SETS, 'workload1')
  expect(set.status).toMatchObject({ replicas: 1, availableReplicas: 1, updatedReplicas: 1, observedGeneration: 1 })
  expect(set.status?.podGangStatuses?.map(({ name }) => name)).toEqual(names(await at.list(POD_GANGS)))
  expect(set.status?.hpaPodSelector).toBe(
    'app.kubernetes.io/managed-by=grove-operator,app.kubernetes.io/part-of=workload1',
  )
  const condition = (type: string): string | undefined =>
    set.status?.conditions?.find((each) => each.type === type)?.status
  expect([condition('Ready'), condition('Reconciling'), condition('Stalled')]).toEqual(['True', 'False', 'False'])
  const clique = await at.get<PodClique>(POD_CLIQUES, 'workload1-0-sg-x-1-pc-c')
  expect(clique.status).toMatchObject({ replicas: 3, readyReplicas: 3, updatedReplicas: 3, scheduledReplicas: 3 })
  expect(clique.status?.hpaPodSelector).toBeUndefined()
  const group = await at.get<PodCliqueScalingGroup>(SCALING_GROUPS, 'workload1-0-sg-x')
  expect(group.status).toMatchObject({ replicas: 2, scheduledReplicas: 2, availableReplicas: 2, updatedReplicas: 2 })
})

test('objects have the published names, and pods their hostnames in the service of their replica', async () => {
  await up('workload1')
  expect(names(await at.list(POD_CLIQUES))).toEqual([
    'workload1-0-pc-a',
    'workload1-0-sg-x-0-pc-b',
    'workload1-0-sg-x-0-pc-c',
    'workload1-0-sg-x-1-pc-b',
    'workload1-0-sg-x-1-pc-c',
  ])
  expect(names(await at.list(POD_GANGS))).toEqual(['workload1-0'])
  expect(names(await at.list(SERVICES)).filter((name) => name.startsWith('workload1'))).toEqual(['workload1-0'])
  const pods = await podsOf('workload1-0-sg-x-1-pc-c')
  expect(pods.map(({ spec }) => `${spec.hostname}.${spec.subdomain}`).sort()).toEqual(
    [0, 1, 2].map((n) => `workload1-0-sg-x-1-pc-c-${n}.workload1-0`),
  )
  for (const { metadata } of pods) expect(metadata.name).toMatch(/^workload1-0-sg-x-1-pc-c-[a-z0-9]{5}$/)
  expect(pods[0]?.spec.schedulerName).toBe('espalier')
  expect(label(pods[0] as Pod, 'app')).toBe('workload1-0-sg-x-1-pc-c')
})

test('a gang lists its pods and is told to be initialized once all are there', async () => {
  await up('workload2')
  const [base, scaled] = await at.list<PodGang>(POD_GANGS)
  expect(
    base?.spec.podgroups.map(({ name, minReplicas, podReferences }) => [name, minReplicas, podReferences.length]),
  ).toEqual([
    ['workload2-0-pc-a', 1, 2],
    ['workload2-0-sg-x-0-pc-b', 1, 1],
    ['workload2-0-sg-x-0-pc-c', 1, 3],
  ])
  expect(scaled?.metadata.name).toBe('workload2-0-sg-x-0')
  expect(scaled?.spec.podgroups.map(({ name }) => name)).toEqual(['workload2-0-sg-x-1-pc-b', 'workload2-0-sg-x-1-pc-c'])
  for (const gang of [base, scaled]) {
    expect(gang?.status?.conditions).toMatchObject([
      { type: 'Initialized', status: 'True', reason: 'PodGangPodsCreated' },
    ])
  }
})

test('pods of a scaled gang stay gated until the base gang has its minimum placed', async () => {
  at.mayBind = () => false
  await up('workload2')
  const gated = async (): Promise<string[]> =>
    (await at.list<Pod>(PODS))
      .filter(({ spec }) => spec.schedulingGates !== undefined)
      .map((pod) => label(pod, 'grove.io/podgang') ?? '')
  expect(new Set(await gated())).toEqual(new Set(['workload2-0-sg-x-0']))
  expect(await gated()).toHaveLength(4)
  at.mayBind = () => true
  for (const clique of ['workload2-0-pc-a', 'workload2-0-sg-x-0-pc-b']) await bindOne(clique)
  await at.settle()
  expect(await gated()).toHaveLength(4)
  await bindOne('workload2-0-sg-x-0-pc-c')
  await at.settle()
  expect(await gated()).toEqual([])
})

async function bindOne(clique: string): Promise<void> {
  const pod = (await podsOf(clique))[0]
  if (pod === undefined) throw new Error(`no pod of ${clique}`)
  await at.patch(PODS, pod.metadata.name, { metadata: { annotations: { poke: 'binder' } } })
}

test('a lifted gate leaves the gates of others where they are', async () => {
  const yaml = workloadYaml('workload1').replaceAll(
    'terminationGracePeriodSeconds: 5',
    'schedulingGates: [{name: other.io/gate}]',
  )
  await at.apply(POD_CLIQUE_SETS, yaml)
  await at.settle()
  const pods = await at.list<Pod>(PODS)
  expect(pods).toHaveLength(10)
  for (const { spec } of pods) expect(spec.schedulingGates).toEqual([{ name: 'other.io/gate' }])
})

test('a clique is scaled out and in, keeps its minimum, and refills the lowest free indices', async () => {
  await up('workload2')
  await scale('workload2-0-pc-a', POD_CLIQUES, 5)
  await at.settle()
  expect(indicesOf(await podsOf('workload2-0-pc-a'))).toEqual([0, 1, 2, 3, 4])
  const gang = await at.get<PodGang>(POD_GANGS, 'workload2-0')
  expect(gang.spec.podgroups[0]).toMatchObject({ minReplicas: 1 })
  expect(gang.spec.podgroups[0]?.podReferences).toHaveLength(5)
  const first = (await podsOf('workload2-0-pc-a')).find((pod) => label(pod, 'grove.io/podclique-pod-index') === '1')
  await at.remove(PODS, first?.metadata.name ?? '')
  await at.settle()
  expect(indicesOf(await podsOf('workload2-0-pc-a'))).toEqual([0, 1, 2, 3, 4])
  await scale('workload2-0-pc-a', POD_CLIQUES, 1)
  await at.settle()
  expect(await podsOf('workload2-0-pc-a')).toHaveLength(1)
  expect((await at.get<PodClique>(POD_CLIQUES, 'workload2-0-pc-a')).spec.replicas).toBe(1)
})

test('a scaling group is scaled by whole replicas, each above the minimum a gang of its own', async () => {
  await up('workload1')
  await scale('workload1-0-sg-x', SCALING_GROUPS, 4)
  await at.settle()
  expect(names(await at.list(POD_GANGS))).toEqual(['workload1-0', 'workload1-0-sg-x-0', 'workload1-0-sg-x-1'])
  expect((await at.list<Pod>(PODS)).filter(isReady)).toHaveLength(18)
  await scale('workload1-0-sg-x', SCALING_GROUPS, 2)
  await at.settle()
  expect(names(await at.list(POD_GANGS))).toEqual(['workload1-0'])
  expect(await at.list(PODS)).toHaveLength(10)
  expect(await at.list(POD_CLIQUES)).toHaveLength(5)
})

test('a set is scaled by whole replicas, the highest go first, and nothing of them stays', async () => {
  await up('workload2')
  await scale('workload2', POD_CLIQUE_SETS, 3)
  await at.settle()
  expect((await at.list<Pod>(PODS)).filter(isReady)).toHaveLength(30)
  expect(names(await at.list(SERVICES)).filter((name) => name.startsWith('workload2'))).toHaveLength(3)
  expect((await at.get<PodCliqueSet>(POD_CLIQUE_SETS, 'workload2')).status?.availableReplicas).toBe(3)
  await scale('workload2', POD_CLIQUE_SETS, 1)
  await at.settle()
  for (const type of [PODS, POD_CLIQUES, SCALING_GROUPS, POD_GANGS]) {
    const indices = (await at.list(type)).map((object) => label(object, 'grove.io/podcliqueset-replica-index'))
    expect([type.kind, [...new Set(indices)]]).toEqual([type.kind, ['0']])
  }
  expect(names(await at.list(SERVICES)).filter((name) => name.startsWith('workload2'))).toEqual(['workload2-0'])
})

test('replicas of children that were scaled are kept when the set is edited', async () => {
  await up('workload2')
  await scale('workload2-0-pc-a', POD_CLIQUES, 4)
  await scale('workload2-0-sg-x', SCALING_GROUPS, 3)
  await at.settle()
  await at.patch(POD_CLIQUE_SETS, 'workload2', { spec: { replicas: 2 } })
  await at.settle()
  expect(await podsOf('workload2-0-pc-a')).toHaveLength(4)
  expect(await podsOf('workload2-1-pc-a')).toHaveLength(2)
  expect((await at.get<PodCliqueScalingGroup>(SCALING_GROUPS, 'workload2-0-sg-x')).spec.replicas).toBe(3)
})

test('a deleted set leaves nothing behind', async () => {
  await up('workload1', 2)
  await at.remove(POD_CLIQUE_SETS, 'workload1')
  await at.settle()
  for (const type of [
    PODS,
    POD_CLIQUES,
    SCALING_GROUPS,
    POD_GANGS,
    SERVICES,
    ROLES,
    ROLE_BINDINGS,
    SECRETS,
    AUTOSCALERS,
  ]) {
    const left = (await at.list(type)).filter((object) => label(object, 'app.kubernetes.io/part-of') === 'workload1')
    expect(names(left)).toEqual([])
  }
  expect(names(await at.list(SERVICE_ACCOUNTS))).not.toContain('workload1')
})

test('at rest nothing is written, and a new operator writes nothing either', async () => {
  await up('workload2', 2)
  at.writes.length = 0
  await at.clock.runFor(600_000)
  expect(at.writes).toEqual([])
  await at.restartOperator()
  await at.settle()
  expect(at.writes).toEqual([])
})

test('an evicted pod is replaced under its index', async () => {
  await up('workload1')
  const pod = (await podsOf('workload1-0-pc-a')).find(
    (each) => label(each, 'grove.io/podclique-pod-index') === '0',
  ) as Pod
  at.cluster.faults.failPod({ namespace: 'default', name: pod.metadata.name })
  await at.settle()
  const pods = await podsOf('workload1-0-pc-a')
  expect(indicesOf(pods)).toEqual([0, 1])
  expect(pods.filter(isReady)).toHaveLength(2)
  expect(names(pods)).not.toContain(pod.metadata.name)
})
