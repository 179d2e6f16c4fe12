import { BUILT_IN_TYPES } from '../builtin-types.ts'
import { isRecord, listAt, recordAt, stringAt, type Json } from '../json.ts'
import { modelName } from '../model-name.ts'

const refOf = (schema: Json): string => {
  const ref = stringAt(schema, '$ref') || stringAt(listAt(schema, 'allOf')[0], '$ref')
  return ref.replace('#/components/schemas/', '')
}

const LEAVES: Readonly<Record<string, string>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'quantity',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'int-or-string',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': 'time',
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': 'micro-time',
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': 'any',
  'io.k8s.apimachinery.pkg.runtime.RawExtension': 'any',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON': 'any',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray': 'any',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool': 'any',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray': 'any',
  // A schema inside a schema is judged by the rules of structural schemas, not as a model.
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps': 'any',
}

/** `[]core.v1.Container`, `{}string`, `int32`: a type in few letters; asks for the models that it names. */
function typeText(schema: Json, ask: (ref: string) => void): string {
  const ref = refOf(schema)
  if (ref !== '') {
    const leaf = LEAVES[ref]
    if (leaf !== undefined) return leaf
    ask(ref)
    return modelName(ref)
  }
  const type = stringAt(schema, 'type')
  if (type === 'array') return `[]${typeText(recordAt(schema, 'items'), ask)}`
  if (isRecord(schema['additionalProperties'])) return `{}${typeText(schema['additionalProperties'], ask)}`
  if (type === 'object' || type === '') return 'any'
  const format = stringAt(schema, 'format')
  if (format === 'int-or-string') return format
  if (type === 'integer') return format || 'int64'
  return format === 'byte' ? 'byte' : type
}

/**
 * What a field carries besides its type: `req`, `list=map:name,protocol`, `merge=name`, `atomic`, and `inline` for what is
 * no pointer in Go and so is there even where nobody wrote it.
 */
function flagsOf(name: string, schema: Json, required: readonly unknown[]): string[] {
  const listType = stringAt(schema, 'x-kubernetes-list-type')
  const keys = listAt(schema, 'x-kubernetes-list-map-keys').join(',')
  const strategy = stringAt(schema, 'x-kubernetes-patch-strategy')
  return [
    ...(required.includes(name) ? ['req'] : []),
    ...(listType === 'map' ? [`list=map:${keys}`] : listType === 'set' ? ['list=set'] : []),
    ...(strategy.includes('merge') ? [`merge=${stringAt(schema, 'x-kubernetes-patch-merge-key')}`] : []),
    ...(stringAt(schema, 'x-kubernetes-map-type') === 'atomic' ? ['atomic'] : []),
    ...(isRecord(schema['default']) ? ['inline'] : []),
  ]
}

/** Models of all served kinds and of what they are made of: field → its type and flags, in one text. */
export function modelsFrom(documents: readonly unknown[]): Record<string, Record<string, string>> {
  const schemas: Json = {}
  for (const document of documents) Object.assign(schemas, recordAt(recordAt(document, 'components'), 'schemas'))
  const models: Record<string, Record<string, string>> = {}
  const waiting = Object.keys(schemas).filter((name) => {
    const kinds = listAt(schemas[name], 'x-kubernetes-group-version-kind')
    return kinds.some((gvk) => BUILT_IN_TYPES.some((type) => matches(type, gvk)) || isExtra(gvk))
  })
  const ask = (ref: string): void => {
    waiting.push(ref)
  }
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (models[modelName(name)] !== undefined || LEAVES[name] !== undefined) continue
    const schema = recordAt(schemas, name)
    const properties = recordAt(schema, 'properties')
    const fields: Record<string, string> = {}
    if (stringAt(schema, 'x-kubernetes-map-type') === 'atomic') fields[''] = 'atomic'
    for (const field of Object.keys(properties)) {
      const one = recordAt(properties, field)
      fields[field] = [typeText(one, ask), ...flagsOf(field, one, listAt(schema, 'required'))].join(' ')
    }
    models[modelName(name)] = fields
  }
  return models
}

const matches = (type: { group: string; version: string; kind: string }, gvk: unknown): boolean =>
  stringAt(gvk, 'group') === type.group &&
  stringAt(gvk, 'version') === type.version &&
  stringAt(gvk, 'kind') === type.kind

const EXTRA_KINDS = new Set(['Binding', 'Eviction', 'Scale', 'TokenRequest'])
const isExtra = (gvk: unknown): boolean => EXTRA_KINDS.has(stringAt(gvk, 'kind'))
