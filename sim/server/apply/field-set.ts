import { byteOrder, equalJson, isRecord, setOwn, type Json } from '../json.ts'
import type { ListShape, Shape } from '../shape.ts'

/**
 * A set of fields, in the form of FieldsV1: `{"f:spec": {"f:replicas": {}}}`. A node without children is a member; one
 * with children is a member only if it has the child `.`.
 */
export interface FieldSet {
  [element: string]: FieldSet
}

/** The empty set: a node of its own, for `{}` says that the node itself is a member. */
export const NOTHING: FieldSet = { '\0': {} }

export const isMember = (node: FieldSet): boolean => {
  const keys = Object.keys(node)
  return keys.length === 0 || keys.includes('.')
}

/** What kind of children a value of this shape has: none means that it is owned as a whole. */
export function isLeaf(shape: Shape, value: unknown): boolean {
  switch (shape.kind) {
    case 'scalar':
      return true
    case 'any':
      return !isRecord(value)
    case 'list':
      return shape.listType === 'atomic' || !Array.isArray(value)
    default:
      return shape.isAtomic || !isRecord(value)
  }
}

/** The shape of a field; what a schema does not know is granular by its own form. */
export function childShape(shape: Shape, key: string): Shape {
  if (shape.kind === 'map') return shape.value
  if (shape.kind === 'struct') return shape.fields.get(key) ?? { kind: 'any' }
  return { kind: 'any' }
}

/** `k:{"name":"a"}` or `v:"a"`: what tells an item of a list from the others. */
export function itemElement(shape: ListShape, item: unknown): string {
  if (shape.listType === 'set') return `v:${JSON.stringify(item)}`
  const keys = [...shape.keys].sort(byteOrder)
  const parts = keys.flatMap((key): [string, unknown][] => {
    const value = isRecord(item) ? item[key] : undefined
    // Ports are told apart by a protocol that is seldom written.
    return value === undefined ? (key === 'protocol' ? [[key, 'TCP']] : []) : [[key, value]]
  })
  return `k:${JSON.stringify(Object.fromEntries(parts))}`
}

/** All fields of a value. */
export function fieldsOf(shape: Shape, value: unknown): FieldSet {
  if (isLeaf(shape, value)) return {}
  const fields: FieldSet = {}
  if (shape.kind === 'list') {
    for (const item of value as unknown[]) {
      const below = shape.listType === 'set' ? {} : fieldsOf(shape.item, item)
      fields[itemElement(shape, item)] = Object.keys(below).length === 0 ? {} : { '.': {}, ...below }
    }
    return fields
  }
  const record = value as Json
  for (const key of Object.keys(record)) {
    const below = fieldsOf(childShape(shape, key), record[key])
    const isItem = shape.kind === 'map' && Object.keys(below).length > 0
    fields[`f:${key}`] = isItem ? { '.': {}, ...below } : below
  }
  return fields
}

/** All fields of a value that was not there at all, with everything that holds others. */
function addedFields(shape: Shape, value: unknown): FieldSet {
  if (isLeaf(shape, value)) return {}
  const fields: FieldSet = {}
  if (shape.kind === 'list') {
    for (const item of value as unknown[]) {
      fields[itemElement(shape, item)] = shape.listType === 'set' ? {} : addedFields(shape.item, item)
    }
  } else {
    for (const [key, below] of Object.entries(value as Json))
      fields[`f:${key}`] = addedFields(childShape(shape, key), below)
  }
  return Object.keys(fields).length === 0 ? {} : { '.': {}, ...fields }
}

/** What stands in an object of Go where nobody wrote the field: structs that are no pointers, and lists that are told as null. */
function unwritten(shape: Shape): unknown {
  if (shape.kind === 'struct' && shape.isInline === true) return {}
  return shape.kind === 'list' && shape.isInline === true ? [] : undefined
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  // A member without children that gets some stays a member.
  const result: FieldSet = { ...(isMember(a) && Object.keys(b).length > 0 ? { '.': {} } : {}), ...a }
  if (isMember(b) && Object.keys(a).length > 0) result['.'] = {}
  for (const key of Object.keys(b)) {
    const mine = Object.hasOwn(a, key) ? a[key] : undefined
    setOwn(result as Json, key, mine === undefined ? b[key] : union(mine, b[key]!))
  }
  return result
}

/** The members of `a` that are not members of `b`; null when none is left. */
export function minus(a: FieldSet, b: FieldSet): FieldSet | null {
  const isOwn = isMember(a) && !isMember(b)
  const result: FieldSet = {}
  for (const key of Object.keys(a)) {
    if (key === '.') continue
    const other = Object.hasOwn(b, key) ? b[key] : undefined
    const rest = other === undefined ? a[key]! : minus(a[key]!, other)
    if (rest !== null) setOwn(result as Json, key, rest)
  }
  if (Object.keys(result).length === 0) return isOwn ? {} : null
  return isOwn ? { '.': {}, ...result } : result
}

const keyed = (shape: ListShape, value: unknown): Map<string, unknown> =>
  new Map((Array.isArray(value) ? (value as unknown[]) : []).map((item) => [itemElement(shape, item), item]))

/** The fields whose values differ, or that only one of both has: as they are in `after`, and those that are gone. */
export function changesOf(
  shape: Shape,
  written: unknown,
  after: unknown,
): { changed: FieldSet | null; removed: FieldSet | null } {
  const before = written ?? (isLeaf(shape, after) ? undefined : unwritten(shape))
  if (before === undefined) return { changed: after === undefined ? null : addedFields(shape, after), removed: null }
  if (after === undefined) return { changed: null, removed: addedFields(shape, before) }
  if (isLeaf(shape, before) || isLeaf(shape, after)) {
    return { changed: equalJson(before, after) ? null : fieldsOf(shape, after), removed: null }
  }
  const [old, next, shapeAt] =
    shape.kind === 'list'
      ? [
          keyed(shape, before),
          keyed(shape, after),
          (): Shape => (shape.listType === 'set' ? { kind: 'any' } : shape.item),
        ]
      : [
          prefixed(before as Json),
          prefixed(after as Json),
          (element: string): Shape => childShape(shape, element.slice(2)),
        ]
  const changed: FieldSet = {}
  const removed: FieldSet = {}
  for (const element of new Set([...old.keys(), ...next.keys()])) {
    const part = changesOf(shapeAt(element), old.get(element), next.get(element))
    if (part.changed !== null) setOwn(changed as Json, element, part.changed)
    if (part.removed !== null) setOwn(removed as Json, element, part.removed)
  }
  return {
    changed: Object.keys(changed).length === 0 ? null : changed,
    removed: Object.keys(removed).length === 0 ? null : removed,
  }
}

const prefixed = (record: Json): Map<string, unknown> =>
  new Map(Object.entries(record).map(([key, value]) => [`f:${key}`, value]))

/** `.spec.containers[name="a"].image`, as conflicts are told. */
export function pathText(elements: readonly string[]): string {
  return elements
    .map((element) => {
      const rest = element.slice(2)
      if (element.startsWith('f:')) return `.${rest}`
      if (element.startsWith('v:')) return `[=${rest}]`
      const keys = Object.entries(JSON.parse(rest) as Json).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
      return `[${keys.join(',')}]`
    })
    .join('')
}
