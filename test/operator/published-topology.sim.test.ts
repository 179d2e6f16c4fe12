import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PodCliqueSet, PodGang } from '../../api/generated/kinds.ts'
import type { Condition, Pod } from '../../api/kinds/kubernetes.ts'
import { POD_CLIQUE_SETS, POD_GANGS, PODS, TOPOLOGY_BINDINGS } from '../../kube/resources.ts'
import { type Harness, isReady } from './harness.ts'
import { BLOCK, cliqueOf, domains, RACK, startSuite } from './suite-nodes.ts'

/** What the published suite asks of constraints: the shape of gangs, where pods lie, and levels that go and come back. */

let at: Harness
beforeEach(async () => {
  at = await startSuite(30, 30)
  await at.apply(TOPOLOGY_BINDINGS, BINDING)
})
afterEach(() => at.stop())

const KEYS: Readonly<Record<string, string>> = {
  zone: 'kubernetes.io/zone',
  block: 'kubernetes.io/block',
  rack: 'kubernetes.io/rack',
  host: 'kubernetes.io/hostname',
}
const levels = (...names: string[]): object[] => names.map((domain) => ({ domain, key: KEYS[domain] }))
const BINDING = JSON.stringify({
  apiVersion: 'grove.io/v1alpha1',
  kind: 'ClusterTopologyBinding',
  metadata: { name: 'suite' },
  spec: { levels: levels('zone', 'block', 'rack', 'host') },
})
const required = (level: string): object => ({ packConstraint: { required: KEYS[level] } })

const pack = (level: string, how = 'required'): string =>
  `topologyConstraint: {topologyName: suite, pack: {${how}: ${level}}}`
const clique = (name: string, replicas: number, constraint = ''): string => `    - name: ${name}
      ${constraint}
      spec: {roleName: ${name}, replicas: ${replicas}, podSpec: {containers: [{name: main, image: x, resources: {requests: {memory: 40Mi}}}]}}
`
const group = (name: string, members: string, replicas: number, minAvailable: number, constraint = ''): string =>
  `    - {name: ${name}, cliqueNames: [${members}], replicas: ${replicas}, minAvailable: ${minAvailable}${constraint === '' ? '' : `, ${constraint}`}}\n`

interface Written {
  readonly constraint?: string
  readonly replicas?: number
  readonly groups?: string
  readonly cliques: string
}

async function up({ constraint = '', replicas = 1, groups = '', cliques }: Written): Promise<void> {
  await at.apply(
    POD_CLIQUE_SETS,
    `
apiVersion: grove.io/v1alpha1
kind: PodCliqueSet
metadata: {name: tas}
spec:
  replicas: ${replicas}
  template:
    ${constraint}
${groups === '' ? '' : `    podCliqueScalingGroups:\n${groups}`}    cliques:
${cliques}`,
  )
  await at.settle()
}

const podsOf = async (prefix: string): Promise<Pod[]> =>
  (await at.list<Pod>(PODS)).filter((pod) => cliqueOf(pod).startsWith(prefix))
const gangNamed = (name: string): Promise<PodGang> => at.get<PodGang>(POD_GANGS, name)
const topologyOf = ({ metadata }: PodGang): string | undefined => metadata.annotations?.['grove.io/topology-name']

test('TAS3, TAS6: a constraint of the set alone stands on every gang, and on nothing in it', async () => {
  await up({
    constraint: pack('rack'),
    groups: group('sg', 'lead, work', 2, 1),
    cliques: clique('fe', 2) + clique('lead', 1) + clique('work', 2),
  })
  const gangs = await at.list<PodGang>(POD_GANGS)
  expect(gangs.map(({ metadata }) => metadata.name)).toEqual(['tas-0', 'tas-0-sg-0'])
  for (const { spec } of gangs) {
    expect(spec.topologyConstraint).toEqual(required('rack'))
    expect(spec.topologyConstraintGroupConfigs).toBeUndefined()
    expect(spec.podgroups.filter((each) => each.topologyConstraint !== undefined)).toEqual([])
  }
  expect(gangs.map(topologyOf)).toEqual(['suite', 'suite'])
  expect(gangs.map(({ spec }) => spec.sameDomainAs)).toEqual([undefined, { podGang: 'tas-0', key: KEYS['rack'] }])
  expect(domains(await podsOf('tas'), RACK)).toBe(1)
})

test('TAS4, TAS11: a constraint of a group stands on each copy: as a group of the base gang, or on its own gang', async () => {
  await up({
    groups: group('sg', 'lead, work', 3, 2, pack('rack')),
    cliques: clique('fe', 2) + clique('lead', 1) + clique('work', 2, pack('host')),
  })
  const { spec } = await gangNamed('tas-0')
  expect(spec.topologyConstraint).toBeUndefined()
  expect(spec.topologyConstraintGroupConfigs).toEqual(
    [0, 1].map((j) => ({
      name: `tas-0-sg-${j}`,
      podGroupNames: [`tas-0-sg-${j}-lead`, `tas-0-sg-${j}-work`],
      topologyConstraint: required('rack'),
    })),
  )
  const constraints = spec.podgroups.map(({ topologyConstraint }) => topologyConstraint)
  expect(constraints).toEqual([undefined, undefined, required('host'), undefined, required('host')])
  const scaled = await gangNamed('tas-0-sg-0')
  expect(scaled.spec.topologyConstraint).toEqual(required('rack'))
  expect(scaled.spec.topologyConstraintGroupConfigs).toBeUndefined()
  for (const j of [0, 1, 2]) {
    expect(domains(await podsOf(`tas-0-sg-${j}-`), RACK)).toBe(1)
    expect(domains(await podsOf(`tas-0-sg-${j}-work`), 1)).toBe(1)
  }
})

test('TAS2, TAS5: each clique has a constraint of its own, required, preferred or none', async () => {
  await up({
    replicas: 2,
    cliques: clique('a', 3, pack('host')) + clique('b', 3, pack('rack', 'preferred')) + clique('c', 1),
  })
  const { spec } = await gangNamed('tas-1')
  const preferred = { packConstraint: { preferred: KEYS['rack'] } }
  expect(spec.podgroups.map(({ topologyConstraint: of }) => of)).toEqual([required('host'), preferred, undefined])
  for (const i of [0, 1]) {
    expect(domains(await podsOf(`tas-${i}-a`), 1)).toBe(1)
    expect(domains(await podsOf(`tas-${i}-b`), RACK)).toBe(1)
  }
})

test('TAS15, TAS16: replicas of prefill and decode groups: hosts in racks in a block, for each replica', async () => {
  await up({
    constraint: pack('block'),
    replicas: 3,
    groups: group('p', 'pl, pw', 2, 1, pack('rack')) + group('d', 'dl, dw', 2, 2, pack('rack')),
    cliques:
      clique('r', 1) +
      clique('pl', 1) +
      clique('pw', 2, pack('host')) +
      clique('dl', 1) +
      clique('dw', 2, pack('host')),
  })
  expect((await at.list<Pod>(PODS)).filter(isReady)).toHaveLength(3 * 13)
  for (const i of [0, 1, 2]) {
    expect(domains(await podsOf(`tas-${i}-`), BLOCK)).toBe(1)
    for (const copy of ['p-0', 'p-1', 'd-0', 'd-1']) expect(domains(await podsOf(`tas-${i}-${copy}-`), RACK)).toBe(1)
  }
})

async function declare(...names: string[]): Promise<void> {
  const write = at.client.mergePatch(
    TOPOLOGY_BINDINGS,
    { namespace: '', name: 'suite' },
    { spec: { levels: levels(...names) } },
  )
  await at.settle()
  expect((await write).kind).toBe('ok')
}

const available = async (): Promise<Condition | undefined> => {
  const { status } = await at.get<PodCliqueSet>(POD_CLIQUE_SETS, 'tas')
  return status?.conditions?.find(({ type }) => type === 'TopologyLevelsUnavailable')
}

test('TAS20: levels that go take their constraints along, the pods stay, and what comes back is as before', async () => {
  await up({
    constraint: pack('block'),
    groups: group('sg', 'lead, work', 2, 1, pack('rack')),
    cliques: clique('fe', 2, pack('host')) + clique('lead', 1) + clique('work', 2),
  })
  expect(await available()).toMatchObject({ status: 'False', reason: 'AllClusterTopologyLevelsAvailable' })
  const [gangs, pods] = [await at.list<PodGang>(POD_GANGS), await podsOf('tas')]
  await declare('zone', 'block', 'host')
  expect(await available()).toMatchObject({ status: 'True', reason: 'ClusterTopologyLevelsUnavailable' })
  const { spec } = await gangNamed('tas-0')
  expect(spec.topologyConstraintGroupConfigs).toBeUndefined()
  expect(spec.topologyConstraint).toEqual(required('block'))
  await declare('zone')
  const bare = await gangNamed('tas-0')
  expect([bare.spec.topologyConstraint, bare.spec.podgroups[0]?.topologyConstraint, topologyOf(bare)]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  const gone = at.client.delete(TOPOLOGY_BINDINGS, { namespace: '', name: 'suite' })
  await at.settle()
  expect((await gone).kind).toBe('ok')
  expect(await available()).toMatchObject({ status: 'Unknown', reason: 'ClusterTopologyNotFound' })
  await at.apply(TOPOLOGY_BINDINGS, BINDING)
  await at.settle()
  expect(await available()).toMatchObject({ status: 'False', reason: 'AllClusterTopologyLevelsAvailable' })
  const again = await at.list<PodGang>(POD_GANGS)
  expect(again.map((gang) => [gang.spec, topologyOf(gang)])).toEqual(gangs.map((gang) => [gang.spec, topologyOf(gang)]))
  expect((await podsOf('tas')).map(({ metadata }) => metadata.uid)).toEqual(pods.map(({ metadata }) => metadata.uid))
})
