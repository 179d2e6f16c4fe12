import { byteOrder, cloneJson, recordAt, type Json } from '../json.ts'
import { componentName } from '../model-name.ts'
import { MODEL_FIELDS, requiredOf } from '../model-shapes.ts'
import type { ServedType } from '../served-type.ts'

/** `io.grove.v1alpha1.PodClique`: the group backwards, as the real server names the schemas of custom kinds. */
export const componentOf = (type: ServedType): string =>
  type.model === null
    ? `${type.group.split('.').reverse().join('.')}.${type.version}.${type.kind}`
    : componentName(type.model)

const reference = (component: string): Json => ({ $ref: `#/components/schemas/${component}` })

const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity'
const INT_OR_STRING = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString'
const FIELDS = 'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1'
const TIME = 'io.k8s.apimachinery.pkg.apis.meta.v1.Time'
const MICRO_TIME = 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime'

const LEAVES: Readonly<Record<string, Json>> = {
  any: { type: 'object' },
  string: { type: 'string' },
  byte: { type: 'string', format: 'byte' },
  boolean: { type: 'boolean' },
  number: { type: 'number', format: 'double' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
}

const SHARED: Readonly<Record<string, readonly [component: string, schema: Json]>> = {
  fields: [FIELDS, { type: 'object' }],
  quantity: [QUANTITY, { oneOf: [{ type: 'string' }, { type: 'number' }] }],
  'int-or-string': [INT_OR_STRING, { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] }],
  time: [TIME, { type: 'string', format: 'date-time' }],
  'micro-time': [MICRO_TIME, { type: 'string', format: 'date-time' }],
}

/** Gathers the schemas of some kinds and of all that they name. */
export class Components {
  readonly #schemas = new Map<string, Json>()

  /** By name, so that a document is the same text each time. */
  schemas(): Json {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => byteOrder(a, b)))
  }

  add(type: ServedType): void {
    const name = componentOf(type)
    if (type.model === null) this.#schemas.set(name, this.#custom(type))
    else this.#model(type.model)
    const { group, version, kind } = type
    const schema = this.#schemas.get(name)
    if (schema !== undefined) schema['x-kubernetes-group-version-kind'] = [{ group, version, kind }]
  }

  #custom(type: ServedType): Json {
    const schema = cloneJson(type.crd?.schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true })
    this.#model('meta.v1.ObjectMeta')
    const metadata = {
      allOf: [reference(componentName('meta.v1.ObjectMeta'))],
      description: 'Standard object metadata.',
    }
    const string = { type: 'string' }
    schema['properties'] = { ...recordAt(schema, 'properties'), apiVersion: string, kind: string, metadata }
    return schema
  }

  #model(name: string): void {
    const component = componentName(name)
    const fields = MODEL_FIELDS[name]
    if (this.#schemas.has(component) || fields === undefined) return
    const schema: Json = { type: 'object' }
    this.#schemas.set(component, schema)
    const properties: Json = {}
    for (const [field, text] of Object.entries(fields)) {
      // The one open object that has a name of its own.
      if (field !== '') properties[field] = this.#field(field === 'fieldsV1' ? 'fields' : text)
    }
    const required = requiredOf(name)
    if (required.length > 0) schema['required'] = required
    schema['properties'] = properties
    if (fields[''] === 'atomic') schema['x-kubernetes-map-type'] = 'atomic'
  }

  #field(text: string): Json {
    const [type = 'any', ...flags] = text.split(' ')
    const schema = this.#type(type)
    for (const flag of flags) Object.assign(schema, extensionsOf(flag))
    return schema
  }

  #type(type: string): Json {
    if (type.startsWith('[]')) return { type: 'array', items: this.#type(type.slice(2)) }
    if (type.startsWith('{}')) return { type: 'object', additionalProperties: this.#type(type.slice(2)) }
    const leaf = LEAVES[type]
    if (leaf !== undefined) return { ...leaf }
    const shared = SHARED[type]
    if (shared !== undefined) {
      this.#schemas.set(shared[0], shared[1])
      return { allOf: [reference(shared[0])] }
    }
    this.#model(type)
    return { allOf: [reference(componentName(type))] }
  }
}

function extensionsOf(flag: string): Json {
  if (flag === 'atomic') return { 'x-kubernetes-map-type': 'atomic' }
  if (flag === 'list=set') return { 'x-kubernetes-list-type': 'set' }
  if (flag.startsWith('list=map:')) {
    return { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': flag.slice(9).split(',') }
  }
  if (!flag.startsWith('merge=')) return {}
  const key = flag.slice(6)
  return { 'x-kubernetes-patch-strategy': 'merge', ...(key === '' ? {} : { 'x-kubernetes-patch-merge-key': key }) }
}
