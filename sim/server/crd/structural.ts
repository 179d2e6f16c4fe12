import type { FieldFault } from '../api-error.ts'
import { isRecord, listAt, recordAt, stringAt, type Json } from '../json.ts'
import { compileRule } from './cel.ts'

const TYPES = new Set(['object', 'array', 'string', 'integer', 'number', 'boolean'])

/** Fields that JSONSchemaProps has; anything else is a slip of the pen. */
const FORBIDDEN = [
  '$ref',
  'definitions',
  'dependencies',
  'deprecated',
  'discriminator',
  'id',
  'patternProperties',
  'readOnly',
  'writeOnly',
  'xml',
]

function nodeFaults(schema: Json, field: string, isRoot: boolean): FieldFault[] {
  const faults: FieldFault[] = []
  const type = stringAt(schema, 'type')
  const isLoose =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true
  if (type === '' && !isLoose)
    faults.push({
      type: 'Required',
      field: `${field}.type`,
      detail: isRoot ? 'must not be empty at the root' : 'must not be empty for specified object fields',
    })
  if (type !== '' && !TYPES.has(type)) {
    const detail = 'supported values: "array", "boolean", "integer", "number", "object", "string"'
    faults.push({ type: 'NotSupported', field: `${field}.type`, value: type, detail })
  }
  for (const key of FORBIDDEN) {
    if (schema[key] !== undefined)
      faults.push({ type: 'Forbidden', field: `${field}.${key}`, detail: `${key} is not supported` })
  }
  if (schema['uniqueItems'] === true) {
    faults.push({
      type: 'Forbidden',
      field: `${field}.uniqueItems`,
      detail: 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
    })
  }
  if (type === 'array' && !isRecord(schema['items']))
    faults.push({ type: 'Required', field: `${field}.items`, detail: 'must be specified' })
  if (isRecord(schema['properties']) && isRecord(schema['additionalProperties'])) {
    faults.push({
      type: 'Forbidden',
      field: `${field}.additionalProperties`,
      detail: 'additionalProperties and properties are mutual exclusive',
    })
  }
  return [...faults, ...ruleSyntaxFaults(schema, field), ...listTypeFaults(schema, field)]
}

function ruleSyntaxFaults(schema: Json, field: string): FieldFault[] {
  return listAt(schema, 'x-kubernetes-validations').flatMap((rule, i) =>
    (['rule', 'messageExpression'] as const).flatMap((key): FieldFault[] => {
      const text = stringAt(rule, key)
      if (text === '') {
        return key === 'rule'
          ? [
              {
                type: 'Required',
                field: `${field}.x-kubernetes-validations[${i}].rule`,
                detail: 'rule is not specified',
              },
            ]
          : []
      }
      const compiled = compileRule(text)
      if (compiled.kind === 'rule') return []
      return [
        {
          type: 'Invalid',
          field: `${field}.x-kubernetes-validations[${i}].${key}`,
          value: text,
          detail: `compilation failed: ${compiled.message}`,
        },
      ]
    }),
  )
}

function listTypeFaults(schema: Json, field: string): FieldFault[] {
  if (schema['x-kubernetes-list-type'] !== 'map') return []
  const items = recordAt(schema, 'items')
  const properties = recordAt(items, 'properties')
  const keys = listAt(schema, 'x-kubernetes-list-map-keys').map(String)
  if (keys.length === 0)
    return [
      {
        type: 'Required',
        field: `${field}.x-kubernetes-list-map-keys`,
        detail: 'must not be empty if x-kubernetes-list-type is map',
      },
    ]
  const required = listAt(items, 'required')
  return keys.flatMap((key): FieldFault[] => {
    if (properties[key] === undefined) {
      return [
        {
          type: 'Invalid',
          field: `${field}.x-kubernetes-list-map-keys`,
          value: key,
          detail: `entries must all be names of item properties`,
        },
      ]
    }
    if (required.includes(key) || recordAt(properties, key)['default'] !== undefined) return []
    const detail = 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'
    return [{ type: 'Required', field: `${field}.items.properties[${key}].default`, detail }]
  })
}

function treeFaults(schema: Json, field: string, isRoot: boolean): FieldFault[] {
  const faults = nodeFaults(schema, field, isRoot)
  for (const [key, one] of Object.entries(recordAt(schema, 'properties'))) {
    if (isRecord(one)) faults.push(...treeFaults(one, `${field}.properties[${key}]`, false))
  }
  for (const key of ['items', 'additionalProperties']) {
    const one = schema[key]
    if (isRecord(one)) faults.push(...treeFaults(one, `${field}.${key}`, false))
  }
  return faults
}

/** Is each version's schema structural, and do its rules compile? */
export function crdSchemaFaults(crd: Json): FieldFault[] {
  const versions = listAt(recordAt(crd, 'spec'), 'versions')
  return versions.flatMap((version, i) => {
    const schema = recordAt(version, 'schema')['openAPIV3Schema']
    // The real server keeps one schema in another place than several, and tells that place.
    const field = versions.length === 1 ? 'spec.validation' : `spec.versions[${i}].schema`
    return isRecord(schema) ? treeFaults(schema, `${field}.openAPIV3Schema`, true) : []
  })
}
