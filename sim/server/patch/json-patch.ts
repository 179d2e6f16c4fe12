import { ApiError, badRequest } from '../api-error.ts'
import { cloneJson, equalJson, isRecord, setOwn, stringAt, type Json } from '../json.ts'

const MAX_OPERATIONS = 10_000

/** The real server does not say which step failed. */
const refused = (): ApiError =>
  new ApiError(422, 'Invalid', 'the server rejected our request due to an error in our request', {})

const pointer = (text: string): string[] => {
  if (text === '') return []
  if (!text.startsWith('/')) throw badRequest(`invalid JSON pointer: ${JSON.stringify(text)}`)
  return text
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function child(holder: unknown, part: string): unknown {
  if (Array.isArray(holder)) return /^\d+$/.test(part) ? holder[Number(part)] : undefined
  return isRecord(holder) && Object.hasOwn(holder, part) ? holder[part] : undefined
}

function holderOf(root: unknown, parts: readonly string[]): Json | unknown[] {
  let holder = root
  for (const part of parts.slice(0, -1)) holder = child(holder, part)
  if (Array.isArray(holder) || isRecord(holder)) return holder
  throw refused()
}

function indexOf(list: readonly unknown[], part: string, isInsert: boolean): number {
  const index = part === '-' && isInsert ? list.length : Number(part)
  const last = isInsert ? list.length : list.length - 1
  if (!/^(\d+|-)$/.test(part) || !(index >= 0 && index <= last)) throw refused()
  return index
}

function add(root: Json, path: string, value: unknown, isReplace: boolean): Json {
  const parts = pointer(path)
  if (parts.length === 0) return value as Json
  const holder = holderOf(root, parts)
  const last = parts.at(-1)!
  if (Array.isArray(holder)) {
    holder.splice(indexOf(holder, last, !isReplace), isReplace ? 1 : 0, value)
  } else {
    setOwn(holder, last, value)
  }
  return root
}

function removeAt(root: Json, path: string): unknown {
  const parts = pointer(path)
  const last = parts.at(-1)
  if (last === undefined) throw refused()
  const holder = holderOf(root, parts)
  if (Array.isArray(holder)) return holder.splice(indexOf(holder, last, false), 1)[0]
  if (!Object.hasOwn(holder, last)) throw refused()
  const value = holder[last]
  delete holder[last]
  return value
}

const valueOf = (root: Json, path: string): unknown => pointer(path).reduce<unknown>(child, root)

function step(root: Json, operation: unknown): Json {
  const op = stringAt(operation, 'op')
  const path = stringAt(operation, 'path')
  const from = stringAt(operation, 'from')
  const value = isRecord(operation) ? cloneJson(operation['value']) : undefined
  switch (op) {
    case 'add':
    case 'replace':
      return add(root, path, value ?? null, op === 'replace')
    case 'remove':
      removeAt(root, path)
      return root
    case 'move':
      return add(root, path, removeAt(root, from), false)
    case 'copy':
      return add(root, path, cloneJson(valueOf(root, from)), false)
    case 'test':
      if (equalJson(valueOf(root, path) ?? null, value ?? null)) return root
      throw refused()
    default:
      throw badRequest(`unexpected kind: ${op}`)
  }
}

/** RFC 6902. Does not change its arguments. */
export function jsonPatch(target: Json, patch: unknown): Json {
  if (!Array.isArray(patch)) throw badRequest('json: cannot unmarshal object into Go value of type jsonpatch.Patch')
  if (patch.length > MAX_OPERATIONS) {
    throw new ApiError(
      413,
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`,
    )
  }
  return patch.reduce<Json>(step, cloneJson(target))
}
