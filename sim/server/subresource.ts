import { formOf } from './accept.ts'
import { methodNotAllowed } from './api-error.ts'
import { objectBody } from './body.ts'
import type { Core } from './core.ts'
import { answer, type ApiAnswer } from './exchange.ts'
import { entryText, get } from './list.ts'
import { bind } from './pods/binding.ts'
import { patch } from './patch.ts'
import type { Target } from './target.ts'
import { update, type Written } from './write.ts'
import { warningHeaders, writeOptions, type WriteOptions } from './write-options.ts'

function written(core: Core, target: Target, done: Written, options: WriteOptions): ApiAnswer {
  return answer(200, entryText(core, target, formOf(target), done.entry), warningHeaders(options.warnings))
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

export function subresource(core: Core, target: Target): ApiAnswer {
  switch (target.subresource) {
    case 'status':
      return ofObject(core, target)
    case 'binding':
      return bind(core, target)
    default:
      throw methodNotAllowed()
  }
}
