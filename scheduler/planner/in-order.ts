/** In order; a list that is so already, which most are, is given back as it is. */
export function inOrder<T>(items: readonly T[], compare: (a: T, b: T) => number): readonly T[] {
  for (let i = 1; i < items.length; i++) {
    if (compare(items[i - 1] as T, items[i] as T) > 0) return items.toSorted(compare)
  }
  return items
}
