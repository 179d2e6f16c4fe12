import type { NewObject } from './kinds/kubernetes.ts'
import type { Column, KindDefinition, ObjectSchema, Rule, Schema } from './schema.ts'

/** A CustomResourceDefinition v1 out of a kind's definition. */

type Properties = Record<string, unknown>

/** What a CRD can say of an amount; a fraction in an exponent passes it and is still none. */
export const QUANTITY_PATTERN: string =
  '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$'
const NUMBER_OR_TEXT: Properties = {
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  'x-kubernetes-int-or-string': true,
}

/** Leaves out what is not said, because a CRD has no use for null. */
const said = (properties: Properties): Properties =>
  Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined))

const ruleOf = ({ rule, message, fieldPath, optionalOldSelf }: Rule): Properties =>
  said({ rule, message, fieldPath, optionalOldSelf })

const rulesOf = (rules: readonly Rule[] | undefined): Properties =>
  rules === undefined || rules.length === 0 ? {} : { 'x-kubernetes-validations': rules.map(ruleOf) }

function objectProperties(schema: ObjectSchema): Properties {
  return said({
    type: 'object',
    properties: Object.fromEntries(Object.entries(schema.fields).map(([name, field]) => [name, openApi(field)])),
    required: schema.required === undefined || schema.required.length === 0 ? undefined : [...schema.required].sort(),
    'x-kubernetes-preserve-unknown-fields': schema.isOpen,
  })
}

/** What the kind of a schema contributes, apart from meaning, default and rules. */
function shapeOf(schema: Schema): Properties {
  switch (schema.kind) {
    case 'text': {
      const { pattern, minLength, maxLength, format } = schema
      return { type: 'string', enum: schema.oneOf, pattern, minLength, maxLength, format }
    }
    case 'integer':
      return { type: 'integer', format: `int${schema.bits}`, minimum: schema.minimum, maximum: schema.maximum }
    case 'number':
      return { type: 'number', format: 'double', minimum: schema.minimum, maximum: schema.maximum }
    case 'flag':
      return { type: 'boolean' }
    case 'quantity':
      return { ...NUMBER_OR_TEXT, pattern: QUANTITY_PATTERN }
    case 'number-or-text':
      return NUMBER_OR_TEXT
    case 'opaque':
      return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
    case 'map': {
      const { minProperties, maxProperties } = schema
      return { type: 'object', additionalProperties: openApi(schema.values), minProperties, maxProperties }
    }
    case 'list':
      return {
        type: 'array',
        items: openApi(schema.items),
        minItems: schema.minItems,
        maxItems: schema.maxItems,
        'x-kubernetes-list-type': schema.keys === undefined ? (schema.isSet ? 'set' : 'atomic') : 'map',
        'x-kubernetes-list-map-keys': schema.keys,
      }
    case 'object':
      return objectProperties(schema)
  }
}

/** The structural OpenAPI v3 schema of a field. */
export function openApi(schema: Schema): Properties {
  return said({
    description: schema.doc,
    ...shapeOf(schema),
    default: schema.default,
    ...rulesOf(schema.rules),
  })
}

const columnOf = ({ name, type, path, doc, isWide }: Column): Properties =>
  said({ name, type, jsonPath: path, description: doc, priority: isWide ? 1 : undefined })

/** The schema of the whole object. */
export function openApiOf(kind: KindDefinition): Properties {
  return {
    description: kind.doc,
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: openApi(kind.spec),
      status: openApi(kind.status),
    },
    ...rulesOf(kind.rules),
  }
}

const scaleOf = (scale: NonNullable<KindDefinition['scale']>): Properties => ({
  specReplicasPath: scale.replicas,
  statusReplicasPath: scale.status,
  labelSelectorPath: scale.selector,
})

export function crdOf(kind: KindDefinition): NewObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${kind.group}` },
    spec: {
      group: kind.group,
      scope: kind.isNamespaced ? 'Namespaced' : 'Cluster',
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.kind.toLowerCase(),
        shortNames: [...kind.shortNames],
      },
      versions: [
        {
          name: kind.version,
          served: true,
          storage: true,
          additionalPrinterColumns: kind.columns.map(columnOf),
          subresources: said({ status: {}, scale: kind.scale === null ? undefined : scaleOf(kind.scale) }),
          schema: { openAPIV3Schema: openApiOf(kind) },
        },
      ],
    },
  }
}
