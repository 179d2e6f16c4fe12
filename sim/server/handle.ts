import { ApiError, badRequest, methodNotAllowed } from './api-error.ts'
import { checkAccept } from './accept.ts'
import { checkSize, objectBody } from './body.ts'
import type { Core } from './core.ts'
import { remove, removeCollection } from './delete.ts'
import { aggregated, CORE_VERSIONS, groupList, groupOf, resourceList, VERSION } from './discovery.ts'
import { answer, textAnswer, type ApiAnswer, type ApiRequest, type PlainAnswer } from './exchange.ts'
import { entryAnswer, get, list } from './list.ts'
import { openApi } from './openapi/serve.ts'
import { patch } from './patch.ts'
import { review } from './review.ts'
import { subresource } from './subresource.ts'
import { isTrue, resolveTarget, splitPath, type SplitPath, type Target } from './target.ts'
import { create, update, type Written } from './write.ts'
import { warningHeaders, writeOptions, type WriteOptions } from './write-options.ts'
import { watch } from './watch.ts'

/** Answers one request. Never throws for what an asker can send. */
export function handle(core: Core, request: ApiRequest): ApiAnswer {
  try {
    return route(core, request)
  } catch (error) {
    const refusal = error instanceof ApiError ? error : internal(error)
    const after = refusal.status.details?.retryAfterSeconds
    return answer(refusal.code, refusal.status, after === undefined ? {} : { 'retry-after': String(after) })
  }
}

/** A fault of this server's own: told, so that it is found, and survived. */
const internal = (error: unknown): ApiError =>
  new ApiError(
    500,
    'InternalError',
    `Internal error occurred: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  )

const NOT_FOUND = textAnswer(404, '404 page not found\n')

function route(core: Core, request: ApiRequest): ApiAnswer {
  checkSize(request, core.bodyLimit)
  const path = splitPath(request.path)
  if (path === null) throw badRequest('invalid URL escape')
  const fixed = fixedPath(core, request, path)
  if (fixed !== null) return fixed
  const target = resolveTarget(core.types, path, request)
  if (target === null) {
    // Groups that are served answer with a Status, others as plain text.
    const isCore = path.segments[0] === 'api' && path.segments[1] === 'v1'
    if (!isCore) return NOT_FOUND
    throw new ApiError(404, 'NotFound', 'the server could not find the requested resource', {})
  }
  if (target.type.isAsked) return review(target)
  const found = target.subresource === '' ? resource(core, target) : subresource(core, target)
  return target.type.collection === '/endpoints' ? deprecated(found, ENDPOINTS) : found
}

const ENDPOINTS = 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'

function deprecated<T extends ApiAnswer>(found: T, what: string): T {
  const given = found.headers['warning']
  const { warning } = warningHeaders([what])
  return { ...found, headers: { ...found.headers, warning: given === undefined ? warning : `${given}, ${warning}` } }
}

const wantsAggregated = (request: ApiRequest): boolean =>
  (request.headers['accept'] ?? '').includes('g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList')

const aggregatedAnswer = (core: Core, isCore: boolean): PlainAnswer => ({
  ...answer(200, aggregated(core, isCore)),
  headers: { 'content-type': 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' },
})

/** Paths that name no resource; null when this is none of them. */
function fixedPath(core: Core, request: ApiRequest, { segments }: SplitPath): PlainAnswer | null {
  const [first = '', second, third] = segments
  const count = segments.length
  if (first === 'api' && count === 1)
    return wantsAggregated(request) ? aggregatedAnswer(core, true) : answer(200, CORE_VERSIONS)
  if (first === 'apis' && count === 1)
    return wantsAggregated(request) ? aggregatedAnswer(core, false) : answer(200, groupList(core))
  if (first === 'api' && count === 2) return second === 'v1' ? answer(200, resourceList(core, '', 'v1')) : NOT_FOUND
  if (first === 'apis' && count === 2) {
    const group = groupOf(core, second!)
    return group === null ? NOT_FOUND : answer(200, { kind: 'APIGroup', apiVersion: 'v1', ...group })
  }
  if (first === 'apis' && count === 3) {
    const isServed = core.types.typesOf(second!, third!).length > 0
    return isServed ? answer(200, resourceList(core, second!, third!)) : NOT_FOUND
  }
  if (first === 'version') return answer(200, VERSION)
  if (first === 'openapi') return openApi(core, segments.slice(1), request.headers)
  if (['healthz', 'livez', 'readyz'].includes(first)) return textAnswer(200, 'ok')
  if (count === 0)
    return answer(200, { paths: ['/api', '/apis', '/healthz', '/livez', '/openapi/v3', '/readyz', '/version'] })
  return first === 'api' || first === 'apis' ? null : NOT_FOUND
}

/** A write's answer in the form that was asked for. */
export function writtenAnswer(core: Core, target: Target, written: Written, options: WriteOptions): PlainAnswer {
  return entryAnswer(core, target, written.isCreated ? 201 : 200, written.entry, warningHeaders(options.warnings))
}

function resource(core: Core, target: Target): ApiAnswer {
  const { name, query, request } = target
  checkAccept(target)
  const options = writeOptions(target)
  const isOne = name !== ''
  switch (request.method) {
    case 'GET':
      if (isTrue(query, 'watch')) return watch(core, target)
      return isOne ? get(core, target) : list(core, target)
    case 'POST':
      if (isOne || (target.type.namespaced && target.namespace === '')) throw methodNotAllowed()
      return writtenAnswer(core, target, create(core, target, objectBody(request), options), options)
    case 'PUT':
      if (!isOne) throw methodNotAllowed()
      return writtenAnswer(core, target, update(core, target, objectBody(request), options), options)
    case 'PATCH':
      if (!isOne) throw methodNotAllowed()
      return writtenAnswer(core, target, patch(core, target, options), options)
    case 'DELETE':
      // Nobody takes all namespaces in one go.
      if (!isOne && target.type.collection === '/namespaces') throw methodNotAllowed()
      return isOne ? remove(core, target) : removeCollection(core, target)
    default:
      throw methodNotAllowed()
  }
}
