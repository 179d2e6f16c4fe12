import { invalid, type FieldFault } from '../api-error.ts'
import type { Core } from '../core.ts'
import { isRecord, listAt, recordAt, stringAt, type Json } from '../json.ts'
import type { Strategy } from './strategy.ts'

function defaults(service: Json): void {
  const spec = recordAt(service, 'spec')
  service['spec'] = spec
  spec['type'] ??= 'ClusterIP'
  spec['sessionAffinity'] ??= 'None'
  if (spec['type'] !== 'ExternalName') spec['internalTrafficPolicy'] ??= 'Cluster'
  for (const port of listAt(spec, 'ports')) {
    if (!isRecord(port)) continue
    port['protocol'] ??= 'TCP'
    port['targetPort'] ??= port['port']
  }
}

const SERVICE = { group: '', plural: 'services', kind: 'Service' }

/** First addresses of 10.96.0.0/12: the network, the API server, and cluster DNS by custom. */
const RESERVED = 11
const ADDRESSES = 2 ** 20 - 2

const addressAt = (index: number): string => {
  const value = (10 << 24) + (96 << 16) + index
  return [24, 16, 8, 0].map((shift) => (value >> shift) & 255).join('.')
}

const NO_ADDRESS: ReadonlySet<string> = new Set()

/** O(services × log). */
function taken(core: Core): Set<string> {
  return new Set(
    core.store
      .collection('/services')
      .sorted()
      .map(({ object }) => stringAt(object['spec'], 'clusterIP')),
  )
}

/** The lowest free address: the same inputs in the same order give the same ones. */
function admit(core: Core, service: Json): void {
  const spec = recordAt(service, 'spec')
  if (spec['type'] === 'ExternalName') return
  spec['ipFamilies'] ??= ['IPv4']
  spec['ipFamilyPolicy'] ??= 'SingleStack'
  const wanted = stringAt(spec, 'clusterIP')
  const known = wanted === 'None' ? NO_ADDRESS : taken(core)
  if (wanted !== '' && known.has(wanted)) {
    const field = 'spec.clusterIPs'
    const detail = 'failed to allocate IP: provided IP is already allocated'
    throw invalid(SERVICE, stringAt(recordAt(service, 'metadata'), 'name'), [
      { type: 'Invalid', field, value: [wanted], detail },
    ])
  }
  for (let i = RESERVED; wanted === '' && spec['clusterIP'] === undefined && i < ADDRESSES; i++) {
    if (!known.has(addressAt(i))) spec['clusterIP'] = addressAt(i)
  }
  if (stringAt(spec, 'clusterIP') !== '') spec['clusterIPs'] = [spec['clusterIP']]
}

function validate(service: Json): FieldFault[] {
  const spec = recordAt(service, 'spec')
  const faults: FieldFault[] = []
  const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
  if (!types.includes(stringAt(spec, 'type'))) {
    faults.push({
      type: 'NotSupported',
      field: 'spec.type',
      value: spec['type'],
      detail: `supported values: ${types.map((one) => `"${one}"`).join(', ')}`,
    })
  }
  const ports = listAt(spec, 'ports')
  if (ports.length === 0 && spec['clusterIP'] !== 'None' && spec['type'] !== 'ExternalName') {
    faults.push({ type: 'Required', field: 'spec.ports', detail: '' })
  }
  for (const [i, port] of ports.entries()) {
    const number = isRecord(port) ? port['port'] : undefined
    if (typeof number !== 'number' || number < 1 || number > 65_535) {
      faults.push({
        type: 'Invalid',
        field: `spec.ports[${i}].port`,
        value: number ?? 0,
        detail: 'must be between 1 and 65535, inclusive',
      })
    }
    if (ports.length > 1 && stringAt(port, 'name') === '')
      faults.push({ type: 'Required', field: `spec.ports[${i}].name`, detail: '' })
  }
  return faults
}

const KEPT = ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const

function prepareUpdate(service: Json, before: Json): void {
  const spec = recordAt(service, 'spec')
  const old = recordAt(before, 'spec')
  for (const key of KEPT) if (spec[key] === undefined && old[key] !== undefined) spec[key] = old[key]
}

function validateUpdate(service: Json, before: Json): FieldFault[] {
  const found = recordAt(service, 'spec')['clusterIP']
  const old = recordAt(before, 'spec')['clusterIP']
  if (found === old || old === undefined || old === '') return []
  return [{ type: 'Invalid', field: 'spec.clusterIPs[0]', value: [found], detail: 'may not change once set' }]
}

export const SERVICE_STRATEGY: Strategy = {
  defaults,
  admit,
  firstStatus: () => ({ loadBalancer: {} }),
  validate,
  prepareUpdate,
  validateUpdate,
}
