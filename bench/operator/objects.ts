/** What the operator's benchmark puts on a cluster. */
import type { NewObject, Node } from '../../api/kinds/kubernetes.ts'
import { simulatedNode } from '../../sim/shapes.ts'

/** The published scale suite's: 64 cores, 512 GiB, 110 pods. */
const SIZE = { cpu: '64', memory: '512Gi', pods: '110', 'ephemeral-storage': '100Gi' }

export const benchNodes = (count: number): Node[] =>
  Array.from({ length: count }, (_, at) => {
    const name = `node-${String(at).padStart(4, '0')}`
    const labels = { 'kubernetes.io/hostname': name }
    return simulatedNode(name, { capacity: SIZE, allocatable: SIZE }, `10.1.${at >> 8}.${at & 0xff}`, labels)
  })

/** Each replica of the set is one clique of `pods` pods. */
export function benchSet(namespace: string, name: string, replicas: number, pods: number): NewObject {
  const container = { name: 'main', image: 'busybox', resources: { requests: { cpu: '10m', memory: '32Mi' } } }
  const podSpec = { terminationGracePeriodSeconds: 5, containers: [container] }
  const clique = { name: 'a', spec: { roleName: 'a', replicas: pods, podSpec } }
  return {
    apiVersion: 'grove.io/v1alpha1',
    kind: 'PodCliqueSet',
    metadata: { namespace, name },
    spec: { replicas, template: { cliques: [clique] } },
  }
}
