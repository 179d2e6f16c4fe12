import { readFileSync } from 'node:fs'
import { beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { DynamoGraphDeployment, PodClique } from '../../api/generated/kinds.ts'
import {
  DYNAMO_GRAPHS,
  PERSISTENT_VOLUME_CLAIMS,
  POD_CLIQUE_SETS,
  POD_CLIQUES,
  ROLES,
  SERVICE_ACCOUNTS,
  SERVICES,
} from '../../kube/resources.ts'
import { World } from './dynamo-world.ts'

const SAMPLE = new URL('../../deploy/samples/dynamo-grove.yaml', import.meta.url)
const FIXTURES = new URL('../fixtures/dynamo/', import.meta.url)

function manifest(file: URL): DynamoGraphDeployment {
  const graph = parse(readFileSync(file, 'utf8')) as DynamoGraphDeployment
  return { ...graph, metadata: { ...graph.metadata, namespace: 'default' } }
}

const DECODE = 'dynamo-grove-0-vllmdecodeworker'
const replicas = (count: number): object => ({ spec: { services: { VllmDecodeWorker: { replicas: count } } } })

let world: World
beforeEach(async () => {
  world = await World.started()
})

async function published(): Promise<void> {
  await world.create(DYNAMO_GRAPHS, manifest(SAMPLE))
  await world.settle()
  await world.playSet('dynamo-grove')
  await world.settle()
  world.writes()
}

describe('the published example', () => {
  test('becomes a set with its Services and its account', async () => {
    await world.create(DYNAMO_GRAPHS, manifest(SAMPLE))
    await world.settle()
    expect(await world.names(POD_CLIQUE_SETS)).toEqual(['dynamo-grove'])
    expect((await world.names(SERVICES)).filter((name) => name.startsWith('dynamo'))).toEqual([
      'dynamo-grove-frontend',
      'dynamo-grove-vllmdecodeworker',
      'dynamo-grove-vllmprefillworker',
    ])
    expect(await world.names(SERVICE_ACCOUNTS)).toContain('dynamo-grove-k8s-service-discovery')
    expect((await world.graph('dynamo-grove')).status?.state).toBe('pending')
    expect(await world.conditions(DYNAMO_GRAPHS, 'dynamo-grove')).toEqual([
      'Ready False some_resources_are_not_ready',
      'Reconciling True some_resources_are_not_ready',
    ])
  })

  test('is successful once all three parts are ready', async () => {
    await published()
    const { status, metadata } = await world.graph('dynamo-grove')
    expect(status?.state).toBe('successful')
    expect(status?.observedGeneration).toBe(metadata.generation)
    expect(await world.conditions(DYNAMO_GRAPHS, 'dynamo-grove')).toEqual(['Ready True all_resources_are_ready'])
    expect(status?.services?.['VllmDecodeWorker']).toEqual({
      componentKind: 'PodClique',
      componentName: DECODE,
      componentNames: [DECODE],
      replicas: 2,
      readyReplicas: 2,
      updatedReplicas: 2,
      scheduledReplicas: 2,
      runtimeNamespace: 'default-dynamo-grove',
    })
  })

  test('says why a part is not ready', async () => {
    await published()
    await world.playClique(DECODE, { replicas: 2, scheduledReplicas: 1, readyReplicas: 1, scheduleGatedReplicas: 0 })
    await world.settle()
    const { status } = await world.graph('dynamo-grove')
    expect(status?.state).toBe('pending')
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')
    expect(ready?.reason).toBe('insufficient_capacity')
    expect(ready?.message).toBe(`Resources not ready: dynamo-grove: ${DECODE}: desired=2, scheduled=1`)
  })

  test('is not written again when it is applied unchanged, or when the operator starts anew', async () => {
    await published()
    await world.patch(DYNAMO_GRAPHS, 'dynamo-grove', { metadata: { annotations: { poke: '1' } } })
    await world.settle()
    await world.restartOperator()
    await world.settle()
    expect(world.writes()).toEqual(['patch dynamographdeployments/dynamo-grove'])
  })

  test('scales from two to four decode workers without a write to its set', async () => {
    await published()
    const before = await world.set('dynamo-grove')
    await world.patch(DYNAMO_GRAPHS, 'dynamo-grove', replicas(4))
    await world.settle()
    expect(world.writes()).toEqual([
      'patch dynamographdeployments/dynamo-grove',
      `update podcliques/${DECODE}/scale`,
      'patch dynamographdeployments/dynamo-grove/status',
    ])
    expect((await world.get<PodClique>(POD_CLIQUES, DECODE))?.spec.replicas).toBe(4)
    expect((await world.set('dynamo-grove')).metadata.resourceVersion).toBe(before.metadata.resourceVersion)
    expect((await world.graph('dynamo-grove')).status?.state).toBe('pending')
    await world.playClique(DECODE)
    await world.settle()
    expect((await world.graph('dynamo-grove')).status?.state).toBe('successful')
  })

  test('ends at the last of many edits, and reverts a scale that it did not ask for', async () => {
    await published()
    for (const count of [3, 1, 5, 2, 6]) await world.patch(DYNAMO_GRAPHS, 'dynamo-grove', replicas(count))
    await world.settle()
    expect((await world.get<PodClique>(POD_CLIQUES, DECODE))?.spec.replicas).toBe(6)
    await world.patch(POD_CLIQUES, DECODE, { spec: { replicas: 9 } }, 'scale')
    await world.settle()
    expect((await world.get<PodClique>(POD_CLIQUES, DECODE))?.spec.replicas).toBe(6)
  })

  test('is ready with no decode workers when none are wanted', async () => {
    await published()
    await world.patch(DYNAMO_GRAPHS, 'dynamo-grove', replicas(0))
    await world.settle()
    await world.playClique(DECODE)
    await world.settle()
    expect((await world.graph('dynamo-grove')).status?.state).toBe('successful')
    expect((await world.set('dynamo-grove')).spec.template.cliques[1]?.spec.replicas).toBe(2)
  })

  test('writes its set once when an image changes, or a label of a service', async () => {
    await published()
    const mainContainer = { image: 'other:1' }
    const edit = { spec: { services: { Frontend: { extraPodSpec: { mainContainer }, labels: { a: 'b' } } } } }
    await world.patch(DYNAMO_GRAPHS, 'dynamo-grove', edit)
    await world.settle()
    expect(world.writes().filter((line) => line.includes('podcliquesets'))).toEqual([
      'patch podcliquesets/dynamo-grove',
    ])
    const set = await world.set('dynamo-grove')
    expect(set.metadata.generation).toBe(2)
    expect(set.metadata.annotations?.['nvidia.com/last-applied-generation']).toBe('2')
    const [frontend] = set.spec.template.cliques
    expect(frontend?.spec.podSpec.containers[0]?.image).toBe('other:1')
    expect(frontend?.labels?.['a']).toBe('b')
    expect(frontend?.labels?.['nvidia.com/dynamo-component']).toBe('Frontend')
  })

  test('takes back an edit of its set by hand, also of a field that it does not write', async () => {
    await published()
    const wanted = (await world.set('dynamo-grove')).spec
    const spec = structuredClone(wanted)
    for (const clique of spec.template.cliques) clique.spec.podSpec.nodeSelector = { by: 'hand' }
    await world.patch(POD_CLIQUE_SETS, 'dynamo-grove', {
      spec: { ...spec, template: { ...spec.template, priorityClassName: 'high' } },
    })
    await world.settle()
    expect((await world.set('dynamo-grove')).spec).toEqual(wanted)
  })

  test('brings back a Service or a role that was deleted or bent', async () => {
    await published()
    await world.delete(SERVICES, 'dynamo-grove-frontend')
    await world.patch(ROLES, 'dynamo-grove-k8s-service-discovery-role', { rules: [] })
    await world.settle()
    expect(await world.names(SERVICES)).toContain('dynamo-grove-frontend')
    const role = await world.get(ROLES, 'dynamo-grove-k8s-service-discovery-role')
    expect(role?.['rules']).toHaveLength(3)
  })

  test('takes everything along when it is deleted, and does not wait for a finalizer', async () => {
    await published()
    await world.patch(DYNAMO_GRAPHS, 'dynamo-grove', { metadata: { finalizers: ['nvidia.com/finalizer'] } })
    await world.delete(DYNAMO_GRAPHS, 'dynamo-grove')
    await world.settle()
    expect(await world.names(DYNAMO_GRAPHS)).toEqual([])
    expect(await world.names(POD_CLIQUE_SETS)).toEqual([])
    expect((await world.names(SERVICES)).filter((name) => name.startsWith('dynamo'))).toEqual([])
    expect(await world.names(SERVICE_ACCOUNTS)).not.toContain('dynamo-grove-k8s-service-discovery')
  })

  test('shares the Service of a model with every graph that serves it', async () => {
    const [first, second] = ['one', 'two'].map((name) => {
      const graph = manifest(SAMPLE)
      const worker = { ...graph.spec.services['VllmDecodeWorker'], modelRef: { name: 'm' } }
      const services = { ...graph.spec.services, VllmDecodeWorker: worker }
      return { ...graph, metadata: { name, namespace: 'default' }, spec: { ...graph.spec, services } }
    })
    for (const graph of [first, second]) if (graph !== undefined) await world.create(DYNAMO_GRAPHS, graph)
    await world.settle()
    const models = async (): Promise<string[]> =>
      (await world.names(SERVICES)).filter((name) => name.startsWith('dynamo-model-'))
    expect(await models()).toHaveLength(1)
    for (const name of ['one', 'two']) expect((await world.graph(name)).status?.state).toBe('pending')
    await world.delete(DYNAMO_GRAPHS, 'one')
    await world.settle()
    expect(await models()).toHaveLength(1)
    await world.delete(DYNAMO_GRAPHS, 'two')
    await world.settle()
    expect(await models()).toEqual([])
  })

  test('drops the Services of its workers when it no longer discovers through Kubernetes', async () => {
    await published()
    const annotations = { 'nvidia.com/dynamo-discovery-backend': 'etcd' }
    await world.patch(DYNAMO_GRAPHS, 'dynamo-grove', { metadata: { annotations } })
    await world.settle()
    expect((await world.names(SERVICES)).filter((name) => name.startsWith('dynamo'))).toEqual(['dynamo-grove-frontend'])
  })
})

describe('a graph that cannot be run', () => {
  test('says in condition and event which field is wrong, and makes nothing', async () => {
    const graph = manifest(SAMPLE)
    const wrong = { ...graph, spec: { ...graph.spec, backendFramework: 'sglang' as const } }
    await world.create(DYNAMO_GRAPHS, wrong)
    await world.settle()
    const { status } = await world.graph('dynamo-grove')
    expect(status?.state).toBe('failed')
    expect(status?.observedGeneration).toBeUndefined()
    expect(await world.conditions(DYNAMO_GRAPHS, 'dynamo-grove')).toEqual([
      'Ready False failed_to_reconcile_the_resources',
      'Stalled True InvalidGraph',
    ])
    const message = status?.conditions?.[0]?.message
    expect(message).toContain('spec.services.VllmDecodeWorker.extraPodSpec.mainContainer.command')
    expect(await world.events()).toContain(`Warning InvalidGraph: ${message}`)
    expect(await world.names(POD_CLIQUE_SETS)).toEqual([])
  })

  test('waits for a claim that is not there, and goes on by itself once it is', async () => {
    await world.create(DYNAMO_GRAPHS, manifest(new URL('d2-caches-and-sidecar/graph.yaml', FIXTURES)))
    await world.settle()
    const [ready] = (await world.graph('vllm-agg')).status?.conditions ?? []
    expect(ready?.message).toContain('spec.pvcs[1].name: found "vcache"')
    await world.create(PERSISTENT_VOLUME_CLAIMS, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'vcache', namespace: 'default' },
      spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } } },
    })
    await world.settle()
    expect(await world.names(POD_CLIQUE_SETS)).toEqual(['vllm-agg'])
    expect(await world.names(PERSISTENT_VOLUME_CLAIMS)).toEqual(['models', 'vcache'])
  })

  test("leaves alone a set of somebody else's, and says so", async () => {
    const { spec } = await (async () => {
      await world.create(DYNAMO_GRAPHS, manifest(SAMPLE))
      await world.settle()
      return world.set('dynamo-grove')
    })()
    await world.delete(DYNAMO_GRAPHS, 'dynamo-grove')
    await world.settle()
    const set = {
      apiVersion: 'grove.io/v1alpha1',
      kind: 'PodCliqueSet',
      metadata: { name: 'dynamo-grove', namespace: 'default' },
      spec,
    }
    await world.create(POD_CLIQUE_SETS, set)
    await world.create(DYNAMO_GRAPHS, manifest(SAMPLE))
    await world.settle()
    expect((await world.set('dynamo-grove')).metadata.ownerReferences).toBeUndefined()
    const [ready] = (await world.graph('dynamo-grove')).status?.conditions ?? []
    expect(ready?.message).toContain('metadata.name: found "dynamo-grove"')
  })

  test('runs without what is not supported beside its pods, and names it', async () => {
    const graph = manifest(SAMPLE)
    const Frontend = { ...graph.spec.services['Frontend'], ingress: { enabled: true, host: 'h.example' } }
    await world.create(DYNAMO_GRAPHS, {
      ...graph,
      spec: { ...graph.spec, services: { ...graph.spec.services, Frontend } },
    })
    await world.settle()
    expect(await world.names(POD_CLIQUE_SETS)).toEqual(['dynamo-grove'])
    expect(await world.conditions(DYNAMO_GRAPHS, 'dynamo-grove')).toContain('UnsupportedFields True NotImplemented')
  })
})
