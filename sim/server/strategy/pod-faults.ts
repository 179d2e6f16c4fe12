import { compareQuantities, parseQuantity } from '../../../api/quantity.ts'
import type { FieldFault } from '../api-error.ts'
import { isRecord, listAt, recordAt, stringAt, type Json } from '../json.ts'
import { dnsLabelFaults, keyFaults } from '../object-name.ts'

const oneOf = (field: string, value: unknown, allowed: readonly string[]): FieldFault[] =>
  value === undefined || allowed.includes(String(value))
    ? []
    : [
        {
          type: 'NotSupported',
          field,
          value,
          detail: `supported values: ${allowed.map((one) => `"${one}"`).join(', ')}`,
        },
      ]

const QUANTITY_WORDS = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

function amountFaults(field: string, resources: Json): FieldFault[] {
  const faults: FieldFault[] = []
  for (const part of ['limits', 'requests']) {
    for (const [name, text] of Object.entries(recordAt(resources, part))) {
      const at = `${field}.${part}[${name}]`
      const value = typeof text === 'string' || typeof text === 'number' ? parseQuantity(text) : null
      if (value === null) faults.push({ type: 'Invalid', field: at, value: text, detail: QUANTITY_WORDS })
      else if (value.nanos < 0n)
        faults.push({ type: 'Invalid', field: at, value: text, detail: 'must be greater than or equal to 0' })
      else if (name.includes('/') && value.nanos % 1_000_000_000n !== 0n) {
        faults.push({ type: 'Invalid', field: at, value: text, detail: 'must be an integer' })
      }
    }
  }
  return faults
}

function resourceFaults(field: string, holder: Json): FieldFault[] {
  const resources = recordAt(holder, 'resources')
  const faults = amountFaults(field, resources)
  if (faults.length > 0) return faults
  const requests = recordAt(resources, 'requests')
  const limits = recordAt(resources, 'limits')
  for (const [name, request] of Object.entries(requests)) {
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined
    const isExtended = name.includes('/')
    if (limit === undefined) {
      if (isExtended)
        faults.push({
          type: 'Required',
          field: `${field}.limits`,
          detail: `Limit must be set for non overcommitable resources`,
        })
      continue
    }
    const order = compareQuantities(parseQuantity(String(request))!, parseQuantity(String(limit))!)
    if (order > 0) {
      faults.push({
        type: 'Invalid',
        field: `${field}.requests`,
        value: String(request),
        detail: `must be less than or equal to ${name} limit of ${String(limit)}`,
      })
    } else if (isExtended && order < 0) {
      faults.push({
        type: 'Invalid',
        field: `${field}.requests`,
        value: String(request),
        detail: `must be equal to ${name} limit of ${String(limit)}`,
      })
    }
  }
  return faults
}

function imageFaults(field: string, image: string): FieldFault[] {
  if (image === '') return [{ type: 'Required', field, detail: '' }]
  if (image === image.trim()) return []
  return [{ type: 'Invalid', field, value: image, detail: 'must not have leading or trailing whitespace' }]
}

function containerFaults(
  container: unknown,
  field: string,
  names: Set<string>,
  volumes: ReadonlySet<string>,
): FieldFault[] {
  if (!isRecord(container)) return []
  const faults: FieldFault[] = []
  const name = stringAt(container, 'name')
  if (name === '') faults.push({ type: 'Required', field: `${field}.name`, detail: '' })
  else faults.push(...dnsLabelFaults(`${field}.name`, name))
  if (names.has(name)) faults.push({ type: 'Duplicate', field: `${field}.name`, value: name, detail: '' })
  names.add(name)
  faults.push(...imageFaults(`${field}.image`, stringAt(container, 'image')))
  faults.push(...oneOf(`${field}.imagePullPolicy`, container['imagePullPolicy'], ['Always', 'IfNotPresent', 'Never']))
  for (const [i, port] of listAt(container, 'ports').entries()) {
    const number = isRecord(port) ? port['containerPort'] : undefined
    if (typeof number !== 'number')
      faults.push({ type: 'Required', field: `${field}.ports[${i}].containerPort`, detail: '' })
    else if (number < 1 || number > 65_535) {
      faults.push({
        type: 'Invalid',
        field: `${field}.ports[${i}].containerPort`,
        value: number,
        detail: 'must be between 1 and 65535, inclusive',
      })
    }
  }
  for (const [i, env] of listAt(container, 'env').entries()) {
    if (stringAt(env, 'name') === '') faults.push({ type: 'Required', field: `${field}.env[${i}].name`, detail: '' })
    if (stringAt(env, 'value') !== '' && isRecord(recordAt(env, 'valueFrom')) && isRecord((env as Json)['valueFrom'])) {
      faults.push({
        type: 'Invalid',
        field: `${field}.env[${i}].valueFrom`,
        value: '',
        detail: 'may not be specified when `value` is not empty',
      })
    }
  }
  for (const [i, mount] of listAt(container, 'volumeMounts').entries()) {
    const volume = stringAt(mount, 'name')
    if (volume !== '' && !volumes.has(volume)) {
      faults.push({ type: 'NotFound', field: `${field}.volumeMounts[${i}].name`, value: volume, detail: '' })
    }
  }
  return [...faults, ...resourceFaults(`${field}.resources`, container)]
}

function tolerationFaults(spec: Json, field: string): FieldFault[] {
  return listAt(spec, 'tolerations').flatMap((one, i): FieldFault[] => {
    const at = `${field}.tolerations[${i}]`
    const operator = stringAt(one, 'operator')
    const key = stringAt(one, 'key')
    const faults: FieldFault[] = key === '' ? [] : keyFaults(`${at}.key`, key)
    if (key === '' && operator !== 'Exists') {
      faults.push({
        type: 'Invalid',
        field: `${at}.operator`,
        value: operator,
        detail: 'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      })
    }
    if (operator === 'Exists' && stringAt(one, 'value') !== '') {
      faults.push({
        type: 'Invalid',
        field: `${at}.operator`,
        value: one,
        detail: "value must be empty when `operator` is 'Exists'",
      })
    }
    return [
      ...faults,
      ...oneOf(`${at}.effect`, stringAt(one, 'effect') || undefined, ['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
    ]
  })
}

function gateFaults(spec: Json, field: string): FieldFault[] {
  const seen = new Set<string>()
  return listAt(spec, 'schedulingGates').flatMap((gate, i): FieldFault[] => {
    const name = stringAt(gate, 'name')
    const at = `${field}.schedulingGates[${i}]`
    const faults = name === '' ? [{ type: 'Required' as const, field: at, detail: '' }] : keyFaults(at, name)
    if (seen.has(name)) faults.push({ type: 'Duplicate', field: at, value: name, detail: '' })
    seen.add(name)
    return faults
  })
}

/** Faults of a pod's spec, with its defaults filled in. */
export function podSpecFaults(spec: Json, field: string): FieldFault[] {
  const faults: FieldFault[] = []
  const names = new Set<string>()
  const volumes = new Set(listAt(spec, 'volumes').map((volume) => stringAt(volume, 'name')))
  if (listAt(spec, 'containers').length === 0)
    faults.push({ type: 'Required', field: `${field}.containers`, detail: '' })
  for (const key of ['containers', 'initContainers']) {
    for (const [i, one] of listAt(spec, key).entries())
      faults.push(...containerFaults(one, `${field}.${key}[${i}]`, names, volumes))
  }
  faults.push(...oneOf(`${field}.restartPolicy`, spec['restartPolicy'], ['Always', 'OnFailure', 'Never']))
  faults.push(
    ...oneOf(`${field}.dnsPolicy`, spec['dnsPolicy'], ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']),
  )
  const grace = spec['terminationGracePeriodSeconds']
  if (typeof grace === 'number' && grace < 0) {
    faults.push({
      type: 'Invalid',
      field: `${field}.terminationGracePeriodSeconds`,
      value: grace,
      detail: 'must be greater than or equal to 0',
    })
  }
  const hostname = stringAt(spec, 'hostname')
  if (hostname !== '') faults.push(...dnsLabelFaults(`${field}.hostname`, hostname))
  const subdomain = stringAt(spec, 'subdomain')
  if (subdomain !== '') faults.push(...dnsLabelFaults(`${field}.subdomain`, subdomain))
  if (stringAt(spec, 'nodeName') !== '' && listAt(spec, 'schedulingGates').length > 0) {
    faults.push({
      type: 'Forbidden',
      field: `${field}.nodeName`,
      detail: 'cannot be set until all schedulingGates have been cleared',
    })
  }
  return [...faults, ...tolerationFaults(spec, field), ...gateFaults(spec, field)]
}
