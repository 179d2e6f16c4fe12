import type { NewObject, OwnerReference, Pod, Service } from '../../api/kinds/kubernetes.ts'

/** A pod as its services see it. */
export interface Endpoint {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly ip: string
  readonly node: string
  readonly hostname: string | null
  readonly isReady: boolean
  readonly isTerminating: boolean
  /** Named container ports, for services that name their target. */
  readonly ports: Readonly<Record<string, number>>
}

/** Null: the pod has no address, or has ended. */
export function endpointOf(pod: Pod | null): Endpoint | null {
  const ip = pod?.status?.podIP
  if (pod === null || !ip || pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return null
  const { name, namespace = '', uid, deletionTimestamp } = pod.metadata
  const ports = pod.spec.containers.flatMap((container) => container.ports ?? [])
  return {
    name,
    namespace,
    uid,
    ip,
    node: pod.spec.nodeName ?? '',
    hostname: pod.spec.hostname ?? null,
    isReady: (pod.status?.conditions ?? []).some((c) => c.type === 'Ready' && c.status === 'True'),
    isTerminating: deletionTimestamp !== undefined,
    ports: Object.fromEntries(ports.flatMap((port) => (port.name ? [[port.name, port.containerPort]] : []))),
  }
}

interface Port {
  readonly name: string
  readonly port: number
  readonly protocol: string
}

function portsOf(service: Service, endpoints: readonly Endpoint[]): readonly Port[] {
  return (service.spec?.ports ?? []).flatMap(({ name = '', port, targetPort = port, protocol = 'TCP' }) => {
    const number =
      typeof targetPort === 'number' ? targetPort : endpoints.find((e) => e.ports[targetPort])?.ports[targetPort]
    return number === undefined ? [] : [{ name, port: number, protocol }]
  })
}

/** The older form and the newer one of the same endpoints. */
export function endpointObjects(
  service: Service,
  endpoints: readonly Endpoint[],
): { endpoints: NewObject; slice: NewObject } {
  const { name, namespace = '', uid, labels = {} } = service.metadata
  const ports = portsOf(service, endpoints)
  const isReady = (endpoint: Endpoint): boolean =>
    service.spec?.publishNotReadyAddresses === true || (endpoint.isReady && !endpoint.isTerminating)
  const headless: Record<string, string> =
    service.spec?.clusterIP === 'None' ? { 'service.kubernetes.io/headless': '' } : {}
  const owner: OwnerReference = {
    apiVersion: 'v1',
    kind: 'Service',
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  }
  return {
    endpoints: {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name, namespace, labels: { ...labels, ...headless }, ownerReferences: [owner] },
      subsets: subsets(endpoints, ports, isReady),
    },
    slice: {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-simulated`,
        namespace,
        labels: {
          ...labels,
          ...headless,
          'kubernetes.io/service-name': name,
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        ownerReferences: [owner],
      },
      addressType: 'IPv4',
      ports,
      endpoints: endpoints.map((endpoint) => sliceEndpoint(endpoint, isReady(endpoint))),
    },
  }
}

const targetRef = ({ name, namespace, uid }: Endpoint): object => ({ kind: 'Pod', name, namespace, uid })

const sliceEndpoint = (endpoint: Endpoint, ready: boolean): object => ({
  addresses: [endpoint.ip],
  conditions: { ready, serving: endpoint.isReady, terminating: endpoint.isTerminating },
  ...(endpoint.hostname === null ? {} : { hostname: endpoint.hostname }),
  nodeName: endpoint.node,
  targetRef: targetRef(endpoint),
})

function subsets(
  endpoints: readonly Endpoint[],
  ports: readonly Port[],
  isReady: (endpoint: Endpoint) => boolean,
): readonly object[] {
  if (endpoints.length === 0) return []
  const address = (endpoint: Endpoint): object => ({
    ip: endpoint.ip,
    ...(endpoint.hostname === null ? {} : { hostname: endpoint.hostname }),
    nodeName: endpoint.node,
    targetRef: targetRef(endpoint),
  })
  const addresses = endpoints.filter(isReady).map(address)
  const notReadyAddresses = endpoints.filter((endpoint) => !isReady(endpoint)).map(address)
  return [
    {
      ...(addresses.length > 0 ? { addresses } : {}),
      ...(notReadyAddresses.length > 0 ? { notReadyAddresses } : {}),
      ports,
    },
  ]
}
