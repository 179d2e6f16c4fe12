import type { CompiledLevel } from './index-types.ts'

const known = new WeakMap<CompiledLevel, WeakMap<CompiledLevel, Int32Array | null>>()

/**
 * Per domain of `narrow` the domain of `broad` around it; -1 where its nodes lie outside all of them. Null where some
 * domain of `narrow` has nodes in two of them, or in one and outside: the levels cross. A level that
 * changes is another object, so each pair is worked out once. O(nodes) the first time.
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

const insides = new WeakMap<CompiledLevel, WeakMap<CompiledLevel, readonly Int32Array[] | null>>()

/**
 * Per domain of `broad` the domains of `narrow` in it, in order. Null where the levels cross. Each pair is worked out
 * once. O(domains of both) beside domainsAround.
 */
export function domainsInside(narrow: CompiledLevel, broad: CompiledLevel): readonly Int32Array[] | null {
  let ofNarrow = insides.get(narrow)
  if (ofNarrow === undefined) insides.set(narrow, (ofNarrow = new WeakMap()))
  let inside = ofNarrow.get(broad)
  if (inside === undefined) ofNarrow.set(broad, (inside = turnAround(domainsAround(narrow, broad), broad.paths.length)))
  return inside
}

function turnAround(around: Int32Array | null, count: number): readonly Int32Array[] | null {
  if (around === null) return null
  const inside: number[][] = Array.from({ length: count }, () => [])
  around.forEach((outer, d) => {
    if (outer >= 0) inside[outer]?.push(d)
  })
  return inside.map((domains) => Int32Array.from(domains))
}
