import { isRecord, setOwn, type Json } from '../json.ts'
import type { Shape } from '../shape.ts'
import { childShape, isLeaf, isMember, itemElement, type FieldSet } from './field-set.ts'

/** What is applied, laid over what is there. Items keep their places; new ones come last. Changes neither. */
export function mergeApplied(shape: Shape, live: unknown, applied: unknown): unknown {
  if (live === undefined || live === null || isLeaf(shape, applied) || isLeaf(shape, live)) return applied
  if (shape.kind === 'list') {
    const wanted = new Map((applied as unknown[]).map((item) => [itemElement(shape, item), item]))
    const merged = (live as unknown[]).map((item) => {
      const element = itemElement(shape, item)
      const over = wanted.get(element)
      wanted.delete(element)
      return over === undefined || shape.listType === 'set' ? item : mergeApplied(shape.item, item, over)
    })
    return [...merged, ...wanted.values()]
  }
  const merged: Json = { ...(live as Json) }
  for (const [key, value] of Object.entries(applied as Json)) {
    setOwn(
      merged,
      key,
      mergeApplied(childShape(shape, key), Object.hasOwn(merged, key) ? merged[key] : undefined, value),
    )
  }
  return merged
}

/**
 * Takes away what its owner no longer applies and nobody else owns. `gone`: the fields given up; `others`: those of all
 * other owners; `kept`: those applied now. Undefined: nothing is left.
 */
export function dropGivenUp(shape: Shape, value: unknown, gone: FieldSet, others: FieldSet, kept: FieldSet): unknown {
  if (isLeaf(shape, value)) return value
  const isGone = (element: string): boolean => gone[element] !== undefined
  const isHeld = (element: string): boolean => others[element] !== undefined || kept[element] !== undefined
  const below = (element: string, inner: Shape, item: unknown): unknown => {
    if (!isGone(element)) return item
    if (isMember(gone[element]!) && !isHeld(element)) return undefined
    return dropGivenUp(inner, item, gone[element]!, others[element] ?? {}, kept[element] ?? {})
  }
  if (shape.kind === 'list') {
    return (value as unknown[])
      .map((item) => below(itemElement(shape, item), shape.listType === 'set' ? { kind: 'any' } : shape.item, item))
      .filter((item) => item !== undefined)
  }
  const left: Json = {}
  let hasLost = false
  for (const [key, item] of Object.entries(value as Json)) {
    const next = below(`f:${key}`, childShape(shape, key), item)
    if (
      next === undefined ||
      (isGone(`f:${key}`) && isRecord(next) && Object.keys(next).length === 0 && !isHeld(`f:${key}`))
    )
      hasLost = true
    else setOwn(left, key, next)
  }
  return hasLost && Object.keys(left).length === 0 ? undefined : left
}
