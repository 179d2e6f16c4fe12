/** Longer ones rarely recur. */
const LENGTH_MAX = 512
const SLOTS = 2 ** 12
const FNV_PRIME = 0x01000193
const FNV_OFFSET = 0x811c9dc5

interface Kept {
  readonly form: object
  readonly bytes: Uint8Array
  readonly value: unknown
}

/**
 * What was read of pieces of bytes, by their form and their bytes, all of which are compared. A table of fixed size: of two
 * in one slot the later stays.
 */
export class SharedPieces {
  readonly #slots: (Kept | undefined)[] = Array.from<Kept | undefined>({ length: SLOTS }).fill(undefined)

  /** -1: it is too long to be kept. */
  slotOf(bytes: Uint8Array, from: number, end: number): number {
    if (end - from > LENGTH_MAX) return -1
    let hash = FNV_OFFSET
    for (let i = from; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, FNV_PRIME)
    return (hash ^ (hash >>> 15)) & (SLOTS - 1)
  }

  at(slot: number, form: object, bytes: Uint8Array, from: number, end: number): unknown {
    const kept = slot < 0 ? undefined : this.#slots[slot]
    return kept !== undefined && kept.form === form && isSame(kept.bytes, bytes, from, end) ? kept.value : undefined
  }

  keep(slot: number, form: object, bytes: Uint8Array, value: unknown): void {
    if (slot >= 0) this.#slots[slot] = { form, bytes: new Uint8Array(bytes), value }
  }
}

function isSame(kept: Uint8Array, bytes: Uint8Array, from: number, end: number): boolean {
  if (kept.length !== end - from) return false
  for (let i = from; i < end; i++) if (kept[i - from] !== bytes[i]) return false
  return true
}
