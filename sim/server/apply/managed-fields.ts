import { timestamp } from '../../../kube/clock.ts'
import type { Core } from '../core.ts'
import { equalJson, isRecord, listAt, recordAt, stringAt, type Json } from '../json.ts'
import { metadataOf } from '../metadata.ts'
import { apiVersionOf, type ServedType } from '../served-type.ts'
import { shapeOf } from '../shape.ts'
import { changesOf, fieldsOf, minus, NOTHING, union, type FieldSet } from './field-set.ts'

/** Whose fields these are: one entry of metadata.managedFields. */
export interface Manager {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  readonly time: string
  readonly subresource: string
  readonly fields: FieldSet
}

const OWNERLESS = new Set(
  [
    ...['name', 'namespace', 'generateName', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'],
    ...['selfLink', 'uid', 'resourceVersion', 'generation', 'managedFields'],
  ].map((key) => `f:${key}`),
)

/** Without what nobody owns: the object's identity and what the server says. */
function owned(fields: FieldSet): FieldSet {
  const { 'f:apiVersion': _version, 'f:kind': _kind, 'f:metadata': metadata, '.': _self, ...rest } = fields
  const kept = Object.entries(metadata ?? {}).filter(([key]) => !OWNERLESS.has(key) && key !== '.')
  return kept.length === 0 ? rest : { 'f:metadata': Object.fromEntries(kept), ...rest }
}

/** All fields of an object that somebody may own. */
export const ownableFields = (type: ServedType, object: Json): FieldSet => owned(fieldsOf(shapeOf(type), object))

export function managersOf(object: Json): Manager[] {
  return listAt(recordAt(object, 'metadata'), 'managedFields')
    .filter(isRecord)
    .map((entry) => ({
      manager: stringAt(entry, 'manager'),
      operation: entry['operation'] === 'Apply' ? 'Apply' : 'Update',
      apiVersion: stringAt(entry, 'apiVersion'),
      time: stringAt(entry, 'time'),
      subresource: stringAt(entry, 'subresource'),
      fields: recordAt(entry, 'fieldsV1') as unknown as FieldSet,
    }))
}

const isEmpty = (fields: FieldSet): boolean => Object.keys(fields).length === 0

export function writeManagers(object: Json, managers: readonly Manager[]): void {
  const kept = managers.filter(({ fields }) => !isEmpty(fields))
  const metadata = metadataOf(object)
  if (kept.length === 0) {
    delete metadata['managedFields']
    return
  }
  metadata['managedFields'] = kept.map(({ manager, operation, apiVersion, time, subresource, fields }) => ({
    manager,
    operation,
    apiVersion,
    ...(time === '' ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: fields,
    ...(subresource === '' ? {} : { subresource }),
  }))
}

export const isSame = (a: Omit<Manager, 'fields' | 'time'>, b: Omit<Manager, 'fields' | 'time'>): boolean =>
  a.manager === b.manager && a.operation === b.operation && a.subresource === b.subresource

/** Most Update entries of one object; the oldest are forgotten first. */
const MOST_UPDATERS = 10

export interface Author {
  readonly manager: string
  readonly subresource: string
}

/**
 * Writes down that a plain write made `object` of `before`: its author owns what changed, and nobody else does. Null
 * for `before`: everything is new.
 */
export function trackUpdate(core: Core, type: ServedType, object: Json, before: Json | null, author: Author): void {
  const reset = isReset(object)
  const known = before === null || reset ? [] : managersOf(object)
  const { changed, removed } = changesOf(shapeOf(type), before === null ? {} : before, object)
  const gained = changed === null ? {} : owned(changed)
  // A new object's status is the server's.
  if (type.hasStatus && author.subresource === '') delete gained['f:status']
  const lost = removed === null ? {} : owned(removed)
  if (isEmpty(gained) && isEmpty(lost)) {
    writeManagers(object, known)
    return
  }
  const own = { ...author, operation: 'Update' as const, apiVersion: apiVersionOf(type) }
  const touched = union(gained, lost)
  const others = known
    .filter((one) => !isSame(one, own))
    .map((one) => ({ ...one, fields: minus(one.fields, touched) ?? {} }))
  const mine = known.find((one) => isSame(one, own))
  const fields = minus(union(mine?.fields ?? {}, gained), isEmpty(lost) ? NOTHING : lost) ?? {}
  const isUnchanged = mine !== undefined && equalJson(mine.fields, fields)
  const time = isUnchanged ? mine.time : timestamp(core.clock.nowMs())
  const cleaned = { ...own, time, fields: owned(fields) }
  const updaters = others.filter((one) => one.operation === 'Update')
  const forgotten = new Set(updaters.slice(0, Math.max(0, updaters.length - MOST_UPDATERS + 1)))
  writeManagers(object, [...others.filter((one) => !forgotten.has(one)), cleaned])
}

/** An empty list, or one of nothing, takes all owners off. */
function isReset(object: Json): boolean {
  const list = recordAt(object, 'metadata')['managedFields']
  return (
    Array.isArray(list) &&
    (list.length === 0 || (list.length === 1 && isRecord(list[0]) && Object.keys(list[0]).length === 0))
  )
}
