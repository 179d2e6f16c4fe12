import { isRecord, listAt, recordAt, stringAt, type Json } from './json.ts'
import { modelShape } from './model-shapes.ts'
import type { ServedType } from './served-type.ts'

/**
 * How a value is put together: what unknown fields, patches and owners of fields are judged by. Made from the models
 * of built-in kinds and from the schemas of custom ones. `any`: kept as it is, one leaf.
 */
export type Shape = StructShape | MapShape | ListShape | ScalarShape | { readonly kind: 'any' }

export interface StructShape {
  readonly kind: 'struct'
  readonly name: string
  readonly fields: ReadonlyMap<string, Shape>
  readonly isAtomic: boolean
  /** Unknown fields stay. */
  readonly isOpen: boolean
  /** Is there in Go's objects even where nobody wrote it: no pointer. */
  readonly isInline?: boolean
}

export interface MapShape {
  readonly kind: 'map'
  readonly value: Shape
  readonly isAtomic: boolean
}

export interface ListShape {
  readonly kind: 'list'
  readonly item: Shape
  /** Who owns what of the list, in server-side apply. */
  readonly listType: 'atomic' | 'set' | 'map'
  readonly keys: readonly string[]
  /** Key by which a strategic patch merges; '' merges whole values; null replaces. */
  readonly mergeKey: string | null
  /** Is told as null where nobody wrote it. */
  readonly isInline?: boolean
}

export interface ScalarShape {
  readonly kind: 'scalar'
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'int-or-string'
  readonly format: string
}

export const ANY: Shape = { kind: 'any' }

const schemaShapes = new WeakMap<Json, Shape>()

/** What a value under `schema` may hold, judged by the fields alone. */
export function schemaShape(schema: Json): Shape {
  const known = schemaShapes.get(schema)
  if (known !== undefined) return known
  const shape = makeShape(schema)
  schemaShapes.set(schema, shape)
  return shape
}

const SCALARS = new Set(['string', 'integer', 'number', 'boolean'])

function makeShape(schema: Json): Shape {
  if (schema['x-kubernetes-int-or-string'] === true) return { kind: 'scalar', type: 'int-or-string', format: '' }
  const type = stringAt(schema, 'type')
  if (SCALARS.has(type)) {
    return { kind: 'scalar', type: type as ScalarShape['type'], format: stringAt(schema, 'format') }
  }
  if (type === 'array') return listShape(schema)
  const isAtomic = schema['x-kubernetes-map-type'] === 'atomic'
  if (isRecord(schema['additionalProperties'])) {
    return { kind: 'map', value: schemaShape(schema['additionalProperties']), isAtomic }
  }
  if (schema['additionalProperties'] === true) return { kind: 'map', value: ANY, isAtomic }
  const properties = recordAt(schema, 'properties')
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true
  if (type !== 'object') return isOpen || type === '' ? ANY : { kind: 'any' }
  const fields = new Map(Object.entries(properties).map(([key, one]) => [key, isRecord(one) ? schemaShape(one) : ANY]))
  if (schema['x-kubernetes-embedded-resource'] === true) {
    for (const [key, one] of OBJECT_FIELDS()) fields.set(key, one)
  }
  return { kind: 'struct', name: '', fields, isAtomic, isOpen }
}

function listShape(schema: Json): ListShape {
  const items = schema['items']
  const listType = stringAt(schema, 'x-kubernetes-list-type')
  return {
    kind: 'list',
    item: isRecord(items) ? schemaShape(items) : ANY,
    listType: listType === 'map' || listType === 'set' ? listType : 'atomic',
    keys: listAt(schema, 'x-kubernetes-list-map-keys').map(String),
    mergeKey: null,
  }
}

const STRING: Shape = { kind: 'scalar', type: 'string', format: '' }

/** What every object has, whatever its schema says. */
const OBJECT_FIELDS = (): readonly (readonly [string, Shape])[] => [
  ['apiVersion', STRING],
  ['kind', STRING],
  ['metadata', modelShape('meta.v1.ObjectMeta')],
]

const typeShapes = new WeakMap<ServedType, Shape>()

/** The shape of a kind's objects. */
export function shapeOf(type: ServedType): Shape {
  const known = typeShapes.get(type)
  if (known !== undefined) return known
  const shape = type.model !== null ? modelShape(type.model) : customShape(type)
  typeShapes.set(type, shape)
  return shape
}

function customShape(type: ServedType): Shape {
  const schema = type.crd?.schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  const shape = schemaShape(schema)
  if (shape.kind !== 'struct') return ANY
  return { ...shape, name: type.kind, fields: new Map([...shape.fields, ...OBJECT_FIELDS()]) }
}
