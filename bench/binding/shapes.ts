import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { ATTEMPT, GPU_RESOURCE, HOSTNAME_LABEL, POD_CLIQUE, POD_GANG, POD_INDEX } from '../../api/names.ts'

/** What is to be bound: `gangs` of `size` pods each on so many nodes; a size of 1 is pods of no gang. */
export interface Shape {
  readonly name: string
  readonly nodes: number
  readonly gangs: number
  readonly size: number
  /** GPUs of a pod; a node has 8. */
  readonly gpus: number
  /** Every gang within one rack. */
  readonly isPacked: boolean
}

export const SHAPES: readonly Shape[] = [
  { name: 'singles-4000', nodes: 500, gangs: 4_000, size: 1, gpus: 1, isPacked: false },
  { name: 'gang-512', nodes: 512, gangs: 1, size: 512, gpus: 8, isPacked: false },
  { name: 'gangs-1000x8', nodes: 1_000, gangs: 1_000, size: 8, gpus: 1, isPacked: false },
  { name: 'gangs-2250x4-rack', nodes: 5_000, gangs: 2_250, size: 4, gpus: 2, isPacked: true },
]

/** The same kinds of work, small: for tests that the run works. */
export const QUICK_SHAPES: readonly Shape[] = [
  { name: 'singles-120', nodes: 20, gangs: 120, size: 1, gpus: 1, isPacked: false },
  { name: 'gangs-10x4-rack', nodes: 20, gangs: 10, size: 4, gpus: 2, isPacked: true },
]

export const podsOf = ({ gangs, size }: Shape): number => gangs * size

export const RACK = 'example.com/rack'
const NODES_PER_RACK = 100
export const NODE_GPUS = 8

const digits = (i: number): string => String(i).padStart(5, '0')
export const nodeName = (i: number): string => `node-${digits(i)}`
const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))

/** Machines of 8 GPUs, a hundred a rack. */
export const nodesOf = ({ nodes }: Shape): NewObject[] =>
  many(nodes, (i) => {
    const amounts = { cpu: '128', memory: '1024Gi', pods: '250', [GPU_RESOURCE]: String(NODE_GPUS) }
    const labels = { [HOSTNAME_LABEL]: nodeName(i), [RACK]: `rack-${digits(Math.floor(i / NODES_PER_RACK))}` }
    return {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: nodeName(i), labels },
      status: { capacity: amounts, allocatable: amounts, conditions: [{ type: 'Ready', status: 'True' }] },
    }
  })

/** Who is to place the pods, in which namespace, and how a gang is said there. */
export interface Party {
  readonly namespace: string
  readonly schedulerName: string
  gangOf(shape: Shape, name: string, pods: readonly string[], namespace: string): NewObject | null
  /** What is added to the pods of a gang. */
  labelsOf(gang: string, index: number): Readonly<Record<string, string>>
  specOf(gang: string): object
}

export const ESPALIER: Party = {
  namespace: 'espalier-work',
  schedulerName: 'espalier',
  gangOf: ({ size, isPacked }, name, pods, namespace) => ({
    apiVersion: 'scheduler.grove.io/v1alpha1',
    kind: 'PodGang',
    metadata: { name, namespace },
    spec: {
      podgroups: [{ name: 'a', minReplicas: size, podReferences: pods.map((each) => ({ namespace, name: each })) }],
      ...(isPacked ? { topologyConstraint: { packConstraint: { required: RACK } } } : {}),
    },
  }),
  labelsOf: (gang, index) => ({ [POD_GANG]: gang, [POD_CLIQUE]: 'a', [POD_INDEX]: String(index) }),
  specOf: () => ({}),
}

/** kube-scheduler's own gangs: PodGroups of scheduling.k8s.io. */
export const KUBE_SCHEDULER: Party = {
  namespace: 'peer-work',
  schedulerName: 'default-scheduler',
  gangOf: ({ size, isPacked }, name, _pods, namespace) => ({
    apiVersion: 'scheduling.k8s.io/v1beta1',
    kind: 'PodGroup',
    metadata: { name, namespace },
    spec: {
      schedulingPolicy: { gang: { minCount: size } },
      ...(isPacked ? { schedulingConstraints: { topology: [{ key: RACK }] } } : {}),
    },
  }),
  labelsOf: () => ({}),
  specOf: (gang) => ({ schedulingGroup: { podGroupName: gang } }),
}

export interface Work {
  readonly gangs: readonly NewObject[]
  readonly pods: readonly NewObject[]
}

/** `prefix` keeps the names of several works apart. */
export function workOf(shape: Shape, party: Party, prefix: string): Work {
  const { gangs, size } = shape
  const isGang = size > 1
  const made = many(gangs, (g) => {
    const gang = `${prefix}-${digits(g)}`
    const names = many(size, (i) => (isGang ? `${gang}-${i}` : gang))
    return {
      gang: isGang ? party.gangOf(shape, gang, names, party.namespace) : null,
      pods: names.map((name, i) => podOf(shape, party, name, isGang ? gang : null, i)),
    }
  })
  return { gangs: made.flatMap(({ gang }) => gang ?? []), pods: made.flatMap(({ pods }) => pods) }
}

function podOf({ gpus }: Shape, party: Party, name: string, gang: string | null, index: number): NewObject {
  const amounts = { cpu: '1', memory: '8Gi', ...(gpus === 0 ? {} : { [GPU_RESOURCE]: String(gpus) }) }
  const resources = { limits: amounts, requests: amounts }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: party.namespace,
      labels: { app: 'inference', ...(gang === null ? {} : party.labelsOf(gang, index)) },
    },
    spec: {
      schedulerName: party.schedulerName,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'worker', image: 'registry.example/inference/worker:1.4.2', resources }],
      ...(gang === null ? {} : party.specOf(gang)),
    },
  }
}

/** A Binding as the scheduler sends it: uid, attempt and the chosen domains. */
export const bindingOf = (namespace: string, name: string, uid: string, node: string, rack: string): object => ({
  apiVersion: 'v1',
  kind: 'Binding',
  metadata: {
    name,
    namespace,
    uid,
    annotations: {
      [ATTEMPT]: `${uid}/1/first/8`,
      'espalier.io/domain.rack': rack,
      'espalier.io/domain.hostname': node,
    },
  },
  target: { apiVersion: 'v1', kind: 'Node', name: node },
})
