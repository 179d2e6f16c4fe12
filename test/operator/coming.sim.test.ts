import { afterEach, expect, test } from 'vitest'
import type { PodClique } from '../../api/generated/kinds.ts'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { POD_CLIQUE_SETS, POD_CLIQUES } from '../../kube/resources.ts'
import type { MakeReconciler } from '../../operator/reconciler.ts'
import { RECONCILERS } from '../../operator/reconcilers.ts'
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
