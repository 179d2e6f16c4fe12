// Positions below are bounded by the loops around them, so `!` on typed arrays is used freely in this file.

/**
 * Which of several sets of nodes lie within which: sets that are equal are compared once, since most classes pass on
 * the same nodes. O(sets × nodes) at the start, O(nodes) for each two different ones that are asked about.
 */
export class Patterns {
  /** Per set the number of its first equal. */
  readonly #numbers: readonly number[]
  readonly #sets: readonly Uint8Array[]
  readonly #within: Map<number, boolean> = new Map()

  /** Per node 1 where it is in the set, else 0. */
  constructor(sets: readonly Uint8Array[]) {
    const byHash = new Map<number, number[]>()
    this.#sets = sets
    this.#numbers = sets.map((set, i) => {
      const hash = hashOf(set)
      const alike = byHash.get(hash) ?? []
      byHash.set(hash, alike)
      const first = alike.find((other) => isEqual(sets[other]!, set))
      if (first === undefined) alike.push(i)
      return first ?? i
    })
  }

  isWithin(inner: number, outer: number): boolean {
    const [a, b] = [this.#numbers[inner]!, this.#numbers[outer]!]
    if (a === b) return true
    const key = a * this.#sets.length + b
    let is = this.#within.get(key)
    if (is === undefined) this.#within.set(key, (is = isWithin(this.#sets[a]!, this.#sets[b]!)))
    return is
  }
}

function isWithin(inner: Uint8Array, outer: Uint8Array): boolean {
  for (let n = 0; n < inner.length; n++) if (inner[n]! > outer[n]!) return false
  return true
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  for (let n = 0; n < a.length; n++) if (a[n] !== b[n]) return false
  return true
}

/** FNV-1a. */
function hashOf(set: Uint8Array): number {
  let hash = 0x811c9dc5
  for (let n = 0; n < set.length; n++) hash = Math.imul(hash ^ set[n]!, 0x01000193)
  return hash
}
