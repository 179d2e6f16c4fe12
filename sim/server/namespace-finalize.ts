import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { conflict, methodNotAllowed, MODIFIED } from './api-error.ts'
import { objectBody } from './body.ts'
import type { Core } from './core.ts'
import { answer, type ApiAnswer } from './exchange.ts'
import { cloneJson, listAt, recordAt, stringAt, type Json } from './json.ts'
import { entryOf } from './list.ts'
import { metadataOf } from './metadata.ts'
import { jsonOf } from './store.ts'
import type { Target } from './target.ts'
import { commit } from './write.ts'
import { writeOptions } from './write-options.ts'

/** PUT namespaces/x/finalize: takes finalizers of the spec off; the last one lets the namespace go. */
export function finalize(core: Core, target: Target): ApiAnswer {
  if (target.request.method !== 'PUT') throw methodNotAllowed()
  const sent = objectBody(target.request)
  const { object: before } = entryOf(core, target)
  const version = stringAt(metadataOf(sent), 'resourceVersion')
  if (version !== '' && version !== before.metadata.resourceVersion) throw conflict(target.type, target.name, MODIFIED)
  const draft = cloneJson(before as Json)
  draft['spec'] = { ...recordAt(draft, 'spec'), finalizers: listAt(sent['spec'], 'finalizers') }
  const { entry } = commit(core, target, draft, before as KubeObject, writeOptions(target))
  return answer(200, jsonOf(entry))
}
