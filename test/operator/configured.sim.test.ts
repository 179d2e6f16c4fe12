import { afterEach, expect, test } from 'vitest'
import type { ClusterTopologyBinding, PodCliqueSet } from '../../api/generated/kinds.ts'
import { sleep } from '../../kube/clock.ts'
import { silentLog } from '../../kube/log.ts'
import { seededRandom } from '../../kube/random.ts'
import { NODES, POD_CLIQUE_SETS, PODS, TOPOLOGY_BINDINGS } from '../../kube/resources.ts'
import { createOperator } from '../../operator/operator.ts'
import { keyOf, type MakeReconciler, watch } from '../../operator/reconciler.ts'
import { type Harness, startHarness } from './harness.ts'
import { workloadYaml } from './workloads.ts'

let at: Harness
afterEach(() => at.stop())

const constrained = workloadYaml('workload1').replace(
  'template:',
  'template:\n    topologyConstraint: {pack: {required: host}}',
)

test('with topology-aware scheduling disabled a set that constrains waits and says so; others run', async () => {
  at = await startHarness({ config: { isTopologyAware: false } })
  await at.apply(POD_CLIQUE_SETS, constrained)
  await at.settle()
  expect(await at.list(PODS)).toEqual([])
  const { status } = await at.get<PodCliqueSet>(POD_CLIQUE_SETS, 'workload1')
  const reasons = Object.fromEntries((status?.conditions ?? []).map(({ type, reason }) => [type, reason]))
  expect(reasons).toMatchObject({
    TopologyLevelsUnavailable: 'TopologyAwareSchedulingDisabled',
    Stalled: 'TopologyAwareSchedulingDisabled',
  })
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2'))
  await at.settle()
  expect((await at.list(PODS)).length).toBe(10)
})

test('with topology-aware scheduling disabled a binding does not say that anybody follows it', async () => {
  at = await startHarness({ config: { isTopologyAware: false } })
  await at.apply(
    TOPOLOGY_BINDINGS,
    `{apiVersion: grove.io/v1alpha1, kind: ClusterTopologyBinding, metadata: {name: fabric}, spec: {levels: [{domain: rack, key: example.com/rack}]}}`,
  )
  await at.settle()
  const { status } = await at.get<ClusterTopologyBinding>(TOPOLOGY_BINDINGS, 'fabric')
  expect(status).toMatchObject({
    schedulerTopologyStatuses: [{ schedulerName: 'espalier', inSync: false }],
    conditions: [{ type: 'SchedulerTopologyDrift', status: 'Unknown', reason: 'TopologyAwareSchedulingDisabled' }],
  })
})

test('the same set runs where it is not disabled', async () => {
  at = await startHarness()
  await at.apply(POD_CLIQUE_SETS, constrained)
  await at.settle()
  expect((await at.list(PODS)).length).toBe(10)
})

test.each([
  [{}, 4],
  [{ probe: 1 }, 1],
  [{ other: 1 }, 4],
])('with concurrentSyncs of %j at most %i objects are looked at at once', async (concurrentSyncs, most) => {
  at = await startHarness()
  const { clock, client } = at
  let running = 0
  let seen = 0
  const probe: MakeReconciler = () => ({
    name: 'probe',
    concurrency: 4,
    watches: [watch(NODES, (node) => [keyOf(node)])],
    reconcile: async () => {
      seen = Math.max(seen, ++running)
      await sleep(clock, 100, 'work')
      running--
    },
  })
  const config = { concurrentSyncs }
  const log = silentLog
  const operator = createOperator({ client, clock, random: seededRandom(3), log, config, reconcilers: [probe] })
  operator.start()
  await at.settle()
  expect(seen).toBe(most)
  void operator.stop()
  await at.settle()
})
