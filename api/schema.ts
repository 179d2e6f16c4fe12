/**
 * The language that kinds are written in. One value says what a field is, what it means and what is refused; the
 * TypeScript types, the CRDs and docs/api.md are all printed from it.
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A rule in CEL, evaluated by kube-apiserver and by the embedded server alike: use only what both know. */
export interface Rule {
  /** `self` is the value that the rule stands on; naming `oldSelf` makes it a rule on updates only. */
  readonly rule: string
  readonly message: string
  /** The field to blame, below the one that the rule stands on: `.minAvailable`. */
  readonly fieldPath?: string
  /** The rule also runs on create; `oldSelf` is then an optional (`oldSelf.hasValue()`). Needs Kubernetes 1.30. */
  readonly optionalOldSelf?: true
}

interface Common {
  /** What the field means, in one or two sentences. */
  readonly doc: string
  /** A constant only: what depends on another field is computed where it is read. */
  readonly default?: Json
  readonly rules?: readonly Rule[]
  /** The TypeScript type to use in place of one made from the schema, over the names of api/kinds/kubernetes.ts. */
  readonly typed?: string
}

export interface TextSchema extends Common {
  readonly kind: 'text'
  readonly oneOf?: readonly string[]
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly format?: 'date-time'
}
export interface IntegerSchema extends Common {
  readonly kind: 'integer'
  readonly bits: 32 | 64
  readonly minimum?: number
  readonly maximum?: number
}
export interface NumberSchema extends Common {
  readonly kind: 'number'
  readonly minimum?: number
  readonly maximum?: number
}
export interface FlagSchema extends Common {
  readonly kind: 'flag'
}
/** An amount in Kubernetes' grammar: `500m`, `1.5Gi`, or a bare number. */
export interface QuantitySchema extends Common {
  readonly kind: 'quantity'
}
/** A number or a name: a port. */
export interface NumberOrTextSchema extends Common {
  readonly kind: 'number-or-text'
}
/** An object that is kept as it is and not looked into. */
export interface OpaqueSchema extends Common {
  readonly kind: 'opaque'
}
export interface MapSchema extends Common {
  readonly kind: 'map'
  readonly values: Schema
  readonly minProperties?: number
  readonly maxProperties?: number
}
export interface ListSchema extends Common {
  readonly kind: 'list'
  readonly items: Schema
  /** Fields that identify an item: merged item by item, and no two alike. */
  readonly keys?: readonly string[]
  /** No two items alike. */
  readonly isSet?: true
  readonly minItems?: number
  readonly maxItems?: number
}
export interface ObjectSchema extends Common {
  readonly kind: 'object'
  /** Name of the TypeScript interface; null writes the type in place. */
  readonly name: string | null
  readonly fields: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  /** Fields that are not named here are kept, not pruned. */
  readonly isOpen?: true
}
export type Schema =
  | TextSchema
  | IntegerSchema
  | NumberSchema
  | FlagSchema
  | QuantitySchema
  | NumberOrTextSchema
  | OpaqueSchema
  | MapSchema
  | ListSchema
  | ObjectSchema

/** What a field may say beyond its kind and its meaning. */
type More<S extends Schema> = Partial<Omit<S, 'kind' | 'doc'>>

export const text = (doc: string, more: More<TextSchema> = {}): TextSchema => ({ kind: 'text', doc, ...more })
export const int32 = (doc: string, more: More<IntegerSchema> = {}): IntegerSchema => ({
  kind: 'integer',
  bits: 32,
  doc,
  ...more,
})
export const int64 = (doc: string, more: More<IntegerSchema> = {}): IntegerSchema => ({
  kind: 'integer',
  bits: 64,
  doc,
  ...more,
})
export const number = (doc: string, more: More<NumberSchema> = {}): NumberSchema => ({ kind: 'number', doc, ...more })
export const flag = (doc: string, more: More<FlagSchema> = {}): FlagSchema => ({ kind: 'flag', doc, ...more })
export const quantity = (doc: string): QuantitySchema => ({ kind: 'quantity', doc })
export const numberOrText = (doc: string): NumberOrTextSchema => ({ kind: 'number-or-text', doc })
export const opaque = (doc: string, more: More<OpaqueSchema> = {}): OpaqueSchema => ({ kind: 'opaque', doc, ...more })
export const time = (doc: string): TextSchema => text(doc, { format: 'date-time' })

export const mapOf = (doc: string, values: Schema, more: Omit<More<MapSchema>, 'values'> = {}): MapSchema => ({
  kind: 'map',
  doc,
  values,
  ...more,
})
export const textMap = (doc: string): MapSchema => mapOf(doc, text('The value.'))
export const listOf = (doc: string, items: Schema, more: Omit<More<ListSchema>, 'items'> = {}): ListSchema => ({
  kind: 'list',
  doc,
  items,
  ...more,
})

export const object = (
  name: string | null,
  doc: string,
  fields: ObjectSchema['fields'],
  more: Omit<More<ObjectSchema>, 'name' | 'fields'> = {},
): ObjectSchema => ({ kind: 'object', name, doc, fields, ...more })

/** The same schema with a meaning of its own: for a type that several fields share. */
export const meaning = <S extends Schema>(doc: string, schema: S): S => ({ ...schema, doc })

/** A column of `kubectl get`. */
export interface Column {
  readonly name: string
  readonly type: 'integer' | 'string' | 'date'
  readonly path: string
  readonly doc: string
  /** Shown by `-o wide` only. */
  readonly isWide?: true
}

export interface KindDefinition {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly shortNames: readonly string[]
  readonly isNamespaced: boolean
  readonly doc: string
  readonly spec: ObjectSchema
  readonly status: ObjectSchema
  /** Rules on the whole object: the only ones that see metadata.name. */
  readonly rules: readonly Rule[]
  readonly columns: readonly Column[]
  /** JSON paths of the scale subresource; null where there is none. */
  readonly scale: { readonly replicas: string; readonly status: string; readonly selector: string } | null
}
