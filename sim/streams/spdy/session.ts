import { Duplex } from 'node:stream'
import { dataFrame, type Frame, FrameReader, goAwayFrame, pingFrame, resetFrame, synReplyFrame } from './frames.ts'
import { HeaderReader, HeaderWriter, type SpdyHeaders } from './header-block.ts'

/** A stream that the peer has opened. Ending it sends FIN; destroying it with an error resets it. */
export interface SpdyStream {
  readonly id: number
  readonly headers: SpdyHeaders
  readonly duplex: Duplex
}

export interface SessionOptions {
  /** The bytes of the session: a socket after its upgrade, or a tunnel. */
  readonly wire: Duplex
  /** Null: the stream is accepted; else it is refused. */
  readonly onStream: (stream: SpdyStream) => void
  readonly onClose: () => void
}

const CHUNK_BYTES_MAX = 32 * 1024
const REFUSED_STREAM = 3
const INVALID_STREAM = 2

/** The server's side of one SPDY/3.1 connection. Flow control is left to the wire, as the usual peers do. */
export class SpdySession {
  readonly #options: SessionOptions
  readonly #frames = new FrameReader()
  readonly #reader = new HeaderReader()
  readonly #writer = new HeaderWriter()
  readonly #streams = new Map<number, Duplex>()
  /** Frames are taken one after the other: header compression depends on their order. */
  #turn: Promise<void> = Promise.resolve()
  #lastStream = 0
  #isClosed = false

  constructor(options: SessionOptions) {
    this.#options = options
    const { wire } = options
    wire.on('data', (chunk: Buffer) => this.#take(chunk))
    wire.on('error', () => this.close())
    wire.on('close', () => this.close())
    wire.on('end', () => this.close())
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const stream of this.#streams.values()) stream.destroy()
    this.#reader.close()
    this.#writer.close()
    this.#options.wire.end(goAwayFrame(this.#lastStream))
    this.#options.onClose()
  }

  #take(chunk: Buffer): void {
    try {
      for (const frame of this.#frames.push(chunk)) {
        this.#turn = this.#turn.then(() => this.#handle(frame)).catch(() => this.close())
      }
    } catch {
      this.close()
    }
  }

  async #handle(frame: Frame): Promise<void> {
    if (this.#isClosed) return
    switch (frame.kind) {
      case 'syn-stream':
        return this.#open(frame.stream, await this.#reader.read(frame.headerBlock), frame.isLast)
      case 'data':
        return this.#receive(frame.stream, frame.data, frame.isLast)
      case 'reset':
        this.#streams.get(frame.stream)?.destroy()
        return
      case 'ping':
        // Odd numbers are the client's: only those are answered.
        if (frame.id % 2 === 1) this.#send(pingFrame(frame.id))
        return
      case 'go-away':
      case 'syn-reply':
      case 'other':
        return
    }
  }

  async #open(id: number, headers: SpdyHeaders, isLast: boolean): Promise<void> {
    if (this.#streams.has(id)) return this.#send(resetFrame(id, REFUSED_STREAM))
    this.#lastStream = Math.max(this.#lastStream, id)
    const duplex = this.#duplex(id)
    this.#streams.set(id, duplex)
    this.#send(synReplyFrame(id, await this.#writer.write(new Map())))
    if (isLast) duplex.push(null)
    this.#options.onStream({ id, headers, duplex })
  }

  #duplex(id: number): Duplex {
    const duplex = new Duplex({
      allowHalfOpen: true,
      read: () => {},
      write: (chunk: Buffer, _encoding, done) => this.#sendData(id, chunk, done),
      final: (done) => {
        this.#send(dataFrame(id, Buffer.alloc(0), true))
        done()
      },
      destroy: (error, done) => {
        this.#streams.delete(id)
        if (error !== null) this.#send(resetFrame(id, REFUSED_STREAM))
        done(null)
      },
    })
    duplex.on('error', () => {})
    return duplex
  }

  #receive(id: number, data: Buffer, isLast: boolean): void {
    const duplex = this.#streams.get(id)
    if (duplex === undefined) return isLast ? undefined : this.#send(resetFrame(id, INVALID_STREAM))
    if (data.length > 0) duplex.push(data)
    if (isLast) duplex.push(null)
  }

  #sendData(id: number, chunk: Buffer, done: (error?: Error | null) => void): void {
    for (let at = 0; at < chunk.length; at += CHUNK_BYTES_MAX) {
      this.#send(dataFrame(id, chunk.subarray(at, at + CHUNK_BYTES_MAX), false))
    }
    if (this.#isClosed || !this.#options.wire.writableNeedDrain) done()
    else this.#options.wire.once('drain', () => done())
  }

  #send(frame: Buffer): void {
    if (!this.#isClosed && this.#options.wire.writable) this.#options.wire.write(frame)
  }
}
