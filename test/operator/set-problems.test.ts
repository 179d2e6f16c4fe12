import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { problemsOf } from '../../operator/expansion/set.ts'
import { shapeOf } from '../../operator/expansion/shape.ts'
import { translate } from '../../operator/expansion/topology.ts'
import { unsupportedIn } from '../../operator/expansion/unsupported.ts'
import { asSet, TOPOLOGY } from './expand.ts'

const clique = (name: string, spec = '', around = ''): string =>
  `{name: ${name}${around}, spec: {roleName: ${name}, replicas: 1${spec}, podSpec: {containers: [{name: m, image: i}]}}}`
const problems = (template: string, { name = 's', replicas = 1, topologies = [TOPOLOGY] } = {}): string[] => {
  const text = `{apiVersion: grove.io/v1alpha1, kind: PodCliqueSet, metadata: {name: ${name}}, spec: {replicas: ${replicas}, template: ${template}}}`
  const shape = shapeOf(asSet(parse(text) as NewObject))
  const found = problemsOf(shape, translate(shape, topologies), { scalingGroup: () => undefined })
  return found.map(({ reason, path, message }) => `${reason} ${path}: ${message}`)
}

test('a sound set has none', () => {
  expect(
    problems(`{topologyConstraint: {pack: {required: rack, preferred: host}}, cliques: [${clique('a')}]}`),
  ).toEqual([])
})

test('each circle of a start order is told once', () => {
  const after = (name: string): string => `, startsAfter: [${name}]`
  const cliques = [clique('a', after('c')), clique('b', after('a')), clique('c', after('b')), clique('d', after('a'))]
  expect(problems(`{cliqueStartupType: CliqueStartupTypeExplicit, cliques: [${cliques.join(',')}]}`)).toEqual([
    'InvalidStartOrder spec.template.cliques[0].spec.startsAfter: found ["c"], want an order without a cycle; now a after c after b after a',
  ])
})

test('names of two parts of a set that would meet are told', () => {
  const group = '{name: g, cliqueNames: [w], replicas: 2}'
  expect(problems(`{podCliqueScalingGroups: [${group}], cliques: [${clique('w')}, ${clique('g-1-w')}]}`)).toEqual([
    expect.stringContaining('NameTaken spec.template.cliques[0].name: makes the PodClique name "s-0-g-1-w"'),
  ])
})

test('a hostname that would be longer than DNS allows is told with its length', () => {
  const long = 'x'.repeat(56)
  expect(problems(`{cliques: [${clique(long)}]}`, { replicas: 1000 })).toEqual([
    `NameTooLong spec.template.cliques[0].name: makes the hostname "s-999-${long}-0" of 64 characters; at most 63 are allowed`,
  ])
})

test('what is around may not be narrower than what is inside', () => {
  const inner = clique('a', '', ', topologyConstraint: {pack: {required: zone}}')
  expect(problems(`{topologyConstraint: {pack: {required: rack}}, cliques: [${inner}]}`)).toEqual([
    'InvalidTopology spec.template.cliques[0].topologyConstraint.pack.required: domain "zone" is broader than "rack" of spec.template.topologyConstraint',
  ])
})

test('nor where what stands between says only what is preferred', () => {
  const group = '{name: g, cliqueNames: [a], topologyConstraint: {pack: {preferred: host}}}'
  const inner = clique('a', '', ', topologyConstraint: {pack: {required: zone}}')
  const constraint = 'topologyConstraint: {pack: {required: rack}}'
  expect(problems(`{${constraint}, podCliqueScalingGroups: [${group}], cliques: [${inner}]}`)).toEqual([
    'InvalidTopology spec.template.cliques[0].topologyConstraint.pack.required: domain "zone" is broader than "rack" of spec.template.topologyConstraint',
  ])
})

test('an unknown domain is told with those that there are, an unknown topology by its name', () => {
  expect(problems(`{topologyConstraint: {spread: {domain: pod}}, cliques: [${clique('a')}]}`)).toEqual([
    'DomainNotFound spec.template.topologyConstraint.spread.domain: domain "pod" not found in topology "default"; it has zone, block, rack, host',
  ])
  expect(
    problems(`{topologyConstraint: {topologyName: t, pack: {required: rack}}, cliques: [${clique('a')}]}`),
  ).toEqual(['TopologyNotFound spec.template.topologyConstraint.topologyName: ClusterTopologyBinding "t" not found'])
})

test('with several topologies and none named, the one called default is meant', () => {
  const other = { name: 'a', levels: [{ name: 'x', key: 'x' }] }
  const template = `{topologyConstraint: {pack: {required: rack}}, cliques: [${clique('a')}]}`
  expect(problems(template, { topologies: [other, TOPOLOGY] })).toEqual([])
  expect(problems(template, { topologies: [other, { ...TOPOLOGY, name: 'b' }] })).toEqual([
    expect.stringContaining('TopologyNotFound'),
  ])
})

test('a spread annotation that does not parse is told with what would', () => {
  const name = `s, annotations: {espalier.io/spread: rack}`
  expect(problems(`{cliques: [${clique('a')}]}`, { name })).toEqual([
    'InvalidTopology metadata.annotations["espalier.io/spread"]: found "rack", want JSON: an object with domain, maxSkew, minDomains, whenUnsatisfiable',
  ])
})

test('what this version does not act on is named, wherever it stands', () => {
  const sharing = 'resourceSharing: [{name: x, scope: PerReplica}]'
  const annotated = 'annotations: {grove.io/mnnvl-group: m}'
  const text = `{apiVersion: grove.io/v1alpha1, kind: PodCliqueSet, metadata: {name: s, ${annotated}}, spec: {template: {${sharing},
    podCliqueScalingGroups: [{name: g, cliqueNames: [a], annotations: {grove.io/mnnvl-group: none}, ${sharing}}],
    cliques: [${clique('a', '', `, ${sharing}, ${annotated}`)}]}}}`
  expect(unsupportedIn(shapeOf(asSet(parse(text) as NewObject)))).toBe(
    'not acted on by this version: metadata.annotations["grove.io/mnnvl-group"] (no ComputeDomain is made), ' +
      'spec.template.resourceSharing (no claim is made), ' +
      'spec.template.podCliqueScalingGroups[0].resourceSharing (no claim is made), ' +
      'spec.template.cliques[0].resourceSharing (no claim is made), ' +
      'spec.template.cliques[0].annotations["grove.io/mnnvl-group"] (no ComputeDomain is made)',
  )
})
