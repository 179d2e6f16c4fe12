import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { badRequest, type FieldFault } from './api-error.ts'
import { crdSchemaFaults } from './crd/structural.ts'
import { fillDefaults } from './crd/defaults.ts'
import { validateSchema } from './crd/validate.ts'
import { hasRules, ruleFaults } from './crd/rules.ts'
import { parseQuantity } from '../../api/quantity.ts'
import { isRecord, valueAt, type Json } from './json.ts'
import type { ServedType } from './served-type.ts'
import { shapeOf, type ScalarShape, type Shape, type StructShape } from './shape.ts'
import type { WriteOptions } from './write-options.ts'

/** What reading a body by its shape found. */
interface Reading {
  /** Built-in kinds are read as Go structs: wrong types are refused and nulls are nothing. */
  readonly isTyped: boolean
  readonly unknown: string[]
  /** What the decoder of a typed kind cannot read; the first one is told. */
  readonly unreadable: string[]
}

const inside = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`)

function goType({ type, format }: ScalarShape): string {
  if (type === 'boolean') return 'bool'
  if (type === 'integer') return format === '' ? 'int64' : format
  return type === 'number' ? 'float64' : 'string'
}

function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (value === null) return 'null'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

function isReadable({ type, format }: ScalarShape, value: unknown): boolean {
  switch (type) {
    case 'string':
      return (
        typeof value === 'string' &&
        (format !== 'micro-time' || value === '' || /\.\d{6}(Z|[+-]\d\d:\d\d)$/.test(value))
      )
    case 'boolean':
      return typeof value === 'boolean'
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value)
    case 'number':
      return typeof value === 'number'
    case 'int-or-string':
      return typeof value === 'string' || typeof value === 'number'
  }
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

const QUANTITY_WORDS = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

function readScalar(shape: ScalarShape, value: unknown, path: string, owner: string, reading: Reading): unknown {
  if (!reading.isTyped) return value
  if (!isReadable(shape, value)) {
    const found = jsonType(value) === 'number' && shape.type !== 'string' ? `number ${String(value)}` : jsonType(value)
    reading.unreadable.push(
      shape.format === 'micro-time'
        ? `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse ${JSON.stringify(value)}`
        : `json: cannot unmarshal ${found} into Go struct field ${owner}.${path} of type ${goType(shape)}`,
    )
  }
  if (shape.format === 'byte' && typeof value === 'string' && !BASE64.test(value)) {
    reading.unreadable.push(`illegal base64 data at input byte ${/[^A-Za-z0-9+/]/.exec(value)?.index ?? value.length}`)
  }
  if (shape.format !== 'quantity') return value
  const isAmount = (typeof value === 'string' || typeof value === 'number') && parseQuantity(value) !== null
  if (!isAmount) reading.unreadable.push(QUANTITY_WORDS)
  return typeof value === 'number' ? String(value) : value
}

function readStruct(shape: StructShape, value: Json, path: string, reading: Reading, known: unknown): Json {
  for (const key of Object.keys(value)) {
    const field = shape.fields.get(key)
    if (field === undefined) {
      if (shape.isOpen) continue
      reading.unknown.push(inside(path, key))
      delete value[key]
      continue
    }
    // Metadata is typed also in custom kinds.
    const part = key === 'metadata' && shape.fields.has('apiVersion') ? { ...reading, isTyped: true } : reading
    if (value[key] === null && part.isTyped) delete value[key]
    else if (!isRecord(known) || value[key] !== known[key])
      value[key] = read(
        field,
        value[key],
        inside(path, key),
        shape.name,
        part,
        isRecord(known) ? known[key] : undefined,
      )
  }
  return value
}

/** Drops what the shape does not know, in place, and notes it. What `known` shares with it has been read before. */
function read(shape: Shape, value: unknown, path: string, owner: string, reading: Reading, known?: unknown): unknown {
  if (shape.kind === 'any') return value
  if (shape.kind === 'scalar') return readScalar(shape, value, path, owner, reading)
  const isList = shape.kind === 'list'
  if (isList ? !Array.isArray(value) : !isRecord(value)) {
    const type = isList ? '[]' : 'map'
    if (reading.isTyped) {
      reading.unreadable.push(
        `json: cannot unmarshal ${jsonType(value)} into Go struct field ${owner}.${path} of type ${type}`,
      )
    }
    return value
  }
  if (shape.kind === 'struct') return readStruct(shape, value as Json, path, reading, known)
  if (shape.kind === 'list')
    return (value as unknown[]).map((one, i) =>
      isRecord(one) && Array.isArray(known) && known.includes(one)
        ? one
        : read(shape.item, one, `${path}[${i}]`, owner, reading),
    )
  const map = value as Json
  const isFlat = shape.value.kind === 'scalar'
  for (const key of Object.keys(map)) {
    // A null in a map of strings is an empty string for Go.
    if (map[key] === null && reading.isTyped && shape.value.kind === 'scalar') map[key] = ''
    else map[key] = read(shape.value, map[key], isFlat ? path : inside(path, key), owner, reading)
  }
  return value
}

/**
 * Brings a body into the form of its kind: unknown fields told and dropped, defaults of the schema filled in. What a
 * built-in kind's body shares with `stored` is in that form already, and left as it is.
 */
export function conform(type: ServedType, object: Json, options: WriteOptions, stored?: KubeObject): void {
  dropUnknown(type, object, options, type.crd === null ? stored : undefined)
  if (type.crd !== null && type.crd.schema !== null) fillDefaults(type.crd.schema, object)
}

/** Unknown fields told and dropped, as `fieldValidation` asks. */
export function dropUnknown(type: ServedType, object: Json, options: WriteOptions, stored?: KubeObject): void {
  const reading: Reading = { isTyped: type.crd === null, unknown: [], unreadable: [] }
  read(shapeOf(type), object, '', type.kind, reading, stored)
  const refuse = (why: string): Error =>
    badRequest(`${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: ${why}`)
  if (reading.unreadable.length > 0) throw refuse(reading.unreadable[0]!)
  const texts = reading.unknown.map((path) => `unknown field "${path}"`)
  if (texts.length > 0 && options.fieldValidation === 'Strict')
    throw refuse(`strict decoding error: ${texts.join(', ')}`)
  if (options.fieldValidation === 'Warn') options.warnings.push(...texts)
}

/** Faults against the schema and the rules of a custom kind; rules run only over what the schema accepts. */
export function schemaFaults(type: ServedType, object: Json, before: Json | null): FieldFault[] {
  const schema = type.crd?.schema ?? null
  if (schema === null) return type.collection === CRDS ? crdSchemaFaults(object) : []
  const faults = validateSchema(schema, object, before)
  faults.push(...replicaFaults(type, object))
  if (!faults.some((fault) => BLOCKING.has(fault.type))) return [...faults, ...ruleFaults(schema, object, before)]
  return hasRules(schema) ? [...faults, NOT_CHECKED] : faults
}

/** Rules are not run over what they might stumble on. */
const BLOCKING: ReadonlySet<string> = new Set(['Required', 'TooLong', 'TooMany', 'TypeInvalid', 'NotSupported'])

const NOT_CHECKED: FieldFault = {
  type: 'Invalid',
  field: '<nil>',
  value: null,
  detail:
    'some validation rules were not checked because the object was invalid; correct the existing errors to complete ' +
    'validation',
}

/** What the scale subresource counts cannot be negative, whatever the schema says. */
function replicaFaults(type: ServedType, object: Json): FieldFault[] {
  const path = type.crd?.scale?.spec ?? ''
  const value = path === '' ? undefined : valueAt(object, path)
  if (typeof value !== 'number' || value >= 0) return []
  return [{ type: 'Invalid', field: `.${path}`, value, detail: 'should be a non-negative integer' }]
}

const CRDS = 'apiextensions.k8s.io/customresourcedefinitions'
