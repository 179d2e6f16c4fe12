import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { Dispatched, flat } from './dispatched.ts'
import { TransportError } from './transport.ts'
import { turns } from './turns.ts'

type Controller = Dispatcher.DispatchController

export interface Head {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

/** Nothing is read from the socket while so many bytes wait to be taken. */
const WAITING_MAX_BYTES = 65_536

/**
 * One request of which the head is the answer, and the body is read piece by piece as it comes, straight on the dispatcher. A watch that brings an
 * event now and then wakes the process for each, and every stream, generator and promise on the way is run cold then.
 * The deadline holds until the head is there, and for a refusal until its end.
 */
export class BodyStream
  extends Dispatched<Head>
  implements Dispatcher.DispatchHandler, AsyncIterator<Uint8Array, void>
{
  /** What has come and was not taken yet, from `#taken` on. */
  #pieces: Uint8Array[] = []
  #taken = 0
  #waitingBytes = 0
  #isOver = false
  #error: TransportError | null = null
  /** Told when there is something to take, or nothing to come. */
  #wake: (() => void) | null = null

  /** To be read once. Ends quietly when the caller has given up; throws TransportError for any other end than the stream's. */
  get body(): AsyncIterable<Uint8Array> {
    return { [Symbol.asyncIterator]: () => this }
  }

  async next(): Promise<IteratorResult<Uint8Array, void>> {
    while (this.#taken === this.#pieces.length && !this.#isOver) await this.#somethingNew()
    for (let rest = turns.giveWay(); rest !== null; rest = turns.giveWay()) await rest
    if (this.#error?.kind === 'aborted') return this.#done()
    if (this.#taken < this.#pieces.length) return { value: this.#take(), done: false }
    if (this.#error !== null) throw this.#error
    return this.#done()
  }

  /** The reader wants no more. */
  async return(): Promise<IteratorResult<Uint8Array, void>> {
    this.giveUp(new TransportError('aborted', 'read no further'))
    this.#drop()
    return this.#done()
  }

  onResponseStart(_controller: Controller, statusCode: number, headers: IncomingHttpHeaders): void {
    if (statusCode < 200) return
    if (statusCode < 300) this.disarm() // a refusal's body must come in time; a watch's may take hours
    this.tell({ status: statusCode, headers: flat(headers) })
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.#pieces.push(chunk)
    this.#waitingBytes += chunk.byteLength
    if (this.#waitingBytes > WAITING_MAX_BYTES) controller.pause()
    this.#wake?.()
  }

  onResponseEnd(): void {
    this.#ends()
  }

  protected override broke(error: TransportError): void {
    super.broke(error)
    if (this.#error === null || error.kind === 'aborted') this.#error = error
    if (error.kind === 'aborted') this.#drop()
    this.#ends()
  }

  /** Its caller can give it up as long as something waits to be taken. */
  #ends(): void {
    this.#isOver = true
    this.disarm()
    if (this.#taken === this.#pieces.length) this.end()
    this.#wake?.()
  }

  /** Nobody takes what waits. */
  #drop(): void {
    this.#pieces = []
    this.#taken = 0
    this.end()
  }

  #somethingNew(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null
        resolve()
      }
    })
  }

  #take(): Uint8Array {
    const piece = this.#pieces[this.#taken++]!
    this.#waitingBytes -= piece.byteLength
    if (this.#taken === this.#pieces.length) this.#emptied()
    return piece
  }

  #emptied(): void {
    this.#pieces = []
    this.#taken = 0
    if (this.#isOver) this.end()
    if (this.controller?.paused === true) this.controller.resume()
  }

  #done(): IteratorResult<Uint8Array, void> {
    return { value: undefined, done: true }
  }
}
