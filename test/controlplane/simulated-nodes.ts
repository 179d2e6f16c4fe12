/** The simulated kubelets of sim/ on a real API server: what kwok is for, with the start-up rule in it. */
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import type { KubeClient } from '../../kube/client.ts'
import { realClock } from '../../kube/clock.ts'
import { seededRandom } from '../../kube/random.ts'
import { Informers } from '../../sim/informers.ts'
import { seededDelays } from '../../sim/nodes/delays.ts'
import { Kubelet } from '../../sim/nodes/kubelet.ts'
import { NodeAgent } from '../../sim/nodes/node-agent.ts'
import { createNodes } from './nodes.ts'

export interface SimulatedNodes {
  stop(): Promise<void>
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
