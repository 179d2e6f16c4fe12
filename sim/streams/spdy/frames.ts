/** SPDY/3.1 frames on the wire: what a port-forward uses of them. */

export type Frame =
  | Readonly<{ kind: 'syn-stream'; stream: number; headerBlock: Buffer; isLast: boolean }>
  | Readonly<{ kind: 'syn-reply'; stream: number; headerBlock: Buffer; isLast: boolean }>
  | Readonly<{ kind: 'reset'; stream: number; code: number }>
  | Readonly<{ kind: 'ping'; id: number }>
  | Readonly<{ kind: 'go-away'; lastStream: number }>
  | Readonly<{ kind: 'data'; stream: number; data: Buffer; isLast: boolean }>
  /** SETTINGS, HEADERS, WINDOW_UPDATE and what is not known: nothing here depends on them. */
  | Readonly<{ kind: 'other'; type: number }>

const HEAD_BYTES = 8
const VERSION = 3
const CONTROL_BIT = 0x8000
const LAST_FLAG = 0x01
const STREAM_MASK = 0x7fff_ffff
const TYPE = { synStream: 1, synReply: 2, reset: 3, ping: 6, goAway: 7 } as const
/** 16 MiB less one: what 24 bits can say. Larger frames than this limit are nobody's honest port-forward. */
const FRAME_BYTES_MAX = 4 * 1024 * 1024

/** Cuts a byte stream into frames. Throws for what cannot be SPDY. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): readonly Frame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const frames: Frame[] = []
    for (let frame = this.#next(); frame !== null; frame = this.#next()) frames.push(frame)
    return frames
  }

  #next(): Frame | null {
    if (this.#rest.length < HEAD_BYTES) return null
    const length = this.#rest.readUInt32BE(4) & 0xff_ffff
    if (length > FRAME_BYTES_MAX) throw new Error(`SPDY frame of ${length} bytes`)
    if (this.#rest.length < HEAD_BYTES + length) return null
    const head = this.#rest.subarray(0, HEAD_BYTES)
    const body = this.#rest.subarray(HEAD_BYTES, HEAD_BYTES + length)
    this.#rest = this.#rest.subarray(HEAD_BYTES + length)
    return frameOf(head, body)
  }
}

function frameOf(head: Buffer, body: Buffer): Frame {
  const isLast = ((head[4] ?? 0) & LAST_FLAG) !== 0
  const first = head.readUInt16BE(0)
  if ((first & CONTROL_BIT) === 0) {
    return { kind: 'data', stream: head.readUInt32BE(0) & STREAM_MASK, data: body, isLast }
  }
  const version = first & ~CONTROL_BIT
  if (version !== VERSION) throw new Error(`SPDY version ${version}`)
  return controlFrame(head.readUInt16BE(2), body, isLast)
}

function controlFrame(type: number, body: Buffer, isLast: boolean): Frame {
  switch (type) {
    case TYPE.synStream:
      return { kind: 'syn-stream', stream: body.readUInt32BE(0) & STREAM_MASK, headerBlock: body.subarray(10), isLast }
    case TYPE.synReply:
      return { kind: 'syn-reply', stream: body.readUInt32BE(0) & STREAM_MASK, headerBlock: body.subarray(4), isLast }
    case TYPE.reset:
      return { kind: 'reset', stream: body.readUInt32BE(0) & STREAM_MASK, code: body.readUInt32BE(4) }
    case TYPE.ping:
      return { kind: 'ping', id: body.readUInt32BE(0) }
    case TYPE.goAway:
      return { kind: 'go-away', lastStream: body.readUInt32BE(0) & STREAM_MASK }
    default:
      return { kind: 'other', type }
  }
}

function control(type: number, flags: number, body: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt16BE(CONTROL_BIT | VERSION, 0)
  head.writeUInt16BE(type, 2)
  head.writeUInt32BE(body.length, 4)
  head.writeUInt8(flags, 4)
  return Buffer.concat([head, body])
}

const words = (...values: readonly number[]): Buffer => {
  const buffer = Buffer.alloc(values.length * 4)
  values.forEach((value, i) => buffer.writeUInt32BE(value >>> 0, i * 4))
  return buffer
}

/** `headerBlock` is compressed already. */
export const synStreamFrame = (stream: number, headerBlock: Buffer, isLast: boolean): Buffer =>
  control(TYPE.synStream, isLast ? LAST_FLAG : 0, Buffer.concat([words(stream, 0), Buffer.alloc(2), headerBlock]))

export const synReplyFrame = (stream: number, headerBlock: Buffer): Buffer =>
  control(TYPE.synReply, 0, Buffer.concat([words(stream), headerBlock]))

export const resetFrame = (stream: number, code: number): Buffer => control(TYPE.reset, 0, words(stream, code))

export const pingFrame = (id: number): Buffer => control(TYPE.ping, 0, words(id))

export const goAwayFrame = (lastStream: number): Buffer => control(TYPE.goAway, 0, words(lastStream, 0))

export function dataFrame(stream: number, data: Buffer, isLast: boolean): Buffer {
  const head = words(stream, data.length)
  head.writeUInt8(isLast ? LAST_FLAG : 0, 4)
  return Buffer.concat([head, data])
}
