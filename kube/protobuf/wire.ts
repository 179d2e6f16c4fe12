import { SharedPieces } from './shared-pieces.ts'
import { SharedTexts } from './shared-texts.ts'

/** Bytes that are no message of the form that was promised. */
export class WireError extends Error {}

export const VARINT = 0
const FIXED64 = 1
export const PIECE = 2
const FIXED32 = 5

/** What one unit of the upper half of an int64 is worth. */
const HIGH = 2 ** 32
const TEXTS = new SharedTexts()
const PIECES = new SharedPieces()

/**
 * A position in bytes of protobuf's wire format. One is made per buffer and moves over nested messages, so that reading
 * allocates nothing but what is kept. Every read throws WireError at the end of the bytes.
 */
export class Wire {
  at = 0
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get length(): number {
    return this.#bytes.length
  }

  /** The key of a field (number × 8 + wire type), a length, or any unsigned number below 2^32. */
  uint32(): number {
    const bytes = this.#bytes
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes[this.at++]
      if (byte === undefined) throw new WireError('a number is cut off')
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw new WireError('a number is longer than 32 bits')
  }

  /** int32 and int64 alike; exact up to 2^53. Negative numbers take ten bytes in both. */
  int(): number {
    const bytes = this.#bytes
    let low = 0
    let high = 0
    for (let i = 0; i < 10; i++) {
      const byte = bytes[this.at++]
      if (byte === undefined) throw new WireError('a number is cut off')
      const bits = byte & 0x7f
      if (i < 4) low += bits * 2 ** (7 * i)
      else if (i === 4) {
        low += (bits & 0x0f) * 2 ** 28
        high = bits >>> 4
      } else if (i < 9) high += bits * 2 ** (7 * i - 32)
      else high += (bits & 1) * 2 ** 31
      if (byte < 0x80) return high >= 2 ** 31 ? (high - HIGH) * HIGH + low : high * HIGH + low
    }
    throw new WireError('a number is longer than 64 bits')
  }

  /** The four bytes with which an object begins, as one number. */
  magic(): number {
    if (this.at + 4 > this.#bytes.length) throw new WireError('an object of less than four bytes')
    this.at += 4
    return this.#bytes.readUInt32BE(this.at - 4)
  }

  /** Reads the length of a piece that ends within `end`, and says where the piece ends. */
  pieceEnd(end: number): number {
    const length = this.uint32()
    const pieceEnd = this.at + length
    if (pieceEnd > end) throw new WireError('a piece is longer than what holds it')
    return pieceEnd
  }

  /** Whether that key follows; moves past it where it does. */
  isNext(key: number, end: number): boolean {
    const from = this.at
    if (from < end && this.uint32() === key) return true
    this.at = from
    return false
  }

  skip(type: number, end: number): void {
    if (type === VARINT) this.int()
    else if (type === PIECE) this.at = this.pieceEnd(end)
    else if (type === FIXED64) this.at += 8
    else if (type === FIXED32) this.at += 4
    else throw new WireError(`wire type ${type} is not in use`)
    if (this.at > end) throw new WireError('a field is cut off')
  }

  /** From here to `end`, moving there. A text that recurs from object to object is kept once. */
  text(end: number): string {
    const from = this.at
    this.at = end
    return TEXTS.of(this.#bytes, from, end)
  }

  /** As `text`, for what no two objects share. */
  uniqueText(end: number): string {
    const from = this.at
    this.at = end
    return this.#bytes.toString('utf8', from, end)
  }

  /** From here to `end`, as `read` reads it in that form; read once where the same bytes recur. */
  shared<F extends object, V>(form: F, end: number, read: (form: F, wire: Wire, end: number) => V): V {
    const from = this.at
    const slot = PIECES.slotOf(this.#bytes, from, end)
    const known = PIECES.at(slot, form, this.#bytes, from, end)
    if (known !== undefined) {
      this.at = end
      return known as V
    }
    const value = read(form, this, end)
    PIECES.keep(slot, form, this.#bytes.subarray(from, end), value)
    return value
  }
}
