import { builtInColumns } from './columns.ts'
import { ApiError } from './api-error.ts'
import type { Target } from './target.ts'
import { PLAIN_COLUMNS, type IncludeObject, type TableColumns } from './table.ts'

/** In which form the asker wants objects. */
export type Form =
  | { readonly kind: 'object' }
  | { readonly kind: 'table'; readonly table: TableColumns; readonly include: IncludeObject }
  | { readonly kind: 'metadata' }

/** The first form of the Accept header that the server has; protobuf is answered with JSON. */
export function formOf({ request, type, query }: Target): Form {
  for (const part of (request.headers['accept'] ?? '').split(',')) {
    const parameters = new Map(
      part
        .split(';')
        .slice(1)
        .map((p) => p.trim().split('=') as [string, string]),
    )
    const as = parameters.get('as')
    if (as === 'Table') return tableForm(type, query)
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return { kind: 'metadata' }
    if (as === undefined) return { kind: 'object' }
  }
  return { kind: 'object' }
}

function tableForm(type: Target['type'], query: URLSearchParams): Form {
  const include = query.get('includeObject')
  const table = type.crd?.columns ?? builtInColumns.get(type.collection) ?? PLAIN_COLUMNS
  return { kind: 'table', table, include: include === 'None' || include === 'Object' ? include : 'Metadata' }
}

const SERVED = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']

/** 406 for who takes nothing that the real server would have. Protobuf is for built-in kinds alone. */
export function checkAccept({ request, type }: Target): void {
  const accept = request.headers['accept'] ?? ''
  if (accept === '') return
  const isServed = (part: string): boolean => {
    const media = part.split(';')[0]!.trim().toLowerCase()
    if (media === '*/*' || media === 'application/*') return true
    return SERVED.includes(media) && (type.crd === null || !media.endsWith('protobuf'))
  }
  if (accept.split(',').some(isServed)) return
  const streams = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch']
  const words =
    type.crd === null
      ? `406: Not Acceptable\n\nAvailable representations: ${[...SERVED, ...streams].join(', ')}`
      : `only the following media types are accepted: ${SERVED.join(', ')}`
  throw new ApiError(406, 'NotAcceptable', words, type.crd === null ? {} : undefined)
}
