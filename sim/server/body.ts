import { parse as parseYaml } from 'yaml'
import { ApiError, badRequest, unsupportedMedia } from './api-error.ts'
import type { ApiRequest } from './exchange.ts'
import { isRecord, type Json } from './json.ts'

/** Media type of the body without its parameters; JSON when nothing is said. */
export const mediaType = (request: ApiRequest): string =>
  (request.headers['content-type'] ?? 'application/json').split(';')[0]!.trim().toLowerCase()

const YAML_TYPES = new Set(['application/yaml', 'application/apply-patch+yaml'])

/** JSON or YAML text as a value; 400 with the parser's words when it is neither. */
export function parseText(text: string, media: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!YAML_TYPES.has(media)) {
      throw badRequest(`couldn't get version/kind; json parse error: ${(error as Error).message}`)
    }
  }
  try {
    return parseYaml(text, { maxAliasCount: 100 }) as unknown
  } catch (error) {
    throw badRequest(`error parsing YAML: ${(error as Error).message}`)
  }
}

const MAX_DEPTH = 1_000

/** Parsed text that nests deeper than any manifest would only serve to overflow a stack. */
function checkDepth(value: unknown, depth = 0): void {
  if (depth > MAX_DEPTH) throw badRequest('exceeded max depth')
  if (Array.isArray(value)) for (const item of value) checkDepth(item, depth + 1)
  else if (isRecord(value)) for (const key of Object.keys(value)) checkDepth(value[key], depth + 1)
}

/** The object of a POST or PUT. */
export function objectBody(request: ApiRequest): Json {
  const media = mediaType(request)
  const isKnown =
    media === 'application/json' || media === 'application/yaml' || media === 'text/plain' || media === '*/*'
  if (!isKnown) throw unsupportedMedia(['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'])
  const text = request.body ?? ''
  if (text === '') throw badRequest('the request body is empty')
  const value = parseText(text, media)
  checkDepth(value)
  // Nothing at all is an object without a field.
  if (value === null) return {}
  if (!isRecord(value)) throw badRequest(`couldn't get version/kind; json parse error: expected an object`)
  return value
}

/** The value of a PATCH, or the options of a DELETE. */
export function bodyValue(request: ApiRequest): unknown {
  const value = parseText(request.body ?? '', mediaType(request))
  checkDepth(value)
  return value
}

/** 413 as the real server words it. */
export function checkSize(request: ApiRequest, limit: number): void {
  // A character is at least one byte: only a text that might be too long is measured.
  const text = request.body
  if (text === null || text.length * 3 <= limit) return
  if (text.length > limit || Buffer.byteLength(text) > limit) {
    throw new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limit}`)
  }
}
