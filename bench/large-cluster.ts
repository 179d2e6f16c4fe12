/** A cluster as large ones are: nodes of 18 kB, running pods of 10 kB, with managedFields. */
import { strict as assert } from 'node:assert'
import type { KubeClient } from '../kube/client.ts'
import { NODES, POD_GANGS, PODS } from '../kube/resources.ts'
import { createAll, inParallel, largeNodes, largePods, plainGangs, RUNNING, sizeOf, take, WHOLE } from './load.ts'

const NODE_BYTES = 18_000
const POD_BYTES = 10_000

/** As large as is meant, managedFields included, give or take a tenth. */
function assertSize(found: number, meant: number): void {
  assert.ok(Math.abs(found - meant) < meant / 10, `objects of ${found} bytes, not ${meant}`)
}

/** Median bytes of an object's JSON text. */
export interface Sizes {
  readonly nodeBytes: number
  readonly podBytes: number
}

/** Makes the nodes, and the pods on them, all Running and Ready. */
export async function fillLarge(
  client: KubeClient,
  count: { readonly nodes: number; readonly pods: number },
): Promise<Sizes> {
  const nodes = largeNodes(count.nodes)
  const names = nodes.map(({ metadata }) => metadata.name ?? '')
  await createAll(client, NODES, nodes)
  const pods = largePods(count.pods, names)
  await createAll(client, PODS, pods)
  await inParallel(count.pods, async (i) => {
    const { name = '', namespace = '' } = pods[i]!.metadata
    take(await client.mergePatch(PODS, { namespace, name }, RUNNING, { subresource: 'status' }))
  })
  const sizes = { nodeBytes: await sizeOf(client, NODES), podBytes: await sizeOf(client, PODS) }
  assertSize(sizes.nodeBytes, NODE_BYTES)
  assertSize(sizes.podBytes, POD_BYTES)
  return sizes
}

/** The PodGangs that those pods name, each recorded whole and running, as the scheduler leaves them. */
export async function fillGangs(client: KubeClient, pods: number): Promise<void> {
  const gangs = plainGangs(pods)
  await createAll(client, POD_GANGS, gangs)
  await inParallel(gangs.length, async (i) => {
    const { name = '', namespace = '' } = gangs[i]!.metadata
    take(await client.mergePatch(POD_GANGS, { namespace, name }, WHOLE, { subresource: 'status' }))
  })
}
