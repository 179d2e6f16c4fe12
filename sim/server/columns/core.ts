import type { KubeObject, Node, Service } from '../../../api/kinds/kubernetes.ts'
import { ageOf, type TableColumns } from '../table.ts'
import {
  AGE,
  at,
  column,
  labelsText,
  listAt,
  mapAt,
  NAME,
  numberAt,
  orNone,
  tableColumns,
  textAt,
  wide,
} from './column.ts'

const ROLE_PREFIX = 'node-role.kubernetes.io/'

function nodeStatus(node: Node): string {
  const ready = (node.status?.conditions ?? []).find((c) => c.type === 'Ready')
  const state = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  return node.spec?.unschedulable ? `${state},SchedulingDisabled` : state
}

function nodeRoles(node: Node): string {
  const labels = Object.entries(node.metadata.labels ?? {})
  const roles = labels.flatMap(([key, value]) =>
    key.startsWith(ROLE_PREFIX) ? [key.slice(ROLE_PREFIX.length)] : key === 'kubernetes.io/role' ? [value] : [],
  )
  return orNone(roles.sort().join(','))
}

const address = (type: string) => (node: Node) =>
  orNone((node.status?.addresses ?? []).find((a) => a.type === type)?.address ?? '')
const nodeInfo = (field: string, otherwise: string) => (node: Node) => node.status?.nodeInfo?.[field] || otherwise

/** With the architecture behind it, where both are known. */
function kernel(node: Node): string {
  const version = nodeInfo('kernelVersion', '<unknown>')(node)
  const architecture = nodeInfo('architecture', '')(node)
  return version === '<unknown>' || architecture === '' ? version : `${version} (${architecture})`
}

export const NODE_COLUMNS: TableColumns = tableColumns<Node>([
  NAME,
  column<Node>('Status', nodeStatus),
  column<Node>('Roles', nodeRoles),
  AGE,
  column<Node>('Version', nodeInfo('kubeletVersion', '')),
  wide<Node>('Internal-IP', address('InternalIP')),
  wide<Node>('External-IP', address('ExternalIP')),
  wide<Node>('OS-Image', nodeInfo('osImage', '<unknown>')),
  wide<Node>('Kernel-Version', kernel),
  wide<Node>('Container-Runtime', nodeInfo('containerRuntimeVersion', '<unknown>')),
])

export const NAMESPACE_COLUMNS: TableColumns = tableColumns([
  NAME,
  column('Status', (namespace) => textAt(namespace, 'status', 'phase')),
  AGE,
])

const dataCount = (object: KubeObject): number =>
  Object.keys(mapAt(object, 'data')).length + Object.keys(mapAt(object, 'binaryData')).length

export const SECRET_COLUMNS: TableColumns = tableColumns([
  NAME,
  column('Type', (secret) => textAt(secret, 'type')),
  column('Data', dataCount, 'integer'),
  AGE,
])

export const CONFIG_MAP_COLUMNS: TableColumns = tableColumns([NAME, column('Data', dataCount, 'integer'), AGE])

function externalIp(service: Service): string {
  const type = service.spec?.type ?? 'ClusterIP'
  if (type === 'ExternalName') return textAt(service, 'spec', 'externalName')
  const ips = listAt(service, 'spec', 'externalIPs').map(String)
  const ingress = listAt(service, 'status', 'loadBalancer', 'ingress').map(
    (i) => textAt(i, 'ip') || textAt(i, 'hostname'),
  )
  const all = [...ingress, ...ips].join(',')
  return all === '' && type === 'LoadBalancer' ? '<pending>' : orNone(all)
}

function portsText(service: Service): string {
  const ports = (service.spec?.ports ?? []).map((port) => {
    const nodePort = textAt(port, 'nodePort')
    return `${port.port}${nodePort === '' ? '' : `:${nodePort}`}/${port.protocol ?? 'TCP'}`
  })
  return orNone(ports.join(','))
}

export const SERVICE_COLUMNS: TableColumns = tableColumns<Service>([
  NAME,
  column<Service>('Type', (service) => service.spec?.type ?? 'ClusterIP'),
  column<Service>('Cluster-IP', (service) => orNone(service.spec?.clusterIP ?? '')),
  column<Service>('External-IP', externalIp),
  column<Service>('Port(s)', portsText),
  AGE,
  wide<Service>('Selector', (service) => labelsText(service.spec?.selector ?? {})),
])

const ENDPOINTS_SHOWN = 3

export function endpointsText(addresses: readonly string[]): string {
  const shown = addresses.slice(0, ENDPOINTS_SHOWN).join(',')
  const rest = addresses.length - ENDPOINTS_SHOWN
  return rest > 0 ? `${shown} + ${rest} more...` : orNone(shown)
}

const addressPorts = (subset: unknown): string[] =>
  listAt(subset, 'addresses').flatMap((ip) => {
    const ports = listAt(subset, 'ports')
    return ports.length === 0 ? [textAt(ip, 'ip')] : ports.map((port) => `${textAt(ip, 'ip')}:${textAt(port, 'port')}`)
  })

export const ENDPOINTS_COLUMNS: TableColumns = tableColumns([
  NAME,
  column('Endpoints', (object) => endpointsText(listAt(object, 'subsets').flatMap(addressPorts))),
  AGE,
])

const slicePorts = (slice: KubeObject): string =>
  listAt(slice, 'ports')
    .map((port) => textAt(port, 'port'))
    .join(',') || '<unset>'

export const ENDPOINT_SLICE_COLUMNS: TableColumns = tableColumns([
  NAME,
  column('AddressType', (slice) => textAt(slice, 'addressType')),
  column('Ports', slicePorts),
  column('Endpoints', (slice) =>
    endpointsText(listAt(slice, 'endpoints').flatMap((endpoint) => listAt(endpoint, 'addresses').map(String))),
  ),
  AGE,
])

/** Accounts have not come with secrets for long: the column went with 1.34. */
export const SERVICE_ACCOUNT_COLUMNS: TableColumns = tableColumns([NAME, AGE])

const eventTime = (event: KubeObject, field: string): string =>
  textAt(event, field) || textAt(event, 'eventTime') || textAt(event, 'metadata', 'creationTimestamp')

function lastSeen(event: KubeObject, nowMs: number): string {
  const seriesTime = textAt(event, 'series', 'lastObservedTime')
  return ageOf(seriesTime || eventTime(event, 'lastTimestamp'), nowMs)
}

const involved = (event: KubeObject): string => {
  const kind = textAt(event, 'involvedObject', 'kind').toLowerCase()
  const name = textAt(event, 'involvedObject', 'name')
  return name === '' ? kind : `${kind}/${name}`
}

const eventSource = (event: KubeObject): string => {
  const component = textAt(event, 'source', 'component') || textAt(event, 'reportingComponent')
  const host = textAt(event, 'source', 'host') || textAt(event, 'reportingInstance')
  return host === '' ? component : `${component}, ${host}`
}

const eventCount = (event: KubeObject): string =>
  String(numberAt(event, 'series', 'count') || numberAt(event, 'count') || 1)

export const EVENT_COLUMNS: TableColumns = tableColumns([
  column('Last Seen', lastSeen),
  column('Type', (event) => textAt(event, 'type')),
  column('Reason', (event) => textAt(event, 'reason')),
  column('Object', involved),
  wide('Subobject', (event) => textAt(event, 'involvedObject', 'fieldPath')),
  wide('Source', eventSource),
  column('Message', (event) => textAt(event, 'message').trim()),
  wide('First Seen', (event, nowMs) => ageOf(eventTime(event, 'firstTimestamp'), nowMs)),
  wide('Count', eventCount),
  wide('Name', (event) => event.metadata.name),
])

const ACCESS_MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
}

const accessModes = (claim: KubeObject): string =>
  listAt(claim, 'status', 'accessModes')
    .map((mode) => ACCESS_MODES[String(mode)] ?? String(mode))
    .join(',')

export const CLAIM_COLUMNS: TableColumns = tableColumns([
  NAME,
  column('Status', (claim) => (claim.metadata.deletionTimestamp ? 'Terminating' : textAt(claim, 'status', 'phase'))),
  column('Volume', (claim) => textAt(claim, 'spec', 'volumeName')),
  column('Capacity', (claim) => textAt(claim, 'status', 'capacity', 'storage')),
  column('Access Modes', accessModes),
  column('StorageClass', (claim) => textAt(claim, 'spec', 'storageClassName')),
  column('VolumeAttributesClass', (claim) => textAt(claim, 'spec', 'volumeAttributesClassName') || '<unset>'),
  AGE,
  wide('VolumeMode', (claim) =>
    at(claim, 'spec', 'volumeMode') === undefined ? '<unset>' : textAt(claim, 'spec', 'volumeMode'),
  ),
])
