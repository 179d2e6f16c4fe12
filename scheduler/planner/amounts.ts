// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/** How many pods of a class one domain holds. */
export interface Amount {
  readonly domain: number
  readonly pods: number
}

/** Per amount how many domains hold it: how many of the largest reach as many as there are amounts. */
export function fewestOfTally(tally: Int32Array): number {
  let left = tally.length
  let used = 0
  for (let amount = tally.length - 1; amount > 0; amount--) {
    const needed = Math.ceil(left / amount)
    if (tally[amount]! >= needed) return used + needed
    left -= tally[amount]! * amount
    used += tally[amount]!
  }
  return Number.POSITIVE_INFINITY
}

/** How many of the largest it takes; infinity where all do not do. */
function fewestOf(amounts: readonly Amount[], pods: number): number {
  let left = pods
  for (let i = 0; i < amounts.length; i++) {
    left -= amounts[i]!.pods
    if (left <= 0) return i + 1
  }
  return Number.POSITIVE_INFINITY
}

/** The fewest domains that hold so many: the largest, and the last as tight as it can be. */
export function tightest(amounts: readonly Amount[], pods: number): readonly number[] {
  const count = fewestOf(amounts, pods)
  const taken = amounts.slice(0, count - 1)
  const missing = pods - taken.reduce((sum, each) => sum + each.pods, 0)
  let last = amounts[count - 1]
  for (let i = count - 1; i < amounts.length && amounts[i]!.pods >= missing; i++) {
    if (amounts[i]!.pods < last!.pods) last = amounts[i]
  }
  return [...taken, ...(last === undefined ? [] : [last])].map(({ domain }) => domain).sort((a, b) => a - b)
}
