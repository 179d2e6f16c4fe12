/** What is served with: a PodCliqueSet whose cliques, scaling groups and copies follow the rate of requests. */
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { GPU_RESOURCE } from '../../api/names.ts'
import type { Level, ServingWork } from '../scenario/scenario.ts'
import { busiest, type Demand } from './load.ts'

/** A part of a copy that grows by itself, up to `most` units of `pods` pods. */
interface Part {
  readonly name: string
  readonly most: number
  readonly pods: number
  readonly gpusAPod: number
}

/** Single-GPU pods that grow one by one: the level of the clique. */
const ENCODE: Part = { name: 'encode', most: 4, pods: 1, gpusAPod: 1 }
/** Engines of a leader and its workers, which grow whole: the level of the scaling group. */
const PREFILL: Part = { name: 'prefill', most: 3, pods: 2, gpusAPod: 4 }
const DECODE: Part = { name: 'decode', most: 2, pods: 4, gpusAPod: 4 }
const PARTS = [ENCODE, PREFILL, DECODE]
export const ENGINES: ReadonlyMap<string, number> = new Map([PREFILL, DECODE].map(({ name, pods }) => [name, pods]))

/** Of a copy that has grown as far as it can. */
export const GPUS_A_COPY: number = PARTS.reduce((sum, { most, pods, gpusAPod }) => sum + most * pods * gpusAPod, 0)
export const METRIC = 'requests-per-second'

export interface Service {
  readonly demand: Demand
  /** Requests a second that a copy serves when it has grown as far as it can. */
  readonly ratePerCopy: number
  /** Copies that its highest rate asks for. */
  readonly copiesAtPeak: number
}

/**
 * Each model gets the same share of the GPUs at its own peak, so large that at the busiest moment all together ask for
 * `load` of `gpus`.
 */
export function servicesOf(demands: readonly Demand[], load: number, gpus: number): Service[] {
  const copies = (load * gpus) / busiest(demands) / GPUS_A_COPY
  return demands.map((demand) => ({
    demand,
    ratePerCopy: Math.max(...demand.rates) / copies,
    copiesAtPeak: Math.max(1, Math.ceil(copies)),
  }))
}

/** The set, and the autoscaler of its copies; those of cliques and scaling groups are the operator's to make. */
export function objectsOf(
  { demand, ratePerCopy, copiesAtPeak }: Service,
  namespace: string,
  schedulerName: string,
  packs: ServingWork['packs'],
  level: Level | null,
): NewObject[] {
  const metadata = { name: demand.model, namespace }
  const scaled = (part: Part): object => ({
    minReplicas: 1,
    maxReplicas: part.most,
    metrics: metricOf(ratePerCopy / part.most),
  })
  const topologyConstraint = level === null ? {} : { topologyConstraint: { pack: { [packs]: level } } }
  const clique = (name: string, replicas: number, gpu: number, more: object = {}): object => ({
    name,
    spec: { roleName: name, replicas, podSpec: podSpec(schedulerName, gpu), ...more },
  })
  const engine = (part: Part): object[] => [
    clique(`${part.name}-leader`, 1, part.gpusAPod),
    clique(`${part.name}-worker`, part.pods - 1, part.gpusAPod),
  ]
  const template = {
    cliques: [
      clique(ENCODE.name, 1, ENCODE.gpusAPod, { minAvailable: 1, autoScalingConfig: scaled(ENCODE) }),
      ...[PREFILL, DECODE].flatMap(engine),
    ],
    podCliqueScalingGroups: [PREFILL, DECODE].map((part) => ({
      name: part.name,
      cliqueNames: [`${part.name}-leader`, `${part.name}-worker`],
      replicas: 1,
      minAvailable: 1,
      scaleConfig: scaled(part),
      ...topologyConstraint,
    })),
  }
  const scaleTargetRef = { apiVersion: 'grove.io/v1alpha1', kind: 'PodCliqueSet', name: demand.model }
  return [
    { apiVersion: 'grove.io/v1alpha1', kind: 'PodCliqueSet', metadata, spec: { replicas: 1, template } },
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata,
      spec: { scaleTargetRef, minReplicas: 1, maxReplicas: copiesAtPeak, metrics: metricOf(ratePerCopy) },
    },
  ]
}

const metricOf = (averageValue: number): object[] => [
  {
    type: 'External',
    external: {
      metric: { name: METRIC },
      target: { type: 'AverageValue', averageValue: milliText(averageValue) },
    },
  },
]

/** As a quantity, in thousandths. */
export const milliText = (value: number): string => `${Math.max(1, Math.round(value * 1_000))}m`

function podSpec(schedulerName: string, gpu: number): object {
  const amounts = { cpu: '1', memory: '8Gi', [GPU_RESOURCE]: String(gpu) }
  return {
    schedulerName,
    containers: [
      {
        name: 'engine',
        image: 'registry.example/inference/engine:1.4.2',
        resources: { requests: amounts, limits: amounts },
      },
    ],
  }
}
