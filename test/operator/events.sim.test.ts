import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PodCliqueSet } from '../../api/generated/kinds.ts'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { EVENTS, POD_CLIQUE_SETS, PODS, SCALING_GROUPS } from '../../kube/resources.ts'
import { type Harness, startHarness } from './harness.ts'
import { workloadYaml } from './workloads.ts'

interface Told extends KubeObject {
  readonly type: string
  readonly reason: string
  readonly message: string
  readonly involvedObject: { readonly kind: string }
}

let at: Harness
beforeEach(async () => {
  at = await startHarness()
})
afterEach(() => at.stop())

/** `Warning PodSet/reason`, of the operator alone, each once. */
async function told(): Promise<string[]> {
  const events = await at.list<Told>(EVENTS)
  const operators = events.filter(
    (event) => (event['source'] as { component?: string }).component === 'espalier-operator',
  )
  return [
    ...new Set(operators.map(({ type, reason, involvedObject }) => `${type} ${involvedObject.kind}/${reason}`)),
  ].sort()
}

function refuse(method: string, path: RegExp): void {
  at.cluster.server.setIntercept((request) =>
    request.method === method && path.test(request.path) ? { status: 403, reason: 'Forbidden' } : 'pass',
  )
}

test('what is made, changed and deleted is told under the published reasons', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2'))
  await at.settle()
  expect(await told()).toEqual([
    'Normal PodClique/PodCreateSuccessful',
    'Normal PodCliqueScalingGroup/PodCliqueCreateSuccessful',
    'Normal PodCliqueSet/PodCliqueCreateSuccessful',
    'Normal PodCliqueSet/PodCliqueScalingGroupCreateSuccessful',
    'Normal PodCliqueSet/PodGangCreateOrUpdateSuccessful',
  ])
  const before = new Set(await told())
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload1', 2))
  await at.settle()
  await at.patch(POD_CLIQUE_SETS, 'workload1', { spec: { template: { priorityClassName: null }, replicas: 1 } })
  await at.patch(SCALING_GROUPS, 'workload2-0-sg-x', { spec: { replicas: 1 } }, 'scale')
  await at.patch(POD_CLIQUE_SETS, 'workload2', { metadata: { annotations: { team: 'blue' } } })
  await at.settle()
  expect((await told()).filter((each) => !before.has(each))).toEqual([
    'Normal PodCliqueScalingGroup/PodCliqueDeleteSuccessful',
    'Normal PodCliqueSet/PodCliqueDeleteSuccessful',
    'Normal PodCliqueSet/PodCliqueScalingGroupDeleteSuccessful',
    'Normal PodCliqueSet/PodGangDeleteSuccessful',
  ])
})

test('the last pods on nodes that are lost are told, of a clique and of a scaling group', async () => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2'))
  await at.settle()
  at.mayBind = () => false
  for (const { metadata } of await at.list(PODS)) await at.remove(PODS, metadata.name)
  await at.settle()
  const lost = (await told()).filter((each) => each.endsWith('/AllScheduledReplicasLost'))
  expect(lost).toEqual([
    'Warning PodClique/AllScheduledReplicasLost',
    'Warning PodCliqueScalingGroup/AllScheduledReplicasLost',
  ])
})

test.each([
  ['podcliques', ['PodCliqueScalingGroup/PodCliqueCreateFailed', 'PodCliqueSet/PodCliqueCreateFailed']],
  ['podcliquescalinggroups', ['PodCliqueSet/PodCliqueScalingGroupCreateOrUpdateFailed']],
  ['podgangs', ['PodCliqueSet/PodGangCreateFailed']],
  ['pods', ['PodClique/PodCreateFailed']],
])('a refused create of %s is told', async (plural, reasons) => {
  refuse('POST', new RegExp(`/${plural}(\\?|$)`))
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2'))
  await at.clock.runFor(5_000)
  for (const reason of reasons) expect(await told()).toContain(`Warning ${reason}`)
  expect(await readyMessage(), 'the set says it too').toContain('Forbidden')
  at.cluster.server.setIntercept(null)
  await at.settle()
  expect(await readyMessage(), 'and no longer than it is so').not.toContain('Forbidden')
})

async function readyMessage(): Promise<string> {
  const { status } = await at.get<PodCliqueSet>(POD_CLIQUE_SETS, 'workload2')
  return status?.conditions?.find(({ type }) => type === 'Ready')?.message ?? ''
}

test.each([
  ['podcliques', 'PodCliqueScalingGroup/PodCliqueDeleteFailed'],
  ['podgangs', 'PodCliqueSet/PodGangDeleteFailed'],
])('a refused delete of %s is told', async (plural, reason) => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2'))
  await at.settle()
  refuse('DELETE', new RegExp(`/${plural}/`))
  await at.patch(SCALING_GROUPS, 'workload2-0-sg-x', { spec: { replicas: 1 } }, 'scale')
  await at.clock.runFor(5_000)
  expect(await told()).toContain(`Warning ${reason}`)
  at.cluster.server.setIntercept(null)
  await at.settle()
})

test.each([
  ['podcliques', 'PodCliqueSet/PodCliqueCreateOrUpdateFailed'],
  ['podgangs', 'PodCliqueSet/PodGangCreateOrUpdateFailed'],
])('a refused change of %s is told', async (plural, reason) => {
  await at.apply(POD_CLIQUE_SETS, workloadYaml('workload2'))
  await at.settle()
  refuse('PATCH', new RegExp(`/${plural}/[^/]+(\\?|$)`))
  await at.patch(POD_CLIQUE_SETS, 'workload2', CHANGED)
  await at.clock.runFor(5_000)
  expect(await told()).toContain(`Warning ${reason}`)
  at.cluster.server.setIntercept(null)
  await at.settle()
  expect(await told()).toContain('Normal PodCliqueSet/PodCliqueCreateOrUpdateSuccessful')
})

/** Changes every clique and every gang. */
const CHANGED = { spec: { template: { priorityClassName: 'system-node-critical' } } }
