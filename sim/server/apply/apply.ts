import { bodyValue } from '../body.ts'
import { badRequest } from '../api-error.ts'
import type { Core } from '../core.ts'
import { isRecord, type Json } from '../json.ts'
import { keyOf } from '../store.ts'
import type { Target } from '../target.ts'
import { mergePatch } from '../patch/merge-patch.ts'
import { asVersion, commit, create, draftUpdate, record, type Written } from '../write.ts'
import type { WriteOptions } from '../write-options.ts'

/** Server-side apply. */
export function applyObject(core: Core, target: Target, options: WriteOptions): Written {
  const { type, namespace, name } = target
  const sent = bodyValue(target.request)
  if (!isRecord(sent)) throw badRequest('error decoding YAML: expected an object')
  const found = core.store.collection(type.collection).get(keyOf(namespace, name))
  if (found === undefined) return create(core, target, sent, options)
  const before = asVersion(type, found.object)
  const object = draftUpdate(core, target, mergePatch(before, sent) as Json, before, options)
  const written = commit(core, target, object, before, options)
  if (object !== before && !options.isDryRun) {
    record(core, target, { verb: 'apply', manager: options.manager, before, after: written.entry.object })
  }
  return written
}
