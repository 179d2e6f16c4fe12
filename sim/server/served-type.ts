import type { ResourceType } from '../../kube/resources.ts'
import type { CrdVersion } from './crd/crd-version.ts'

/** A kind at one version, as the server offers it: what discovery says and what the write path needs to know. */
export interface ServedType extends ResourceType {
  readonly singular: string
  readonly listKind: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly subresources: readonly string[]
  /** Created to be answered, and never kept: reviews. */
  readonly isAsked: boolean
  /** Objects of one collection are the same objects at every version. */
  readonly collection: string
  /** `metadata.generation` counts changes of anything but metadata and status. */
  readonly hasGeneration: boolean
  /** `status` can only be written through its subresource. */
  readonly hasStatus: boolean
  /** Name of the generated model of a built-in kind; null for custom ones. */
  readonly model: string | null
  /** Schema, rules, columns of a custom kind; null for built-in ones. */
  readonly crd: CrdVersion | null
}

export const apiVersionOf = (type: Pick<ServedType, 'group' | 'version'>): string =>
  type.group === '' ? type.version : `${type.group}/${type.version}`
