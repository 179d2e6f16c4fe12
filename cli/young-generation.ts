/**
 * Keeps V8's young generation small. While a large cluster is listed V8 lets it grow to 96 MB and more and never gives
 * that back, though a scheduler at rest needs none of it. Node's own flag for it must stand before the script's name, so
 * it would be missing wherever someone starts `espalier` in another way.
 */
import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** Three semi-spaces of 8 MB. It doubles, and is looked at after a collection, so it may end at twice that. */
const LIMIT_BYTES = 24 * 2 ** 20

const youngBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0

/** From now on the young generation stops growing once it holds that much; before that it grows as V8 likes. */
export function limitYoungGeneration(): void {
  const collections = new PerformanceObserver(() => {
    if (youngBytes() < LIMIT_BYTES) return
    setFlagsFromString('--semi-space-growth-factor=1')
    collections.disconnect()
  })
  collections.observe({ entryTypes: ['gc'] })
}
