/** Short forms of the objects that tests create. */
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { GPU_RESOURCE, HOSTNAME_LABEL, POD_CLIQUE, POD_GANG, POD_INDEX } from '../../api/names.ts'

export const RACK = 'example.com/rack'
export const BLOCK = 'example.com/block'

export interface NodeForm {
  readonly gpus?: number
  readonly cpu?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly taints?: readonly { key: string; effect: string; value?: string }[]
  readonly unschedulable?: boolean
}

export function node(name: string, form: NodeForm = {}): NewObject {
  const amounts = { cpu: form.cpu ?? '64', memory: '256Gi', pods: '110', [GPU_RESOURCE]: String(form.gpus ?? 4) }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { [HOSTNAME_LABEL]: name, ...form.labels } },
    spec: {
      ...(form.taints === undefined ? {} : { taints: form.taints }),
      ...(form.unschedulable === undefined ? {} : { unschedulable: form.unschedulable }),
    },
    status: { capacity: amounts, allocatable: amounts },
  }
}

/** `r1: a b | r2: c` → nodes a, b in rack r1 and c in rack r2, `gpus` each. */
export const racks = (drawing: string, gpus: number): NewObject[] =>
  drawing.split('|').flatMap((rack) => {
    const [name = '', nodes = ''] = rack.split(':').map((part) => part.trim())
    return nodes.split(/\s+/).map((each) => node(each, { gpus, labels: { [RACK]: name } }))
  })

export interface PodForm {
  readonly gang?: string
  readonly group?: string
  readonly index?: number
  readonly gpus?: number
  readonly gates?: readonly string[]
  readonly schedulerName?: string
  readonly nodeName?: string
  readonly priority?: number
  readonly spec?: Readonly<Record<string, unknown>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  /** Owned by a controller of this kind and name. */
  readonly controller?: { readonly kind: string; readonly name: string; readonly uid: string }
}

export function pod(name: string, form: PodForm = {}): NewObject {
  const labels: Record<string, string> = { ...form.labels }
  if (form.gang !== undefined) labels[POD_GANG] = form.gang
  if (form.group !== undefined) labels[POD_CLIQUE] = form.group
  if (form.index !== undefined) labels[POD_INDEX] = String(form.index)
  const limits = { [GPU_RESOURCE]: String(form.gpus ?? 1) }
  const owner = form.controller
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      labels,
      ...(form.annotations === undefined ? {} : { annotations: { ...form.annotations } }),
      ...(owner === undefined
        ? {}
        : { ownerReferences: [{ apiVersion: 'grove.io/v1alpha1', controller: true, ...owner }] }),
    },
    spec: {
      schedulerName: form.schedulerName ?? 'espalier',
      containers: [{ name: 'main', image: 'busybox', resources: { limits, requests: limits } }],
      ...(form.nodeName === undefined ? {} : { nodeName: form.nodeName }),
      ...(form.gates === undefined ? {} : { schedulingGates: form.gates.map((gate) => ({ name: gate })) }),
      ...(form.priority === undefined ? {} : { priority: form.priority }),
      ...form.spec,
    },
  }
}

export interface GroupForm {
  readonly name: string
  readonly minimum: number
  readonly pods: readonly string[]
  readonly constraint?: object
}

export function gang(
  name: string,
  groups: readonly GroupForm[],
  spec: Readonly<Record<string, unknown>> = {},
): NewObject {
  return {
    apiVersion: 'scheduler.grove.io/v1alpha1',
    kind: 'PodGang',
    metadata: { name, namespace: 'default' },
    spec: {
      podgroups: groups.map(({ name: group, minimum, pods, constraint }) => ({
        name: group,
        minReplicas: minimum,
        podReferences: pods.map((each) => ({ namespace: 'default', name: each })),
        ...(constraint === undefined ? {} : { topologyConstraint: constraint }),
      })),
      ...spec,
    },
  }
}

/** A gang of one group `a` with its pods `<name>-0` …, of which `minimum` are needed together. */
export function simpleGang(
  name: string,
  count: number,
  minimum: number,
  form: PodForm = {},
  spec: Readonly<Record<string, unknown>> = {},
): NewObject[] {
  const names = Array.from({ length: count }, (_, at) => `${name}-${at}`)
  return [
    gang(name, [{ name: 'a', minimum, pods: names }], spec),
    ...names.map((each, index) => pod(each, { gang: name, group: 'a', index, ...form })),
  ]
}

export const inOne = (key: string): { topologyConstraint: object } => ({
  topologyConstraint: { packConstraint: { required: key } },
})
