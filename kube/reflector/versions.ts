/**
 * resourceVersions compare as decimal numbers wherever they are numbers, which Kubernetes has promised for its own
 * kinds and every known server keeps. Null: one of them is something else, so nothing can be said.
 */
export function compareVersions(a: string, b: string): number | null {
  if (!isNumber(a) || !isNumber(b)) return null
  if (a.length !== b.length) return a.length - b.length
  return a === b ? 0 : a < b ? -1 : 1
}

const isNumber = (version: string): boolean => /^(0|[1-9]\d*)$/.test(version)

/** Certainly older: what cannot be compared is not. */
export const isOlder = (a: string, b: string | null): boolean => b !== null && (compareVersions(a, b) ?? 0) < 0

/** Not newer than what is known: told before, or late. What cannot be compared counts as news. */
export const isOldNews = (version: string, known: string): boolean => (compareVersions(version, known) ?? 1) <= 0

export const newest = (a: string | null, b: string): string => (isOlder(b, a) ? (a ?? b) : b)
