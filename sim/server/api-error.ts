import type { Status } from '../../api/kinds/kubernetes.ts'
import { isRecord } from './json.ts'

/** A refusal: thrown inside the server, answered as a Status with the real server's wording. */
export class ApiError extends Error {
  readonly status: Status
  readonly code: number
  constructor(code: number, reason: string, message: string, details?: Status['details']) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      ...{ metadata: {} },
      status: 'Failure',
      message,
      ...(reason === '' ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    }
  }
}

/** What names a resource in messages: `pods`, `podcliques.grove.io`. */
export interface Named {
  readonly group: string
  readonly plural: string
  readonly kind: string
}

export const qualified = (type: Pick<Named, 'group' | 'plural'>): string =>
  type.group === '' ? type.plural : `${type.plural}.${type.group}`

const detailsOf = (type: Named, name: string): NonNullable<Status['details']> => ({
  ...(name === '' ? {} : { name }),
  ...(type.group === '' ? {} : { group: type.group }),
  kind: type.plural,
})

export const notFound = (type: Named, name: string): ApiError =>
  new ApiError(404, 'NotFound', `${qualified(type)} "${name}" not found`, detailsOf(type, name))

export const alreadyExists = (type: Named, name: string): ApiError =>
  new ApiError(409, 'AlreadyExists', `${qualified(type)} "${name}" already exists`, detailsOf(type, name))

export const conflict = (type: Named, name: string, why: string): ApiError =>
  new ApiError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(type)} "${name}": ${why}`,
    detailsOf(type, name),
  )

export const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again'

export const forbidden = (
  type: Named,
  name: string,
  why: string,
  causes?: NonNullable<Status['details']>['causes'],
): ApiError =>
  new ApiError(403, 'Forbidden', `${qualified(type)}${name === '' ? '' : ` "${name}"`} is forbidden: ${why}`, {
    ...detailsOf(type, name),
    ...(causes === undefined ? {} : { causes }),
  })

export const badRequest = (message: string): ApiError => new ApiError(400, 'BadRequest', message)

export const expired = (message: string): ApiError => new ApiError(410, 'Expired', message)

export const methodNotAllowed = (): ApiError =>
  new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {})

export const unsupportedMedia = (accepted: readonly string[]): ApiError =>
  new ApiError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  )

/** One fault of one field, worded as Kubernetes' field.Error. */
export interface FieldFault {
  readonly type:
    | 'NotFound'
    | 'Required'
    | 'Invalid'
    | 'NotSupported'
    | 'Forbidden'
    | 'Duplicate'
    | 'TooMany'
    | 'TooLong'
    | 'TypeInvalid'
  readonly field: string
  /** What was found; undefined for required and forbidden ones. */
  readonly value?: unknown
  readonly detail: string
}

const REASON_OF: Readonly<Record<FieldFault['type'], string>> = {
  NotFound: 'FieldValueNotFound',
  Required: 'FieldValueRequired',
  Invalid: 'FieldValueInvalid',
  NotSupported: 'FieldValueNotSupported',
  Forbidden: 'FieldValueForbidden',
  Duplicate: 'FieldValueDuplicate',
  TooMany: 'FieldValueTooMany',
  TooLong: 'FieldValueTooLong',
  TypeInvalid: 'FieldValueTypeInvalid',
}

const WORDS_OF: Readonly<Record<FieldFault['type'], string>> = {
  NotFound: 'Not found',
  Required: 'Required value',
  Invalid: 'Invalid value',
  NotSupported: 'Unsupported value',
  Forbidden: 'Forbidden',
  Duplicate: 'Duplicate value',
  TooMany: 'Too many',
  TooLong: 'Too long',
  TypeInvalid: 'Invalid value',
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value === null || value === undefined) return 'null'
  return Array.isArray(value) || isRecord(value) ? JSON.stringify(value) : String(value)
}

/** `Invalid value: -1: must be >= 0`: the part behind the field. */
export function faultMessage(fault: FieldFault): string {
  const words = WORDS_OF[fault.type]
  const isBare =
    fault.value === undefined || fault.type === 'Required' || fault.type === 'Forbidden' || fault.type === 'TooLong'
  const head = isBare ? words : `${words}: ${shown(fault.value)}`
  return fault.detail === '' ? head : `${head}: ${fault.detail}`
}

export const faultLine = (fault: FieldFault): string => `${fault.field}: ${faultMessage(fault)}`

/** 422 with one cause a fault: `Pod "x" is invalid: spec.containers: Required value`. */
export function invalid(type: Named, name: string, faults: readonly FieldFault[]): ApiError {
  const lines = [...new Set(faults.map(faultLine))]
  const kind = type.group === '' ? type.kind : `${type.kind}.${type.group}`
  const said = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`
  return new ApiError(422, 'Invalid', `${kind} "${name}" is invalid: ${said}`, {
    ...(name === '' ? {} : { name }),
    ...(type.group === '' ? {} : { group: type.group }),
    kind: type.kind,
    causes: faults.map((fault) => ({
      reason: REASON_OF[fault.type],
      message: faultMessage(fault),
      field: fault.field,
    })),
  })
}
