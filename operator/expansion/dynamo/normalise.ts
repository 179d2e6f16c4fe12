import type { DynamoAmounts, DynamoGraphDeployment, DynamoService } from '../../../api/generated/kinds.ts'
import type { Container, EnvFromSource, ResourceList } from '../../../api/kinds/kubernetes.ts'
import { GPU_RESOURCE } from '../../../api/names.ts'
import type { Component, ComponentGraph } from './component.ts'
import { mergeEnv } from './environment.ts'
import { imageVersion, parseVersion } from './runtime-version.ts'

const WORKER_TYPES: readonly string[] = ['worker', 'prefill', 'decode']
const PHASES: readonly string[] = ['prefill', 'decode']
const SHARED_MEMORY = '8Gi'
/** A service that says `multinode` and no count spans two nodes. */
const NODE_COUNT = 2

const byteOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The v1alpha1 dialect in the internal form. Components come in byte order of their names. */
export function normaliseServices(graph: DynamoGraphDeployment): ComponentGraph {
  const { spec } = graph
  const services = Object.entries(spec.services).sort(([a], [b]) => byteOrder(a, b))
  return {
    name: graph.metadata.name,
    namespace: graph.metadata.namespace ?? 'default',
    uid: graph.metadata.uid,
    apiVersion: graph.apiVersion,
    switches: graph.metadata.annotations ?? {},
    engine: spec.backendFramework ?? '',
    env: spec.envs ?? [],
    labels: spec.labels ?? {},
    annotations: spec.annotations ?? {},
    priorityClassName: spec.priorityClassName ?? '',
    topologyName: spec.topologyConstraint?.topologyProfile ?? '',
    packDomain: spec.topologyConstraint?.packDomain ?? '',
    components: services.map(([name, service]) => componentOf(name, service)),
  }
}

function componentOf(name: string, service: DynamoService): Component {
  const { mainContainer, containers, ...podSpec } = service.extraPodSpec ?? {}
  return {
    name,
    lowerName: name.toLowerCase(),
    path: ['spec', 'services', name],
    ...kindOf(service),
    replicas: service.replicas ?? null,
    minAvailable: service.minAvailable ?? 1,
    nodeCount: service.multinode === undefined ? 1 : (service.multinode.nodeCount ?? NODE_COUNT),
    isGlobalNamespace: service.globalDynamoNamespace ?? false,
    labels: service.labels ?? {},
    annotations: service.annotations ?? {},
    podLabels: service.extraPodMetadata?.labels ?? {},
    podAnnotations: service.extraPodMetadata?.annotations ?? {},
    main: mainOf(service, mainContainer ?? {}),
    sidecars: containers ?? [],
    podSpec,
    mounts: service.volumeMounts ?? [],
    sharedMemory: service.sharedMemory?.disabled ? null : String(service.sharedMemory?.size ?? SHARED_MEMORY),
    gpuResource: service.resources?.limits?.gpuType ?? service.resources?.requests?.gpuType ?? GPU_RESOURCE,
    modelName: service.modelRef?.name ?? null,
    packDomain: service.topologyConstraint?.packDomain ?? null,
    runtimeVersion: parseVersion(service.runtimeVersionOverride ?? '') ?? imageVersion(mainContainer?.image ?? ''),
  }
}

/** A worker of one phase is of that type, whichever of the two spellings the user chose. */
function kindOf(service: DynamoService): Pick<Component, 'type' | 'subType' | 'isWorker'> {
  const written = service.componentType ?? ''
  const sub = service.subComponentType ?? ''
  const type = written === 'worker' && PHASES.includes(sub) ? sub : written
  const subType = sub === '' && PHASES.includes(written) ? written : sub
  return { type, subType, isWorker: WORKER_TYPES.includes(type) }
}

/** The service's own fields win over the same ones in `mainContainer`, per variable and per resource. */
function mainOf(service: DynamoService, main: Partial<Container>): Partial<Container> {
  const resources = resourcesOf(service, main)
  const fromSecret: EnvFromSource[] = service.envFromSecret ? [{ secretRef: { name: service.envFromSecret } }] : []
  const envFrom = [...(main.envFrom ?? []), ...fromSecret]
  return {
    ...main,
    env: mergeEnv(main.env, service.envs),
    ...(envFrom.length > 0 && { envFrom }),
    ...(Object.keys(resources).length > 0 && { resources }),
    ...(service.livenessProbe && { livenessProbe: service.livenessProbe }),
    ...(service.readinessProbe && { readinessProbe: service.readinessProbe }),
  }
}

function resourcesOf(service: DynamoService, main: Partial<Container>): NonNullable<Container['resources']> {
  const { requests, limits, claims = [] } = service.resources ?? {}
  const allRequests = { ...main.resources?.requests, ...amountsOf(requests) }
  const allLimits = { ...main.resources?.limits, ...amountsOf(limits) }
  const allClaims = [...(main.resources?.claims ?? []), ...(claims as { name: string; request?: string }[])]
  return {
    ...(Object.keys(allRequests).length > 0 && { requests: allRequests }),
    ...(Object.keys(allLimits).length > 0 && { limits: allLimits }),
    ...(allClaims.length > 0 && { claims: allClaims }),
  }
}

function amountsOf(amounts: DynamoAmounts | undefined): ResourceList {
  if (amounts === undefined) return {}
  const { cpu, memory, gpu, gpuType, custom } = amounts
  return {
    ...(cpu !== undefined && { cpu: String(cpu) }),
    ...(memory !== undefined && { memory: String(memory) }),
    ...(gpu !== undefined && { [gpuType || GPU_RESOURCE]: String(gpu) }),
    ...Object.fromEntries(Object.entries(custom ?? {}).map(([name, amount]) => [name, String(amount)])),
  }
}
