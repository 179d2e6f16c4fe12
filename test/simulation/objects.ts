/** What the simulated people write. */
import type { NewObject } from '../../api/kinds/kubernetes.ts'
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

export interface PodForm {
  readonly gates?: readonly string[]
  readonly nodeName?: string
  readonly annotations?: Readonly<Record<string, string>>
}

export function podObject(gang: DrawnGang, group: DrawnGroup, at: number, form: PodForm = {}): NewObject {
  const requests = { ...(group.gpus > 0 ? { [GPU]: String(group.gpus) } : {}), cpu: String(group.cpus) }
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
      containers: [{ name: 'main', image: 'busybox', resources: { limits: requests, requests } }],
      ...(form.nodeName === undefined ? {} : { nodeName: form.nodeName }),
      ...(form.gates === undefined ? {} : { schedulingGates: form.gates.map((name) => ({ name })) }),
    },
  }
}
