import { Environment, Optional } from '@marcbachmann/cel-js'
import { QUANTITY_PATTERN } from '../../api/crd.ts'
import type { Json, KindDefinition, ListSchema, ObjectSchema, Rule, Schema } from '../../api/schema.ts'

/** What an API server does with an object of a kind: defaults, the structural schema, the CEL rules. */

type Value = unknown
type Fields = Record<string, Value>

const cel: Environment = new Environment({ unlistedVariablesAreDyn: true, enableOptionalTypes: true })

const isObject = (value: Value): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The same object with the schema's defaults in it. */
export function withDefaults(schema: Schema, value: Value): Value {
  if (schema.kind === 'object' && isObject(value)) {
    const filled: Fields = { ...value }
    for (const [name, field] of Object.entries(schema.fields)) {
      if (filled[name] === undefined && field.default !== undefined)
        filled[name] = structuredClone(field.default as Json)
      if (filled[name] !== undefined) filled[name] = withDefaults(field, filled[name])
    }
    return filled
  }
  if (schema.kind === 'list' && Array.isArray(value)) return value.map((item) => withDefaults(schema.items, item))
  if (schema.kind === 'map' && isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withDefaults(schema.values, item)]))
  }
  return value
}

const keyOf = (schema: ListSchema, item: Value): string =>
  JSON.stringify(schema.keys === undefined ? item : schema.keys.map((key) => (item as Fields)[key]))

const TYPES: Readonly<Record<Schema['kind'], (value: Value) => boolean>> = {
  text: (value) => typeof value === 'string',
  integer: Number.isInteger,
  number: (value) => typeof value === 'number',
  flag: (value) => typeof value === 'boolean',
  quantity: (value) => typeof value === 'string' || Number.isInteger(value),
  'number-or-text': (value) => typeof value === 'string' || Number.isInteger(value),
  opaque: isObject,
  map: isObject,
  list: Array.isArray,
  object: isObject,
}

function withinLimits(schema: Schema, value: Value): boolean {
  const between = (size: number, least = 0, most = Number.POSITIVE_INFINITY): boolean => size >= least && size <= most
  switch (schema.kind) {
    case 'text': {
      const text = value as string
      const isKnown = schema.oneOf === undefined || schema.oneOf.includes(text)
      const isShaped = schema.pattern === undefined || new RegExp(schema.pattern).test(text)
      return isKnown && isShaped && between(text.length, schema.minLength, schema.maxLength)
    }
    case 'quantity':
      return new RegExp(QUANTITY_PATTERN).test(String(value))
    case 'integer':
    case 'number':
      return between(value as number, schema.minimum ?? Number.NEGATIVE_INFINITY, schema.maximum)
    case 'map':
      return between(Object.keys(value as Fields).length, schema.minProperties, schema.maxProperties)
    case 'list':
      return between((value as Value[]).length, schema.minItems, schema.maxItems)
    default:
      return true
  }
}

function structural(schema: Schema, value: Value, path: string): string[] {
  if (!TYPES[schema.kind](value)) return [`${path}: not a ${schema.kind}`]
  if (!withinLimits(schema, value)) return [`${path}: outside of its limits`]
  if (schema.kind === 'list') {
    const items = value as Value[]
    const keys = new Set(items.map((item) => keyOf(schema, item)))
    const isDouble = (schema.keys !== undefined || schema.isSet === true) && keys.size < items.length
    const doubles = isDouble ? [`${path}: Duplicate value`] : []
    return [...doubles, ...items.flatMap((item, i) => structural(schema.items, item, `${path}[${i}]`))]
  }
  if (schema.kind === 'map') {
    return Object.entries(value as Fields).flatMap(([key, item]) => structural(schema.values, item, `${path}.${key}`))
  }
  return schema.kind === 'object' ? structuralFields(schema, value as Fields, path) : []
}

function structuralFields(schema: ObjectSchema, value: Fields, path: string): string[] {
  const missing = (schema.required ?? []).filter((name) => value[name] === undefined)
  const present = Object.entries(schema.fields).filter(([name]) => value[name] !== undefined)
  return [
    ...missing.map((name) => `${path}.${name}: Required value`),
    ...present.flatMap(([name, field]) => structural(field, value[name], `${path}.${name}`)),
  ]
}

/** A field whose name CEL reserves is spelled with underscores for API servers; to this evaluator it is any name. */
const textOf = ({ rule }: Rule): string => rule.replaceAll('__namespace__', 'namespace')

function broken(rule: Rule, self: Value, oldSelf: Value): boolean {
  const text = textOf(rule)
  if (rule.optionalOldSelf) {
    return (
      cel.evaluate(text, { self, oldSelf: oldSelf === undefined ? Optional.none() : Optional.of(oldSelf) }) !== true
    )
  }
  if (!text.includes('oldSelf')) return cel.evaluate(text, { self }) !== true
  return oldSelf !== undefined && cel.evaluate(text, { self, oldSelf }) !== true
}

const ruleErrors = (rules: readonly Rule[] | undefined, self: Value, oldSelf: Value, path: string): string[] =>
  (rules ?? []).filter((rule) => broken(rule, self, oldSelf)).map((rule) => `${path}: ${rule.message}`)

/** The old item of the same key; lists without keys have none. */
function oldItem(schema: ListSchema, item: Value, before: Value): Value {
  if (schema.keys === undefined || !Array.isArray(before)) return undefined
  return before.find((one) => keyOf(schema, one) === keyOf(schema, item))
}

function celErrors(schema: Schema, self: Value, before: Value, path: string): string[] {
  const own = ruleErrors(schema.rules, self, before, path)
  if (schema.kind === 'list') {
    const items = self as Value[]
    return [
      ...own,
      ...items.flatMap((item, i) => celErrors(schema.items, item, oldItem(schema, item, before), `${path}[${i}]`)),
    ]
  }
  const fields = self as Fields
  const old = isObject(before) ? before : {}
  if (schema.kind === 'map') {
    return [
      ...own,
      ...Object.keys(fields).flatMap((key) => celErrors(schema.values, fields[key], old[key], `${path}.${key}`)),
    ]
  }
  if (schema.kind !== 'object') return own
  const present = Object.entries(schema.fields).filter(([name]) => fields[name] !== undefined)
  return [...own, ...present.flatMap(([name, field]) => celErrors(field, fields[name], old[name], `${path}.${name}`))]
}

/** Everything that an object is refused for; `before` is what is stored, for an update. */
export function refusals(kind: KindDefinition, written: Fields, before?: Fields): string[] {
  const filled = { ...written, spec: withDefaults(kind.spec, written['spec']) }
  const old = before === undefined ? undefined : { ...before, spec: withDefaults(kind.spec, before['spec']) }
  const errors = structural(kind.spec, filled.spec, 'spec')
  if (errors.length > 0) return errors
  return [...ruleErrors(kind.rules, filled, old, ''), ...celErrors(kind.spec, filled.spec, old?.spec, 'spec')]
}
