import { afterEach, expect, test } from 'vitest'
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

/** A set that stands, and what deletes of the operator come to since it was restarted with a view that is behind. */
async function start(
  isBehind: (object: KubeObject) => boolean,
  { change }: { change: (of: KubeObject) => KubeObject },
) {
  const state = { isRestarted: false }
  const deletes: number[] = []
  const asTold = (object: KubeObject): KubeObject =>
    state.isRestarted && isBehind(object) ? older(change(object)) : object
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

async function* told(lines: AsyncIterable<string>, as: (object: KubeObject) => KubeObject): AsyncGenerator<string> {
  for await (const line of lines) {
    const event = JSON.parse(line) as { type: string; object: KubeObject }
    yield event.type === 'ADDED' ? JSON.stringify({ ...event, object: as(event.object) }) : line
  }
}

async function uids(of: Harness): Promise<string[]> {
  const all: string[] = []
  for (const kind of KINDS) all.push(...(await of.list<KubeObject>(kind)).map(({ metadata }) => metadata.uid))
  return all.sort()
}
