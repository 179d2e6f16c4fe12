import { byteOrder, equalJson, isRecord, setOwn, type Json } from '../json.ts'
import { ANY, type ListShape, type Shape } from '../shape.ts'

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
  if (shape.kind === 'struct') return shape.fields.get(key) ?? ANY
  return ANY
}

/** `k:{"name":"a"}` or `v:"a"`: what tells an item of a list from the others. */
export function itemElement(shape: ListShape, item: unknown): string {
  if (shape.listType === 'set') return `v:${JSON.stringify(item)}`
  const record = isRecord(item) ? item : {}
  const parts: string[] = []
  for (const key of sortedKeys(shape)) {
    // Ports are told apart by a protocol that is seldom written.
    const value = record[key] === undefined && key === 'protocol' ? 'TCP' : record[key]
    if (value !== undefined) parts.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`)
  }
  return `k:{${parts.join(',')}}`
}

const keysInOrder = new WeakMap<ListShape, readonly string[]>()

function sortedKeys(shape: ListShape): readonly string[] {
  const known = keysInOrder.get(shape)
  if (known !== undefined) return known
  const keys = [...shape.keys].sort(byteOrder)
  keysInOrder.set(shape, keys)
  return keys
}

/** Whether a set holds nothing below itself; asked too often for a list of the keys. */
const isBare = (fields: FieldSet): boolean => {
  for (const _key in fields) return false
  return true
}

/** All fields of a value. */
export function fieldsOf(shape: Shape, value: unknown): FieldSet {
  if (isLeaf(shape, value)) return {}
  const fields: FieldSet = {}
  if (shape.kind === 'list') {
    for (const item of value as unknown[]) {
      const below = shape.listType === 'set' ? {} : fieldsOf(shape.item, item)
      fields[itemElement(shape, item)] = isBare(below) ? below : { '.': {}, ...below }
    }
    return fields
  }
  const record = value as Json
  for (const key of Object.keys(record)) {
    const below = fieldsOf(childShape(shape, key), record[key])
    fields[`f:${key}`] = shape.kind === 'map' && !isBare(below) ? { '.': {}, ...below } : below
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
    const record = value as Json
    for (const key of Object.keys(record)) fields[`f:${key}`] = addedFields(childShape(shape, key), record[key])
  }
  return isBare(fields) ? fields : { '.': {}, ...fields }
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
  if (!isBare(a) && !isBare(b) && !haveCommon(a, b)) return a
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

function haveCommon(a: FieldSet, b: FieldSet): boolean {
  for (const key in b) if (Object.hasOwn(a, key)) return true
  return false
}

const keyed = (shape: ListShape, value: unknown): Map<string, unknown> =>
  new Map((Array.isArray(value) ? (value as unknown[]) : []).map((item) => [itemElement(shape, item), item]))

/** What a write changed of a value: the fields as they are now, and those that are gone. */
interface Changes {
  readonly changed: FieldSet | null
  readonly removed: FieldSet | null
}

const UNCHANGED: Changes = { changed: null, removed: null }

/** The fields whose values differ, or that only one of both has: as they are in `after`, and those that are gone. */
export function changesOf(shape: Shape, written: unknown, after: unknown): Changes {
  if (written === after) return UNCHANGED
  const before = written ?? (isLeaf(shape, after) ? undefined : unwritten(shape))
  if (before === undefined) return { changed: after === undefined ? null : addedFields(shape, after), removed: null }
  if (after === undefined) return { changed: null, removed: addedFields(shape, before) }
  if (isLeaf(shape, before) || isLeaf(shape, after)) {
    return equalJson(before, after) ? UNCHANGED : { changed: fieldsOf(shape, after), removed: null }
  }
  return shape.kind === 'list' ? listChanges(shape, before, after) : recordChanges(shape, before as Json, after as Json)
}

const orNull = (fields: FieldSet): FieldSet | null => (isBare(fields) ? null : fields)

function listChanges(shape: ListShape, before: unknown, after: unknown): Changes {
  // Most writes leave most lists alone: telling that is cheaper than naming every item.
  if (equalJson(before, after)) return UNCHANGED
  const old = keyed(shape, before)
  const next = keyed(shape, after)
  const itemShape: Shape = shape.listType === 'set' ? ANY : shape.item
  const changed: FieldSet = {}
  const removed: FieldSet = {}
  for (const element of new Set([...old.keys(), ...next.keys()])) {
    const part = changesOf(itemShape, old.get(element), next.get(element))
    if (part.changed !== null) setOwn(changed as Json, element, part.changed)
    if (part.removed !== null) setOwn(removed as Json, element, part.removed)
  }
  return { changed: orNull(changed), removed: orNull(removed) }
}

function recordChanges(shape: Shape, before: Json, after: Json): Changes {
  const changed: FieldSet = {}
  const removed: FieldSet = {}
  const compare = (key: string, old: unknown, next: unknown): void => {
    if (old === next) return
    const part = changesOf(childShape(shape, key), old, next)
    if (part.changed !== null) changed[`f:${key}`] = part.changed
    if (part.removed !== null) removed[`f:${key}`] = part.removed
  }
  for (const key of Object.keys(before)) compare(key, before[key], Object.hasOwn(after, key) ? after[key] : undefined)
  for (const key of Object.keys(after)) if (!Object.hasOwn(before, key)) compare(key, undefined, after[key])
  return { changed: orNull(changed), removed: orNull(removed) }
}

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
