import type { FieldFault } from '../api-error.ts'
import type { Core } from '../core.ts'
import type { Json } from '../json.ts'

/** What a kind does on its way into the store. Objects handed in are drafts and may be changed. */
export interface Strategy {
  /** Static defaults: of the object alone. */
  readonly defaults?: (object: Json) => void
  /** What admission adds or refuses on create; may look at other objects; throws ApiError. */
  readonly admit?: (core: Core, object: Json) => void
  /** Status of a new object; undefined: none. */
  readonly firstStatus?: (object: Json) => Json | undefined
  readonly validate?: (object: Json) => FieldFault[]
  /** Faults of a change; `before` is what is stored. */
  readonly validateUpdate?: (object: Json, before: Json) => FieldFault[]
  /** Carries over what a writer may leave out. */
  readonly prepareUpdate?: (object: Json, before: Json) => void
  /** Nodes come with their status. */
  readonly keepsStatusOnCreate?: boolean
  /** PUT needs no resourceVersion, and may create. Default: resourceVersion optional, no create. */
  readonly needsVersion?: boolean
  /** After the write: what follows from it at once. */
  readonly written?: (core: Core, object: Json | null, before: Json | null) => void
}
