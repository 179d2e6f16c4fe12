import { expect, test } from 'vitest'
import type { PodCliqueSet } from '../../api/generated/kinds.ts'
import type { KubeObject, Pod } from '../../api/kinds/kubernetes.ts'
import { EVENTS, POD_CLIQUE_SETS, POD_CLIQUES, POD_GANGS, PODS, SERVICES } from '../../kube/resources.ts'
import { type Harness, isReady, plainNodes, startHarness } from './harness.ts'

/** The published scale suite, up, down, up again and down to none: its 1,000 pods in one set, or with `SOAK=80` fewer. */
const REPLICAS = Number(process.env['SOAK'] ?? 500)
const PODS_EACH = 2
/** Of the operator, for a pod that comes and for one that goes; events are not counted. */
const WRITES_MAX = 5

const yaml = `
apiVersion: grove.io/v1alpha1
kind: PodCliqueSet
metadata: {name: soak}
spec:
  replicas: ${REPLICAS}
  template:
    cliques:
    - name: a
      spec:
        roleName: a
        replicas: ${PODS_EACH}
        podSpec: {terminationGracePeriodSeconds: 1, containers: [{name: main, image: busybox}]}
`

async function standsAt(at: Harness, replicas: number): Promise<void> {
  await at.settle()
  const pods = await at.list<Pod>(PODS)
  expect(pods.filter(isReady)).toHaveLength(replicas * PODS_EACH)
  expect(new Set(pods.map(({ spec }) => spec.hostname)).size).toBe(replicas * PODS_EACH)
  for (const type of [POD_CLIQUES, POD_GANGS, SERVICES]) {
    const own = (await at.list<KubeObject>(type)).filter(({ metadata }) => metadata.ownerReferences !== undefined)
    expect(own, type.kind).toHaveLength(replicas)
  }
  const set = await at.get<PodCliqueSet>(POD_CLIQUE_SETS, 'soak')
  expect(set.status?.availableReplicas).toBe(replicas)
}

test(`a set of ${REPLICAS} replicas comes, shrinks, grows and goes, and nothing of it stays`, async () => {
  const at = await startHarness({ nodes: plainNodes(20) })
  const scale = (replicas: number): Promise<void> => at.patch(POD_CLIQUE_SETS, 'soak', { spec: { replicas } }, 'scale')
  await at.apply(POD_CLIQUE_SETS, yaml)
  await standsAt(at, REPLICAS)
  expect(at.writes.length / (REPLICAS * PODS_EACH)).toBeLessThan(WRITES_MAX)
  // Cliques that come up together are not each worth an event: the first, and so many a second.
  const events = (await at.list<KubeObject>(EVENTS)).filter((event) => event['reason'] === 'PodCreateSuccessful')
  expect(events.length).toBeGreaterThanOrEqual(25)
  expect(events.length).toBeLessThan(REPLICAS / 2)
  for (const replicas of [REPLICAS / 2, REPLICAS, 0]) {
    await scale(replicas)
    await standsAt(at, replicas)
  }
  at.writes.length = 0
  await at.restartOperator()
  await at.settle()
  expect(at.writes).toEqual([])
  await at.stop()
}, 300_000)
