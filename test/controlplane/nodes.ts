/** Node objects on a control plane; who lets pods live there is kwok or the simulated kubelets. */
import PQueue from 'p-queue'
import type { Node, NewObject } from '../../api/kinds/kubernetes.ts'
import type { KubeClient } from '../../kube/client.ts'
import { NODES } from '../../kube/resources.ts'

const AT_ONCE = 16

/** Without what a server gives: uid, version, time. Throws at the first refusal. */
export async function createNodes(client: KubeClient, nodes: readonly NewObject[]): Promise<void> {
  const queue = new PQueue({ concurrency: AT_ONCE })
  await queue.addAll(
    nodes.map((node) => async () => {
      const { name = '', labels = {} } = node.metadata
      const answer = await client.create<Node>(NODES, { ...node, metadata: { name, labels } })
      if (answer.kind === 'failure') throw new Error(`node ${name}: ${answer.message}`)
    }),
  )
}
