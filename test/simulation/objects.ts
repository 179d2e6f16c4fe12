/** What the simulated people write. */
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import type { ObjectKey } from '../../kube/client.ts'
import type { DrawnGang, DrawnGroup, DrawnNode } from './draw.ts'
import { GANG_LABEL, GPU, GROUP_LABEL, NAMESPACE, OUR_NAME, RACK } from './facts.ts'

export const OPERATOR_GATE = 'grove.io/podgang-pending-creation'
export const FOREIGN_GATE = 'example.com/quota'

/** Stands for whatever makes pods again when they go. */
export const OWNER: NewObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'owner', namespace: NAMESPACE, uid: '11111111-1111-4111-8111-111111111111' },
  data: {},
}

export const TOPOLOGY_FILE: ObjectKey = { namespace: 'espalier-system', name: 'espalier-topology' }
/** That of the annotation `grove.io/topology-name` of some gangs. */
export const TOPOLOGY: string = `topologies:\n  - name: ours\n    levels:\n      - {name: rack, key: ${RACK}}\n`
export const BROKEN_TOPOLOGIES: readonly string[] = ['topologies: 7\n', 'topologies:\n  - name: [']

export const topologyObjects = (): NewObject[] => [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: TOPOLOGY_FILE.namespace } },
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...TOPOLOGY_FILE }, data: { 'topology.yaml': TOPOLOGY } },
]

export function nodeObject({ name, rack, gpus, cpus }: DrawnNode): NewObject {
  const amounts = { cpu: String(cpus), memory: '256Gi', pods: '110', [GPU]: String(gpus) }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, [RACK]: rack } },
    spec: {},
    status: { capacity: amounts, allocatable: amounts },
  }
}

const inOneRack = { topologyConstraint: { packConstraint: { required: RACK } } }

export const podName = (gang: DrawnGang, group: DrawnGroup, at: number): string =>
  gang.isPlain ? gang.name : `${gang.name}-${group.name}-${at}`

export function gangObject(gang: DrawnGang): NewObject {
  const podgroups = gang.groups.map((group) => ({
    name: `${gang.name}-${group.name}`,
    minReplicas: group.minimum,
    podReferences: Array.from({ length: group.pods }, (_, at) => ({
      namespace: NAMESPACE,
      name: podName(gang, group, at),
    })),
    ...(group.isInOneRack ? inOneRack : {}),
  }))
  return {
    apiVersion: 'scheduler.grove.io/v1alpha1',
    kind: 'PodGang',
    metadata: {
      name: gang.name,
      namespace: NAMESPACE,
      ...(gang.annotations === undefined ? {} : { annotations: { ...gang.annotations } }),
    },
    spec: { podgroups, ...(gang.isInOneRack ? inOneRack : {}), ...gang.spec },
  }
}

const container = (name: string, gpus: number, cpus: string): object => {
  const requests = { ...(gpus > 0 ? { [GPU]: String(gpus) } : {}), cpu: cpus }
  return { name, image: 'busybox', resources: { limits: requests, requests } }
}

/** However they ask: at the worst moment it is `gpus` and `cpus`. */
function containersOf({ gpus, cpus, form = 'plain' }: DrawnGroup): object {
  const half = Math.floor(gpus / 2)
  switch (form) {
    case 'init':
      return { initContainers: [container('init', gpus, String(cpus))], containers: [container('main', half, '1')] }
    case 'beside': {
      const sidecar = { ...container('sidecar', gpus - half, String(cpus - 1)), restartPolicy: 'Always' }
      return { initContainers: [sidecar], containers: [container('main', half, '1')] }
    }
    case 'units': {
      const texts = [`${cpus}000m`, `${cpus}e0`, `0.00${cpus}k`, `${cpus}.0`]
      return { containers: [container('main', gpus, texts[cpus % texts.length] ?? String(cpus))] }
    }
    case 'plain':
      return { containers: [container('main', gpus, String(cpus))] }
  }
}

export interface PodForm {
  readonly gates?: readonly string[]
  readonly nodeName?: string
  readonly annotations?: Readonly<Record<string, string>>
}

export function podObject(gang: DrawnGang, group: DrawnGroup, at: number, form: PodForm = {}): NewObject {
  const labels = gang.isPlain ? {} : { [GANG_LABEL]: gang.name, [GROUP_LABEL]: `${gang.name}-${group.name}` }
  const { kind, apiVersion, metadata } = OWNER
  const owner = { apiVersion, kind, name: metadata.name ?? '', uid: metadata.uid ?? '', controller: true }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: podName(gang, group, at),
      namespace: NAMESPACE,
      labels,
      ...(form.annotations === undefined ? {} : { annotations: { ...form.annotations } }),
      ...(gang.isOwned ? { ownerReferences: [owner] } : {}),
    },
    spec: {
      schedulerName: OUR_NAME,
      ...containersOf(group),
      ...(form.nodeName === undefined ? {} : { nodeName: form.nodeName }),
      ...(form.gates === undefined ? {} : { schedulingGates: form.gates.map((name) => ({ name })) }),
    },
  }
}
