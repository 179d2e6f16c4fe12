import { cloneJson, isRecord, recordAt, type Json } from '../json.ts'

/** Fills the schema's defaults into what is there, in place: a default of a missing parent is not applied. */
export function fillDefaults(schema: Json, value: unknown): void {
  if (Array.isArray(value)) {
    const items = schema['items']
    if (isRecord(items)) for (const item of value) fillDefaults(items, item)
    return
  }
  if (!isRecord(value)) return
  const properties = recordAt(schema, 'properties')
  for (const [key, property] of Object.entries(properties)) {
    if (!isRecord(property)) continue
    const fallback = property['default']
    const isNull = value[key] === null && property['nullable'] !== true
    if (fallback !== undefined && (value[key] === undefined || isNull)) value[key] = cloneJson(fallback)
    if (value[key] !== undefined) fillDefaults(property, value[key])
  }
  const additional = schema['additionalProperties']
  if (!isRecord(additional)) return
  for (const key of Object.keys(value)) if (!Object.hasOwn(properties, key)) fillDefaults(additional, value[key])
}
