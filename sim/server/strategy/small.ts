import type { FieldFault } from '../api-error.ts'
import { equalJson, isRecord, listAt, recordAt, stringAt, type Json } from '../json.ts'
import type { Strategy } from './strategy.ts'

const encoded = (text: unknown): string => Buffer.from(String(text)).toString('base64')

const immutableFaults = (object: Json, before: Json, keys: readonly string[]): FieldFault[] => {
  if (before['immutable'] !== true) return []
  // The mark itself is the first thing that stays, and says enough.
  const changed =
    object['immutable'] === true ? keys.filter((key) => !equalJson(object[key], before[key])) : ['immutable']
  return changed.map((field) => ({ type: 'Forbidden', field, detail: 'field is immutable when `immutable` is set' }))
}

export const SECRET: Strategy = {
  defaults: (object) => {
    object['type'] ??= 'Opaque'
    const plain = object['stringData']
    if (!isRecord(plain)) return
    const added = Object.fromEntries(Object.entries(plain).map(([key, value]) => [key, encoded(value)]))
    object['data'] = { ...recordAt(object, 'data'), ...added }
    delete object['stringData']
  },
  validate: (object) =>
    Object.entries(recordAt(object, 'data')).flatMap(([key]) =>
      /^[-._a-zA-Z0-9]+$/.test(key)
        ? []
        : [
            {
              type: 'Invalid' as const,
              field: `data[${key}]`,
              value: key,
              detail:
                "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
            },
          ],
    ),
  validateUpdate: (object, before) => [
    ...(object['type'] === before['type']
      ? []
      : [{ type: 'Invalid' as const, field: 'type', value: object['type'], detail: 'field is immutable' }]),
    ...immutableFaults(object, before, ['data']),
  ],
}

export const CONFIG_MAP: Strategy = {
  validateUpdate: (object, before) => immutableFaults(object, before, ['data', 'binaryData']),
}

export const NODE: Strategy = {
  keepsStatusOnCreate: true,
  defaults: (object) => {
    const spec = recordAt(object, 'spec')
    object['spec'] = spec
    const status = object['status']
    // What a node can allocate is all it has, unless it says otherwise.
    if (isRecord(status) && isRecord(status['capacity'])) status['allocatable'] ??= status['capacity']
  },
}

export const PRIORITY_CLASS: Strategy = {
  defaults: (object) => {
    object['preemptionPolicy'] ??= 'PreemptLowerPriority'
    object['value'] ??= 0
  },
  validate: (object) => {
    const name = stringAt(recordAt(object, 'metadata'), 'name')
    const value = object['value']
    if (typeof value !== 'number' || value <= 1_000_000_000 || name.startsWith('system-')) return []
    return [
      { type: 'Forbidden', field: 'value', detail: 'maximum allowed value of a user defined priority is 1000000000' },
    ]
  },
  validateUpdate: (object, before) => {
    if (object['value'] === before['value']) return []
    return [{ type: 'Forbidden', field: 'value', detail: 'may not be changed in an update.' }]
  },
}

export const CLAIM: Strategy = {
  defaults: (object) => {
    recordAt(object, 'spec')['volumeMode'] ??= 'Filesystem'
  },
  firstStatus: () => ({ phase: 'Pending' }),
}

function shareFaults(field: string, value: unknown): FieldFault[] {
  if (typeof value === 'number' && value < 0) {
    return [{ type: 'Invalid', field, value, detail: 'must be greater than or equal to 0' }]
  }
  if (typeof value !== 'string' || !/^\d+%$/.test(value) || Number.parseInt(value, 10) <= 100) return []
  return [{ type: 'Invalid', field, value, detail: 'must not be greater than 100%' }]
}

export const BUDGET: Strategy = {
  validate: (object) => {
    const spec = recordAt(object, 'spec')
    const { minAvailable, maxUnavailable } = spec
    const one = [
      ...shareFaults('spec.minAvailable', minAvailable),
      ...shareFaults('spec.maxUnavailable', maxUnavailable),
    ]
    if (minAvailable === undefined || maxUnavailable === undefined) return one
    const value = {
      MinAvailable: minAvailable,
      Selector: spec['selector'] ?? null,
      MaxUnavailable: maxUnavailable,
      UnhealthyPodEvictionPolicy: spec['unhealthyPodEvictionPolicy'] ?? null,
    }
    return [
      { type: 'Invalid', field: 'spec', value, detail: 'minAvailable and maxUnavailable cannot be both set' },
      ...one,
    ]
  },
  firstStatus: () => ({ disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }),
}

export const AUTOSCALER: Strategy = {
  defaults: (object) => {
    recordAt(object, 'spec')['minReplicas'] ??= 1
  },
  firstStatus: () => ({ desiredReplicas: 0, currentMetrics: null }),
  validate: (object) => {
    const spec = recordAt(object, 'spec')
    const [least, most] = [spec['minReplicas'], spec['maxReplicas']]
    if (typeof most !== 'number' || most < 1) {
      return [{ type: 'Invalid', field: 'spec.maxReplicas', value: most ?? 0, detail: 'must be greater than 0' }]
    }
    if (typeof least !== 'number' || least <= most) return []
    return [
      {
        type: 'Invalid',
        field: 'spec.maxReplicas',
        value: most,
        detail: 'must be greater than or equal to `minReplicas`',
      },
    ]
  },
}

/** References to roles are for ever, and name their group. */
export const ROLE_BINDING: Strategy = {
  defaults: (object) => {
    recordAt(object, 'roleRef')['apiGroup'] ??= 'rbac.authorization.k8s.io'
    for (const subject of listAt(object, 'subjects')) {
      if (isRecord(subject))
        subject['apiGroup'] ??= subject['kind'] === 'ServiceAccount' ? '' : 'rbac.authorization.k8s.io'
      if (isRecord(subject) && subject['apiGroup'] === '') delete subject['apiGroup']
    }
  },
  validateUpdate: (object, before) => {
    if (equalJson(object['roleRef'], before['roleRef'])) return []
    return [{ type: 'Invalid', field: 'roleRef', value: object['roleRef'], detail: 'cannot change roleRef' }]
  },
}
