import type { Json } from '../json.ts'
import type { TableColumns } from '../table.ts'

/** One served version of a custom kind. */
export interface CrdVersion {
  /** openAPIV3Schema, or null when unknown fields are all kept. */
  readonly schema: Json | null
  readonly columns: TableColumns | null
  readonly selectableFields: readonly string[]
  /** Paths of the scale subresource, without the leading dot. */
  readonly scale: { readonly spec: string; readonly status: string; readonly selector: string | null } | null
  readonly storageVersion: string
}
