import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib'
import { SPDY_DICTIONARY } from './dictionary.ts'

export type SpdyHeaders = ReadonlyMap<string, string>

const BLOCK_BYTES_MAX = 64 * 1024

/** One direction's headers: compression goes on from block to block, so blocks must come in the order of the wire. */
export class HeaderReader {
  readonly #inflate: Inflate = createInflate({ dictionary: SPDY_DICTIONARY, finishFlush: constants.Z_SYNC_FLUSH })
  #failure: Error | null = null

  constructor() {
    this.#inflate.on('error', (error) => {
      this.#failure = error
    })
  }

  /** Rejects for what is no header block. */
  async read(block: Buffer): Promise<SpdyHeaders> {
    await written(this.#inflate, block)
    if (this.#failure !== null) throw this.#failure
    return decodeHeaders((this.#inflate.read() as Buffer | null) ?? Buffer.alloc(0))
  }

  close(): void {
    this.#inflate.destroy()
  }
}

export class HeaderWriter {
  readonly #deflate: Deflate = createDeflate({ dictionary: SPDY_DICTIONARY })

  async write(headers: SpdyHeaders): Promise<Buffer> {
    await written(this.#deflate, encodeHeaders(headers))
    await new Promise<void>((resolve) => this.#deflate.flush(constants.Z_SYNC_FLUSH, resolve))
    return (this.#deflate.read() as Buffer | null) ?? Buffer.alloc(0)
  }

  close(): void {
    this.#deflate.destroy()
  }
}

/** Resolves also when the stream breaks: who asked looks for the error. */
const written = (stream: Inflate | Deflate, chunk: Buffer): Promise<void> =>
  new Promise((resolve) => stream.write(chunk, () => resolve()))

export function encodeHeaders(headers: SpdyHeaders): Buffer {
  const parts: Buffer[] = [count(headers.size)]
  for (const [name, value] of headers) {
    for (const text of [name, value]) parts.push(count(Buffer.byteLength(text)), Buffer.from(text))
  }
  return Buffer.concat(parts)
}

/** Throws for lengths that lie. */
export function decodeHeaders(block: Buffer): SpdyHeaders {
  if (block.length > BLOCK_BYTES_MAX) throw new Error('SPDY header block is too large')
  const headers = new Map<string, string>()
  let at = 0
  const number = (): number => {
    at += 4
    return block.readUInt32BE(at - 4)
  }
  const text = (): string => {
    const length = number()
    if (at + length > block.length) throw new Error('SPDY header runs past its block')
    at += length
    return block.toString('utf8', at - length, at)
  }
  for (let left = number(); left > 0; left--) {
    const name = text()
    headers.set(name, text())
  }
  return headers
}

function count(value: number): Buffer {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32BE(value)
  return buffer
}
