/** Completion indexes as a Job's status writes them: `0,2-5`. */

/** Of each range 100,000 indexes at most are read. */
const RANGE_MAX = 100_000

export function parseIndexes(text: string): Set<number> {
  const indexes = new Set<number>()
  for (const part of text.split(',')) {
    const [first, last] = part.split('-').map(Number)
    if (part === '' || first === undefined || Number.isNaN(first)) continue
    const end = Math.min(last ?? first, first + RANGE_MAX)
    for (let index = first; index <= end; index++) indexes.add(index)
  }
  return indexes
}

/** Runs of three and more become a range; two neighbours stay two. */
export function writeIndexes(indexes: ReadonlySet<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b)
  const parts: string[] = []
  for (let i = 0; i < sorted.length; ) {
    let end = i
    while (sorted[end + 1] === (sorted[end] ?? 0) + 1) end++
    parts.push(end - i >= 2 ? `${sorted[i]}-${sorted[end]}` : sorted.slice(i, end + 1).join(','))
    i = end + 1
  }
  return parts.join(',')
}

/** The lowest `count` indexes below `end` that are not taken. */
export function firstFree(taken: ReadonlySet<number>, count: number, end: number): number[] {
  const free: number[] = []
  for (let index = 0; index < end && free.length < count; index++) if (!taken.has(index)) free.push(index)
  return free
}
