/**
 * Keeps V8's young generation small. While a large cluster is listed V8 lets it grow to 96 MB and more, and gives that
 * back only at a full collection in a quiet moment, which may not come for hours. Node's own flag for it must stand before
 * the script's name, so it would be missing wherever someone starts `espalier` in another way.
 */
import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** Three semi-spaces of 8 MB. It doubles, and is looked at after a collection, so it may end at somewhat more. */
const LIMIT_BYTES = 24 * 2 ** 20

const youngBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0

/** From now on the young generation grows as V8 likes below that limit, also after V8 has shrunk it, and not above. */
export function limitYoungGeneration(): void {
  new PerformanceObserver(youngGenerationLimit()).observe({ entryTypes: ['gc'] })
}

/** What keeps the limit, to be called after collections: observers hear nothing while one turn of the process runs. */
export function youngGenerationLimit(): () => void {
  let isLimited = false
  return () => {
    const isLarge = youngBytes() >= LIMIT_BYTES
    if (isLarge === isLimited) return
    isLimited = isLarge
    setFlagsFromString(`--semi-space-growth-factor=${isLarge ? 1 : 2}`)
  }
}
