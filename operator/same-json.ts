/**
 * Whether two JSON values say the same: the order of fields does not matter, and a field of null or undefined is as one
 * that is absent. As comparing canonical texts, without making them.
 */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b || (a ?? null) === (b ?? null)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && sameItems(a, b)
  return coveredBy(a, b) && coveredBy(b, a)
}

const sameItems = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((item, at) => sameJson(item, b[at]))

/** Every field of `a` is the same in `b`. */
function coveredBy(a: object, b: object): boolean {
  for (const field in a) {
    if (!sameJson((a as Json)[field], (b as Json)[field])) return false
  }
  return true
}

type Json = Readonly<Record<string, unknown>>
