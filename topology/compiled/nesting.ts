import type { CompiledLevel } from './index-types.ts'

const known = new WeakMap<CompiledLevel, WeakMap<CompiledLevel, Int32Array | null>>()

/**
 * Per domain of `narrow` the domain of `broad` around it, or null where some domain of `narrow` has nodes in two of
 * them (the levels cross) or a node outside all of them. Levels are immutable, so each pair is worked out once.
 */
export function domainsAround(narrow: CompiledLevel, broad: CompiledLevel): Int32Array | null {
  let ofNarrow = known.get(narrow)
  if (ofNarrow === undefined) known.set(narrow, (ofNarrow = new WeakMap()))
  let around = ofNarrow.get(broad)
  if (around === undefined) ofNarrow.set(broad, (around = workOut(narrow, broad)))
  return around
}

function workOut(narrow: CompiledLevel, broad: CompiledLevel): Int32Array | null {
  const around = new Int32Array(narrow.paths.length).fill(-1)
  for (let n = 0; n < narrow.domainOf.length; n++) {
    const inner = narrow.domainOf[n]!
    if (inner < 0) continue
    const outer = broad.domainOf[n]!
    if (outer < 0 || (around[inner] !== -1 && around[inner] !== outer)) return null
    around[inner] = outer
  }
  return around
}
