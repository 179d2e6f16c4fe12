/** The core of the published suite on real Kubernetes: its nodes, its workloads, operator and scheduler as one command. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { PodCliqueSet } from '../../api/generated/kinds.ts'
import type { KubeObject, NewObject, Node, Pod } from '../../api/kinds/kubernetes.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import {
  EVENTS,
  NODES,
  POD_CLIQUE_SETS,
  POD_CLIQUES,
  POD_GANGS,
  PODS,
  type ResourceType,
  SCALING_GROUPS,
  SERVICES,
  TOPOLOGY_BINDINGS,
} from '../../kube/resources.ts'
import type { SampleWorld } from '../cli/samples.ts'
import { byBytes } from '../../scheduler/state/bytes.ts'
import { isReady } from '../in-process.ts'
import { workloadYaml } from '../operator/workloads.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'
import { ProductWorld } from './product-world.ts'

const plane: ControlPlane | null = await startControlPlane({ kwok: true })

const NODE_COUNT = 30
const AGENT = 'node_role.e2e.grove.nvidia.com'
const nodeName = (n: number): string => `kwok-node-${n}`

/** 28 a zone, 20 a block, 7 a rack, tainted, room for one pod of the suite. */
function suiteNode(n: number): NewObject {
  const resources = { cpu: '4', memory: '150Mi', pods: '110' }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: nodeName(n),
      labels: {
        'kubernetes.io/zone': `zone-${Math.floor(n / 28)}`,
        'kubernetes.io/block': `block-${Math.floor(n / 20)}`,
        'kubernetes.io/rack': `rack-${Math.floor(n / 7)}`,
        'kubernetes.io/hostname': nodeName(n),
        type: 'kwok',
        [AGENT]: 'agent',
      },
    },
    spec: { taints: [{ key: AGENT, value: 'agent', effect: 'NoSchedule' }] },
    status: { capacity: resources, allocatable: resources },
  }
}

const TOLERATION = `tolerations: [{key: ${AGENT}, operator: Exists, effect: NoSchedule}]`
const suiteYaml = (name: string): string =>
  workloadYaml(name).replaceAll(
    'terminationGracePeriodSeconds: 5',
    `terminationGracePeriodSeconds: 5\n          ${TOLERATION}`,
  )

const LEVELS = { zone: 'zone', block: 'block', rack: 'rack', host: 'hostname' }
const BINDING: NewObject = {
  apiVersion: 'grove.io/v1alpha1',
  kind: 'ClusterTopologyBinding',
  metadata: { name: 'suite' },
  spec: { levels: Object.entries(LEVELS).map(([domain, key]) => ({ domain, key: `kubernetes.io/${key}` })) },
}
const pack = (level: string): string => `topologyConstraint: {topologyName: suite, pack: {required: ${level}}}`
const POD = `podSpec: {${TOLERATION}, containers: [{name: main, image: busybox, resources: {requests: {memory: 40Mi}}}]}`
const LAYERED = `
apiVersion: grove.io/v1alpha1
kind: PodCliqueSet
metadata: {name: tas}
spec:
  replicas: 1
  template:
    ${pack('block')}
    podCliqueScalingGroups: [{name: sg, cliqueNames: [lead, work], replicas: 3, minAvailable: 1, ${pack('rack')}}]
    cliques:
    - {name: lead, spec: {roleName: lead, replicas: 2, ${POD}}}
    - {name: work, ${pack('host')}, spec: {roleName: work, replicas: 3, ${POD}}}
`

describe.skipIf(plane === null)('the published suite on real Kubernetes', () => {
  let world: ProductWorld
  let at: SampleWorld
  beforeAll(async () => {
    const nodes = Array.from({ length: NODE_COUNT }, (_, n) => suiteNode(n))
    if (plane !== null) world = await ProductWorld.start(plane, nodes)
  })
  afterEach(async () => at?.stop())
  afterAll(() => world?.stop())

  const podsOf = (): Promise<readonly Pod[]> => at.list<Pod>(PODS)
  const cliqueOf = ({ metadata }: KubeObject): string => metadata.labels?.['grove.io/podclique'] ?? ''
  const uids = (pods: readonly Pod[]): string[] => pods.map(({ metadata }) => metadata.uid)

  /** The first `open` nodes take pods, the others do not. */
  async function openNodes(open: number): Promise<void> {
    for (let n = 0; n < NODE_COUNT; n++) await cordon(nodeName(n), n >= open)
  }

  async function cordon(name: string, isCordoned: boolean): Promise<void> {
    const spec = { unschedulable: isCordoned ? true : null }
    valueOrThrow(await world.client.mergePatch<Node>(NODES, { namespace: '', name }, { spec }))
  }

  const counts = async (): Promise<[ready: number, pending: number]> => {
    const pods = await podsOf()
    return [pods.filter(isReady).length, pods.filter(({ spec }) => !spec.nodeName).length]
  }
  const become = (ready: number, pending: number): Promise<void> =>
    world.waitFor(async () => (await counts()).join() === [ready, pending].join(), `${ready} ready, ${pending} pending`)

  async function changeImage(set: string, clique: string, image: string): Promise<void> {
    const [live] = await at.list<PodCliqueSet>(POD_CLIQUE_SETS)
    const cliques = (live?.spec.template.cliques ?? []).map((each) => {
      if (each.name !== clique) return each
      const [main] = each.spec.podSpec.containers
      return { ...each, spec: { ...each.spec, podSpec: { ...each.spec.podSpec, containers: [{ ...main, image }] } } }
    })
    const key = { namespace: live?.metadata.namespace ?? '', name: set }
    valueOrThrow(await world.client.mergePatch(POD_CLIQUE_SETS, key, { spec: { template: { cliques } } }))
  }

  const isUpdateOver = async (): Promise<boolean> => {
    const [set] = await at.list<PodCliqueSet>(POD_CLIQUE_SETS)
    return (
      set?.status?.updateProgress?.updateEndedAt !== undefined &&
      set.status.observedGeneration === set.metadata.generation
    )
  }

  async function scale(type: ResourceType, name: string, replicas: number): Promise<void> {
    const namespace = (await at.list<KubeObject>(type))[0]?.metadata.namespace ?? ''
    const options = { subresource: 'scale' } as const
    valueOrThrow(await world.client.mergePatch(type, { namespace, name }, { spec: { replicas } }, options))
  }

  const remove = async ({ metadata: { namespace = '', name } }: Pod): Promise<void> => {
    valueOrThrow(await world.client.delete(PODS, { namespace, name }))
  }

  test('GS1: with a node too few nothing runs and every pod says so; with it everything does', async () => {
    await openNodes(9)
    at = await world.sample()
    await at.apply(suiteYaml('workload1'))
    await become(0, 10)
    const isTold = async (): Promise<boolean> => {
      const told = (await at.list<KubeObject>(EVENTS)).filter((event) => event['reason'] === 'Unschedulable')
      const names = new Set(told.map((event) => (event['involvedObject'] as { name: string }).name))
      return (await podsOf()).every(({ metadata }) => names.has(metadata.name))
    }
    await world.waitFor(isTold, 'an event about every pod')
    expect(await counts()).toEqual([0, 10])
    await cordon(nodeName(9), false)
    await become(10, 0)
    expect(new Set((await podsOf()).map(({ spec }) => spec.nodeName)).size).toBe(10)
  })

  test('GS5: the minimum of three runs on three nodes, the rest when there are more; then all of it goes', async () => {
    await openNodes(2)
    at = await world.sample()
    await at.apply(suiteYaml('workload2'))
    await become(0, 10)
    await cordon(nodeName(2), false)
    await become(3, 7)
    const ready = (await podsOf()).filter(isReady).map(cliqueOf).sort()
    expect(ready).toEqual(['workload2-0-pc-a', 'workload2-0-sg-x-0-pc-b', 'workload2-0-sg-x-0-pc-c'])
    await openNodes(10)
    await become(10, 0)
    await at.stop()
    for (const type of [POD_CLIQUE_SETS, POD_CLIQUES, SCALING_GROUPS, POD_GANGS, SERVICES, PODS]) {
      await world.waitFor(async () => (await at.list(type)).length === 0, `no ${type.kind} left`)
    }
  })

  test('RU7, OD: one pod of a clique at a time, only what changed; with OnDelete only what somebody deletes', async () => {
    await openNodes(12)
    at = await world.sample()
    await at.apply(suiteYaml('workload1'))
    await become(10, 0)
    const before = await podsOf()
    const isA = (pod: Pod): boolean => cliqueOf(pod) === 'workload1-0-pc-a'
    let fewest = 10
    await changeImage('workload1', 'pc-a', 'second')
    await world.waitFor(async () => {
      fewest = Math.min(fewest, (await podsOf()).filter(isReady).length)
      return isUpdateOver()
    }, 'the end of the update')
    expect(fewest).toBeGreaterThanOrEqual(9)
    const after = await podsOf()
    expect(after.filter(isA).map(({ spec }) => spec.containers[0]?.image)).toEqual(['second', 'second'])
    expect(uids(after.filter((pod) => !isA(pod))).sort()).toEqual(uids(before.filter((pod) => !isA(pod))).sort())
    const { namespace = '' } = after[0]?.metadata ?? {}
    const onDelete = { spec: { updateStrategy: { type: 'OnDelete' } } }
    valueOrThrow(await world.client.mergePatch(POD_CLIQUE_SETS, { namespace, name: 'workload1' }, onDelete))
    await changeImage('workload1', 'pc-a', 'third')
    await world.waitFor(isUpdateOver, 'the end of an update that deletes nothing')
    expect(uids(await podsOf()).sort()).toEqual(uids(after).sort())
    const [first] = after.filter(isA)
    if (first !== undefined) await remove(first)
    const images = async (): Promise<string> =>
      (await podsOf())
        .filter((pod) => isA(pod) && isReady(pod))
        .map(({ spec }) => spec.containers[0]?.image ?? '')
        .sort(byBytes)
        .join()
    await world.waitFor(async () => (await images()) === 'second,third', 'the replacement of the new template')
  })

  test('RU9, RU10: all of two replicas is updated while one is scaled; with nowhere to go one pod goes', async () => {
    await openNodes(NODE_COUNT)
    at = await world.sample()
    await at.apply(suiteYaml('workload1'))
    await become(10, 0)
    await scale(POD_CLIQUE_SETS, 'workload1', 2)
    await become(20, 0)
    for (const clique of ['pc-a', 'pc-b', 'pc-c']) await changeImage('workload1', clique, 'second')
    await scale(SCALING_GROUPS, 'workload1-1-sg-x', 3)
    await world.waitFor(isUpdateOver, 'the end of the update')
    await become(24, 0)
    const images = (await podsOf()).map(({ spec }) => spec.containers[0]?.image)
    expect(images).toEqual(Array(24).fill('second'))
    await openNodes(0)
    const before = uids(await podsOf())
    await changeImage('workload1', 'pc-a', 'third')
    await become(23, 1)
    await new Promise((resolve) => setTimeout(resolve, 3_000)) // nothing more goes
    expect(uids(await podsOf()).filter((uid) => !before.includes(uid))).toHaveLength(1)
    await openNodes(NODE_COUNT)
    await world.waitFor(isUpdateOver, 'the end of the second update')
    await become(24, 0)
  })

  test('TAS8, TAS10: each clique on its host, each copy in its rack, all in one block', async () => {
    await openNodes(NODE_COUNT)
    at = await world.sample()
    valueOrThrow(await world.client.create(TOPOLOGY_BINDINGS, BINDING))
    await at.apply(LAYERED)
    await become(15, 0)
    const numberOf = ({ spec }: Pod): number => Number(spec.nodeName?.slice('kwok-node-'.length))
    const domains = (pods: readonly Pod[], size: number): number =>
      new Set(pods.map((pod) => Math.floor(numberOf(pod) / size))).size
    const pods = await podsOf()
    expect(domains(pods, 20)).toBe(1)
    for (const copy of [0, 1, 2]) {
      const ofCopy = pods.filter((pod) => cliqueOf(pod).startsWith(`tas-0-sg-${copy}-`))
      expect(domains(ofCopy, 7)).toBe(1)
      const work = ofCopy.filter((pod) => cliqueOf(pod).endsWith('work'))
      expect(domains(work, 1)).toBe(1)
    }
    valueOrThrow(await world.client.delete(TOPOLOGY_BINDINGS, { namespace: '', name: 'suite' }))
  })

  test('GT1: below its minimum for longer than the delay a gang is made anew', async () => {
    await openNodes(10)
    at = await world.sample()
    await at.apply(suiteYaml('workload1-gt'))
    await become(10, 0)
    const before = uids(await podsOf())
    await new Promise((resolve) => setTimeout(resolve, 6_000)) // what changes in its first moments was never healthy
    const lost = (await podsOf()).find((pod) => cliqueOf(pod) === 'workload1-gt-0-pc-a')
    await cordon(lost?.spec.nodeName ?? '', true)
    if (lost !== undefined) await remove(lost)
    const isAnew = async (): Promise<boolean> => !(await podsOf()).some(({ metadata }) => before.includes(metadata.uid))
    await world.waitFor(isAnew, 'ten other pods')
    await cordon(lost?.spec.nodeName ?? '', false)
    await become(10, 0)
  })
})
