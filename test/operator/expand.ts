import { readFileSync } from 'node:fs'
import { parse, stringify } from 'yaml'
import type { PodClique, PodCliqueScalingGroup, PodCliqueSet } from '../../api/generated/kinds.ts'
import type { KubeObject, NewObject } from '../../api/kinds/kubernetes.ts'
import { DEFAULT_OPERATOR_CONFIG } from '../../operator/config.ts'
import { expandBudget } from '../../operator/expansion/budget.ts'
import { expandClique } from '../../operator/expansion/clique.ts'
import { cliqueIdentityOf, groupIdentityOf, indices } from '../../operator/expansion/identity.ts'
import { expandPod } from '../../operator/expansion/pod.ts'
import { membersUpTo } from '../../operator/expansion/scaling-group.ts'
import { expandSet, problemsOf } from '../../operator/expansion/set.ts'
import { type SetShape, shapeOf } from '../../operator/expansion/shape.ts'
import { dependenciesOf } from '../../operator/expansion/start-order.ts'
import { type KnownTopology, translate } from '../../operator/expansion/topology.ts'

/** Everything that one set comes to on an empty cluster: as if every object were there as soon as it is expanded. */

export const TOPOLOGY: KnownTopology = {
  name: 'default',
  levels: [
    { name: 'zone', key: 'topology.kubernetes.io/zone' },
    { name: 'block', key: 'fabric.topograph.run/tier-2' },
    { name: 'rack', key: 'fabric.topograph.run/tier-1' },
    { name: 'host', key: 'kubernetes.io/hostname' },
  ],
}

export function readSet(path: string): PodCliqueSet {
  return asSet(parse(readFileSync(path, 'utf8')) as NewObject)
}

export const asSet = (object: NewObject): PodCliqueSet =>
  placed({ ...object, metadata: { namespace: 'default', ...object.metadata } }) as PodCliqueSet

/** With what the server would fill in. */
const placed = (object: NewObject): KubeObject => ({
  ...object,
  metadata: {
    ...object.metadata,
    name: object.metadata.name ?? '',
    uid: `uid-of-${object.kind}-${object.metadata.name}`,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
})

export function expandAll(set: PodCliqueSet, topologies: readonly KnownTopology[] = [TOPOLOGY]): NewObject[] {
  const shape = shapeOf(set)
  const translation = translate(shape, topologies)
  const nothing = { clique: () => undefined, scalingGroup: () => undefined, podsOf: () => [] }
  const problems = problemsOf(shape, translation, nothing)
  if (problems.length > 0) throw new Error(JSON.stringify(problems))
  const observed = {
    ...nothing,
    podsOf: (clique: { name: string; clique: { replicas: number } }) => podNames(clique.name, clique.clique.replicas),
    askedOf: ({ clique }: { clique: { replicas: number } }) => clique.replicas,
    isMadeAnew: () => false,
    minAvailableOf: ({ clique }: { clique: { minAvailable: number } }) => clique.minAvailable,
  }
  const own = expandSet(shape, translation, observed, DEFAULT_OPERATOR_CONFIG).map(({ object }) => object)
  const members = own.filter(({ kind }) => kind === 'PodCliqueScalingGroup').flatMap((group) => membersOf(shape, group))
  const cliques = [...own.filter(({ kind }) => kind === 'PodClique'), ...members]
  return [...own, ...members, ...cliques.flatMap((clique) => podsOf(shape, clique))]
}

const suffix = (index: number): string => `pod${String(index).padStart(2, '0')}`
const podNames = (clique: string, replicas: number): string[] => indices(replicas).map((i) => `${clique}-${suffix(i)}`)

function membersOf(shape: SetShape, object: NewObject): NewObject[] {
  const group = placed(object) as PodCliqueScalingGroup
  const identity = groupIdentityOf(shape, group)
  if (identity === null) throw new Error(`no identity of ${group.metadata.name}`)
  return membersUpTo(identity, group.spec.replicas ?? 1).map((member) => expandClique(shape, member, group, undefined))
}

/** The disruption budgets of all cliques. */
export function budgetsOf(set: PodCliqueSet): NewObject[] {
  const cliques = expandAll(set).filter(({ kind }) => kind === 'PodClique')
  return cliques.map((clique) => expandBudget(set.metadata.name, placed(clique) as PodClique))
}

function podsOf(shape: SetShape, object: NewObject): NewObject[] {
  const clique = placed(object) as PodClique
  const identity = cliqueIdentityOf(shape, clique)
  if (identity === null) throw new Error(`no identity of ${clique.metadata.name}`)
  const awaited = dependenciesOf(shape, identity).map(({ name, clique: { minAvailable } }) => ({
    clique: name,
    minAvailable,
  }))
  const plan = { shape, identity, clique, awaited, config: DEFAULT_OPERATOR_CONFIG }
  return indices(clique.spec.replicas ?? 1).map((index) => expandPod(plan, index, suffix(index)))
}

/** One document an object, by kind as they are made. */
export const toYaml = (objects: readonly NewObject[]): string =>
  objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n')
