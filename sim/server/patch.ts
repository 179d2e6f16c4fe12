import { ApiError, badRequest, invalid, notFound, unsupportedMedia } from './api-error.ts'
import { applyObject } from './apply/apply.ts'
import { bodyValue, mediaType } from './body.ts'
import type { Core } from './core.ts'
import { cloneJson, isRecord, stringAt, type Json } from './json.ts'
import { metadataOf } from './metadata.ts'
import { jsonPatch } from './patch/json-patch.ts'
import { mergePatch } from './patch/merge-patch.ts'
import { strategicPatch } from './patch/strategic-patch.ts'
import { shapeOf } from './shape.ts'
import { keyOf } from './store.ts'
import type { Target } from './target.ts'
import { asVersion, commit, draftUpdate, record, type Written } from './write.ts'
import type { WriteOptions } from './write-options.ts'

const JSON_PATCH = 'application/json-patch+json'
const MERGE_PATCH = 'application/merge-patch+json'
const STRATEGIC_PATCH = 'application/strategic-merge-patch+json'
const APPLY_PATCH = 'application/apply-patch+yaml'

/** The media types that a kind's PATCH takes. */
export const patchTypes = (isCustom: boolean): readonly string[] =>
  isCustom ? [JSON_PATCH, MERGE_PATCH, APPLY_PATCH] : [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH]

function asObject(patch: unknown): Json {
  if (isRecord(patch)) return patch
  throw badRequest('json: cannot unmarshal array into Go value of type map[string]interface {}')
}

/**
 * What the patch makes of the stored object. Patches of a built-in status share with it what they leave alone: of what is
 * stored of such a kind nothing is brought into form again, and the status is all that is taken.
 */
function patched(target: Target, stored: Json, patch: unknown): Json {
  const media = mediaType(target.request)
  const isShared = target.subresource === 'status' && target.type.crd === null && media !== JSON_PATCH
  const before = isShared ? { ...stored, metadata: { ...metadataOf(stored) } } : cloneJson(stored)
  switch (media) {
    case JSON_PATCH:
      return jsonPatch(before, patch)
    case MERGE_PATCH:
      return mergePatch(before, asObject(patch)) as Json
    default:
      return strategicPatch(before, asObject(patch), shapeOf(target.type)) as Json
  }
}

/** A patch over what is stored: conditional only when it names a resourceVersion or uid itself. */
export function patch(core: Core, target: Target, options: WriteOptions): Written {
  const { type, namespace, name, query, request } = target
  const media = mediaType(request)
  if (!patchTypes(type.crd !== null).includes(media)) {
    if (type.crd !== null) throw unsupportedMedia(patchTypes(true))
    throw new ApiError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {})
  }
  if (media === APPLY_PATCH) return applyObject(core, target, options)
  if (query.get('force') === 'true') {
    throw invalid({ group: 'meta.k8s.io', plural: '', kind: 'PatchOptions' }, '', [
      { type: 'Forbidden', field: 'force', detail: 'may not be specified for non-apply patch' },
    ])
  }
  // What cannot be read is refused whatever it is for.
  const sent = bodyValue(request)
  const found = core.store.collection(type.collection).get(keyOf(namespace, name))
  if (found === undefined) throw notFound(type, name)
  const before = asVersion(type, found.object)
  const draft = patched(target, before, sent)
  const sentName = stringAt(metadataOf(draft), 'name')
  if (sentName !== name) {
    throw badRequest(`the name of the object (${sentName}) does not match the name on the URL (${name})`)
  }
  const object = draftUpdate(core, target, draft, before, options)
  const written = commit(core, target, object, before, options)
  if (object !== before && !options.isDryRun) {
    record(core, target, { verb: 'patch', manager: options.manager, before, after: written.entry.object })
  }
  return written
}
