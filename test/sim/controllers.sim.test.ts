import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { KubeObject, NewObject, OwnerReference, Pod, Secret } from '../../api/kinds/kubernetes.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import type { DeleteOptions } from '../../kube/client.ts'
import {
  BUDGETS,
  CONFIG_MAPS,
  CRDS,
  NAMESPACES,
  NODES,
  PODS,
  type ResourceType,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
} from '../../kube/resources.ts'
import { ENDPOINT_SLICES, ENDPOINTS } from '../../sim/controllers/endpoints.ts'
import { conditionOf, node, partOf, podObject, startWorld, type World } from './world.ts'

let world: World
beforeEach(async () => {
  world = await startWorld({ nodes: [node('n1'), node('n2')] })
})
afterEach(() => world.stop())

const ownedBy = (owner: KubeObject, more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  ...more,
})
const configMap = (name: string, metadata: NewObject['metadata'] = {}): NewObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
})
const make = (name: string, ...owners: OwnerReference[]): Promise<KubeObject> =>
  world.create(CONFIG_MAPS, configMap(name, { ownerReferences: owners }))
const remove = async (type: ResourceType, name: string, options: DeleteOptions = {}): Promise<void> => {
  const key = { namespace: type.namespaced ? 'default' : '', name }
  valueOrThrow(await world.during(world.client.delete(type, key, options)))
}
const names = async (): Promise<string[]> =>
  (await world.list(CONFIG_MAPS, 'default'))
    .map(({ metadata }) => metadata.name)
    .filter((name) => name !== 'kube-root-ca.crt')

describe('garbage collection', () => {
  test('deletes what a deleted owner leaves, down to the last generation', async () => {
    const parent = await make('parent')
    const child = await make('child', ownedBy(parent))
    await make('grandchild', ownedBy(child))
    await make('stranger')
    await world.settle()
    await remove(CONFIG_MAPS, 'parent')
    await world.settle()
    expect(await names()).toEqual(['stranger'])
  })

  test('keeps what has another owner, without the reference to the one that is gone', async () => {
    const [one, two] = [await make('one'), await make('two')]
    await make('child', ownedBy(one), ownedBy(two))
    await world.settle()
    await remove(CONFIG_MAPS, 'one')
    await world.settle()
    const child = await world.get(CONFIG_MAPS, 'child')
    expect(child?.metadata.ownerReferences?.map((owner) => owner.name)).toEqual(['two'])
  })

  test('in the foreground, keeps the owner until what blocks it is gone', async () => {
    const parent = await make('parent')
    const block = ownedBy(parent, { blockOwnerDeletion: true })
    await world.create(PODS, { ...podObject('pod'), metadata: { name: 'pod', ownerReferences: [block] } })
    await world.settle()
    await remove(CONFIG_MAPS, 'parent', { propagationPolicy: 'Foreground' })
    await world.clock.runFor(1)
    expect((await world.get(CONFIG_MAPS, 'parent'))?.metadata.finalizers).toEqual(['foregroundDeletion'])
    expect((await world.pod('pod')).metadata.deletionTimestamp).toBeDefined()
    await world.settle()
    expect([await world.get(CONFIG_MAPS, 'parent'), await world.get(PODS, 'pod')]).toEqual([null, null])
  })

  test('in the foreground, lets the owner go when what blocked it stays with another owner', async () => {
    const [one, two] = [await make('one'), await make('two')]
    await make('child', ownedBy(one, { blockOwnerDeletion: true }), ownedBy(two))
    await world.settle()
    await remove(CONFIG_MAPS, 'one', { propagationPolicy: 'Foreground' })
    await world.settle()
    expect(await names()).toEqual(['child', 'two'])
  })

  test('orphans on request', async () => {
    const parent = await make('parent')
    await make('child', ownedBy(parent))
    await world.settle()
    await remove(CONFIG_MAPS, 'parent', { propagationPolicy: 'Orphan' })
    await world.settle()
    expect(await names()).toEqual(['child'])
    expect((await world.get(CONFIG_MAPS, 'child'))?.metadata.ownerReferences ?? []).toEqual([])
  })

  test('deletes what names an owner that never was, or one that was replaced under its name', async () => {
    const known = await make('known')
    await make('lost', { apiVersion: 'v1', kind: 'ConfigMap', name: 'nobody', uid: 'no-such-uid' })
    await make('stale', { ...ownedBy(known), uid: 'an-older-uid' })
    await world.settle()
    expect(await names()).toEqual(['known'])
  })

  test('knows what was there before it started', async () => {
    await world.stop()
    const uid = 'the-parent'
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'parent', uid }
    const child = configMap('child', { namespace: 'default', ownerReferences: [owner] })
    world = await startWorld({}, [configMap('parent', { namespace: 'default', uid }), child])
    await world.settle()
    expect(await names()).toEqual(['child', 'parent'])
    await remove(CONFIG_MAPS, 'parent')
    await world.settle()
    expect(await names()).toEqual([])
  })

  test('knows custom kinds as soon as they are there', async () => {
    const WIDGETS: ResourceType = {
      group: 'example.com',
      version: 'v1',
      plural: 'widgets',
      kind: 'Widget',
      namespaced: true,
    }
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
    const metadata = { name: 'widgets.example.com' }
    const spec = {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    }
    await world.create(CRDS, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata,
      spec,
    })
    await world.settle()
    const widget = await world.create(WIDGETS, {
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name: 'w' },
    })
    await make('child', ownedBy(widget))
    await world.settle()
    await remove(WIDGETS, 'w')
    await world.settle()
    expect(await names()).toEqual([])
  })
})

describe('a namespace', () => {
  test('has its service account and certificate, and gets them back', async () => {
    await world.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } })
    await world.settle()
    const furniture = async (): Promise<boolean[]> => [
      (await world.get(SERVICE_ACCOUNTS, 'default', 'team')) !== null,
      (await world.get(CONFIG_MAPS, 'kube-root-ca.crt', 'team')) !== null,
    ]
    expect(await furniture()).toEqual([true, true])
    await world.during(world.client.delete(SERVICE_ACCOUNTS, { namespace: 'team', name: 'default' }))
    await world.settle()
    expect(await furniture()).toEqual([true, true])
  })

  test('is emptied when it is deleted, and goes when its last pod has gone', async () => {
    await world.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } })
    await world.create(PODS, { ...podObject('a'), metadata: { name: 'a', namespace: 'team' } })
    await world.create(CONFIG_MAPS, configMap('c', { namespace: 'team' }))
    await world.settle()
    await remove(NAMESPACES, 'team')
    await world.clock.runFor(1)
    expect((await world.get(NAMESPACES, 'team'))?.['status']).toMatchObject({ phase: 'Terminating' })
    expect((await world.settle()).isSettled).toBe(true)
    expect(await world.get(NAMESPACES, 'team')).toBeNull()
    expect(await world.list(PODS, 'team')).toEqual([])
    expect(await world.list(CONFIG_MAPS, 'team')).toEqual([])
  })

  test('waits for a finalizer inside it', async () => {
    await world.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } })
    await world.create(CONFIG_MAPS, configMap('c', { namespace: 'team', finalizers: ['example.com/hold'] }))
    await world.settle()
    await remove(NAMESPACES, 'team')
    await world.clock.runFor(5_000)
    expect(await world.get(NAMESPACES, 'team')).not.toBeNull()
    const key = { namespace: 'team', name: 'c' }
    valueOrThrow(await world.during(world.client.mergePatch(CONFIG_MAPS, key, { metadata: { finalizers: null } })))
    await world.settle()
    expect(await world.get(NAMESPACES, 'team')).toBeNull()
  })
})

describe('a token secret', () => {
  const secret = (account: string): NewObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'token', annotations: { 'kubernetes.io/service-account.name': account } },
    type: 'kubernetes.io/service-account-token',
  })

  test('is filled once its service account is there, and goes with it', async () => {
    await world.create(SECRETS, secret('waiter'))
    await world.settle()
    expect((await world.get<Secret>(SECRETS, 'token'))?.data ?? {}).toEqual({})
    await world.create(SERVICE_ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'waiter' } })
    await world.settle()
    const data = (await world.get<Secret>(SECRETS, 'token'))?.data ?? {}
    expect(Object.keys(data).sort()).toEqual(['ca.crt', 'namespace', 'token'])
    expect(Buffer.from(data['namespace'] ?? '', 'base64').toString()).toBe('default')
    await remove(SERVICE_ACCOUNTS, 'waiter')
    await world.settle()
    expect(await world.get(SECRETS, 'token')).toBeNull()
  })
})

describe('a node', () => {
  const taintKeys = async (): Promise<string[]> =>
    ((await world.get(NODES, 'n1'))?.['spec'] as { taints?: { key: string }[] })?.taints?.map(({ key }) => key) ?? []

  test('carries the taint of a cordon as long as it is cordoned', async () => {
    const cordon = async (unschedulable: boolean): Promise<void> => {
      const key = { namespace: '', name: 'n1' }
      valueOrThrow(await world.during(world.client.mergePatch(NODES, key, { spec: { unschedulable } })))
      await world.settle()
    }
    await cordon(true)
    expect(await taintKeys()).toEqual(['node.kubernetes.io/unschedulable'])
    await cordon(false)
    expect(await taintKeys()).toEqual([])
  })

  test('keeps the taints that it came with', async () => {
    const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }
    expect(await world.cluster.load({ ...node('n3'), spec: { taints: [taint] } })).toBeNull()
    await world.settle()
    const taints = (await world.get(NODES, 'n3'))?.['spec'] as { taints: object[] }
    expect(taints.taints).toContainEqual(taint)
  })

  test('that came with a not-ready taint stays not ready', async () => {
    const taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }
    expect(await world.cluster.load({ ...node('n3'), spec: { taints: [taint] } })).toBeNull()
    await world.settle()
    const n3 = await world.get(NODES, 'n3')
    expect(partOf<{ taints: object[] }>(n3, 'spec').taints).toContainEqual(taint)
    const { conditions } = partOf<{ conditions: { type: string; status: string }[] }>(n3, 'status')
    expect(conditions.find(({ type }) => type === 'Ready')?.status).toBe('False')
  })

  test('takes its pods with it when it is deleted', async () => {
    await world.create(PODS, podObject('a'))
    await world.settle()
    await remove(NODES, 'n1')
    await world.settle()
    expect(await world.get(PODS, 'a')).toBeNull()
  })
})

describe('a disruption budget', () => {
  test('allows what is Ready above its bound', async () => {
    for (const name of ['a', 'b', 'c']) await world.create(PODS, podObject(name))
    const spec = { minAvailable: 2, selector: { matchLabels: { app: 'test' } } }
    await world.create(BUDGETS, { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'p' }, spec })
    await world.settle()
    const counts = { expectedPods: 3, currentHealthy: 3, desiredHealthy: 2, disruptionsAllowed: 1 }
    expect((await world.get(BUDGETS, 'p'))?.['status']).toMatchObject(counts)
    world.cluster.faults.failPod({ namespace: 'default', name: 'a' })
    await world.settle()
    expect((await world.get(BUDGETS, 'p'))?.['status']).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 0 })
  })
})

describe('a service', () => {
  test('lists its Ready pods at the port that they name', async () => {
    const spec = { selector: { app: 'test' }, ports: [{ name: 'web', port: 80, targetPort: 'http' }] }
    await world.create(SERVICES, { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec })
    await world.create(PODS, podObject('a', {}, { ports: [{ name: 'http', containerPort: 8080 }] }))
    await world.create(PODS, podObject('b', {}, { envFrom: [{ secretRef: { name: 'missing' } }] }))
    await world.settle()
    await world.clock.runFor(1_000)
    const ip = (await world.pod('a')).status?.podIP
    const [subset] = partOf<Record<string, { ip?: string; port?: number }[]>[]>(
      await world.get(ENDPOINTS, 's'),
      'subsets',
    )
    expect(subset?.['addresses']?.map((address) => address.ip)).toEqual([ip])
    expect(subset?.['notReadyAddresses']).toHaveLength(1)
    expect(subset?.['ports']?.map((port) => port.port)).toEqual([8080])
    const slice = await world.get(ENDPOINT_SLICES, 's-simulated')
    expect(slice?.metadata.labels?.['kubernetes.io/service-name']).toBe('s')
    await remove(SERVICES, 's')
    await world.settle()
    expect(await world.get(ENDPOINT_SLICES, 's-simulated')).toBeNull()
  })
})

describe('the start-up rule', () => {
  const member = (name: string, clique: string, waits: readonly string[] = []): NewObject => ({
    ...podObject(
      name,
      waits.length === 0 ? {} : { initContainers: [{ name: 'grove-initc', image: 'i', args: waits }] },
    ),
    metadata: { name, labels: { 'grove.io/podgang': 'g', 'grove.io/podclique': clique } },
  })
  const ready = async (name: string): Promise<string | undefined> => conditionOf(await world.pod(name), 'Ready')

  test('holds a pod back until the cliques before it have their minimum Ready', async () => {
    await world.create(PODS, member('worker', 'g-worker', ['--podcliques=g-leader:2']))
    await world.create(PODS, member('leader-0', 'g-leader'))
    await world.settle()
    expect([await ready('leader-0'), await ready('worker')]).toEqual(['True', 'False'])
    const [init] = (await world.pod('worker')).status?.initContainerStatuses ?? []
    expect(init?.state?.running).toBeDefined()
    await world.create(PODS, member('leader-1', 'g-leader'))
    await world.settle()
    expect(await ready('worker')).toBe('True')
  })

  test('counts pods of the same gang only', async () => {
    await world.create(PODS, member('worker', 'g-worker', ['--podcliques=g-leader:1']))
    const other = member('leader', 'g-leader')
    const labels = { ...other.metadata.labels, 'grove.io/podgang': 'another' }
    await world.create<Pod>(PODS, { ...other, metadata: { name: 'leader', labels } })
    await world.settle()
    expect(await ready('worker')).toBe('False')
  })
})
