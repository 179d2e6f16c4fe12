/** Pods as people write them, each with what it takes from a node, worked out by hand. */
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { GPU_RESOURCE } from '../../api/names.ts'

export interface Shape {
  readonly name: string
  readonly spec: Readonly<Record<string, unknown>>
  readonly status?: Readonly<Record<string, unknown>>
  readonly uses: Readonly<{ milliCpu: number; gpus: number }>
}

const asks = (cpu: string, gpus = 0): object => ({
  resources: { requests: { cpu }, ...(gpus > 0 ? { limits: { [GPU_RESOURCE]: String(gpus) } } : {}) },
})
const container = (name: string, cpu: string, gpus = 0): object => ({ name, image: 'x', ...asks(cpu, gpus) })
const sidecar = (name: string, cpu: string): object => ({ ...container(name, cpu), restartPolicy: 'Always' })
const given = (cpu: string): Readonly<Record<string, unknown>> => ({
  containerStatuses: [{ name: 'main', allocatedResources: { cpu } }],
})

export const SHAPES: readonly Shape[] = [
  { name: 'one container', spec: { containers: [container('main', '1', 2)] }, uses: { milliCpu: 1_000, gpus: 2 } },
  {
    name: 'two containers',
    spec: { containers: [container('main', '1', 1), container('other', '500m', 1)] },
    uses: { milliCpu: 1_500, gpus: 2 },
  },
  {
    name: 'a limit alone',
    spec: { containers: [{ name: 'main', image: 'x', resources: { limits: { cpu: '2' } } }] },
    uses: { milliCpu: 2_000, gpus: 0 },
  },
  {
    name: 'an init container that needs more than what runs',
    spec: { initContainers: [container('init', '3', 1)], containers: [container('main', '1', 2)] },
    uses: { milliCpu: 3_000, gpus: 2 },
  },
  {
    name: 'a sidecar beside the container',
    spec: { initContainers: [sidecar('side', '500m')], containers: [container('main', '1')] },
    uses: { milliCpu: 1_500, gpus: 0 },
  },
  {
    name: 'an init container beside a sidecar that started before it',
    spec: { initContainers: [sidecar('side', '1'), container('init', '2')], containers: [container('main', '1')] },
    uses: { milliCpu: 3_000, gpus: 0 },
  },
  {
    name: 'overhead',
    spec: { overhead: { cpu: '250m' }, containers: [container('main', '1')] },
    uses: { milliCpu: 1_250, gpus: 0 },
  },
  {
    name: 'resources of the pod as a whole, and overhead',
    spec: {
      ...{ resources: { requests: { cpu: '4' } }, overhead: { cpu: '250m' } },
      containers: [container('main', '1', 3)],
    },
    uses: { milliCpu: 4_250, gpus: 3 },
  },
  {
    name: 'shrinking in place: what it still has',
    spec: { containers: [container('main', '1')] },
    status: given('2'),
    uses: { milliCpu: 2_000, gpus: 0 },
  },
  {
    name: 'growing in place: what it will have',
    spec: { containers: [container('main', '3')] },
    status: given('1'),
    uses: { milliCpu: 3_000, gpus: 0 },
  },
  {
    name: 'growing in place where the node said that it cannot: what it has',
    spec: { containers: [container('main', '30')] },
    status: {
      ...given('1'),
      conditions: [{ type: 'PodResizePending', status: 'True', reason: 'Infeasible' }],
    },
    uses: { milliCpu: 1_000, gpus: 0 },
  },
]

/** How a pending pod of somebody else says that it goes to one node. */
export const PINNED: Readonly<Record<string, (node: string) => Pick<NewObject, 'spec' | 'status'>>> = {
  'not at all': () => ({ spec: {}, status: {} }),
  'by a DaemonSet': (node) => ({
    spec: {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }],
          },
        },
      },
    },
    status: {},
  }),
  'by nomination': (node) => ({ spec: {}, status: { nominatedNodeName: node } }),
}
