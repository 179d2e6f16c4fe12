import { badRequest } from '../api-error.ts'
import { equalJson, isRecord, setOwn, type Json } from '../json.ts'
import { ANY, type ListShape, type Shape } from '../shape.ts'

const DIRECTIVE = '$patch'
const DELETE_PRIMITIVES = '$deleteFromPrimitiveList/'
const ORDER = '$setElementOrder/'
const RETAIN_KEYS = '$retainKeys'

const fieldShape = (shape: Shape, key: string): Shape =>
  shape.kind === 'struct' ? (shape.fields.get(key) ?? ANY) : shape.kind === 'map' ? shape.value : ANY

function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value))
    return value.filter((one) => !(isRecord(one) && one[DIRECTIVE] !== undefined)).map(withoutDirectives)
  if (!isRecord(value)) return value
  const plain: Json = {}
  for (const key of Object.keys(value))
    if (!key.startsWith('$') && value[key] !== null) setOwn(plain, key, withoutDirectives(value[key]))
  return plain
}

function mergeByKey(shape: ListShape, key: string, target: readonly unknown[], patch: readonly unknown[]): unknown[] {
  if (patch.some((one) => isRecord(one) && one[DIRECTIVE] === 'replace')) return withoutDirectives(patch) as unknown[]
  const merged = [...target]
  for (const item of patch) {
    if (!isRecord(item)) throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`)
    if (item[key] === undefined)
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`)
    const at = merged.findIndex((one) => isRecord(one) && equalJson(one[key], item[key]))
    if (item[DIRECTIVE] === 'delete') {
      if (at >= 0) merged.splice(at, 1)
    } else if (at >= 0) merged[at] = strategicPatch(merged[at], item, shape.item)
    else merged.push(withoutDirectives(item))
  }
  return merged
}

function mergeList(shape: Shape, target: unknown, patch: readonly unknown[]): unknown[] {
  if (shape.kind !== 'list' || shape.mergeKey === null) return withoutDirectives(patch) as unknown[]
  const known = Array.isArray(target) ? (target as unknown[]) : []
  if (shape.mergeKey !== '') return mergeByKey(shape, shape.mergeKey, known, patch)
  return [...known, ...patch.filter((one) => !known.some((other) => equalJson(one, other)))]
}

/** Puts a list into the order that the patch states; what it does not name keeps its place behind. */
function ordered(shape: Shape, list: unknown, order: readonly unknown[]): unknown {
  if (!Array.isArray(list)) return list
  const key = shape.kind === 'list' ? (shape.mergeKey ?? '') : ''
  const rank = (item: unknown): number => {
    const at = order.findIndex((one) =>
      key === '' ? equalJson(one, item) : isRecord(one) && isRecord(item) && equalJson(one[key], item[key]),
    )
    return at < 0 ? order.length : at
  }
  return [...(list as unknown[])].sort((a, b) => rank(a) - rank(b))
}

function directives(merged: Json, patch: Json, shape: Shape): void {
  for (const key of Object.keys(patch)) {
    const value = patch[key]
    if (key.startsWith(DELETE_PRIMITIVES) && Array.isArray(value)) {
      const field = key.slice(DELETE_PRIMITIVES.length)
      const list = merged[field]
      if (Array.isArray(list))
        merged[field] = list.filter((one: unknown) => !value.some((other) => equalJson(one, other)))
    }
    if (key.startsWith(ORDER) && Array.isArray(value)) {
      const field = key.slice(ORDER.length)
      if (merged[field] !== undefined) merged[field] = ordered(fieldShape(shape, field), merged[field], value)
    }
    if (key === RETAIN_KEYS && Array.isArray(value)) {
      for (const field of Object.keys(merged)) if (!value.includes(field)) delete merged[field]
    }
  }
}

/**
 * Kubernetes' strategic merge patch: as a merge patch, but lists with a merge key are merged item by item, and `$patch`,
 * `$deleteFromPrimitiveList`, `$setElementOrder` and `$retainKeys` are obeyed. Does not change its arguments.
 */
export function strategicPatch(target: unknown, patch: unknown, shape: Shape): unknown {
  if (!isRecord(patch)) return patch
  if (patch[DIRECTIVE] === 'replace') return withoutDirectives(patch)
  if (patch[DIRECTIVE] === 'delete') return {}
  const merged: Json = isRecord(target) ? { ...target } : {}
  for (const key of Object.keys(patch)) {
    const value = patch[key]
    if (key.startsWith('$')) continue
    if (value === null) delete merged[key]
    else if (Array.isArray(value)) merged[key] = mergeList(fieldShape(shape, key), merged[key], value)
    else setOwn(merged, key, isRecord(value) ? strategicPatch(merged[key], value, fieldShape(shape, key)) : value)
  }
  directives(merged, patch, shape)
  return merged
}
