/** Longer texts rarely recur. */
const LENGTH_MAX = 64
const SLOTS = 2 ** 13
const FNV_PRIME = 0x01000193
const FNV_OFFSET = 0x811c9dc5

/**
 * Texts by their bytes, so that what thousands of objects share (label values, taints, names of owners) is one string
 * and costs no decoding. A table of fixed size: of two texts in one slot the later stays.
 */
export class SharedTexts {
  readonly #slots: (string | undefined)[] = Array.from<string | undefined>({ length: SLOTS }).fill(undefined)

  of(bytes: Buffer, from: number, end: number): string {
    if (end - from > LENGTH_MAX) return bytes.toString('utf8', from, end)
    let hash = FNV_OFFSET
    let or = 0
    for (let i = from; i < end; i++) {
      const byte = bytes[i]!
      or |= byte
      hash = Math.imul(hash ^ byte, FNV_PRIME)
    }
    if (or >= 0x80) return bytes.toString('utf8', from, end)
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1)
    const known = this.#slots[slot]
    if (known !== undefined && isThere(known, bytes, from, end)) return known
    const text = bytes.toString('latin1', from, end)
    this.#slots[slot] = text
    return text
  }
}

function isThere(text: string, bytes: Buffer, from: number, end: number): boolean {
  if (text.length !== end - from) return false
  for (let i = from; i < end; i++) if (text.charCodeAt(i - from) !== bytes[i]) return false
  return true
}
