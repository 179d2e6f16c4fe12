import { ApiError, methodNotAllowed } from './api-error.ts'
import { objectBody } from './body.ts'
import type { Core } from './core.ts'
import type { ApiAnswer } from './exchange.ts'
import { entryAnswer, get } from './list.ts'
import { finalize } from './namespace-finalize.ts'
import { bind } from './pods/binding.ts'
import { evict } from './pods/eviction.ts'
import { podLog } from './pods/log.ts'
import { patch } from './patch.ts'
import { scale } from './scale.ts'
import type { Target } from './target.ts'
import { requestToken } from './token.ts'
import { update, type Written } from './write.ts'
import { warningHeaders, writeOptions, type WriteOptions } from './write-options.ts'

function written(core: Core, target: Target, done: Written, options: WriteOptions): ApiAnswer {
  return entryAnswer(core, target, 200, done.entry, warningHeaders(options.warnings))
}

/** Subresources that show the object itself: status, and the pod's resize and ephemeral containers. */
function ofObject(core: Core, target: Target): ApiAnswer {
  const options = writeOptions(target)
  switch (target.request.method) {
    case 'GET':
      return get(core, target)
    case 'PUT':
      return written(core, target, update(core, target, objectBody(target.request), options), options)
    case 'PATCH':
      return written(core, target, patch(core, target, options), options)
    default:
      throw methodNotAllowed()
  }
}

const simulatedOnly = (what: string): ApiError =>
  new ApiError(501, 'NotImplemented', `${what} is not possible: the containers of this cluster are simulated`)

export function subresource(core: Core, target: Target): ApiAnswer {
  const { subresource: name } = target
  switch (name) {
    case 'status':
    case 'resize':
    case 'ephemeralcontainers':
      return ofObject(core, target)
    case 'scale':
      return scale(core, target)
    case 'binding':
      return bind(core, target)
    case 'eviction':
      return evict(core, target)
    case 'log':
      return podLog(core, target)
    case 'finalize':
      return finalize(core, target)
    case 'token':
      return requestToken(core, target)
    case 'exec':
    case 'attach':
      throw simulatedOnly(name)
    case 'portforward':
      throw new ApiError(400, 'BadRequest', 'Upgrade request required')
    default:
      throw methodNotAllowed()
  }
}
