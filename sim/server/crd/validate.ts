import type { FieldFault } from '../api-error.ts'
import { equalJson, isRecord, listAt, recordAt, stringAt, type Json } from '../json.ts'
import { formatFault } from './formats.ts'

const typeOf = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

function isOfType(type: string, value: unknown): boolean {
  const found = typeOf(value)
  return found === type || (type === 'number' && found === 'integer')
}

const items = (count: number): string => `${count} item${count === 1 ? '' : 's'}`

class Checker {
  readonly faults: FieldFault[] = []

  #add(path: string, value: unknown, words: string): void {
    const field = path === '' ? '<nil>' : path
    this.faults.push({ type: 'Invalid', field, value, detail: `${path} in body ${words}` })
  }

  check(schema: Json, value: unknown, path: string): void {
    // A null stands for a field that was left out.
    if (value === null) return
    if (!this.#hasType(schema, value, path)) return
    this.#enum(schema, value, path)
    if (typeof value === 'string') this.#text(schema, value, path)
    else if (typeof value === 'number') this.#number(schema, value, path)
    else if (Array.isArray(value)) this.#list(schema, value, path)
    else if (isRecord(value)) this.#object(schema, value, path)
    this.#combined(schema, value, path)
  }

  #hasType(schema: Json, value: unknown, path: string): boolean {
    const type = stringAt(schema, 'type')
    const isLoose = schema['x-kubernetes-int-or-string'] === true
    const isRight = isLoose
      ? typeof value === 'string' || typeOf(value) === 'integer'
      : type === '' || isOfType(type, value)
    if (isRight) return true
    const words = `must be of type ${isLoose ? 'integer,string' : type}: ${JSON.stringify(typeOf(value))}`
    this.faults.push({
      type: 'TypeInvalid',
      field: path === '' ? '<nil>' : path,
      value: typeOf(value),
      detail: `${path} in body ${words}`,
    })
    return false
  }

  #enum(schema: Json, value: unknown, path: string): void {
    const allowed = schema['enum']
    if (!Array.isArray(allowed) || allowed.some((one) => equalJson(one, value))) return
    const values = allowed.map((one: unknown) =>
      typeof one === 'string' ? JSON.stringify(one) : `"${JSON.stringify(one)}"`,
    )
    this.faults.push({ type: 'NotSupported', field: path, value, detail: `supported values: ${values.join(', ')}` })
  }

  #text(schema: Json, value: string, path: string): void {
    const { minLength, maxLength, pattern } = schema
    // Code points, as Go counts them.
    const length = Array.from(value).length
    if (typeof maxLength === 'number' && length > maxLength) {
      this.faults.push({ type: 'TooLong', field: path, detail: `may not be more than ${maxLength} bytes` })
    }
    if (typeof minLength === 'number' && length < minLength) {
      this.#add(path, value, `should be at least ${minLength} chars long`)
    }
    if (typeof pattern === 'string' && !matcher(pattern).test(value))
      this.#add(path, value, `should match '${pattern}'`)
    const format = stringAt(schema, 'format')
    if (formatFault(format, value)) {
      const detail = `${path} in body must be of type ${format}: ${JSON.stringify(value)}`
      this.faults.push({ type: 'TypeInvalid', field: path, value, detail })
    }
  }

  #number(schema: Json, value: number, path: string): void {
    const { minimum, maximum, multipleOf } = schema
    if (typeof minimum === 'number') {
      if (schema['exclusiveMinimum'] === true ? value <= minimum : value < minimum) {
        this.#add(
          path,
          value,
          `should be greater than ${schema['exclusiveMinimum'] === true ? '' : 'or equal to '}${minimum}`,
        )
      }
    }
    if (typeof maximum === 'number') {
      if (schema['exclusiveMaximum'] === true ? value >= maximum : value > maximum) {
        this.#add(
          path,
          value,
          `should be less than ${schema['exclusiveMaximum'] === true ? '' : 'or equal to '}${maximum}`,
        )
      }
    }
    if (typeof multipleOf === 'number' && multipleOf !== 0 && value % multipleOf !== 0) {
      this.#add(path, value, `should be a multiple of ${multipleOf}`)
    }
    const isInt32 = stringAt(schema, 'format') === 'int32'
    if (isInt32 && (value > 2_147_483_647 || value < -2_147_483_648)) this.#add(path, value, 'must be of type int32')
  }

  #list(schema: Json, value: readonly unknown[], path: string): void {
    const { minItems, maxItems } = schema
    if (typeof maxItems === 'number' && value.length > maxItems) {
      this.faults.push({
        type: 'TooMany',
        field: path,
        value: value.length,
        detail: `must have at most ${items(maxItems)}`,
      })
    }
    if (typeof minItems === 'number' && value.length < minItems)
      this.#add(path, value.length, `should have at least ${minItems} items`)
    const itemSchema = schema['items']
    if (isRecord(itemSchema)) for (const [i, one] of value.entries()) this.check(itemSchema, one, `${path}[${i}]`)
    this.#unique(schema, value, path)
  }

  #unique(schema: Json, value: readonly unknown[], path: string): void {
    const listType = schema['x-kubernetes-list-type']
    if (listType !== 'set' && listType !== 'map') return
    const keys = listAt(schema, 'x-kubernetes-list-map-keys').map(String)
    const seen = new Set<string>()
    for (const [i, one] of value.entries()) {
      const part =
        listType === 'set' ? one : Object.fromEntries(keys.map((key) => [key, isRecord(one) ? one[key] : undefined]))
      const text = JSON.stringify(part)
      if (seen.has(text)) this.faults.push({ type: 'Duplicate', field: `${path}[${i}]`, value: part, detail: '' })
      seen.add(text)
    }
  }

  #object(schema: Json, value: Json, path: string): void {
    const inside = (key: string): string => (path === '' ? key : `${path}.${key}`)
    for (const key of listAt(schema, 'required').map(String)) {
      if (!Object.hasOwn(value, key)) this.faults.push({ type: 'Required', field: inside(key), detail: '' })
    }
    const { minProperties, maxProperties } = schema
    const count = Object.keys(value).length
    if (typeof maxProperties === 'number' && count > maxProperties) {
      this.faults.push({
        type: 'TooMany',
        field: path,
        value: count,
        detail: `must have at most ${items(maxProperties)}`,
      })
    }
    if (typeof minProperties === 'number' && count < minProperties)
      this.#add(path, count, `should have at least ${minProperties} properties`)
    const properties = recordAt(schema, 'properties')
    const additional = schema['additionalProperties']
    for (const key of Object.keys(value)) {
      const property = Object.hasOwn(properties, key) ? properties[key] : additional
      if (isRecord(property)) this.check(property, value[key], inside(key))
    }
  }

  #combined(schema: Json, value: unknown, path: string): void {
    const passes = (one: unknown): boolean => {
      if (!isRecord(one)) return true
      const part = new Checker()
      part.check(one, value, path)
      return part.faults.length === 0
    }
    for (const one of listAt(schema, 'allOf')) if (isRecord(one)) this.check(one, value, path)
    const any = listAt(schema, 'anyOf')
    if (any.length > 0 && !any.some(passes)) this.#add(path, value, 'must validate at least one schema (anyOf)')
    const one = listAt(schema, 'oneOf')
    if (one.length > 0 && one.filter(passes).length !== 1)
      this.#add(path, value, 'must validate one and only one schema (oneOf)')
    if (isRecord(schema['not']) && passes(schema['not'])) this.#add(path, value, 'must not validate the schema (not)')
  }
}

const matchers = new Map<string, RegExp>()

/** Go's expressions are linear; those of schemas are read as JavaScript's, made once. */
function matcher(pattern: string): RegExp {
  let found = matchers.get(pattern)
  if (found === undefined) {
    try {
      found = new RegExp(pattern, 'u')
    } catch {
      found = /(?:)/
    }
    matchers.set(pattern, found)
  }
  return found
}

/** Faults of an object against a structural schema; what did not change since `before` is let pass. */
export function validateSchema(schema: Json, object: Json, before: Json | null): FieldFault[] {
  const checker = new Checker()
  const { metadata: _metadata, ...rest } = object
  checker.check({ ...schema, properties: withoutMetadata(schema) }, rest, '')
  if (before === null || checker.faults.length === 0) return checker.faults
  const known = validateSchema(schema, before, null)
  return checker.faults.filter((fault) => !known.some((old) => equalJson(old, fault)))
}

/** Metadata is judged by its own rules. */
function withoutMetadata(schema: Json): Json {
  const { metadata: _metadata, ...properties } = recordAt(schema, 'properties')
  return properties
}
