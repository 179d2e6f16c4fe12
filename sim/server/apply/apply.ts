import { timestamp } from '../../../kube/clock.ts'
import { ApiError, badRequest, conflict, invalid, MODIFIED } from '../api-error.ts'
import { bodyValue } from '../body.ts'
import { dropUnknown } from '../conform.ts'
import type { Core } from '../core.ts'
import { cloneJson, equalJson, isRecord, stringAt, type Json } from '../json.ts'
import { checkKind, metadataOf, placeIn } from '../metadata.ts'
import { apiVersionOf, type ServedType } from '../served-type.ts'
import { shapeOf, type Shape } from '../shape.ts'
import { keyOf } from '../store.ts'
import type { Target } from '../target.ts'
import { asVersion, commit, create, draftUpdate, record, type Written } from '../write.ts'
import type { WriteOptions } from '../write-options.ts'
import {
  childShape,
  isLeaf,
  isMember,
  itemElement,
  minus,
  NOTHING,
  pathText,
  union,
  type FieldSet,
} from './field-set.ts'
import { isSame, managersOf, ownableFields, writeManagers, type Manager } from './managed-fields.ts'
import { followApplied, wasApplied } from './last-applied.ts'
import { dropGivenUp, mergeApplied } from './merge.ts'

function readApplied(target: Target, options: WriteOptions): Json {
  const { type, query, request, name } = target
  const body = bodyValue({
    ...request,
    headers: { ...request.headers, 'content-type': 'application/apply-patch+yaml' },
  })
  if (!isRecord(body)) throw badRequest('error decoding YAML: expected an object')
  if (!query.get('fieldManager')) {
    throw invalid({ group: 'meta.k8s.io', plural: '', kind: 'PatchOptions' }, '', [
      { type: 'Required', field: 'fieldManager', detail: 'is required for apply patch' },
    ])
  }
  checkKind(type, body)
  const metadata = metadataOf(body)
  if (metadata['managedFields'] !== undefined && metadata['managedFields'] !== null) {
    throw badRequest('metadata.managedFields must be nil')
  }
  dropUnknown(type, body, options)
  placeIn(type, target.namespace, metadata)
  const sentName = stringAt(metadata, 'name')
  if (sentName !== '' && sentName !== name) {
    throw badRequest(`the name of the object (${sentName}) does not match the name on the URL (${name})`)
  }
  metadata['name'] = name
  return body
}

/** Fields that both sets hold and whose values differ between the live and the applied object. */
function clashes(shape: Shape, live: unknown, applied: unknown, held: FieldSet, path: readonly string[]): string[][] {
  if (isLeaf(shape, applied) || isLeaf(shape, live)) {
    return live !== undefined && isMember(held) && !equalJson(live, applied) ? [[...path]] : []
  }
  const items: [string, Shape, unknown, unknown][] =
    shape.kind === 'list'
      ? (applied as unknown[]).map((item) => {
          const element = itemElement(shape, item)
          const other = (live as unknown[]).find((one) => itemElement(shape, one) === element)
          return [element, shape.listType === 'set' ? { kind: 'any' } : shape.item, other, item]
        })
      : Object.entries(applied as Json).map(([key, value]) => [
          `f:${key}`,
          childShape(shape, key),
          (live as Json)[key],
          value,
        ])
  return items.flatMap(([element, inner, before, after]) => {
    const below = held[element]
    return below === undefined ? [] : clashes(inner, before, after, below, [...path, element])
  })
}

interface Clash {
  readonly manager: Manager
  readonly paths: readonly (readonly string[])[]
}

/** Only what was written without apply may have been written in another version. */
function ownerText({ manager, subresource, operation, apiVersion }: Manager): string {
  const way = subresource === '' ? '' : ` with subresource "${subresource}"`
  return `"${manager}"${way}${operation === 'Update' ? ` using ${apiVersion}` : ''}`
}

function clashError(found: readonly Clash[]): ApiError {
  const causes = found.flatMap(({ manager, paths }) => {
    const message = `conflict with ${ownerText(manager)}`
    return paths.map((path) => ({ reason: 'FieldManagerConflict', message, field: pathText(path) }))
  })
  const parts = found.map(({ manager, paths }) => {
    const head = ownerText(manager)
    return paths.length === 1 && found.length === 1
      ? `conflict with ${head}: ${pathText(paths[0]!)}`
      : `conflicts with ${head}:\n${paths.map((path) => `- ${pathText(path)}`).join('\n')}`
  })
  const count = causes.length
  return new ApiError(
    409,
    'Conflict',
    `Apply failed with ${count} conflict${count === 1 ? '' : 's'}: ${parts.join('\n')}`,
    { causes },
  )
}

const pathsToSet = (paths: readonly (readonly string[])[]): FieldSet =>
  paths.reduce<FieldSet>(
    (set, path) =>
      union(
        set,
        path.reduceRight<FieldSet>((below, element) => ({ [element]: below }), {}),
      ),
    NOTHING,
  )

/** The other owners after the clashes were told or, by force, taken. */
function settleClashes(
  type: ServedType,
  live: Json,
  applied: Json,
  others: readonly Manager[],
  options: WriteOptions,
): Manager[] {
  const shape = shapeOf(type)
  const found = others
    .map((manager) => ({ manager, paths: clashes(shape, live, applied, manager.fields, []) }))
    .filter(({ paths }) => paths.length > 0)
  if (found.length === 0) return [...others]
  const isUpgrade = options.manager === 'kubectl' ? wasApplied(type, live) : () => false
  const refused = found
    .map(({ manager, paths }) => ({ manager, paths: paths.filter((path) => !isUpgrade(path)) }))
    .filter(({ paths }) => paths.length > 0)
  if (!options.isForced && refused.length > 0) throw clashError(refused)
  return others.map((manager) => {
    const lost = found.find((one) => one.manager === manager)
    return lost === undefined ? manager : { ...manager, fields: minus(manager.fields, pathsToSet(lost.paths)) ?? {} }
  })
}

/** The live object with the applied one laid over it, and with who owns what. */
function applied(core: Core, target: Target, live: Json, sent: Json, options: WriteOptions): Json {
  const { type, subresource } = target
  const shape = shapeOf(type)
  const own = { manager: options.manager, operation: 'Apply' as const, apiVersion: apiVersionOf(type), subresource }
  const known = managersOf(live)
  const mine = known.find((one) => isSame(one, own))
  const fields = ownableFields(type, sent)
  const others = settleClashes(
    type,
    live,
    sent,
    known.filter((one) => one !== mine),
    options,
  )
  let merged = mergeApplied(shape, live, sent)
  const gone = mine === undefined ? null : minus(mine.fields, fields)
  if (gone !== null) {
    const held = others.reduce<FieldSet>((set, one) => union(set, one.fields), {})
    merged = dropGivenUp(shape, merged, gone, held, fields)
  }
  const object = cloneJson(merged) as Json
  if (options.manager === 'kubectl') followApplied(object, sent)
  // Who applies what is there already is written down without a time.
  const time = equalJson(merged, live) ? (mine?.time ?? '') : timestamp(core.clock.nowMs())
  writeManagers(object, [...others, { ...own, time, fields }])
  return object
}

/** Server-side apply: create, or merge by ownership. */
export function applyObject(core: Core, target: Target, options: WriteOptions): Written {
  const { type, namespace, name, subresource } = target
  const sent = readApplied(target, options)
  const found = core.store.collection(type.collection).get(keyOf(namespace, name))
  if (found === undefined) return applyNew(core, target, sent, options)
  const before = asVersion(type, found.object)
  const version = stringAt(metadataOf(sent), 'resourceVersion')
  if (version !== '' && version !== before.metadata.resourceVersion) throw conflict(type, name, MODIFIED)
  // Each path applies only what it may write: the status has an entry of its own.
  if (subresource === '' && type.hasStatus) delete sent['status']
  const draft = applied(core, target, before, sent, options)
  const object = draftUpdate(core, target, draft, before, options)
  const written = commit(core, target, object, before, options)
  if (object !== before && !options.isDryRun) {
    record(core, target, { verb: 'apply', manager: options.manager, before, after: written.entry.object })
  }
  return written
}

function applyNew(core: Core, target: Target, sent: Json, options: WriteOptions): Written {
  const { type, subresource, name } = target
  if (subresource !== '')
    throw new ApiError(404, 'NotFound', `${type.plural} "${name}" not found`, { name, kind: type.plural })
  if (stringAt(metadataOf(sent), 'resourceVersion') !== '') throw conflict(type, name, MODIFIED)
  const uid = stringAt(metadataOf(sent), 'uid')
  if (uid !== '') {
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`
    throw conflict(type, name, why)
  }
  if (type.hasStatus) delete sent['status']
  const fields = ownableFields(type, sent)
  const own = { manager: options.manager, operation: 'Apply' as const, apiVersion: apiVersionOf(type), subresource: '' }
  writeManagers(sent, [{ ...own, time: timestamp(core.clock.nowMs()), fields }])
  return create(core, target, sent, { ...options, isApply: true })
}
