/** A domain with the units that it has and the places for more. */
export interface Shelf {
  readonly units: number
  readonly places: number
}

/**
 * How high the highest stands after so many units were added, each to the lowest that has a place: no other way ends
 * lower, and none leaves the lowest higher. Infinity where there is no place at all.
 */
export function levelAfter(shelves: readonly Shelf[], adding: number): number {
  const ends = shelves.flatMap(({ units, places }) => (places > 0 ? [units, units + places] : []))
  const added = (level: number): number =>
    shelves.reduce((sum, { units, places }) => sum + Math.min(places, Math.max(0, level - units)), 0)
  if (ends.length === 0) return Number.POSITIVE_INFINITY
  let low = ends.reduce((least, end) => Math.min(least, end))
  let high = ends.reduce((most, end) => Math.max(most, end))
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (added(middle) >= adding) high = middle
    else low = middle + 1
  }
  return low
}
