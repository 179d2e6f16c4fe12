import { expect, test } from 'vitest'
import type { KubeObject, NewObject } from '../../api/kinds/kubernetes.ts'
import { patchBetween } from '../../operator/changes.ts'

const gang = (spec: object, annotations: Record<string, string> = {}): NewObject => ({
  apiVersion: 'scheduler.grove.io/v1alpha1',
  kind: 'PodGang',
  metadata: { name: 'g', labels: { ours: '1' }, annotations },
  spec,
})
const observed = (object: NewObject, extra: object = {}): KubeObject => ({
  ...structuredClone(object),
  metadata: { ...object.metadata, name: 'g', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
  ...extra,
})
const clique = (podSpec: object, hash: string, rest: object = {}): NewObject => ({
  apiVersion: 'grove.io/v1alpha1',
  kind: 'PodClique',
  metadata: { name: 'c', labels: { 'grove.io/pod-template-hash': hash } },
  spec: { podSpec, ...rest },
})

test('nothing differs, nothing is written', () => {
  const object = gang({ podgroups: [{ name: 'a', podReferences: [], minReplicas: 1 }] })
  expect(patchBetween(object, observed(object, { status: { phase: 'Running' } }))).toBeNull()
})

test('what others added to labels, annotations and spec stays', () => {
  const there = observed(gang({ podgroups: [], reuseReservationRef: { name: 'x' } }, { theirs: 'y' }))
  expect(patchBetween(gang({ podgroups: [] }), there)).toBeNull()
})

test('a constraint that is no longer asked for goes', () => {
  const there = observed(gang({ podgroups: [], topologyConstraint: { packConstraint: { required: 'k' } } }))
  expect(patchBetween(gang({ podgroups: [] }), there)).toEqual({ spec: { topologyConstraint: null } })
})

test('a half of a constraint that is no longer asked for goes alone', () => {
  const there = observed(
    gang({ podgroups: [], topologyConstraint: { packConstraint: { required: 'k', preferred: 'p' } } }),
  )
  const wanted = gang({ podgroups: [], topologyConstraint: { packConstraint: { required: 'k' } } })
  expect(patchBetween(wanted, there)).toEqual({ spec: { topologyConstraint: { packConstraint: { preferred: null } } } })
})

test('a copied annotation that the user took away goes, with the note of it', () => {
  const there = observed(gang({ podgroups: [] }, { note: 'x', theirs: 'y', 'espalier.io/applied-keys': 'a:note' }))
  expect(patchBetween(gang({ podgroups: [] }), there)).toEqual({
    metadata: { annotations: { note: null, 'espalier.io/applied-keys': null } },
  })
})

test('what the server filled into a pod template is no difference, what somebody changed in it is', () => {
  const wanted = clique({ containers: [{ name: 'm', ports: [{ containerPort: 1 }] }] }, 'h')
  const filled = observed(
    clique({ containers: [{ name: 'm', ports: [{ containerPort: 1, protocol: 'TCP' }] }], dns: 'x' }, 'h'),
  )
  expect(patchBetween(wanted, filled)).toBeNull()
  const changed = observed(clique({ containers: [{ name: 'other' }] }, 'h'))
  expect(patchBetween(wanted, changed)).toEqual({
    spec: { podSpec: { containers: [{ name: 'm', ports: [{ containerPort: 1 }] }] } },
  })
})

test('a new template replaces the whole pod spec, so that what it no longer has goes', () => {
  const there = observed(clique({ containers: [{ name: 'm' }], nodeSelector: { a: 'b' } }, 'old'))
  expect(patchBetween(clique({ containers: [{ name: 'm' }] }, 'new'), there)).toEqual({
    metadata: { labels: { 'grove.io/pod-template-hash': 'new' } },
    spec: { podSpec: { nodeSelector: null } },
  })
})
