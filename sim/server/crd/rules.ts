import { Optional } from '@marcbachmann/cel-js'
import type { FieldFault } from '../api-error.ts'
import { equalJson, isRecord, listAt, recordAt, stringAt, type Json } from '../json.ts'
import { celValue, compileRule } from './cel.ts'

const withRules = new WeakMap<Json, boolean>()

/** Does the schema, or anything below it, carry a rule? Most of a pod template does not. */
export function hasRules(schema: Json): boolean {
  const known = withRules.get(schema)
  if (known !== undefined) return known
  const below = [...Object.values(recordAt(schema, 'properties')), schema['items'], schema['additionalProperties']]
  const found =
    listAt(schema, 'x-kubernetes-validations').length > 0 || below.some((one) => isRecord(one) && hasRules(one))
  withRules.set(schema, found)
  return found
}

interface Place {
  readonly schema: Json
  readonly value: unknown
  /** What stood here before; undefined when nothing did, or when it cannot be told. */
  readonly old: unknown
  readonly path: string
}

function messageOf(rule: Json, variables: Record<string, unknown>): string {
  const expression = stringAt(rule, 'messageExpression')
  if (expression !== '') {
    const compiled = compileRule(expression)
    try {
      const text = compiled.kind === 'rule' ? compiled.run(variables) : null
      if (typeof text === 'string' && text.trim() !== '') return text.trim()
    } catch {
      // The plain message stands in, as on the real server.
    }
  }
  return stringAt(rule, 'message').trim() || `failed rule: ${stringAt(rule, 'rule').trim()}`
}

function faultAt(rule: Json, { value, path }: Place, detail: string): FieldFault {
  const field = `${path}${stringAt(rule, 'fieldPath')}`.replace(/^\./, '') || '<nil>'
  const isWhole = Array.isArray(value) || isRecord(value)
  const shown = isWhole ? {} : { value }
  switch (stringAt(rule, 'reason')) {
    case 'FieldValueForbidden':
      return { type: 'Forbidden', field, detail }
    case 'FieldValueRequired':
      return { type: 'Required', field, detail }
    case 'FieldValueDuplicate':
      return { type: 'Duplicate', field, ...shown, detail }
    default:
      return { type: 'Invalid', field, ...shown, detail }
  }
}

const kindOf = (value: unknown): string =>
  Array.isArray(value) ? 'array' : isRecord(value) ? 'object' : typeof value === 'number' ? 'integer' : typeof value

function runRule(rule: Json, place: Place, self: unknown, oldSelf: unknown): FieldFault[] {
  const compiled = compileRule(stringAt(rule, 'rule'))
  if (compiled.kind === 'broken') return [faultAt(rule, place, `rule compile error: ${compiled.message}`)]
  const isOptional = rule['optionalOldSelf'] === true
  if (compiled.usesOldSelf && oldSelf === undefined && !isOptional) return []
  const variables: Record<string, unknown> = { self }
  if (isOptional) variables['oldSelf'] = oldSelf === undefined ? Optional.none() : Optional.of(oldSelf)
  else if (oldSelf !== undefined) variables['oldSelf'] = oldSelf
  try {
    return compiled.run(variables) === true ? [] : [faultAt(rule, place, messageOf(rule, variables))]
  } catch (error) {
    const why = (error as Error).message.split('\n')[0]!
    const detail = `${why} evaluating rule: ${stringAt(rule, 'message') || stringAt(rule, 'rule')}`
    return [{ ...faultAt(rule, place, detail), value: kindOf(place.value) }]
  }
}

/** What a list's items were before: known only where items have keys. */
function oldItem(schema: Json, old: unknown, item: unknown): unknown {
  if (!Array.isArray(old) || schema['x-kubernetes-list-type'] !== 'map' || !isRecord(item)) return undefined
  const keys = listAt(schema, 'x-kubernetes-list-map-keys').map(String)
  return old.find((one) => isRecord(one) && keys.every((key) => equalJson(one[key], item[key])))
}

function placesBelow({ schema, value, old, path }: Place): Place[] {
  if (Array.isArray(value)) {
    const items = recordAt(schema, 'items')
    return value.map((one, i) => ({ schema: items, value: one, old: oldItem(schema, old, one), path: `${path}[${i}]` }))
  }
  if (!isRecord(value)) return []
  const properties = recordAt(schema, 'properties')
  return Object.keys(value).map((key) => {
    const isField = Object.hasOwn(properties, key)
    const below = isField ? recordAt(properties, key) : recordAt(schema, 'additionalProperties')
    const name = isField || path === '' ? `.${key}` : `[${key}]`
    return {
      schema: below,
      value: value[key],
      old: isRecord(old) ? old[key] : undefined,
      path: path === '' ? key : `${path}${name}`,
    }
  })
}

function faultsAt(place: Place, isRoot: boolean): FieldFault[] {
  const { schema, value, old } = place
  if (!hasRules(schema) || value === null) return []
  // What did not change was accepted once, perhaps under older rules.
  if (!isRoot && old !== undefined && equalJson(value, old)) return []
  const rules = listAt(schema, 'x-kubernetes-validations').filter(isRecord)
  const faults: FieldFault[] = []
  if (rules.length > 0) {
    const self = celValue(schema, isRoot ? visible(value) : value)
    const oldSelf = old === undefined ? undefined : celValue(schema, isRoot ? visible(old) : old)
    for (const rule of rules) faults.push(...runRule(rule, place, self, oldSelf))
  }
  return [...faults, ...placesBelow(place).flatMap((below) => faultsAt(below, false))]
}

/** Of an object's metadata only its name is visible to rules. */
function visible(object: unknown): Json {
  const metadata = recordAt(object, 'metadata')
  const shown = Object.fromEntries(
    ['name', 'generateName'].flatMap((key) => (metadata[key] === undefined ? [] : [[key, metadata[key]]])),
  )
  return { ...(isRecord(object) ? object : {}), metadata: shown }
}

/** Faults against the schema's rules; transition rules see what was stored before. */
export const ruleFaults = (schema: Json, object: Json, before: Json | null): FieldFault[] =>
  faultsAt({ schema, value: object, old: before ?? undefined, path: '' }, true)
