import { afterEach, expect, test } from 'vitest'
import type { NewObject, Node, Pod } from '../../api/kinds/kubernetes.ts'
import { seededRandom } from '../../kube/random.ts'
import { CONFIG_MAPS, NODES, POD_CLIQUE_SETS, PODS } from '../../kube/resources.ts'
import { changed, imageOf, watchPods } from './updating.ts'
import { type Harness, isReady, plainNodes, startHarness } from './harness.ts'

/** Operator and scheduler together on a cluster that is 95 % full: who is replaced comes back to where it was. */

const RACKS = 10
const NODES_A_RACK = 8
const RACK = 'example.com/rack'

const nodes = (): NewObject[] =>
  Array.from({ length: RACKS }, (_, rack) =>
    plainNodes(NODES_A_RACK, { [RACK]: `r${rack}` }).map((node) => {
      const name = `r${rack}-${node.metadata.name}`
      return { ...node, metadata: { name, labels: { ...node.metadata.labels, 'kubernetes.io/hostname': name } } }
    }),
  ).flat()

const topology = `
apiVersion: v1
kind: ConfigMap
metadata: {name: espalier-topology, namespace: espalier-system}
data:
  topology.yaml: |
    topologies:
    - name: default
      levels:
      - {name: rack, key: ${RACK}}
      - {name: host, key: kubernetes.io/hostname}
`

const container = (gpus: number): string =>
  `containers: [{name: main, image: busybox, resources: {limits: {nvidia.com/gpu: ${gpus}}}}]`

/** 16 copies of a leader and three workers, 4 GPUs each: 64 pods, each copy in one rack. */
const served = `
apiVersion: grove.io/v1alpha1
kind: PodCliqueSet
metadata: {name: served}
spec:
  replicas: 1
  template:
    podCliqueScalingGroups:
    - name: copy
      replicas: 16
      minAvailable: 1
      cliqueNames: [leader, worker]
      topologyConstraint: {topologyName: default, pack: {required: rack}}
    cliques:
    - {name: leader, spec: {roleName: leader, replicas: 1, podSpec: {terminationGracePeriodSeconds: 20, ${container(4)}}}}
    - {name: worker, spec: {roleName: worker, replicas: 3, podSpec: {terminationGracePeriodSeconds: 20, ${container(4)}}}}
`

/** Gangs for which a little more is needed than is free, so they wait for whatever is given back. */
const rivals = ({ pods, gpus }: Arrangement): string => `
apiVersion: grove.io/v1alpha1
kind: PodCliqueSet
metadata: {name: rival}
spec:
  replicas: 6
  template:
    cliques:
    - {name: p, spec: {roleName: p, replicas: ${pods}, podSpec: {${container(gpus)}}}}
`

/** What is free, and who waits for it. */
interface Arrangement {
  readonly seed: number
  /** `packed`: four whole nodes; `scattered`: half of a node here and there. */
  readonly free: 'packed' | 'scattered'
  /** Of a rival. */
  readonly pods: number
  readonly gpus: number
}

const PACKED = { free: 'packed', pods: 5, gpus: 8 } as const
const SCATTERED = { free: 'scattered', pods: 9, gpus: 4 } as const
/** SEEDS says how many there are. */
const ARRANGEMENTS: readonly Arrangement[] = Array.from({ length: Number(process.env['SEEDS'] ?? 2) }, (_, at) => ({
  seed: at + 1,
  ...(at % 2 === 0 ? PACKED : SCATTERED),
}))

/** A pod of no gang with four GPUs. */
const single = (at: number): NewObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `single-${at}` },
  spec: {
    schedulerName: 'espalier',
    containers: [{ name: 'main', image: 'busybox', resources: { limits: { 'nvidia.com/gpu': '4' } } }],
  },
})

const TIMEOUT_MS = 240_000
/** Enough for what is lost to be made and placed anew, if it can be; what cannot waits for the end of the termination delay. */
const SOON_MS = 600_000
const GPUS = RACKS * NODES_A_RACK * 8
const FREE = 0.05 * GPUS

let at: Harness
afterEach(() => at.stop())

/** The set and the pods of no gang, which come before and after it as the seed will have it, and then the rivals. */
async function arrange(arrangement: Arrangement): Promise<void> {
  const { seed, free } = arrangement
  const random = seededRandom(seed)
  at = await startHarness({ nodes: nodes(), hasScheduler: true, seed })
  await at.apply(CONFIG_MAPS, topology)
  const spare = free === 'packed' ? 0 : FREE / 4
  const singles = (GPUS - 64 * 4 - FREE) / 4 + spare
  const first = seed === 1 ? 0 : Math.floor(random() * singles)
  for (let i = 0; i < first; i++) await at.create(PODS, single(i))
  await at.settle()
  await at.apply(POD_CLIQUE_SETS, served)
  await at.settle()
  for (let i = first; i < singles; i++) await at.create(PODS, single(i))
  await at.settle()
  const leaving = Array.from({ length: singles }, (_, i) => ({ i, drawn: random() })).sort((a, b) => a.drawn - b.drawn)
  for (const { i } of leaving.slice(0, spare)) await at.remove(PODS, `single-${i}`)
  await at.settle()
  await at.apply(POD_CLIQUE_SETS, rivals(arrangement))
  await at.settle()
}

const nodeOf = async (): Promise<Map<string, string>> => {
  const pods = (await at.list<Pod>(PODS)).filter(({ metadata }) => metadata.name.startsWith('served-'))
  return new Map(pods.map(({ spec }) => [spec.hostname ?? '', spec.nodeName ?? '']))
}
const rackOf = (node: string | undefined): string => node?.split('-')[0] ?? ''

test.each(ARRANGEMENTS)(
  '64 pods are rolled while others wait for their GPUs, what is free $free, seed $seed: all come back to their rack and node',
  async (arrangement) => {
    await arrange(arrangement)
    const before = await nodeOf()
    expect(before.size).toBe(64)
    const placedRivals = async (): Promise<Pod[]> =>
      (await at.list<Pod>(PODS)).filter(({ metadata, spec }) => metadata.name.startsWith('rival-') && spec.nodeName)
    expect(await placedRivals()).toEqual([])
    const used = (await at.list<Pod>(PODS)).filter(({ spec }) => spec.nodeName).map(gpusOf)
    expect(used.reduce((sum, gpus) => sum + gpus, 0)).toBe(GPUS - FREE)
    const seen = watchPods(at)
    await changed(at, 'served', { leader: 'busybox:new', worker: 'busybox:new' })
    await at.settle()
    await seen.stop()
    const after = await nodeOf()
    const pods = (await at.list<Pod>(PODS)).filter(({ metadata }) => metadata.name.startsWith('served-'))
    expect(pods.map(imageOf)).toEqual(Array(64).fill('busybox:new'))
    expect(pods.filter(isReady)).toHaveLength(64)
    const kept = [...after].filter(([host, node]) => before.get(host) === node)
    const keptRack = [...after].filter(([host, node]) => rackOf(before.get(host)) === rackOf(node))
    expect([keptRack.length, kept.length]).toEqual([64, 64])
    expect(await placedRivals()).toEqual([])
  },
  TIMEOUT_MS,
)

const gpusOf = ({ spec }: Pod): number =>
  Number((spec.containers[0]?.resources?.limits as Record<string, string> | undefined)?.['nvidia.com/gpu'] ?? 0)

test(
  'a lost node costs the pods that were on it, and their copies stay in their racks',
  async () => {
    await arrange({ seed: 1, ...PACKED })
    const before = await nodeOf()
    const [lost = ''] = new Set(before.values())
    const uids = new Map((await at.list<Pod>(PODS)).map(({ metadata }) => [metadata.name, metadata.uid]))
    const cordoned = at.client.mergePatch<Node>(NODES, { namespace: '', name: lost }, { spec: { unschedulable: true } })
    await at.clock.runFor(100)
    expect((await cordoned).kind).toBe('ok')
    const onIt = (await at.list<Pod>(PODS)).filter(({ spec }) => spec.nodeName === lost)
    for (const { metadata } of onIt) await at.remove(PODS, metadata.name)
    await at.clock.runFor(SOON_MS)
    const pods = await at.list<Pod>(PODS)
    const kept = pods.filter(({ metadata }) => uids.get(metadata.name) === metadata.uid)
    expect(kept).toHaveLength(uids.size - onIt.length)
    const after = await nodeOf()
    for (const [host, node] of before) if (node !== lost) expect(after.get(host)).toBe(node)
    const replaced = [...before].filter(([, node]) => node === lost).map(([host]) => rackOf(after.get(host)))
    expect(replaced.length).toBeGreaterThan(0)
    for (const rack of replaced) expect(['', rackOf(lost)]).toContain(rack)
  },
  TIMEOUT_MS,
)
