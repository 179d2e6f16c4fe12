import type { CompiledLevel } from './index-types.ts'

const known = new WeakMap<CompiledLevel, WeakMap<CompiledLevel, Int32Array | null>>()

/**
 * Per domain of `narrow` the domain of `broad` around it; -1 where its nodes lie outside all of them. Null where some
 * domain of `narrow` has nodes in two of them, or in one and outside: the levels cross. Levels are immutable, so each
 * pair is worked out once. O(nodes) the first time.
 */
export function domainsAround(narrow: CompiledLevel, broad: CompiledLevel): Int32Array | null {
  let ofNarrow = known.get(narrow)
  if (ofNarrow === undefined) known.set(narrow, (ofNarrow = new WeakMap()))
  let around = ofNarrow.get(broad)
  if (around === undefined) ofNarrow.set(broad, (around = workOut(narrow, broad)))
  return around
}

function workOut(narrow: CompiledLevel, broad: CompiledLevel): Int32Array | null {
  const UNSEEN = -2
  const around = new Int32Array(narrow.paths.length).fill(UNSEEN)
  for (let n = 0; n < narrow.domainOf.length; n++) {
    const inner = narrow.domainOf[n]!
    if (inner < 0) continue
    const outer = broad.domainOf[n]!
    if (around[inner] === UNSEEN) around[inner] = outer
    else if (around[inner] !== outer) return null
  }
  return around
}
