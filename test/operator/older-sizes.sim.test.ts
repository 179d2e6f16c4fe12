import { afterEach, expect, test } from 'vitest'
import type { PodClique, PodCliqueSet } from '../../api/generated/kinds.ts'
import type { KubeObject, Pod } from '../../api/kinds/kubernetes.ts'
import {
  POD_CLIQUE_SETS,
  POD_CLIQUES,
  POD_GANGS,
  PODS,
  type ResourceType,
  SCALING_GROUPS,
} from '../../kube/resources.ts'
import type { Transport } from '../../kube/transport.ts'
import { isTerminating } from '../../operator/observed-pod.ts'
import { type Harness, startHarness } from './harness.ts'
import { changed, imageOf } from './updating.ts'

/** A watch that is behind tells of an object as it was, and the others of all else as it is. */

let at: Harness | null = null
afterEach(() => at?.stop())

const POD = '{terminationGracePeriodSeconds: 600, containers: [{name: main, image: busybox}]}'
const SET = `
apiVersion: grove.io/v1alpha1
kind: PodCliqueSet
metadata: {name: s}
spec:
  replicas: 1
  template:
    podCliqueScalingGroups: [{name: g, replicas: 1, minAvailable: 1, cliqueNames: [b]}]
    cliques:
    - {name: a, spec: {roleName: a, replicas: 2, podSpec: ${POD}}}
    - {name: b, spec: {roleName: b, replicas: 1, podSpec: ${POD}}}
`
const KINDS: readonly ResourceType[] = [PODS, POD_CLIQUES, SCALING_GROUPS, POD_GANGS]

const cases = [
  { type: POD_CLIQUES, name: 's-0-a', from: 2, to: 4 },
  { type: SCALING_GROUPS, name: 's-0-g', from: 1, to: 3 },
  { type: POD_CLIQUE_SETS, name: 's', from: 1, to: 2 },
]

test.each(cases)('nothing is deleted for a size that is no longer asked for: $type.kind', async (scaled) => {
  const { type, name, from, to } = scaled
  const world = await start(({ kind, metadata }) => kind === type.kind && metadata.name === name, {
    change: (object) => ({ ...object, spec: { ...(object['spec'] as object), replicas: from } }),
  })
  await world.at.patch(type, name, { spec: { replicas: to } }, 'scale')
  await world.at.settle()
  const before = await uids(world.at)
  await world.restart()
  await world.at.settle()
  expect(world.deletes).toEqual([])
  expect(await uids(world.at)).toEqual(before)
})

test('a pod that is on its way out is not deleted once more', async () => {
  const world = await start(({ kind, metadata }) => kind === 'Pod' && metadata.deletionTimestamp !== undefined, {
    change: alive,
  })
  await world.at.patch(POD_CLIQUES, 's-0-a', { spec: { replicas: 1 } }, 'scale')
  await world.at.clock.runFor(300)
  expect((await world.at.list<Pod>(PODS)).filter(isTerminating)).toHaveLength(1)
  await world.restart()
  await world.at.clock.runFor(300)
  expect(world.deletes, 'the server refused it').toEqual([409])
  await world.at.settle()
  expect(await world.at.list<Pod>(PODS)).toHaveLength(2)
})

test('nothing is deleted because a scaling group is not known of yet', async () => {
  const world = await start(({ kind }) => kind === 'PodCliqueScalingGroup', { change: () => null })
  await world.at.patch(SCALING_GROUPS, 's-0-g', { spec: { replicas: 3 } }, 'scale')
  await world.at.settle()
  const before = await uids(world.at)
  await world.restart()
  await world.at.clock.runFor(30_000)
  expect(world.deletes).toEqual([])
  expect(await uids(world.at)).toEqual(before)
})

test('a view that does not take what was read costs a few reads a second', async () => {
  const ahead = (object: KubeObject): KubeObject => {
    const metadata = { ...object.metadata, resourceVersion: '900000', generation: 9 }
    return { ...object, metadata, spec: { ...(object['spec'] as object), replicas: 1 } }
  }
  const world = await start(({ metadata }) => metadata.name === 's-0-a', { change: ahead, version: 'as-changed' })
  let reads = 0
  world.at.cluster.server.setIntercept(({ method, path }) => {
    if (method === 'GET' && path.endsWith('/s-0-a')) reads++
    // Ends what would go on for ever.
    return reads > 200 ? { status: 404, reason: 'NotFound' } : 'pass'
  })
  await world.restart()
  await world.at.clock.runFor(2_000)
  expect(world.deletes).toEqual([])
  expect(reads).toBeGreaterThan(0)
  expect(reads).toBeLessThan(15)
})

test('that the newest size cannot be read is told, and keeps the other pods from nothing', async () => {
  at = await startHarness()
  await at.apply(POD_CLIQUE_SETS, SET)
  await at.settle()
  at.cluster.server.setIntercept(({ method, path }) =>
    method === 'GET' && path.endsWith('/podcliques/s-0-a') ? { status: 403, reason: 'Forbidden' } : 'pass',
  )
  await at.patch(POD_CLIQUES, 's-0-a', { spec: { replicas: 1 } }, 'scale')
  await at.clock.runFor(5_000)
  at.cluster.server.setIntercept(null)
  expect((await at.get<PodClique>(POD_CLIQUES, 's-0-a')).status?.lastErrors?.[0]?.code).toBe('ERR_CREATE_OR_DELETE_POD')
  expect((await at.list<Pod>(PODS)).filter((pod) => !isTerminating(pod))).toHaveLength(3)
  await at.clock.runFor(60_000)
  expect((await at.get<PodClique>(POD_CLIQUES, 's-0-a')).status?.lastErrors).toEqual([])
})

test('that the newest template cannot be read is told, and the update begins when it can be', async () => {
  at = await startHarness()
  await at.apply(POD_CLIQUE_SETS, SET)
  await at.settle()
  let isEdited = false
  at.cluster.server.setIntercept(({ method, path }) => {
    if (path.endsWith('/podcliquesets/s')) isEdited ||= method !== 'GET'
    return isEdited && method === 'GET' && path.endsWith('/s') ? { status: 403, reason: 'Forbidden' } : 'pass'
  })
  await changed(at, 's', { a: 'second', b: 'second' })
  await at.clock.runFor(5_000)
  at.cluster.server.setIntercept(null)
  expect((await at.get<PodCliqueSet>(POD_CLIQUE_SETS, 's')).status?.lastErrors?.[0]?.code).toMatch(/^ERR_/)
  await at.clock.runFor(120_000)
  const { status } = await at.get<PodCliqueSet>(POD_CLIQUE_SETS, 's')
  expect([status?.lastErrors, status?.updatedReplicas]).toEqual([[], 1])
})

test('nothing is brought back to a template of before, and no pod made anew, by a set that is seen as it was', async () => {
  let before: PodCliqueSet | null = null
  const world = await start(({ kind }) => kind === 'PodCliqueSet', { change: () => before, version: 'as-changed' })
  before = await world.at.get<PodCliqueSet>(POD_CLIQUE_SETS, 's')
  await changed(world.at, 's', { a: 'second', b: 'second' })
  await world.at.settle()
  const [standing, writes] = [await uids(world.at), world.at.writes.length]
  await world.restart()
  await world.at.clock.runFor(120_000)
  expect(await uids(world.at)).toEqual(standing)
  expect(world.at.writes.slice(writes)).toEqual([])
  expect((await world.at.list<Pod>(PODS)).map(imageOf)).toEqual(['second', 'second', 'second'])
})

/** A set that stands, and what deletes of the operator come to since it was restarted with a view that is behind. */
async function start(
  isBehind: (object: KubeObject) => boolean,
  { change, version = 'older' }: { change: (of: KubeObject) => KubeObject | null; version?: 'older' | 'as-changed' },
) {
  const state = { isRestarted: false }
  const deletes: number[] = []
  const asTold = (object: KubeObject): KubeObject | null => {
    const told = state.isRestarted && isBehind(object) ? change(object) : object
    return told === null || told === object || version === 'as-changed' ? told : older(told)
  }
  const through = (transport: Transport): Transport => ({
    ...transport,
    close: () => transport.close(),
    request: async (request) => {
      const answer = await transport.request(request)
      if (state.isRestarted && request.method === 'DELETE') deletes.push(answer.status)
      return answer
    },
    stream: async (request) => {
      const { status, headers, lines } = await transport.stream(request)
      return { status, headers, lines: told(lines, asTold) }
    },
  })
  const harness = (at = await startHarness({ through }))
  await harness.apply(POD_CLIQUE_SETS, SET)
  await harness.settle()
  const restart = (): Promise<void> => {
    state.isRestarted = true
    return harness.restartOperator()
  }
  return { at: harness, deletes, restart }
}

function alive(object: KubeObject): KubeObject {
  const { deletionTimestamp: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

const older = ({ metadata, ...object }: KubeObject): KubeObject => {
  const resourceVersion = String(Number(metadata.resourceVersion) - 1)
  return { ...object, metadata: { ...metadata, resourceVersion, generation: (metadata.generation ?? 1) - 1 } }
}

/** Of null nothing is told. */
async function* told(
  lines: AsyncIterable<string>,
  as: (object: KubeObject) => KubeObject | null,
): AsyncGenerator<string> {
  for await (const line of lines) {
    const event = JSON.parse(line) as { type: string; object: KubeObject }
    const object = event.type === 'ADDED' ? as(event.object) : event.object
    if (object !== null) yield event.type === 'ADDED' ? JSON.stringify({ ...event, object }) : line
  }
}

async function uids(of: Harness): Promise<string[]> {
  const all: string[] = []
  for (const kind of KINDS) all.push(...(await of.list<KubeObject>(kind)).map(({ metadata }) => metadata.uid))
  return all.sort()
}
