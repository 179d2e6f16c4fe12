import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PodClique, PodCliqueScalingGroup } from '../../api/generated/kinds.ts'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { EVENTS, POD_CLIQUE_SETS, POD_CLIQUES, PODS, SCALING_GROUPS } from '../../kube/resources.ts'
import { type Harness, isReady, startHarness } from './harness.ts'
import { workloadYaml } from './workloads.ts'

/** The published termination cases: a pod is lost and finds no place; ten seconds later its gang is made anew. */

const DELAY_MS = 10_000
let at: Harness
beforeEach(async () => {
  at = await startHarness()
})
afterEach(() => at.stop())

/** As the suite's `…-gt` workloads. */
async function up(name: string, replicas = 1): Promise<void> {
  const yaml = workloadYaml(name, replicas)
  const delayed = yaml.replace('  template:\n', '  template:\n    terminationDelay: 10s\n')
  await at.apply(POD_CLIQUE_SETS, yaml.includes('terminationDelay') ? yaml : delayed)
  await at.settle()
  // What changes in the first seconds counts as never having been healthy.
  await at.clock.runFor(10_000)
}

const podsOf = async (prefix: string): Promise<Pod[]> =>
  (await at.list<Pod>(PODS)).filter(({ metadata }) => metadata.name.startsWith(`${prefix}-`))
const uidsOf = async (prefix: string): Promise<string[]> => (await podsOf(prefix)).map(({ metadata }) => metadata.uid)

/** The pods go, and nothing that comes in their place gets a node. */
async function lose(prefix: string, count: number): Promise<void> {
  at.mayBind = () => false
  const ready = (await podsOf(prefix)).filter(isReady)
  expect(ready.length).toBeGreaterThanOrEqual(count)
  for (const { metadata } of ready.slice(0, count)) await at.remove(PODS, metadata.name)
}

async function heal(): Promise<void> {
  at.mayBind = () => true
  for (const pod of await at.list<Pod>(PODS)) {
    if (!pod.spec.nodeName) await at.patch(PODS, pod.metadata.name, { metadata: { labels: { nudge: 'x' } } })
  }
  await at.settle()
}

const isOneOf = (uids: readonly string[]) => (uid: string) => uids.includes(uid)

test('GT1: a clique below its minimum for longer than the delay costs its whole gang, and nothing before', async () => {
  await up('workload1', 2)
  const [first, second] = [await uidsOf('workload1-0'), await uidsOf('workload1-1')]
  await lose('workload1-0-pc-a', 1)
  await at.clock.runFor(DELAY_MS - 2_000)
  expect((await uidsOf('workload1-0')).filter(isOneOf(first))).toHaveLength(9)
  await at.clock.runFor(8_000)
  expect((await uidsOf('workload1-0')).filter(isOneOf(first))).toEqual([])
  expect(await uidsOf('workload1-1')).toEqual(second)
  await heal()
  expect((await podsOf('workload1-0')).filter(isReady)).toHaveLength(10)
  const reasons = (await at.list(EVENTS)).map((event) => event['reason'])
  expect(reasons).toContain('PodCliqueSetReplicaDeleteSuccessful')
})

test('what was made anew and does not heal is left as it is, and after it has healed it is watched again', async () => {
  await up('workload1')
  await lose('workload1-0-pc-a', 1)
  await at.clock.runFor(2 * DELAY_MS)
  const anew = await uidsOf('workload1-0')
  const group = () => at.get<PodCliqueScalingGroup>(SCALING_GROUPS, 'workload1-0-sg-x')
  const inProgress = async () =>
    (await group()).status?.conditions?.find(({ type }) => type === 'GangTerminationInProgress')?.status
  expect(await inProgress()).toBe('True')
  await at.clock.runFor(6 * DELAY_MS)
  expect(await uidsOf('workload1-0')).toEqual(anew)
  await heal()
  expect(await inProgress()).toBeUndefined()
  const healed = await uidsOf('workload1-0')
  expect(healed).toEqual(anew)
  await lose('workload1-0-pc-a', 1)
  await at.clock.runFor(2 * DELAY_MS)
  expect((await uidsOf('workload1-0')).filter(isOneOf(healed))).toEqual([])
})

test('a gang that never ran is never made anew', async () => {
  at.mayBind = () => false
  await up('workload1')
  const uids = await uidsOf('workload1-0')
  await at.clock.runFor(10 * DELAY_MS)
  expect(await uidsOf('workload1-0')).toEqual(uids)
})

test('GT4: a copy of a scaling group is made anew alone while enough others are left, then everything', async () => {
  await up('workload2')
  const [a, copy0, copy1] = [
    await uidsOf('workload2-0-pc-a'),
    await uidsOf('workload2-0-sg-x-0'),
    await uidsOf('workload2-0-sg-x-1'),
  ]
  await lose('workload2-0-sg-x-0-pc-c', 1)
  await at.clock.runFor(3 * DELAY_MS)
  expect((await uidsOf('workload2-0-sg-x-0')).filter(isOneOf(copy0))).toHaveLength(3)
  await lose('workload2-0-sg-x-0-pc-c', 2)
  await at.clock.runFor(2 * DELAY_MS)
  expect((await uidsOf('workload2-0-sg-x-0')).filter(isOneOf(copy0))).toEqual([])
  expect(await uidsOf('workload2-0-sg-x-1')).toEqual(copy1)
  expect(await uidsOf('workload2-0-pc-a')).toEqual(a)
  await lose('workload2-0-sg-x-1-pc-c', 1)
  await at.clock.runFor(3 * DELAY_MS)
  expect(await uidsOf('workload2-0-pc-a')).toEqual(a)
  await lose('workload2-0-sg-x-1-pc-c', 2)
  await at.clock.runFor(2 * DELAY_MS)
  expect((await uidsOf('workload2-0')).filter(isOneOf([...a, ...copy0, ...copy1]))).toEqual([])
  await heal()
  expect((await podsOf('workload2-0')).filter(isReady)).toHaveLength(10)
})

test('replicas that an autoscaler set are kept when a gang is made anew', async () => {
  await up('workload1')
  await at.patch(POD_CLIQUES, 'workload1-0-pc-a', { spec: { replicas: 4 } }, 'scale')
  await at.settle()
  const before = await uidsOf('workload1-0-pc-a')
  await lose('workload1-0-pc-a', 3)
  await at.clock.runFor(2 * DELAY_MS)
  await heal()
  const after = await podsOf('workload1-0-pc-a')
  expect(after.filter(isReady)).toHaveLength(4)
  expect(after.map(({ metadata }) => metadata.uid).filter(isOneOf(before))).toEqual([])
})

test('scaled below its minimum, or to none, a clique is not broken', async () => {
  await up('workload1')
  await at.patch(POD_CLIQUES, 'workload1-0-pc-a', { spec: { replicas: 0 } }, 'scale')
  await at.settle()
  const before = await uidsOf('workload1-0')
  await at.clock.runFor(3 * DELAY_MS)
  expect(await uidsOf('workload1-0')).toEqual(before)
  const clique = await at.get<PodClique>(POD_CLIQUES, 'workload1-0-pc-a')
  expect(clique.status?.conditions?.find(({ type }) => type === 'MinAvailableBreached')?.status).toBe('False')
})

test('a recovery in which the operator stops anywhere makes each pod anew once', async () => {
  await up('workload2')
  const before = await uidsOf('workload2-0')
  await lose('workload2-0-pc-a', 2)
  at.mayBind = ({ metadata }) => metadata.labels?.['grove.io/podclique'] !== 'workload2-0-pc-a'
  const made = new Set<string>()
  for (let step = 0; step < 30; step++) {
    await at.clock.runFor(500)
    if (step % 2 === 1) await at.restartOperator()
    for (const uid of await uidsOf('workload2-0')) made.add(uid)
  }
  const after = await uidsOf('workload2-0')
  expect(after.filter(isOneOf(before))).toEqual([])
  expect(after).toHaveLength(10)
  // Ten of before, two in the place of those that were lost, and ten made anew.
  expect(made.size).toBeLessThanOrEqual(10 + 2 + 10)
  await heal()
  expect((await podsOf('workload2-0')).filter(isReady)).toHaveLength(10)
})

test('GT: a member lost below the minimum of a group that needs all its copies costs the whole gang', async () => {
  await up('workload1')
  const before = await uidsOf('workload1-0')
  await lose('workload1-0-sg-x-0-pc-c', 1)
  await at.clock.runFor(2 * DELAY_MS)
  expect((await uidsOf('workload1-0')).filter(isOneOf(before))).toEqual([])
  await heal()
  expect((await podsOf('workload1-0')).filter(isReady)).toHaveLength(10)
})

test('GT: what is above the minimum of a clique may be lost for good; the last of it costs the gang', async () => {
  await up('workload2')
  const before = await uidsOf('workload2-0')
  await lose('workload2-0-pc-a', 1)
  await at.clock.runFor(6 * DELAY_MS)
  expect((await uidsOf('workload2-0')).filter(isOneOf(before))).toHaveLength(9)
  await lose('workload2-0-pc-a', 1)
  await at.clock.runFor(2 * DELAY_MS)
  expect((await uidsOf('workload2-0')).filter(isOneOf(before))).toEqual([])
  await heal()
  expect((await podsOf('workload2-0')).filter(isReady)).toHaveLength(10)
})

test('GT: of a clique whose minimum is all its pods one is enough to cost its copy, and no other', async () => {
  await up('workload5-gt')
  const [lost, kept, alone] = [
    await uidsOf('workload5-gt-0-sg-x-1'),
    await uidsOf('workload5-gt-0-sg-x-0'),
    await uidsOf('workload5-gt-0-pc-a'),
  ]
  await lose('workload5-gt-0-sg-x-1-pc-c', 1)
  await at.clock.runFor(2 * DELAY_MS)
  expect((await uidsOf('workload5-gt-0-sg-x-1')).filter(isOneOf(lost))).toEqual([])
  expect(await uidsOf('workload5-gt-0-sg-x-0')).toEqual(kept)
  expect(await uidsOf('workload5-gt-0-pc-a')).toEqual(alone)
  await heal()
  expect((await podsOf('workload5-gt-0')).filter(isReady)).toHaveLength(10)
})
