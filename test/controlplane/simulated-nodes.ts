/** The simulated kubelets of sim/ on a real API server: what kwok is for, with the start-up rule in it. */
import type { Node, NewObject } from '../../api/kinds/kubernetes.ts'
import type { KubeClient } from '../../kube/client.ts'
import { realClock } from '../../kube/clock.ts'
import { seededRandom } from '../../kube/random.ts'
import { NODES } from '../../kube/resources.ts'
import { Informers } from '../../sim/informers.ts'
import { seededDelays } from '../../sim/nodes/delays.ts'
import { Kubelet } from '../../sim/nodes/kubelet.ts'
import { NodeAgent } from '../../sim/nodes/node-agent.ts'

export interface SimulatedNodes {
  stop(): Promise<void>
}

async function createNodes(client: KubeClient, nodes: readonly NewObject[]): Promise<void> {
  for (const node of nodes) {
    const { name = '', labels = {} } = node.metadata
    const answer = await client.create<Node>(NODES, { ...node, metadata: { name, labels } })
    if (answer.kind === 'failure') throw new Error(`node ${node.metadata.name}: ${answer.message}`)
  }
}

/** Creates the nodes and runs a kubelet for each. */
export async function startSimulatedNodes(
  client: KubeClient,
  nodes: readonly NewObject[],
  seed = 1,
): Promise<SimulatedNodes> {
  await createNodes(client, nodes)
  const random = seededRandom(seed)
  const common = { client, clock: realClock, random }
  const informers = new Informers(common)
  const agent: NodeAgent = new NodeAgent({ ...common, informers, onLife: (node) => kubelet.refreshNode(node) })
  const kubelet: Kubelet = new Kubelet({
    ...common,
    informers,
    delays: seededDelays(seed),
    tell: () => {},
    isAlive: (node) => agent.isAlive(node),
  })
  informers.start()
  await informers.synced()
  agent.start()
  kubelet.start()
  return {
    async stop() {
      await Promise.all([agent.stop(), kubelet.stop()])
      await informers.stop()
    },
  }
}
