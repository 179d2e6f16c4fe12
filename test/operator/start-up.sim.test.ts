import { parse } from 'yaml'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PodCliqueSet } from '../../api/generated/kinds.ts'
import type { KubeObject, Pod } from '../../api/kinds/kubernetes.ts'
import { AUTOSCALERS, POD_CLIQUE_SETS, POD_CLIQUES, PODS, SECRETS } from '../../kube/resources.ts'
import { type Harness, isReady, names, startHarness } from './harness.ts'
import { workloadYaml } from './workloads.ts'

let at: Harness
beforeEach(async () => {
  at = await startHarness()
})
afterEach(() => at.stop())

const readyAt = (pod: Pod): string =>
  pod.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? ''
const startedAt = (pod: Pod): string => pod.status?.containerStatuses?.[0]?.state?.running?.startedAt ?? ''
const ofRole = (pods: readonly Pod[], role: string): Pod[] =>
  pods.filter(({ spec }) => spec.hostname?.includes(`-${role}-`))
const last = (times: readonly string[]): string => [...times].sort().at(-1) ?? ''
const first = (times: readonly string[]): string => [...times].sort()[0] ?? ''

test('cliques in order start one after the other: nothing of the next runs before the one before is Ready', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload3'))
  await at.settle()
  const pods = await at.list<Pod>(PODS)
  expect(pods.filter(isReady)).toHaveLength(10)
  for (const [before, after] of [
    ['pc-a', 'pc-b'],
    ['pc-b', 'pc-c'],
  ] as const) {
    expect(ofRole(pods, after).length).toBeGreaterThan(0)
    expect(first(ofRole(pods, after).map(startedAt)) >= last(ofRole(pods, before).map(readyAt))).toBe(true)
  }
})

test('an explicit order holds, and the waiter knows whom and how many to wait for', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload5'))
  await at.settle()
  const pods = await at.list<Pod>(PODS)
  expect(pods.filter(isReady)).toHaveLength(10)
  expect(first(ofRole(pods, 'pc-c').map(startedAt)) >= last(ofRole(pods, 'pc-a').map(readyAt))).toBe(true)
  expect(first(ofRole(pods, 'pc-b').map(startedAt)) >= last(ofRole(pods, 'pc-c').map(readyAt))).toBe(true)
  const waiter = ofRole(pods, 'pc-b')[0]?.spec.initContainers?.at(-1)
  expect(waiter).toMatchObject({
    name: 'grove-initc',
    args: ['--podcliques=workload5-0-sg-x-0-pc-c:3', '--podcliques=workload5-0-sg-x-1-pc-c:3'],
  })
})

test('the waiter has a bound token, and a token Secret only where the set asks for one', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload3'))
  const asking = workloadYaml('workload4').replace(
    '{name: workload4}',
    '{name: workload4, annotations: {espalier.io/waiter-token: secret}}',
  )
  await at.apply(POD_CLIQUE_SETS, asking)
  await at.settle()
  expect(names(await at.list<KubeObject>(SECRETS))).toEqual(['workload4-ic-sat'])
  const pods = await at.list<Pod>(PODS)
  const volumeOf = (set: string) =>
    ofRole(
      pods.filter(({ metadata }) => metadata.name.startsWith(set)),
      'pc-c',
    )[0]?.spec.volumes?.find(({ name }) => name === 'sa-token-secret-vol')
  expect(volumeOf('workload3')?.projected).toBeDefined()
  expect(volumeOf('workload4')?.secret?.secretName).toBe('workload4-ic-sat')
  expect(pods.filter(isReady)).toHaveLength(20)
})

test('autoscaled cliques and groups get autoscalers of their names, which go with their replica', async () => {
  const yaml = workloadYaml('workload2', 2)
    .replace('{name: sg-x, replicas: 2,', '{name: sg-x, scaleConfig: {maxReplicas: 6}, replicas: 2,')
    .replace('roleName: pc-a', 'roleName: pc-a\n        autoScalingConfig: {minReplicas: 1, maxReplicas: 5}')
  await at.apply(POD_CLIQUE_SETS, yaml)
  await at.settle()
  const scalers = await at.list<KubeObject & { spec: Record<string, unknown> }>(AUTOSCALERS)
  expect(names(scalers)).toEqual(['workload2-0-pc-a', 'workload2-0-sg-x', 'workload2-1-pc-a', 'workload2-1-sg-x'])
  expect(scalers[1]?.spec).toMatchObject({
    scaleTargetRef: { apiVersion: 'grove.io/v1alpha1', kind: 'PodCliqueScalingGroup', name: 'workload2-0-sg-x' },
    minReplicas: 2,
    maxReplicas: 6,
  })
  await at.patch(POD_CLIQUE_SETS, 'workload2', { spec: { replicas: 1 } })
  await at.settle()
  expect(names(await at.list(AUTOSCALERS))).toEqual(['workload2-0-pc-a', 'workload2-0-sg-x'])
  expect(await at.list(POD_CLIQUES)).toHaveLength(5)
})

test('an autoscaler whose metrics are taken away goes back to what Kubernetes follows by itself', async () => {
  const metric = (averageUtilization: number): string =>
    `{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: ${averageUtilization}}}}`
  const scaled = `autoScalingConfig: {maxReplicas: 5, metrics: [${metric(50)}]}`
  await at.apply(
    POD_CLIQUE_SETS,
    workloadYaml('workload2').replace('roleName: pc-a', `roleName: pc-a\n        ${scaled}`),
  )
  await at.settle()
  const followed = async (): Promise<unknown> =>
    (await at.get<KubeObject & { spec: { metrics?: unknown } }>(AUTOSCALERS, 'workload2-0-pc-a')).spec.metrics
  expect(await followed()).toMatchObject([parse(metric(50))])
  const set = await at.get<PodCliqueSet>(POD_CLIQUE_SETS, 'workload2')
  const cliques = set.spec.template.cliques.map((clique) =>
    clique.name === 'pc-a' ? { ...clique, spec: { ...clique.spec, autoScalingConfig: { maxReplicas: 5 } } } : clique,
  )
  await at.patch(POD_CLIQUE_SETS, 'workload2', { spec: { template: { cliques } } })
  await at.settle()
  expect(await followed()).toMatchObject([parse(metric(80))])
})
