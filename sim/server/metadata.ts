import { timestamp } from '../../kube/clock.ts'
import { ApiError, badRequest, conflict, invalid, type FieldFault } from './api-error.ts'
import { randomSuffix, randomUid, type Core } from './core.ts'
import { equalJson, isRecord, listAt, recordAt, stringAt, type Json } from './json.ts'
import { annotationFaults, keyFaults, labelFaults, nameFaults } from './object-name.ts'
import { apiVersionOf, type ServedType } from './served-type.ts'
import { keyOf } from './store.ts'

/** Refuses a body of another kind or version than the path's. A built-in kind may leave both to the path. */
export function checkKind(type: ServedType, object: Json): void {
  const apiVersion = apiVersionOf(type)
  if (type.crd === null) {
    object['apiVersion'] ??= apiVersion
    object['kind'] ??= type.kind
  }
  const found = stringAt(object, 'apiVersion')
  const kind = stringAt(object, 'kind')
  if (kind === '') {
    const text = JSON.stringify(object).slice(0, 1000)
    throw badRequest(
      `the object provided is unrecognized (must be of type ${type.kind}): Object 'Kind' is missing in '${text}' (${text})`,
    )
  }
  if (found !== apiVersion) {
    throw badRequest(`the API version in the data (${found}) does not match the expected API version (${apiVersion})`)
  }
  if (kind !== type.kind) {
    throw badRequest(
      `${kind} in version "${type.version}" cannot be handled as a ${type.kind}: converting (${kind}) to (${type.kind}): unknown conversion`,
    )
  }
}

/** The metadata of a draft; made if it is missing, refused if it is no object. */
export function metadataOf(object: Json): Json {
  const metadata = object['metadata'] ?? {}
  if (!isRecord(metadata)) throw badRequest('cannot unmarshal metadata into Go value of type v1.ObjectMeta')
  if (object['metadata'] !== metadata) object['metadata'] = metadata
  return metadata
}

/** Settles namespace and name of a new object; generateName gives it five letters. */
export function nameNew(core: Core, type: ServedType, namespace: string, object: Json): string {
  const metadata = metadataOf(object)
  placeIn(type, namespace, metadata)
  const given = stringAt(metadata, 'name')
  if (given !== '') return given
  delete metadata['name']
  const base = stringAt(metadata, 'generateName').slice(0, 58)
  if (base === '') return ''
  const collection = core.store.collection(type.collection)
  let name = base + randomSuffix(core.random)
  for (let tries = 0; tries < 8 && collection.get(keyOf(namespace, name)) !== undefined; tries++) {
    name = base + randomSuffix(core.random)
  }
  metadata['name'] = name
  return name
}

export function placeIn(type: ServedType, namespace: string, metadata: Json): void {
  const found = stringAt(metadata, 'namespace')
  if (!type.namespaced) {
    if (found !== '') throw badRequest('namespace should be empty for cluster-scoped resources')
    delete metadata['namespace']
    return
  }
  if (found !== '' && found !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  metadata['namespace'] = namespace
}

/** What the server alone says about a new object. */
export function stampNew(core: Core, type: ServedType, metadata: Json): void {
  if (stringAt(metadata, 'resourceVersion') !== '') {
    throw new ApiError(500, '', 'resourceVersion should not be set on objects to be created')
  }
  for (const key of ['resourceVersion', 'selfLink', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'generation']) {
    delete metadata[key]
  }
  metadata['uid'] = randomUid(core.random)
  metadata['creationTimestamp'] = timestamp(core.clock.nowMs())
  if (type.hasGeneration || type.crd !== null) metadata['generation'] = 1
  dropEmpty(metadata)
}

/** Empty maps and lists of the metadata are not kept, as Go's omitempty does. */
export function dropEmpty(metadata: Json): void {
  for (const key of ['labels', 'annotations', 'finalizers', 'ownerReferences']) {
    const value = metadata[key]
    const isEmpty = Array.isArray(value)
      ? value.length === 0
      : isRecord(value)
        ? Object.keys(value).length === 0
        : value === null
    if (isEmpty) delete metadata[key]
  }
  if (metadata['generateName'] === '') delete metadata['generateName']
}

function ownerFaults(metadata: Json): FieldFault[] {
  const faults: FieldFault[] = []
  let controllers = 0
  for (const [i, owner] of listAt(metadata, 'ownerReferences').entries()) {
    const field = `metadata.ownerReferences[${i}]`
    for (const key of ['apiVersion', 'kind', 'name', 'uid']) {
      if (stringAt(owner, key) === '') {
        faults.push({ type: 'Required', field: `${field}.${key}`, detail: 'must not be empty' })
      }
    }
    if (isRecord(owner) && owner['controller'] === true) controllers++
  }
  if (controllers > 1) {
    faults.push({
      type: 'Invalid',
      field: 'metadata.ownerReferences',
      value: listAt(metadata, 'ownerReferences'),
      detail: 'Only one reference can have Controller set to true.',
    })
  }
  return faults
}

const STANDARD_FINALIZERS = new Set(['kubernetes', 'orphan', 'foregroundDeletion'])

function finalizerFaults(type: ServedType, name: string, index: number): FieldFault[] {
  const faults = keyFaults('metadata.finalizers', name)
  if (type.model === null || name.includes('/') || STANDARD_FINALIZERS.has(name)) return faults
  const detail = 'name is neither a standard finalizer name nor is it fully qualified'
  return [...faults, { type: 'Invalid', field: `metadata.finalizers[${index}]`, value: name, detail }]
}

export function metadataFaults(type: ServedType, object: Json): FieldFault[] {
  const metadata = recordAt(object, 'metadata')
  const finalizers = listAt(metadata, 'finalizers')
  return [
    ...nameFaults(type, stringAt(metadata, 'name')),
    ...labelFaults('metadata.labels', recordAt(metadata, 'labels')),
    ...annotationFaults('metadata.annotations', recordAt(metadata, 'annotations')),
    ...finalizers.flatMap((one, i) => finalizerFaults(type, String(one), i)),
    ...ownerFaults(metadata),
  ]
}

const SERVERS_OWN = [
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generateName',
  'selfLink',
]

/** A replacement states the uid as a precondition; a patch tries to change it. */
function otherUid(type: ServedType, name: string, uid: string, old: Json, how: 'PUT' | 'PATCH'): ApiError {
  if (how === 'PATCH') {
    return invalid(type, name, [{ type: 'Invalid', field: 'metadata.uid', value: uid, detail: 'field is immutable' }])
  }
  const path = type.group === '' || type.crd === null ? type.plural : `${type.group}/${type.plural}`
  const place = type.namespaced ? `${stringAt(old, 'namespace')}/` : ''
  const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${stringAt(old, 'uid')}`
  const head = `StorageError: invalid object, Code: 4, Key: /registry/${path}/${place}${name}, ResourceVersion: 0`
  return conflict(type, name, `${head}, AdditionalErrorMsg: ${why}`)
}

/** Metadata of an update: what is the server's own stays, and what must not change is checked. */
export function carryMetadata(type: ServedType, object: Json, before: Json, how: 'PUT' | 'PATCH'): void {
  const metadata = metadataOf(object)
  const old = recordAt(before, 'metadata')
  const name = stringAt(old, 'name')
  const uid = stringAt(metadata, 'uid')
  if (uid !== '' && uid !== old['uid']) throw otherUid(type, name, uid, old, how)
  for (const key of SERVERS_OWN) {
    if (old[key] === undefined) delete metadata[key]
    else metadata[key] = old[key]
  }
  if (old['generation'] === undefined) delete metadata['generation']
  else metadata['generation'] = old['generation']
  if (metadata['managedFields'] === undefined && old['managedFields'] !== undefined) {
    metadata['managedFields'] = old['managedFields']
  }
  dropEmpty(metadata)
  if (old['deletionTimestamp'] === undefined) return
  const known = new Set(listAt(old, 'finalizers'))
  const added = listAt(metadata, 'finalizers').filter((one) => !known.has(one))
  if (added.length === 0) return
  throw invalid(type, name, [
    {
      type: 'Forbidden',
      field: 'metadata.finalizers',
      detail: `no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`,
    },
  ])
}

/** Did anything change that a controller has to act on? */
export function hasNewSpec(object: Json, before: Json): boolean {
  const keys = new Set([...Object.keys(object), ...Object.keys(before)])
  for (const key of ['metadata', 'status', 'kind', 'apiVersion']) keys.delete(key)
  return [...keys].some((key) => !equalJson(object[key], before[key]))
}
