import { formatSelector, labelSelectorFrom } from '../../api/selector.ts'
import { badRequest, conflict, invalid, methodNotAllowed, MODIFIED } from './api-error.ts'
import { bodyValue, mediaType, objectBody } from './body.ts'
import type { Core } from './core.ts'
import { answer, type ApiAnswer } from './exchange.ts'
import { cloneJson, isRecord, recordAt, stringAt, valueAt, type Json } from './json.ts'
import { entryOf } from './list.ts'
import { jsonPatch } from './patch/json-patch.ts'
import { mergePatch } from './patch/merge-patch.ts'
import type { Target } from './target.ts'
import { asVersion, commit, draftUpdate, record } from './write.ts'
import { writeOptions } from './write-options.ts'

interface ScalePaths {
  readonly spec: string
  readonly status: string
  readonly selector: string | null
}

const BUILT_IN: ScalePaths = { spec: 'spec.replicas', status: 'status.replicas', selector: null }

const count = (value: unknown): number => (typeof value === 'number' ? value : 0)

function selectorOf(target: Target, object: Json, paths: ScalePaths): string {
  if (paths.selector === null)
    return target.type.crd === null
      ? (formatSelector(labelSelectorFrom(recordAt(recordAt(object, 'spec'), 'selector'))) ?? '')
      : ''
  const text = valueAt(object, paths.selector)
  return typeof text === 'string' ? text : ''
}

function scaleOf(target: Target, object: Json, paths: ScalePaths): Json {
  const metadata = recordAt(object, 'metadata')
  const shown = ['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp'] as const
  const selector = selectorOf(target, object, paths)
  const replicas = count(valueAt(object, paths.spec))
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: Object.fromEntries(shown.flatMap((key) => (metadata[key] === undefined ? [] : [[key, metadata[key]]]))),
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: count(valueAt(object, paths.status)), ...(selector === '' ? {} : { selector }) },
  }
}

/** The Scale that the request wants in place of `before`. */
function wantedScale(target: Target, before: Json): Json {
  const { request } = target
  if (request.method === 'PUT') return objectBody(request)
  const patch = bodyValue(request)
  const patched =
    mediaType(request) === 'application/json-patch+json' ? jsonPatch(before, patch) : mergePatch(before, patch)
  if (!isRecord(patched)) throw badRequest('a Scale must be an object')
  return patched
}

function setAt(object: Json, path: string, value: unknown): void {
  const parts = path.split('.')
  let holder = object
  for (const part of parts.slice(0, -1)) {
    const next = recordAt(holder, part)
    holder[part] = next
    holder = next
  }
  holder[parts.at(-1)!] = value
}

/** GET, PUT and PATCH of `scale`: replicas alone, by the paths that the kind names. */
export function scale(core: Core, target: Target): ApiAnswer {
  const { type, request, name } = target
  const paths = type.crd?.scale ?? BUILT_IN
  const before = asVersion(type, entryOf(core, target).object)
  const found = scaleOf(target, before, paths)
  if (request.method === 'GET') return answer(200, found)
  if (request.method !== 'PUT' && request.method !== 'PATCH') throw methodNotAllowed()
  const wanted = wantedScale(target, found)
  const version = stringAt(recordAt(wanted, 'metadata'), 'resourceVersion')
  if (version !== '' && version !== before.metadata.resourceVersion) throw conflict(type, name, MODIFIED)
  const replicas = recordAt(wanted, 'spec')['replicas'] ?? 0
  if (typeof replicas !== 'number' || !Number.isInteger(replicas)) {
    throw badRequest(
      'Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal into Go struct field ScaleSpec.spec.replicas of type int32',
    )
  }
  // A custom kind's replicas are judged with its object.
  if (replicas < 0 && type.crd === null) {
    throw invalid({ group: 'autoscaling', plural: 'scales', kind: 'Scale' }, name, [
      { type: 'Invalid', field: 'spec.replicas', value: replicas, detail: 'must be greater than or equal to 0' },
    ])
  }
  const options = writeOptions(target)
  const draft = cloneJson(before as Json)
  setAt(draft, paths.spec, replicas)
  const whole = { ...target, subresource: '' }
  const object = draftUpdate(core, whole, draft, before, { ...options, writesScale: true })
  const done = commit(core, whole, object, before, options)
  if (object !== before && !options.isDryRun) {
    record(core, target, { verb: 'update', manager: options.manager, before, after: done.entry.object })
  }
  return answer(200, scaleOf(target, asVersion(type, done.entry.object), paths))
}
