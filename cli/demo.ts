/** What `espalier up` puts into its cluster, and what it looks at to say how far it is. */
import type { KubeObject, NewObject, Node, Pod } from '../api/kinds/kubernetes.ts'
import { SYSTEM_NAMESPACE, TOPOLOGY_CONFIG_KEY, TOPOLOGY_CONFIG_MAP } from '../api/names.ts'
import type { KubeClient } from '../kube/client.ts'
import { NODES, PODS, type ResourceType } from '../kube/resources.ts'

/** The levels of the demo's nodes, written out so that they can be looked at and edited with kubectl. */
const TOPOLOGY = `# Edit and save: a file that does not parse is reported, and the last good one stays in force.
topologies:
  - name: default
    levels:
      - {name: zone, key: topology.kubernetes.io/zone}
      - {name: block, key: fabric.topograph.run/tier-2}
      - {name: rack, key: fabric.topograph.run/tier-1}
      - {name: nvlink, key: nvidia.com/gpu.clique, within: cluster, gigabytesPerSecond: 900}
      - {name: host, key: kubernetes.io/hostname}
`

/** The topology, and the secret that the published example expects; its token is a placeholder. */
export function demoObjects(): NewObject[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: TOPOLOGY_CONFIG_MAP, namespace: SYSTEM_NAMESPACE },
      data: { [TOPOLOGY_CONFIG_KEY]: TOPOLOGY },
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'hf-token-secret', namespace: 'default' },
      type: 'Opaque',
      data: { HF_TOKEN: Buffer.from('placeholder').toString('base64') },
    },
  ]
}

export interface Root {
  readonly type: ResourceType
  readonly namespace: string
  readonly name: string
}

interface RootStatus extends KubeObject {
  status?: {
    state?: string
    observedGeneration?: number
    conditions?: { type: string; status: string; message?: string }[]
  }
}

/** Why a root is not done yet, or null when it is. Kinds without conditions of their own are judged by their pods. */
export async function rootTrouble(client: KubeClient, { type, namespace, name }: Root): Promise<string | null> {
  const answer = await client.get<RootStatus>(type, { namespace, name })
  const what = `${type.kind} ${namespace === '' ? '' : `${namespace}/`}${name}`
  if (answer.kind === 'failure') return `${what}: ${answer.message}`
  if (type.group !== 'grove.io' && type.group !== 'nvidia.com') return null
  const { status, metadata } = answer.value
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 1)) return `${what}: not yet looked at`
  const ready = status?.conditions?.find((condition) => condition.type === 'Ready')
  return ready?.status === 'True' ? null : `${what}: ${ready?.message ?? 'not Ready'}`
}

export interface Picture {
  readonly nodes: readonly Node[]
  readonly pods: readonly Pod[]
}

const byName = (a: KubeObject, b: KubeObject): number => (a.metadata.name < b.metadata.name ? -1 : 1)

export async function lookAt(client: KubeClient): Promise<Picture> {
  const [nodes, pods] = await Promise.all([client.list<Node>(NODES), client.list<Pod>(PODS)])
  return {
    nodes: nodes.kind === 'ok' ? [...nodes.value.items].sort(byName) : [],
    pods: pods.kind === 'ok' ? [...pods.value.items].sort(byName) : [],
  }
}

export const isPodReady = (pod: Pod): boolean =>
  pod.status?.phase === 'Succeeded' ||
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
