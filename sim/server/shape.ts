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
}

export interface ScalarShape {
  readonly kind: 'scalar'
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'int-or-string'
  readonly format: string
}

export const ANY: Shape = { kind: 'any' }

export const shapeOf = (_type: ServedType): Shape => ANY
