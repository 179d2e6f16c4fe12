/**
 * Labels and annotations that a user wrote in one object and that we copied to another. Their keys are noted there, so
 * that a key that the user takes away goes, and one that somebody else put there stays.
 */
export const APPLIED_KEYS = 'espalier.io/applied-keys'

/** `l:app,a:team/owner`: label and annotation keys in byte order. Null: nothing was copied, so nothing is noted. */
export function appliedKeys(labels: readonly string[], annotations: readonly string[]): string | null {
  const keys = [...labels.map((key) => `l:${key}`), ...annotations.map((key) => `a:${key}`)].sort()
  return keys.length === 0 ? null : keys.join(',')
}

export function parseAppliedKeys(text: string | undefined): { labels: string[]; annotations: string[] } {
  const keys = (text ?? '').split(',')
  const of = (prefix: string): string[] => keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(2))
  return { labels: of('l:'), annotations: of('a:') }
}
