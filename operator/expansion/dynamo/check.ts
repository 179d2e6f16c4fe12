import type { DynamoGraphDeployment, DynamoService } from '../../../api/generated/kinds.ts'
import type { FieldError } from '../../../api/field-error.ts'
import * as names from '../../../api/names.ts'
import { parseQuantity } from '../../../api/quantity.ts'
import { type Component, type ComponentGraph, type FieldPath, rolesOf } from './component.ts'
import { cliqueName, componentFullName, dynamoNamespace, fitsBudget, LONGEST_LABEL, NAME_BUDGET } from './names.ts'
import { parseVersion } from './runtime-version.ts'

const error = (path: FieldPath, found: unknown, want: string): FieldError => ({ path, found, want, at: null })

/**
 * What is wrong with a graph beyond what its schema can say, and what the schema says too: a graph may come from where
 * no schema was asked. Without an entry it can be rendered.
 */
export function checkGraph(written: DynamoGraphDeployment, graph: ComponentGraph): FieldError[] {
  if (graph.components.length === 0) return [error(['spec', 'services'], {}, 'at least one service')]
  return [
    ...graphNameErrors(graph),
    ...switchErrors(graph),
    ...claimErrors(written),
    ...graph.components.flatMap((component) => {
      const service = written.spec.services[component.name] ?? {}
      return [...nameErrors(graph, component), ...sizeErrors(component), ...podErrors(component, service)]
    }),
    ...collisions(graph),
    ...topologyErrors(graph),
  ]
}

const graphNameErrors = ({ name }: ComponentGraph): FieldError[] =>
  name.includes('.')
    ? [error(['metadata', 'name'], name, 'a name without dots: it is part of the hostnames of pods')]
    : []

const SWITCHES: readonly (readonly [string, (value: string) => boolean, string])[] = [
  [names.DYNAMO_ENABLE_GROVE, (value) => value.toLowerCase() !== 'false', 'true: graphs run as PodCliqueSets only'],
  ['nvidia.com/workload-provider', (value) => value === 'grove', 'grove'],
  [
    names.GROVE_UPDATE_STRATEGY,
    (value) => ['RollingRecreate', 'OnDelete'].includes(value),
    'RollingRecreate or OnDelete',
  ],
  [names.VLLM_EXECUTOR, (value) => ['mp', 'ray'].includes(value.toLowerCase()), 'mp or ray'],
  [names.DYNAMO_DISCOVERY_MODE, (value) => ['pod', 'container'].includes(value), 'pod or container'],
  [names.DYNAMO_DISCOVERY_BACKEND, (value) => ['kubernetes', 'etcd', 'mem'].includes(value), 'kubernetes, etcd or mem'],
  [names.DYNAMO_ORIGIN_VERSION, (value) => parseVersion(value) !== null, 'a version such as 1.2.0'],
]

const switchErrors = (graph: ComponentGraph): FieldError[] =>
  SWITCHES.flatMap(([key, isGood, want]) => {
    const value = graph.switches[key]
    return value === undefined || isGood(value) ? [] : [error(['metadata', 'annotations', key], value, want)]
  })

const claimErrors = ({ spec }: DynamoGraphDeployment): FieldError[] =>
  (spec.pvcs ?? []).flatMap((claim, i) => {
    if (claim.create !== true) return []
    const missing = (['size', 'storageClass', 'volumeAccessMode'] as const).filter(
      (field) => claim[field] === undefined,
    )
    const path: FieldPath = ['spec', 'pvcs', i]
    return [
      ...missing.map((field) => error([...path, field], null, 'a value, because create is true')),
      ...quantityErrors([...path, 'size'], claim.size),
    ]
  })

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/

function nameErrors(graph: ComponentGraph, component: Component): FieldError[] {
  const { path, name, lowerName } = component
  if (!DNS_LABEL.test(lowerName)) {
    return [error(path, name, 'a name of letters, digits and dashes, with a letter or digit at both ends')]
  }
  if (!fitsBudget(component))
    return [error(path, name, `a shorter name: pods' names allow it no more than ${NAME_BUDGET}`)]
  const tooLong = [componentFullName(graph.name, component), dynamoNamespace(graph.namespace, graph.name, component)]
    .filter(({ length }) => length > LONGEST_LABEL)
    .map((value) =>
      error(['metadata', 'name'], graph.name, `a shorter name: ${value} must fit ${LONGEST_LABEL} characters`),
    )
  return tooLong.slice(0, 1)
}

function sizeErrors({ path, replicas, minAvailable, nodeCount }: Component): FieldError[] {
  const errors: FieldError[] = []
  if (replicas !== null && !isCount(replicas, 0)) errors.push(error([...path, 'replicas'], replicas, '0 or more'))
  if (!isCount(minAvailable, 1)) errors.push(error([...path, 'minAvailable'], minAvailable, '1 or more'))
  if (replicas !== 0 && minAvailable > (replicas ?? 1)) {
    errors.push(error([...path, 'minAvailable'], minAvailable, `no more than replicas, ${replicas ?? 1}`))
  }
  if (!isCount(nodeCount, 1)) errors.push(error([...path, 'multinode', 'nodeCount'], nodeCount, '2 or more'))
  return errors
}

const isCount = (value: number, least: number): boolean => Number.isInteger(value) && value >= least

function podErrors(component: Component, service: DynamoService): FieldError[] {
  const { path, main, sidecars } = component
  const errors: FieldError[] = []
  if (service.multinode !== undefined && component.nodeCount < 2) {
    errors.push(error([...path, 'multinode', 'nodeCount'], component.nodeCount, '2 or more'))
  }
  if (!main.image)
    errors.push(error([...path, 'extraPodSpec', 'mainContainer', 'image'], main.image ?? null, 'an image'))
  sidecars.forEach(({ name }, i) => {
    const at = [...path, 'extraPodSpec', 'containers', i, 'name']
    if (name === 'main') errors.push(error(at, name, "another name: main is the service's own, see mainContainer"))
  })
  for (const [i, mount] of (service.volumeMounts ?? []).entries()) {
    if (mount.mountPoint || mount.useAsCompilationCache) continue
    errors.push(error([...path, 'volumeMounts', i, 'mountPoint'], mount.mountPoint ?? null, 'a path'))
  }
  return [...errors, ...amountErrors(path, service)]
}

function amountErrors(path: FieldPath, { resources, sharedMemory }: DynamoService): FieldError[] {
  const errors = (['requests', 'limits'] as const).flatMap((side) => {
    const { cpu, memory, gpu, custom = {} } = resources?.[side] ?? {}
    const at = [...path, 'resources', side]
    const plain = Object.entries({ cpu, memory, gpu }).flatMap(([name, amount]) =>
      quantityErrors([...at, name], amount),
    )
    const others = Object.entries(custom).flatMap(([name, amount]) => quantityErrors([...at, 'custom', name], amount))
    return [...plain, ...others]
  })
  const size: FieldPath = [...path, 'sharedMemory', 'size']
  if (sharedMemory?.disabled === true && sharedMemory.size !== undefined) {
    errors.push(error(size, sharedMemory.size, 'no size, because sharedMemory is disabled'))
  }
  return [...errors, ...quantityErrors(size, sharedMemory?.size)]
}

function quantityErrors(path: FieldPath, amount: string | number | undefined): FieldError[] {
  if (amount === undefined || parseQuantity(String(amount)) !== null) return []
  return [error(path, amount, 'an amount such as 4, 500m or 16Gi')]
}

/** Names that meet once case and role are gone. */
function collisions(graph: ComponentGraph): FieldError[] {
  const taken = new Map<string, string>()
  return graph.components.flatMap((component) => {
    const cliques = rolesOf(component).map((role) => cliqueName(component, role))
    const other = cliques.map((name) => taken.get(name)).find((name) => name !== undefined)
    for (const name of cliques) taken.set(name, component.name)
    if (other === undefined) return []
    return [error(component.path, component.name, `a name that does not meet that of ${other} in lower case`)]
  })
}

function topologyErrors(graph: ComponentGraph): FieldError[] {
  const has = graph.topologyName !== '' || graph.packDomain !== ''
  if (has) return []
  return graph.components
    .filter(({ packDomain }) => packDomain !== null)
    .map(({ path, packDomain }) =>
      error([...path, 'topologyConstraint', 'packDomain'], packDomain, 'spec.topologyConstraint to be set as well'),
    )
}
