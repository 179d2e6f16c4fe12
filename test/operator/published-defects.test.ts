import { parse } from 'yaml'
import { expect, test } from 'vitest'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { mirrored } from '../../operator/expansion/mirror.ts'
import { shapeOf } from '../../operator/expansion/shape.ts'
import { asSet, expandAll } from './expand.ts'

/** Defects of the published system that this one does not have: docs/grove-compatibility.md lists them all. */

const set = (template: string): ReturnType<typeof asSet> =>
  asSet(
    parse(`
apiVersion: grove.io/v1alpha1
kind: PodCliqueSet
metadata: {name: s}
spec:
  replicas: 1
  template:
${template}`) as NewObject,
  )

const clique = (name: string, more = ''): string =>
  `    - {name: ${name}, spec: {roleName: ${name}, ${more} podSpec: {containers: [{name: main, image: image-of-${name}}]}}}\n`

interface Expanded {
  readonly kind: string
  readonly metadata: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> }
  readonly spec: {
    readonly priorityClassName?: string
    readonly schedulerName?: string
    readonly containers: readonly { readonly image: string }[]
    readonly initContainers?: readonly { readonly args?: readonly string[] }[]
  }
}
const podsOf = (of: ReturnType<typeof asSet>): Expanded[] =>
  (expandAll(of) as unknown as Expanded[]).filter(({ kind }) => kind === 'Pod')

test('1: a clique whose name ends another name gets its own template and its own minimum', () => {
  const pods = podsOf(
    set(`    cliqueStartupType: CliqueStartupTypeExplicit
    cliques:
${clique('worker', 'replicas: 3, minAvailable: 2,')}${clique('prefill-worker', 'replicas: 1,')}${clique('last', 'replicas: 1, startsAfter: [prefill-worker],')}`),
  )
  for (const { metadata, spec } of pods) {
    expect(`s-0-${spec.containers[0]?.image.slice('image-of-'.length)}`).toBe(metadata.labels?.['grove.io/podclique'])
  }
  const waiting = pods.filter(({ spec }) => spec.initContainers !== undefined)
  expect(waiting).toHaveLength(1)
  expect(waiting[0]?.spec.initContainers?.[0]?.args).toContain('--podcliques=s-0-prefill-worker:1')
})

test("3: a set's priority class stands on its pods, and a clique's own where the set has none", () => {
  const own = `    cliques:\n    - {name: a, spec: {roleName: a, podSpec: {priorityClassName: own, containers: [{name: m, image: x}]}}}\n`
  expect(podsOf(set(own))[0]?.spec.priorityClassName).toBe('own')
  expect(podsOf(set(`    priorityClassName: high\n${own}`))[0]?.spec.priorityClassName).toBe('high')
  const hashOf = (of: ReturnType<typeof asSet>): string => shapeOf(of).generationHash
  const other = own.replace('own', 'another')
  expect(hashOf(set(own))).not.toBe(hashOf(set(other)))
})

test('14: a template with no replicas and no minimum means one of one', () => {
  const [a] = shapeOf(set(`    cliques:\n${clique('a', 'replicas: 0,')}`)).cliques
  expect([a?.replicas, a?.minAvailable]).toEqual([1, 1])
})

test('a clique that asks for no scheduler is placed by the one that the others of its gang ask for', () => {
  const cliques = `    cliques:
    - {name: a, spec: {roleName: a, podSpec: {schedulerName: other, containers: [{name: m, image: x}]}}}
    - {name: b, spec: {roleName: b, podSpec: {containers: [{name: m, image: x}]}}}
`
  expect(podsOf(set(cliques)).map(({ spec }) => spec.schedulerName)).toEqual(['other', 'other'])
})

test('what deployment tools write on a set reaches none of its objects', () => {
  const tools = {
    'argocd.argoproj.io/tracking-id': 'x',
    'kustomize.toolkit.fluxcd.io/name': 'x',
    'meta.helm.sh/release-name': 'x',
    'kubectl.kubernetes.io/last-applied-configuration': '{}',
    'grove.io/reconcile-trigger': '1',
  }
  expect(mirrored({ ...tools, team: 'a' })).toEqual({ team: 'a' })
})
