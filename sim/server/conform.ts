import type { FieldFault } from './api-error.ts'
import type { Json } from './json.ts'
import type { ServedType } from './served-type.ts'
import type { WriteOptions } from './write-options.ts'

/** Brings a body into the form of its kind: unknown fields told and dropped, defaults filled in. */
export function conform(_type: ServedType, _object: Json, _options: WriteOptions): void {}

/** Faults against the schema and the rules of a custom kind. */
export function schemaFaults(_type: ServedType, _object: Json, _before: Json | null): FieldFault[] {
  return []
}
