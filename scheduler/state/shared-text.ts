/** So many different texts are kept; a cluster with more starts anew, and then some text stands twice. */
const SHARED_MAX = 100_000
const known = new Map<string, string>()

/**
 * The string that was first seen with this text. What many objects say alike (a namespace, the gang of a pod) is then one
 * string: less memory, its hash is worked out once, and comparing two of them is mostly comparing identity.
 */
export function sharedText(text: string): string {
  const first = known.get(text)
  if (first !== undefined) return first
  if (known.size >= SHARED_MAX) known.clear()
  known.set(text, text)
  return text
}
