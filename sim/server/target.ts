import { notFound } from './api-error.ts'
import type { ApiRequest } from './exchange.ts'
import type { ServedType } from './served-type.ts'
import type { TypeRegistry } from './type-registry.ts'

/** What a resource path names. */
export interface Target {
  readonly type: ServedType
  /** '' for cluster-scoped kinds, and for lists over all namespaces. */
  readonly namespace: string
  /** '' when the path names the collection. */
  readonly name: string
  readonly subresource: string
  readonly query: URLSearchParams
  readonly request: ApiRequest
}

export interface SplitPath {
  readonly segments: readonly string[]
  readonly query: URLSearchParams
}

/** Null when an escape in the path is malformed. */
export function splitPath(path: string): SplitPath | null {
  const mark = path.indexOf('?')
  const plain = mark < 0 ? path : path.slice(0, mark)
  const query = new URLSearchParams(mark < 0 ? '' : path.slice(mark + 1))
  const segments = plain.split('/').filter((part) => part !== '')
  if (!plain.includes('%')) return { segments, query }
  try {
    return { segments: segments.map(decodeURIComponent), query }
  } catch {
    return null
  }
}

/** Resolves `/api/v1/...` and `/apis/group/version/...`; null when nothing is served there. */
export function resolveTarget(types: TypeRegistry, { segments, query }: SplitPath, request: ApiRequest): Target | null {
  const isCore = segments[0] === 'api'
  const [group, version, rest] = isCore
    ? ['', segments[1], segments.slice(2)]
    : [segments[1], segments[2], segments.slice(3)]
  if (group === undefined || version === undefined || rest.length === 0) return null
  const isInNamespace = rest[0] === 'namespaces' && rest.length > 2 && !(rest.length === 3 && isNamespaceSub(rest[2]!))
  const [plural, name = '', ...sub] = isInNamespace ? rest.slice(2) : rest
  const type = types.find(group, version, plural!)
  if (type === undefined || sub.length > 1) return null
  const namespace = isInNamespace ? rest[1]! : ''
  if (type.namespaced ? namespace === '' && name !== '' : isInNamespace) return null
  const subresource = sub[0] ?? ''
  if (subresource !== '' && !type.subresources.includes(subresource)) {
    // What serves custom kinds takes it for an object that is not there.
    if (type.crd !== null) throw notFound(type, name)
    return null
  }
  return { type, namespace, name, subresource, query, request }
}

const isNamespaceSub = (part: string): boolean => part === 'status' || part === 'finalize'

export const isTrue = (query: URLSearchParams, key: string): boolean => {
  const value = query.get(key)
  return value !== null && (value === '' || value === 'true' || value === '1')
}
