import { readFileSync } from 'node:fs'
import { beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { PodCliqueSet, PodGangSet } from '../../api/generated/kinds.ts'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { POD_CLIQUE_SETS, POD_GANG_SETS } from '../../kube/resources.ts'
import { World } from './dynamo-world.ts'

const SAMPLE = new URL('../../deploy/samples/single-node-aggregated.yaml', import.meta.url)
const { spec } = parse(readFileSync(SAMPLE, 'utf8')) as PodCliqueSet
const metadata = { name: 'old', namespace: 'default', labels: { team: 'a' }, annotations: { note: 'x' } }
const gangSet: NewObject = { apiVersion: 'grove.io/v1alpha1', kind: 'PodGangSet', metadata, spec }

let world: World
beforeEach(async () => {
  world = await World.started()
})

test('a PodGangSet makes a PodCliqueSet of its name, with its spec, labels and annotations', async () => {
  const made = await world.create<PodGangSet>(POD_GANG_SETS, gangSet)
  await world.settle()
  const set = await world.set('old')
  expect(set.spec).toEqual(made.spec)
  expect(set.metadata.labels).toEqual({ team: 'a' })
  expect(set.metadata.annotations).toMatchObject({ note: 'x' })
  expect(set.metadata.ownerReferences?.[0]).toMatchObject({
    kind: 'PodGangSet',
    uid: made.metadata.uid,
    controller: true,
  })
})

test("labels and annotations that a PodGangSet loses go, a tool's never come, somebody else's stay", async () => {
  const tools = { 'argocd.argoproj.io/tracking-id': 'app:grove.io/PodGangSet:default/old' }
  await world.create(POD_GANG_SETS, { ...gangSet, metadata: { ...metadata, annotations: { note: 'x', ...tools } } })
  await world.settle()
  await world.patch(POD_CLIQUE_SETS, 'old', { metadata: { labels: { mine: 'kept' } } })
  await world.patch(POD_GANG_SETS, 'old', { metadata: { labels: { team: null }, annotations: { note: null } } })
  await world.settle()
  const set = await world.set('old')
  expect(set.metadata.labels).toEqual({ mine: 'kept' })
  expect(set.metadata.annotations ?? {}).toEqual({})
})

test('a PodGangSet tells the status of its PodCliqueSet, and drops what is no longer told', async () => {
  await world.create(POD_GANG_SETS, gangSet)
  await world.settle()
  const updateProgress = { updateStartedAt: '2026-01-01T00:00:00Z', updatedPodCliquesCount: 1, totalPodCliquesCount: 2 }
  const full = { observedGeneration: 1, replicas: 1, availableReplicas: 1, updateProgress }
  await world.patch(POD_CLIQUE_SETS, 'old', { status: full }, 'status')
  await world.settle()
  expect((await world.get<PodGangSet>(POD_GANG_SETS, 'old'))?.status).toEqual((await world.set('old')).status)
  await world.patch(
    POD_CLIQUE_SETS,
    'old',
    { status: { availableReplicas: 0, updateProgress: { updateStartedAt: null } } },
    'status',
  )
  await world.settle()
  const { status } = await world.set('old')
  expect(status?.availableReplicas).toBe(0)
  expect((await world.get<PodGangSet>(POD_GANG_SETS, 'old'))?.status).toEqual(status)
})

test('an edit of either is brought to the PodCliqueSet; a look that finds nothing writes nothing', async () => {
  await world.create(POD_GANG_SETS, gangSet)
  await world.settle()
  await world.patch(POD_GANG_SETS, 'old', { spec: { replicas: 2, template: { priorityClassName: 'high' } } })
  await world.settle()
  expect((await world.set('old')).spec).toMatchObject({ replicas: 2, template: { priorityClassName: 'high' } })
  await world.patch(POD_GANG_SETS, 'old', { spec: { template: { priorityClassName: null } } })
  await world.patch(POD_CLIQUE_SETS, 'old', { spec: { replicas: 7 } })
  await world.settle()
  const set = await world.set('old')
  expect(set.spec.replicas).toBe(2)
  expect(set.spec.template.priorityClassName).toBeUndefined()
  world.writes()
  await world.restartOperator()
  await world.settle()
  expect(world.writes()).toEqual([])
})

test("a name that somebody else's PodCliqueSet has is refused, until that one is gone", async () => {
  const foreign: NewObject = {
    apiVersion: 'grove.io/v1alpha1',
    kind: 'PodCliqueSet',
    metadata: { name: 'old', namespace: 'default' },
    spec,
  }
  await world.create(POD_CLIQUE_SETS, foreign)
  await world.create(POD_GANG_SETS, gangSet)
  await world.settle()
  expect(await world.conditions(POD_GANG_SETS, 'old')).toEqual(['Ready False NameTaken', 'Stalled True NameTaken'])
  expect((await world.set('old')).metadata.ownerReferences).toBeUndefined()
  await world.delete(POD_CLIQUE_SETS, 'old')
  await world.settle()
  expect((await world.set('old')).metadata.ownerReferences).toHaveLength(1)
})

test('a PodGangSet takes its PodCliqueSet along', async () => {
  await world.create(POD_GANG_SETS, gangSet)
  await world.settle()
  await world.delete(POD_GANG_SETS, 'old')
  await world.settle()
  expect(await world.names(POD_CLIQUE_SETS)).toEqual([])
})
