import { afterEach, expect, test } from 'vitest'
import type { PodClique } from '../../api/generated/kinds.ts'
import type { KubeObject, Pod } from '../../api/kinds/kubernetes.ts'
import { POD_CLIQUE_SETS, POD_CLIQUES, PODS } from '../../kube/resources.ts'
import type { MakeReconciler } from '../../operator/reconciler.ts'
import { RECONCILERS } from '../../operator/reconcilers.ts'
import { isTerminating } from '../../operator/observed-pod.ts'
import { type Harness, plainNodes, startHarness } from './harness.ts'

/** Many cliques that come up at once, and of which most do not arrive. */

let at: Harness | null = null
afterEach(() => at?.stop())

const CLIQUES = 150
/** Of three pods one is enough. */
const SET = `
apiVersion: grove.io/v1alpha1
kind: PodCliqueSet
metadata: {name: s}
spec:
  replicas: ${CLIQUES}
  template:
    cliques:
    - {name: a, spec: {roleName: a, replicas: 3, minAvailable: 1, podSpec: {containers: [{name: main, image: busybox}]}}}
`
const isTold = ({ status }: PodClique): boolean => status?.observedGeneration !== undefined

async function start(mayBind: (pod: Pod) => boolean): Promise<{ at: Harness; looks: () => number }> {
  let looks = 0
  const counting =
    (make: MakeReconciler): MakeReconciler =>
    (context) => {
      const reconciler = make(context)
      if (reconciler.name !== 'podclique') return reconciler
      const reconcile = (key: Parameters<typeof reconciler.reconcile>[0]): ReturnType<typeof reconciler.reconcile> => {
        looks++
        return reconciler.reconcile(key)
      }
      return { name: reconciler.name, watches: reconciler.watches, concurrency: reconciler.concurrency, reconcile }
    }
  at = await startHarness({ nodes: plainNodes(60), reconcilers: RECONCILERS.map(counting) })
  at.mayBind = mayBind
  await at.apply(POD_CLIQUE_SETS, SET)
  return { at, looks: () => looks }
}

test('what does not arrive is told of within half a minute, and is looked at a few times and not once for each other', async () => {
  const world = await start(() => false)
  await world.at.clock.runFor(10_000)
  const cliques = await world.at.list<PodClique>(POD_CLIQUES)
  expect(cliques).toHaveLength(CLIQUES)
  expect(cliques.filter(isTold).length).toBeLessThan(60)
  await world.at.clock.runFor(25_000)
  expect((await world.at.list<PodClique>(POD_CLIQUES)).filter(isTold)).toHaveLength(CLIQUES)
  expect(world.looks() / CLIQUES).toBeLessThan(12)
})

test('what has its minimum is told of at once, however many wait to be', async () => {
  const isLast = ({ metadata, spec }: Pod): boolean =>
    metadata.name.startsWith(`s-${CLIQUES - 1}-a-`) && spec.hostname?.endsWith('-0') === true
  const world = await start(isLast)
  await world.at.clock.runFor(5_000)
  const clique = await world.at.get<PodClique>(POD_CLIQUES, `s-${CLIQUES - 1}-a`)
  expect(clique.status?.readyReplicas).toBe(1)
})

test('what was lost and has its nodes again is told of as sound before recovery makes it anew', async () => {
  at = await startHarness({ nodes: plainNodes(60) })
  await at.apply(POD_CLIQUE_SETS, LOST)
  await at.settle()
  await expectNotMadeAnew(at, () => Promise.resolve())
})

test('so are cliques that are new in a group which is in breach without them', async () => {
  at = await startHarness({ nodes: plainNodes(60) })
  await at.apply(POD_CLIQUE_SETS, LOST_GROUP)
  await at.settle()
  await at.clock.runFor(10_000)
  await expectNotMadeAnew(at, async (world) => {
    for (const { metadata } of await world.list<PodClique>(POD_CLIQUES)) {
      void world.client.delete(POD_CLIQUES, namedAs(metadata), { propagationPolicy: 'Background' })
    }
  })
})

/** All pods go with their nodes, come again, get a node after three seconds, and do not start on it. */
async function expectNotMadeAnew(world: Harness, lose: (world: Harness) => Promise<void>): Promise<void> {
  world.mayBind = () => false
  const nodes = plainNodes(60).map(({ metadata }) => metadata.name ?? '')
  for (const node of nodes) world.cluster.faults.killNode(node)
  const lost = await world.list<Pod>(PODS)
  await lose(world)
  for (const { metadata } of lost) void world.client.delete(PODS, namedAs(metadata), { gracePeriodSeconds: 0 })
  await world.clock.runFor(3_000)
  const fresh = (await world.list<Pod>(PODS)).filter((pod) => !pod.spec.nodeName && !isTerminating(pod))
  expect(fresh).toHaveLength(lost.length)
  fresh.forEach(({ metadata }, turn) => {
    const target = { apiVersion: 'v1', kind: 'Node', name: nodes[turn % nodes.length] ?? '' } as const
    const bound = { ...namedAs(metadata), uid: metadata.uid }
    void world.client.bind({ apiVersion: 'v1', kind: 'Binding', metadata: bound, target })
  })
  await world.clock.runFor(28_000)
  const left = (await world.list<Pod>(PODS)).filter((pod) => !isTerminating(pod))
  const uids = new Set(left.map(({ metadata }) => metadata.uid))
  expect(fresh.filter(({ metadata }) => !uids.has(metadata.uid)).map(({ metadata }) => metadata.name)).toEqual([])
}

const namedAs = ({ namespace = '', name }: KubeObject['metadata']): { namespace: string; name: string } => ({
  namespace,
  name,
})

const POD = '{terminationGracePeriodSeconds: 1, containers: [{name: main, image: busybox}]}'
const LOST = `
apiVersion: grove.io/v1alpha1
kind: PodCliqueSet
metadata: {name: s}
spec:
  replicas: 100
  template:
    terminationDelay: 10s
    cliques:
    - {name: a, spec: {roleName: a, replicas: 1, podSpec: ${POD}}}
`
const LOST_GROUP = `
apiVersion: grove.io/v1alpha1
kind: PodCliqueSet
metadata: {name: s}
spec:
  replicas: 1
  template:
    terminationDelay: 10s
    podCliqueScalingGroups: [{name: g, replicas: 80, minAvailable: 80, cliqueNames: [a]}]
    cliques:
    - {name: a, spec: {roleName: a, replicas: 1, podSpec: ${POD}}}
`
