import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { HOSTNAME_LABEL, POD_CLIQUE } from '../../api/names.ts'
import type { NodeFacts } from '../../scheduler/state/node-facts.ts'
import { type PodFacts, projectPod } from '../../scheduler/state/pod-facts.ts'

/** Workloads that keep their own replicas apart, as databases and gateways do. */
const WORKLOADS = 40
const REPLICAS = 5
/** Replicas of one that keeps pods of the group `a` off its nodes, which every row has. */
const AGAINST_GANGS = 10

/** Running pods with required anti-affinity, a node each, in the namespace of the gangs: all that pods can carry there. */
export function fencesOf(nodes: readonly NodeFacts[]): PodFacts[] {
  const stride = Math.max(1, Math.floor(nodes.length / (WORKLOADS * REPLICAS + AGAINST_GANGS)))
  const nodeAt = (i: number): string => (nodes[(i * stride) % nodes.length] as NodeFacts).name
  const workloads = Array.from({ length: WORKLOADS * REPLICAS }, (_, i) => {
    const app = `app-${i % WORKLOADS}`
    return runningPod(`${app}-${Math.floor(i / WORKLOADS)}`, { app }, { app }, nodeAt(i))
  })
  const against = Array.from({ length: AGAINST_GANGS }, (_, i) =>
    runningPod(`alone-${i}`, { app: 'alone' }, { [POD_CLIQUE]: 'a' }, nodeAt(WORKLOADS * REPLICAS + i)),
  )
  return [...workloads, ...against]
}

/** The nodes that are shut to the gangs' pods. */
export const shutNodes = (fences: readonly PodFacts[]): ReadonlySet<string | null> =>
  new Set(fences.filter(({ labels }) => labels['app'] === 'alone').map(({ node }) => node))

type Labels = Readonly<Record<string, string>>

function runningPod(name: string, labels: Labels, against: Labels, nodeName: string): PodFacts {
  const term = { topologyKey: HOSTNAME_LABEL, labelSelector: { matchLabels: against } }
  const raw = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'bench', uid: name, resourceVersion: '1', labels },
    spec: {
      nodeName,
      containers: [{ name: 'main', image: 'x', resources: { requests: { cpu: '100m' } } }],
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
    },
    status: { phase: 'Running' },
  }
  return projectPod(raw as unknown as KubeObject).facts
}
