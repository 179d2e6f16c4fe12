import { badRequest } from './api-error.ts'
import { isRecord } from './json.ts'

/** Where the next page starts; version 0 means "whatever is newest" (after a token that had expired). */
export interface PageToken {
  readonly version: number
  /** Key of the last object that was given. */
  readonly after: string
}

export function writeToken({ version, after }: PageToken): string {
  const text = JSON.stringify({ v: 'meta.k8s.io/v1', rv: version === 0 ? -1 : version, start: `${after}\u0000` })
  return Buffer.from(text).toString('base64url')
}

export function readToken(token: string): PageToken {
  const bad = token.search(/[^\w-]/)
  if (bad >= 0 || token.length % 4 === 1) {
    throw badRequest(
      `invalid continue token: continue key is not valid: illegal base64 data at input byte ${Math.max(0, bad)}`,
    )
  }
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, 'base64url').toString())
    if (isRecord(parsed) && typeof parsed['rv'] === 'number' && typeof parsed['start'] === 'string') {
      return { version: Math.max(0, parsed['rv']), after: parsed['start'].replace(/\0$/, '') }
    }
  } catch {
    // Told below, as for any other text that is no token.
  }
  throw badRequest('continue key is not valid: incorrect encoded start key (v1)')
}
