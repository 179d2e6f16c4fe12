import { afterEach, describe, expect, test } from 'vitest'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { simulateManifests } from '../../cli/simulation.ts'
import { gang, type GroupForm, node, pod, RACK, simpleGang } from './objects.ts'
import { startWorld, type World } from './world.ts'

const ZONE = 'topology.kubernetes.io/zone'
const NVLINK = 'nvidia.com/gpu.clique'
const TOPOLOGY: NewObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'espalier-topology', namespace: 'espalier-system' },
  data: {
    'topology.yaml': `topologies:
  - name: default
    levels:
      - {name: zone, key: ${ZONE}}
      - {name: rack, key: ${RACK}}
      - {name: nvlink, key: ${NVLINK}}
`,
  },
}
const NODES = ['n1', 'n2'].map((name) => node(name, { gpus: 8, labels: { [ZONE]: 'z', [RACK]: 'r', [NVLINK]: 'c' } }))

const requires = (key: string): { packConstraint: object } => ({ packConstraint: { required: key } })
const PODS = ['bad-0', 'bad-1']
/** A gang `bad` of two pods in its group `a`. */
const bad = (group: Partial<GroupForm>, spec: Readonly<Record<string, unknown>> = {}): NewObject[] => [
  gang('bad', [{ name: 'a', minimum: 2, pods: PODS, ...group }], spec),
  ...PODS.map((name) => pod(name, { gang: 'bad', group: 'a' })),
]

/** What is written wrongly, the reason that says so, and the words in which the user finds it. */
const CASES: readonly { name: string; objects: NewObject[]; reason: string; says: string }[] = [
  {
    name: 'a constraint on an unknown key',
    objects: bad({}, { topologyConstraint: requires('example.com/nowhere') }),
    reason: 'NoDomain',
    says: 'example.com/nowhere',
  },
  {
    name: 'a constraint of a group on an unknown key',
    objects: bad({ constraint: requires('example.com/nowhere') }),
    reason: 'NoDomain',
    says: 'a: no node carries the label example.com/nowhere',
  },
  { name: 'a negative minReplicas', objects: bad({ minimum: -1 }), reason: 'NegativeMinimum', says: 'group a' },
  {
    name: 'a reference to a pod of another namespace',
    objects: [
      {
        ...gang('bad', []),
        spec: {
          podgroups: [{ name: 'a', minReplicas: 2, podReferences: PODS.map((name) => ({ namespace: 'other', name })) }],
        },
      },
      ...PODS.map((name) => pod(name, { gang: 'bad', group: 'a' })),
    ],
    reason: 'ForeignPodReference',
    says: 'other/bad-0',
  },
  {
    name: 'a constraint group that names a missing pod group',
    objects: bad({}, { topologyConstraintGroupConfigs: [{ name: 'pair', podGroupNames: ['a', 'b'] }] }),
    reason: 'UnknownPodGroup',
    says: 'constraint group pair names the pod group b',
  },
  {
    name: 'a child that requires a broader level than its parent',
    objects: bad({ constraint: requires(ZONE) }, { topologyConstraint: requires(RACK) }),
    reason: 'RequiredTooBroad',
    says: 'a requires one zone, which is broader than the rack that gang around it requires',
  },
  {
    name: 'a constraint group that requires a broader level than the gang',
    objects: bad(
      {},
      {
        topologyConstraint: requires(RACK),
        topologyConstraintGroupConfigs: [{ name: 'pair', podGroupNames: ['a'], topologyConstraint: requires(ZONE) }],
      },
    ),
    reason: 'RequiredTooBroad',
    says: 'pair requires one zone',
  },
  {
    name: 'a minReplicas above the pods referenced',
    objects: bad({ minimum: 3 }),
    reason: 'WaitingForPods',
    says: 'a has 2 of the 3',
  },
]

describe('bad input has a reason of its own and delays nobody', () => {
  for (const { name, objects, reason, says } of CASES) {
    test(name, async () => {
      // The gang beside it is younger and comes later by name.
      const good = simpleGang('good', 2, 2).map((object) => ({ object, at: 'good' }))
      const manifests = [TOPOLOGY, ...NODES, ...objects].map((object) => ({ object, at: 'bad' }))
      const result = await simulateManifests([...manifests, ...good])
      const [one, other] = result.gangs
      expect([one?.phase, one?.reason, one?.message]).toEqual(['Pending', reason, expect.stringContaining(says)])
      expect([other?.name, other?.phase]).toEqual(['good', 'Running'])
      expect(result.pods.filter(({ podGang }) => podGang === 'bad').map(({ node: at }) => at)).toEqual([null, null])
      expect(result.ignored).toEqual([])
      const alone = await simulateManifests([...manifests.slice(0, 1 + NODES.length), ...good])
      expect(alone.gangs[0]).toEqual(other)
    })
  }
})

describe('bad input is shown on the PodGang', () => {
  let world: World
  afterEach(() => world.stop())

  for (const { name, objects, reason, says } of CASES) {
    test(name, async () => {
      world = await startWorld({ nodes: NODES })
      await world.during(world.cluster.load(TOPOLOGY))
      await world.create(...objects)
      await world.settle()
      const { status } = await world.gang('bad')
      const scheduled = status?.conditions?.find(({ type }) => type === 'Scheduled')
      expect(scheduled).toMatchObject({ status: 'False', reason, message: expect.stringContaining(says) })
      expect(Buffer.byteLength(scheduled?.message ?? '')).toBeLessThan(1_000)
    })
  }
})

describe('what looks like bad input and is none', () => {
  test('a group with a minimum of zero has none, and its pods come one by one', async () => {
    const objects = [...NODES, ...bad({ minimum: 0 })].map((object) => ({ object, at: 'a' }))
    const { gangs, pods } = await simulateManifests(objects)
    expect(gangs[0]?.phase).toBe('Running')
    expect(pods.every(({ node: at }) => at !== null)).toBe(true)
  })

  test('a child may require a rack inside an NVLink domain, which may go over several', async () => {
    const objects = bad({ constraint: requires(RACK) }, { topologyConstraint: requires(NVLINK) })
    const { gangs } = await simulateManifests([TOPOLOGY, ...NODES, ...objects].map((object) => ({ object, at: 'a' })))
    expect([gangs[0]?.phase, gangs[0]?.reason]).toEqual(['Running', null])
  })
})
