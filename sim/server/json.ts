/** Plain JSON values, as they come from a body and go into one. Stored values are never changed: copy first. */
export type Json = Record<string, unknown>

export const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The record under `key`, or an empty one that is not attached. */
export function recordAt(holder: unknown, key: string): Json {
  const value = isRecord(holder) ? holder[key] : undefined
  return isRecord(value) ? value : {}
}

export function listAt(holder: unknown, key: string): unknown[] {
  const value = isRecord(holder) ? holder[key] : undefined
  return Array.isArray(value) ? value : []
}

export function stringAt(holder: unknown, key: string): string {
  const value = isRecord(holder) ? holder[key] : undefined
  return typeof value === 'string' ? value : ''
}

/** The value at a dotted path of plain field names, or undefined. */
export function valueAt(holder: unknown, path: string): unknown {
  let value = holder
  for (const part of path.split('.')) value = isRecord(value) ? value[part] : undefined
  return value
}

export function cloneJson<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(cloneJson) as T
  const copy: Json = {}
  for (const key of Object.keys(value)) setOwn(copy, key, cloneJson((value as Json)[key]))
  return copy as T
}

/** Assigns an own property also for `__proto__`, which a hostile body may carry. */
export function setOwn(holder: Json, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(holder, key, { value, enumerable: true, writable: true, configurable: true })
  else holder[key] = value
}

export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object') return false
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equalJson(item, b[i]))
  }
  if (!isRecord(a) || !isRecord(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  for (const key of keys) if (!Object.hasOwn(b, key) || !equalJson(a[key], b[key])) return false
  return true
}

/** Byte order for the ASCII names of the API. */
/** JSON with the keys of every object in byte order. */
export const sortedJson = (value: unknown): string =>
  JSON.stringify(value, (_key, found: unknown) =>
    isRecord(found) ? Object.fromEntries(Object.entries(found).sort(([a], [b]) => byteOrder(a, b))) : found,
  )

export const byteOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
