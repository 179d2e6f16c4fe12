import { expect, test } from 'vitest'
import type { PodCliqueSet } from '../../api/generated/kinds.ts'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { PART_OF } from '../../api/names.ts'
import { silentLog } from '../../kube/log.ts'
import { seededRandom } from '../../kube/random.ts'
import { POD_CLIQUE_SETS, POD_CLIQUES, POD_GANGS, type ResourceType, SERVICES } from '../../kube/resources.ts'
import { DEFAULT_OPERATOR_CONFIG } from '../../operator/config.ts'
import { Rows } from '../../operator/reconcile/rows.ts'
import { setReconciler } from '../../operator/reconcile/set.ts'
import { Refusals } from '../../operator/refusals.ts'
import { View } from '../../operator/view.ts'
import { Writer } from '../../operator/writer.ts'
import { VirtualClock } from '../../sim/clock.ts'
import { createCluster } from '../../sim/cluster.ts'

/** How long a set of 500 replicas waits before it looks at a change of its parts. */

const BEGUN = '2026-01-01T00:00:00Z'
const child = (kind: string): KubeObject =>
  ({
    apiVersion: 'v1',
    kind,
    metadata: { name: 's-0', namespace: 'default', uid: kind, labels: { [PART_OF]: 's' } },
  }) as unknown as KubeObject

function waitMs(status: object, type: ResourceType, isDeleted: boolean): number {
  const clock = new VirtualClock()
  const { client } = createCluster({ clock, random: seededRandom(1), nodes: [] })
  const shared = { client, clock, random: seededRandom(1), log: silentLog }
  const view = new View(shared)
  const writer = new Writer({ client, clock, view })
  const events = { event: () => {} }
  const config = DEFAULT_OPERATOR_CONFIG
  const { watches } = setReconciler({ ...shared, view, writer, events, config, refusals: new Refusals() })
  const store = view.observe<PodCliqueSet>(POD_CLIQUE_SETS)
  view.wrote(
    store as never,
    {
      ...child('PodCliqueSet'),
      metadata: { name: 's', namespace: 'default', uid: 's', resourceVersion: '1' },
      spec: { replicas: 500 },
      status,
    } as never,
  )
  const changed = child(type.kind)
  const waits = watches
    .filter((watch) => watch.type === type)
    .flatMap(({ keys, afterMs }) =>
      keys(changed, isDeleted ? null : changed, isDeleted).map((key) => afterMs(key, isDeleted)),
    )
  return Math.min(...waits)
}

const running = { updateProgress: { updateStartedAt: BEGUN } }
const ended = { updateProgress: { updateStartedAt: BEGUN, updateEndedAt: BEGUN } }

test.each([
  { what: 'status of a clique', status: {}, type: POD_CLIQUES, isDeleted: false, ms: 550 },
  { what: 'status of a clique in an update', status: running, type: POD_CLIQUES, isDeleted: false, ms: 50 },
  { what: 'status of a clique after an update', status: ended, type: POD_CLIQUES, isDeleted: false, ms: 550 },
  { what: 'a clique that is deleted', status: {}, type: POD_CLIQUES, isDeleted: true, ms: 0 },
  { what: 'a gang that is deleted', status: {}, type: POD_GANGS, isDeleted: true, ms: 0 },
  { what: 'an echo of a Service', status: {}, type: SERVICES, isDeleted: false, ms: 550 },
  { what: 'a Service that is deleted', status: {}, type: SERVICES, isDeleted: true, ms: 50 },
])('$what: $ms ms', ({ status, type, isDeleted, ms }) => {
  expect(waitMs(status, type, isDeleted)).toBe(ms)
})

test('of many small sets that come up at once the first are looked at soon, then so many a second, all within one', () => {
  const clock = new VirtualClock()
  const rows = new Rows(clock)
  const small = { spec: { replicas: 1 }, status: {} } as PodCliqueSet
  const rests = Array.from({ length: 200 }, (_, at) => rows.restMs(`default/s-${at}`, small))
  expect(rests.slice(0, 20)).toEqual(Array(20).fill(51))
  expect(rests[30]).toBe(550)
  expect(Math.max(...rests)).toBe(1_000)
  expect(rows.restMs('default/s-30', small), 'a row ends for all that comes in it').toBe(550)
  const updating = { ...small, status: running } as PodCliqueSet
  expect(rows.restMs('default/updating', updating)).toBe(50)
  rows.end('default/s-30')
  expect(rows.restMs('default/other', small), 'who was looked at before leaves his moment to another').toBeLessThan(
    1_000,
  )
})
