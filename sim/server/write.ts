import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { ApiError, MODIFIED, alreadyExists, badRequest, conflict, forbidden, invalid, notFound } from './api-error.ts'
import { trackUpdate } from './apply/managed-fields.ts'
import { conform, schemaFaults } from './conform.ts'
import type { Core, WriteRecord } from './core.ts'
import { equalJson, listAt, recordAt, stringAt, type Json } from './json.ts'
import {
  carryMetadata,
  checkKind,
  hasNewSpec,
  metadataFaults,
  metadataOf,
  nameNew,
  placeIn,
  stampNew,
} from './metadata.ts'
import { apiVersionOf, type ServedType } from './served-type.ts'
import { keyOf, type Entry } from './store.ts'
import { strategyOf } from './strategy/strategies.ts'
import type { Target } from './target.ts'
import type { WriteOptions } from './write-options.ts'

/** Refuses new objects in a namespace that is not there or is going. */
export function checkNamespace(core: Core, type: ServedType, namespace: string, name: string): void {
  if (!type.namespaced) return
  const found = core.store.collection('/namespaces').get(keyOf('', namespace))
  if (found === undefined) throw notFound({ group: '', plural: 'namespaces', kind: 'Namespace' }, namespace)
  if (found.object.metadata.deletionTimestamp === undefined) return
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`
  throw forbidden(type, name, why, [
    {
      reason: 'NamespaceTerminating',
      message: `namespace ${namespace} is being terminated`,
      field: 'metadata.namespace',
    },
  ])
}

/** What a write left behind: the stored revision, or what a dry run would have stored. */
export interface Written {
  readonly entry: Entry
  readonly isCreated: boolean
}

/** An entry that is only shown. */
export const unstored = (key: string, object: Json): Entry => ({
  key,
  object: object as KubeObject,
  version: 0,
  json: null,
})

export function record(
  core: Core,
  target: Target,
  o: Pick<WriteRecord, 'verb' | 'manager' | 'before' | 'after'>,
): void {
  const { type, namespace, subresource } = target
  const name = (o.after ?? o.before)?.metadata.name ?? target.name
  core.onWrite({ ...o, collection: type.collection, namespace, name, subresource })
}

/** Brings a draft of a new object into the form in which it is stored, or refuses it. */
export function draftNew(core: Core, type: ServedType, namespace: string, object: Json, options: WriteOptions): string {
  checkKind(type, object)
  conform(type, object, options)
  const name = nameNew(core, type, namespace, object)
  const strategy = strategyOf(type)
  stampNew(core, type, metadataOf(object))
  strategy.defaults?.(object)
  checkNamespace(core, type, namespace, name)
  if (type.hasStatus && strategy.keepsStatusOnCreate !== true) delete object['status']
  strategy.admit?.(core, object)
  const status = strategy.firstStatus?.(object)
  if (status !== undefined && object['status'] === undefined) object['status'] = status
  const faults = [
    ...metadataFaults(type, object),
    ...schemaFaults(type, object, null),
    ...(strategy.validate?.(object) ?? []),
  ]
  if (faults.length > 0) throw invalid(type, name, faults)
  return name
}

export function create(core: Core, target: Target, object: Json, options: WriteOptions): Written {
  const { type, namespace } = target
  if (type.namespaced && namespace === '') throw badRequest('an empty namespace may not be set during creation')
  const name = draftNew(core, type, namespace, object, options)
  const key = keyOf(namespace, name)
  if (core.store.collection(type.collection).get(key) !== undefined) throw alreadyExists(type, name)
  if (!options.isApply && core.keepsOwners(type.collection))
    trackUpdate(core, type, object, null, { manager: options.manager, subresource: '' })
  if (options.isDryRun) return { entry: unstored(key, object), isCreated: true }
  const entry = core.store.put(type.collection, key, object as KubeObject)
  strategyOf(type).written?.(core, entry.object, null)
  record(core, target, { verb: 'create', manager: options.manager, before: null, after: entry.object })
  return { entry, isCreated: true }
}

/** Takes a subresource's part of the draft and everything else from what is stored. */
function onlyStatus(type: ServedType, draft: Json, before: Json): Json {
  // Status and metadata's own fields are all that changes: the rest is shared with what is stored.
  const object: Json = { ...before, metadata: { ...recordAt(before, 'metadata') } }
  if (draft['status'] === undefined) delete object['status']
  else object['status'] = draft['status']
  const metadata = metadataOf(object)
  const sent = recordAt(draft, 'metadata')
  metadata['resourceVersion'] = sent['resourceVersion']
  if (sent['managedFields'] !== undefined) metadata['managedFields'] = sent['managedFields']
  if (type.collection === '/pods' || type.collection === '/nodes') {
    for (const key of ['labels', 'annotations']) {
      if (sent[key] === undefined) delete metadata[key]
      else metadata[key] = sent[key]
    }
  }
  return object
}

/** A draft over what is stored, ready to be stored; the stored object itself when nothing changes. */
export function draftUpdate(core: Core, target: Target, sent: Json, before: KubeObject, options: WriteOptions): Json {
  const { type, subresource, name } = target
  const strategy = strategyOf(type)
  checkKind(type, sent)
  conform(type, sent, options, before)
  placeIn(type, target.namespace, metadataOf(sent))
  checkVersion(type, metadataOf(sent), before, name)
  const object = subresource === 'status' ? onlyStatus(type, sent, before) : sent
  carryMetadata(type, object, before, target.request.method === 'PUT' ? 'PUT' : 'PATCH')
  if (subresource === '' && type.hasStatus) {
    if (before['status'] === undefined) delete object['status']
    else object['status'] = before['status']
  }
  if (subresource === '') {
    strategy.defaults?.(object)
    strategy.prepareUpdate?.(object, before)
  }
  const metadata = metadataOf(object)
  metadata['resourceVersion'] = before.metadata.resourceVersion
  const counts = type.hasGeneration || type.crd !== null
  if (counts && typeof metadata['generation'] === 'number' && hasNewSpec(object, before)) metadata['generation']++
  if (isUnchanged(object, before)) return before
  const faults = [
    ...metadataFaults(type, object),
    ...schemaFaults(type, object, before),
    ...(strategy.validate?.(object) ?? []),
    ...(subresource === '' ? (strategy.validateUpdate?.(object, before) ?? []) : []),
  ]
  if (faults.length > 0) throw invalid(type, name, faults)
  if (!options.isApply && core.keepsOwners(type.collection)) {
    const through = options.writesScale === true ? 'scale' : subresource
    trackUpdate(core, type, object, before, { manager: options.manager, subresource: through })
  }
  return object
}

/** Owners alone are no news for a plain write: its own are worked out after it. */
function isUnchanged(object: Json, before: Json): boolean {
  const strip = (one: Json): Json => ({ ...recordAt(one, 'metadata'), managedFields: null })
  const { metadata: _new, ...rest } = object
  const { metadata: _old, ...old } = before
  return equalJson(rest, old) && equalJson(strip(object), strip(before)) && !hasNewOwners(object, before)
}

const hasNewOwners = (object: Json, before: Json): boolean => {
  const owners = (one: Json): unknown => recordAt(one, 'metadata')['managedFields']
  return !equalJson(owners(object), owners(before))
}

function checkVersion(type: ServedType, metadata: Json, before: KubeObject, name: string): void {
  const version = stringAt(metadata, 'resourceVersion')
  if (version === '' && strategyOf(type).needsVersion === true) {
    const field = 'metadata.resourceVersion'
    const named = { ...type, kind: type.plural }
    throw invalid(named, name, [{ type: 'Invalid', field, value: 0, detail: 'must be specified for an update' }])
  }
  if (!/^\d*$/.test(version)) throw new ApiError(500, '', `strconv.ParseUint: parsing "${version}": invalid syntax`)
  if (version !== '' && version !== '0' && version !== before.metadata.resourceVersion)
    throw conflict(type, name, MODIFIED)
}

/** Stores a changed object; one that was only waiting for its last finalizer goes with the same write. */
export function commit(core: Core, target: Target, object: Json, before: KubeObject, options: WriteOptions): Written {
  const { type } = target
  const key = keyOf(before.metadata.namespace ?? '', before.metadata.name)
  if (object === before || options.isDryRun) {
    const known = core.store.collection(type.collection).get(key)
    return { entry: object === before && known !== undefined ? known : unstored(key, object), isCreated: false }
  }
  const entry = core.store.put(type.collection, key, object as KubeObject)
  strategyOf(type).written?.(core, entry.object, before)
  if (isDone(entry.object)) finish(core, type, key)
  return { entry, isCreated: false }
}

/** Nothing holds a deleted object any more: no finalizer, no grace period that a kubelet still has to end. */
export function isDone(object: KubeObject): boolean {
  const { metadata } = object
  if (metadata.deletionTimestamp === undefined) return false
  if ((metadata.finalizers ?? []).length > 0) return false
  if ((metadata.deletionGracePeriodSeconds ?? 0) > 0) return false
  return object.kind !== 'Namespace' || listAt(object['spec'], 'finalizers').length === 0
}

/** Takes an object out of the store. */
export function finish(core: Core, type: ServedType, key: string): Entry | null {
  const before = core.store.collection(type.collection).get(key)?.object ?? null
  const gone = core.store.remove(type.collection, key)
  strategyOf(type).written?.(core, null, before)
  return gone
}

export function update(core: Core, target: Target, sent: Json, options: WriteOptions): Written {
  const { type, namespace, name } = target
  const sentName = stringAt(metadataOf(sent), 'name')
  if (sentName !== '' && sentName !== name) {
    throw badRequest(`the name of the object (${sentName}) does not match the name on the URL (${name})`)
  }
  if (sentName === '') metadataOf(sent)['name'] = name
  const found = core.store.collection(type.collection).get(keyOf(namespace, name))
  if (found === undefined) throw notFound(type, name)
  const before = asVersion(type, found.object)
  const object = draftUpdate(core, target, sent, before, options)
  const written = commit(core, target, object, before, options)
  if (object !== before && !options.isDryRun) {
    record(core, target, { verb: 'update', manager: options.manager, before, after: written.entry.object })
  }
  return written
}

/** The stored object under the version that was asked for: no conversion but the name of the version. */
export function asVersion(type: ServedType, object: KubeObject): KubeObject {
  const apiVersion = apiVersionOf(type)
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion }
}
